"""Which credentials a recorded request presents, by its headers."""

from __future__ import annotations

from collections.abc import Mapping

from gatewatch.model import CredentialKind, SentCredential

_BY_HEADER = {
    "x-api-key": CredentialKind.API_KEY,
    "cookie": CredentialKind.COOKIE,
}


def credentials(headers: Mapping[str, str]) -> tuple[SentCredential, ...]:
    """The credentials in complete headers; none means an anonymous call."""
    folded = {name.lower(): value for name, value in headers.items()}
    found = [kind for name, kind in _BY_HEADER.items() if name in folded]
    if authorization := folded.get("authorization", "").strip():
        found.insert(0, _scheme(authorization))
    return tuple(SentCredential(kind) for kind in found)


def _scheme(authorization: str) -> CredentialKind:
    scheme = authorization.split(maxsplit=1)[0].lower()
    if scheme.startswith("aws4-"):
        return CredentialKind.SIGV4
    return CredentialKind.BASIC if scheme == "basic" else CredentialKind.BEARER
