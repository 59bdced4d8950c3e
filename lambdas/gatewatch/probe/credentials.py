"""Credentials as request headers, and the rules on where they may travel."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from threading import Lock
from urllib.parse import urlsplit

from gatewatch.config.canonical import (
    ApiKey,
    Basic,
    Bearer,
    Credential,
    CredentialSource,
    Header,
    SecretRef,
    Sigv4,
)
from gatewatch.config.expand import is_loopback
from gatewatch.gateway.url import host_of, parse
from gatewatch.model import CredentialKind, SentCredential, Validity
from gatewatch.plan import Attempt
from gatewatch.ports import SecretError
from gatewatch.probe.sigv4 import Keys, sign

INVALID_VALUE = "gatewatch-deliberately-invalid"
_INVALID_HEADERS = {
    CredentialKind.BEARER: ("Authorization", f"Bearer {INVALID_VALUE}"),
    CredentialKind.API_KEY: ("x-api-key", INVALID_VALUE),
}
_KINDS: dict[type, CredentialKind] = {
    ApiKey: CredentialKind.API_KEY,
    Bearer: CredentialKind.BEARER,
    Basic: CredentialKind.BASIC,
    Header: CredentialKind.OTHER,
    Sigv4: CredentialKind.SIGV4,
}
_SHORTEST = 4
_SENDABLE = re.compile(r"[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?")


class CredentialError(Exception):
    """Raised when a credential cannot or may not be sent; never holds a value of it."""


class Keyring:
    """Knows the credentials of a configuration; reads each secret when it is first needed."""

    def __init__(
        self, credentials: Iterable[Credential], read_secret: Callable[[SecretRef], str]
    ) -> None:
        self._credentials = {credential.name: credential for credential in credentials}
        self._read = read_secret
        self._values: dict[SecretRef, str] = {}
        self._lock = Lock()

    def known_secrets(self) -> frozenset[str]:
        with self._lock:
            return frozenset(self._values.values())

    def read_ahead(self, names: Iterable[str]) -> None:
        """Reads the secrets of these credentials, so that the redactor knows them all before the
        first answer is recorded. What cannot be read is told where it is used."""
        for name in set(names):
            for ref in _refs(self._credentials[name].source):
                with suppress(CredentialError, SecretError):
                    self._value(ref)

    def headers(self, attempt: Attempt, url: str, now: datetime) -> dict[str, str]:
        """Raises CredentialError or SecretError."""
        if attempt.invalid is not None:
            return dict([_INVALID_HEADERS[attempt.invalid]])
        headers: dict[str, str] = {}
        chosen = [self._allowed(name, url, attempt.connect_to) for name in attempt.callers]
        for credential in sorted(chosen, key=lambda one: isinstance(one.source, Sigv4)):
            headers |= self._headers(credential, attempt.method, url, now)
        return headers

    def sent(self, attempt: Attempt) -> tuple[SentCredential, ...]:
        """What an attempt presents, for the record."""
        if attempt.invalid is not None:
            return (SentCredential(attempt.invalid, Validity.INVALID),)
        return tuple(
            SentCredential(_KINDS[type(self._credentials[name].source)], Validity.VALID)
            for name in attempt.callers
        )

    def _allowed(self, name: str, url: str, connect_to: str | None) -> Credential:
        """A credential travels over TLS to its own hosts; else it stays on this machine."""
        credential = self._credentials[name]
        host = host_of(url)
        if host not in credential.hosts:
            raise CredentialError(f"credential {name} may not be sent to {host}")
        if urlsplit(url).scheme == "http" and not is_loopback(urlsplit(url).hostname):
            raise CredentialError(f"credential {name} may not be sent over plain http to {host}")
        if connect_to is not None and not is_loopback(connect_to.rpartition(":")[0].strip("[]")):
            raise CredentialError(f"credential {name} may not be sent to {connect_to}")
        return credential

    def _headers(
        self, credential: Credential, method: str, url: str, now: datetime
    ) -> dict[str, str]:
        match credential.source:
            case ApiKey() as key:
                return {key.header: self._value(key.secret)}
            case Bearer() as bearer:
                return {"Authorization": f"Bearer {self._value(bearer.secret)}"}
            case Basic() as basic:
                pair = f"{basic.username}:{self._value(basic.password)}".encode()
                return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
            case Header() as header:
                return {header.name: self._value(header.secret)}
            case Sigv4() as signer:
                return self._signature(credential.name, signer, method, url, now)

    def _signature(
        self, name: str, signer: Sigv4, method: str, url: str, now: datetime
    ) -> dict[str, str]:
        region = signer.region or parse(url).region
        if region is None:
            raise CredentialError(f"credential {name} needs a region: the URL does not name one")
        token = self._value(signer.session_token) if signer.session_token else None
        keys = Keys(self._value(signer.access_key_id), self._value(signer.secret_access_key), token)
        return sign(method, url, keys, region, signer.service, now)

    def _value(self, ref: SecretRef) -> str:
        with self._lock:
            if ref not in self._values:
                self._values[ref] = _checked(self._read(ref), ref)
            return self._values[ref]


def _refs(source: CredentialSource) -> Iterator[SecretRef]:
    values = (getattr(source, name) for name in source.__struct_fields__)
    return (value for value in values if isinstance(value, SecretRef))


def _checked(value: str, ref: SecretRef) -> str:
    """A value that a header can carry and a redactor can find. It is never named in the error."""
    value = value.strip("\r\n")
    if len(value) < _SHORTEST:
        raise CredentialError(f"the secret of {ref} is shorter than {_SHORTEST} characters")
    if not _SENDABLE.fullmatch(value):
        raise CredentialError(f"the secret of {ref} holds a character that no header carries")
    return value
