"""The command line: the same core, on a laptop or in CI, without an AWS account.

No setting of TLS is taken from the environment. OpenSSL reads its own as soon as the first module
that needs it is imported, so they are forgotten here, before any is.
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
