"""The command line: the same core, on a laptop or in CI, without an AWS account.

No TLS setting is taken from the environment. OpenSSL reads its own variables when the first module
that needs it is imported, so they are removed here, before any import.
"""

from __future__ import annotations

import os

for _name in (
    "OPENSSL_CONF",
    "OPENSSL_CONF_INCLUDE",
    "OPENSSL_ENGINES",
    "OPENSSL_MODULES",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "SSLKEYLOGFILE",
):
    os.environ.pop(_name, None)
