"""The client's identity in a TLS handshake."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from tempfile import NamedTemporaryFile


@dataclass(frozen=True, slots=True, repr=False)
class Identity:
    """PEM texts, never shown elsewhere; the certificate may bring its chain."""

    certificate: str
    private_key: str


def show(context: ssl.SSLContext, identity: Identity) -> None:
    """Make the context show the identity where a server asks for it.

    Raises ValueError where this is no pair of a certificate and an unencrypted key.
    """
    _check_form(identity)
    try:
        _load(context, identity)
    except ssl.SSLError as error:
        fits = error.reason != "KEY_VALUES_MISMATCH"
        raise ValueError(
            "the certificate or its key is damaged"
            if fits
            else "the private key belongs to another certificate"
        ) from None


def check_identity(identity: Identity) -> None:
    """Raises ValueError as `show` does."""
    show(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), identity)


def _check_form(identity: Identity) -> None:
    if "-----BEGIN CERTIFICATE-----" not in identity.certificate:
        raise ValueError("the certificate is no PEM text (BEGIN CERTIFICATE)")
    if "PRIVATE KEY-----" not in identity.private_key:
        raise ValueError("the private key is no PEM text (BEGIN PRIVATE KEY)")
    if "ENCRYPTED" in identity.private_key:
        raise ValueError("the private key is encrypted; expected one without a password")


def _load(context: ssl.SSLContext, identity: Identity) -> None:
    """The TLS library only reads files: one that only its owner may read, removed at once."""
    with NamedTemporaryFile("w", encoding="ascii", errors="replace", suffix=".pem") as file:
        file.write(f"{identity.certificate}\n{identity.private_key}\n")
        file.flush()
        context.load_cert_chain(file.name, password="")
