"""The sandbox's authorities: one for its own certificate, two for those of its clients."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import trustme

from gatewatch.sandbox.orders import PARTNER_AUTHORITY

STRANGE_AUTHORITY = "Sandbox Strange Authority"


@dataclass(frozen=True, slots=True)
class Certificates:
    """Contexts for hosts with and without a demand for a client certificate."""

    ca_file: Path
    plain: ssl.SSLContext
    mutual: ssl.SSLContext

    def context(self, demands_certificate: bool) -> ssl.SSLContext:
        return self.mutual if demands_certificate else self.plain


def certified(hosts: Sequence[str], folder: Path) -> Certificates:
    """Writes the authority to `folder`, and a certificate of each of the clients' authorities."""
    authority = trustme.CA()
    own = authority.issue_cert(*hosts)
    plain = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    mutual = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    mutual.verify_mode = ssl.CERT_REQUIRED
    for context in (plain, mutual):
        own.configure_cert(context)
    for name, file in ((PARTNER_AUTHORITY, "partner"), (STRANGE_AUTHORITY, "stranger")):
        issuer = trustme.CA(organization_name=name)
        # Every authority passes TLS here; the domain's truststore is judged behind it, with a 403.
        issuer.configure_trust(mutual)
        _write_private(folder, f"sandbox-{file}", issuer)
    ca_file = folder / "sandbox-ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    return Certificates(ca_file, plain, mutual)


def _write_private(folder: Path, name: str, issuer: trustme.CA) -> None:
    """A client's certificate in `<name>.pem`, and its key in `<name>.key`."""
    issued = issuer.issue_cert("partner@example.com")
    [certificate] = issued.cert_chain_pems
    certificate.write_to_path(str(folder / f"{name}.pem"))
    key = folder / f"{name}.key"
    key.touch(mode=0o600)
    issued.private_key_pem.write_to_path(str(key))
