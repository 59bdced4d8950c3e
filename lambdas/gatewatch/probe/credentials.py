"""What an attempt presents, and the rules on where it may travel."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar
from urllib.parse import urlsplit

from gatewatch.attempt import Attempt
from gatewatch.config.canonical import (
    ApiKey,
    Basic,
    Bearer,
    ClientCertificate,
    Cognito,
    Credential,
    Header,
    OAuth2,
    Sigv4,
)
from gatewatch.gateway.url import host_of, is_loopback_host, parse, signing_service
from gatewatch.model import CredentialKind, Finding, SentCredential, Unsent, Validity
from gatewatch.ports import Keys, SecretError
from gatewatch.probe.identity import Identity
from gatewatch.probe.sigv4 import sign
from gatewatch.probe.vault import Vault
from gatewatch.redaction.redactor import Redactor

INVALID_VALUE = "gatewatch-deliberately-invalid"
_INVALID_PAIR = base64.b64encode(f"{INVALID_VALUE}:{INVALID_VALUE}".encode()).decode()
_INVALID_HEADERS = {
    CredentialKind.BEARER: ("Authorization", f"Bearer {INVALID_VALUE}"),
    CredentialKind.API_KEY: ("x-api-key", INVALID_VALUE),
    CredentialKind.BASIC: ("Authorization", f"Basic {_INVALID_PAIR}"),
}
_KINDS: dict[type, CredentialKind] = {
    ApiKey: CredentialKind.API_KEY,
    Bearer: CredentialKind.BEARER,
    Basic: CredentialKind.BASIC,
    Header: CredentialKind.OTHER,
    OAuth2: CredentialKind.BEARER,
    Cognito: CredentialKind.BEARER,
    Sigv4: CredentialKind.SIGV4,
    ClientCertificate: CredentialKind.CLIENT_CERT,
}
_READERS = 8

Material = dict[str, str] | Keys | Identity
T = TypeVar("T")
Done = TypeVar("Done")


class CredentialError(Exception):
    """Raised when a credential cannot or may not be sent; never contains its value."""

    def __init__(self, name: str, text: str, finding: Finding | None = None) -> None:
        super().__init__(text)
        self.unsent = Unsent(because=text, finding=finding, scope=f"credential {name}")


@dataclass(slots=True, repr=False)
class Presented:
    """Request headers, and the identity for the TLS handshake."""

    headers: dict[str, str] = field(default_factory=dict)
    identity: Identity | None = None


class Keyring:
    """The credentials of a configuration, by name."""

    def __init__(self, credentials: Iterable[Credential], vault: Vault) -> None:
        self._credentials = {credential.name: credential for credential in credentials}
        self._vault = vault

    def redactor(self) -> Redactor:
        return self._vault.known.redactor()

    def read_ahead(self, names: Iterable[str]) -> None:
        """Fetch the material of these credentials, so that the redactor knows all of it before the
        first answer is recorded. A failure is reported where the credential is used."""
        self._held(names)

    def renew(self, names: Iterable[str]) -> frozenset[str]:
        """Fetch refused credentials again; return those whose material has changed."""
        before = self._held(names)
        _at_once(self._vault.renew, [self._credentials[name].source for name in before])
        after = self._held(before)
        return frozenset(name for name in before if after[name] not in (None, before[name]))

    def _held(self, names: Iterable[str]) -> dict[str, Material | None]:
        wanted = sorted(set(names))
        return dict(zip(wanted, _at_once(self._material_or_none, wanted), strict=True))

    def _material_or_none(self, name: str) -> Material | None:
        try:
            return self._material(self._credentials[name])
        except Exception:  # noqa: BLE001 - reported where it is used
            return None

    def present(self, attempt: Attempt, url: str, now: datetime) -> Presented:
        """Raises CredentialError."""
        presented = Presented(dict(self._invalid(attempt)))
        for name in attempt.callers:
            credential = self._allowed(name, url, attempt.connect_to)
            match self._read(credential):
                case Keys() as keys:
                    presented.headers |= self._signature(credential, keys, attempt, url, now)
                case Identity() as identity:
                    presented.identity = identity
                case headers:
                    presented.headers |= headers
        return presented

    def _read(self, credential: Credential) -> Material:
        """A credential's material. An unreadable credential is a finding, unless the failure is
        temporary. Raises CredentialError."""
        try:
            return self._material(credential)
        except SecretError as error:
            remedy = f"; next: {error.remedy}" if error.remedy else ""
            text = f"credential {credential.name} cannot be read: {error}{remedy}"
            finding = None if error.passes else Finding.CREDENTIAL_UNREADABLE
            raise CredentialError(credential.name, text, finding) from None

    def sent(self, attempt: Attempt) -> tuple[SentCredential, ...]:
        """What an attempt presents, for the record."""
        valid = tuple(
            SentCredential(_KINDS[type(self._credentials[name].source)], Validity.VALID)
            for name in attempt.callers
        )
        if attempt.invalid is None:
            return valid
        return (SentCredential(attempt.invalid, Validity.INVALID), *valid)

    def _invalid(self, attempt: Attempt) -> Iterator[tuple[str, str]]:
        """A constant, in the header of the credential that it replaces; it is no secret and may go
        to any host."""
        if attempt.invalid is None:
            return
        replaced = self._credentials[attempt.instead_of].source if attempt.instead_of else None
        match replaced:
            case ApiKey(header=name) | Header(name=name):
                yield name, INVALID_VALUE
            case _:
                yield _INVALID_HEADERS[attempt.invalid]

    def _allowed(self, name: str, url: str, connect_to: str | None) -> Credential:
        """A credential goes over TLS to its own hosts, or stays on this machine."""
        credential = self._credentials[name]
        host = host_of(url)
        if host not in credential.hosts:
            raise CredentialError(name, f"credential {name} may not be sent to {host}")
        if urlsplit(url).scheme == "http" and not is_loopback_host(urlsplit(url).hostname):
            text = f"credential {name} may not be sent over plain http to {host}"
            raise CredentialError(name, text)
        if connect_to is not None and not is_loopback_host(
            connect_to.rpartition(":")[0].strip("[]")
        ):
            raise CredentialError(name, f"credential {name} may not be sent to {connect_to}")
        return credential

    def _signature(
        self, credential: Credential, keys: Keys, attempt: Attempt, url: str, now: datetime
    ) -> dict[str, str]:
        signer = credential.source
        if not isinstance(signer, Sigv4):
            raise TypeError(f"credential {credential.name} does not sign")
        region = signer.region or parse(url).region
        if region is None:
            text = f"credential {credential.name} needs a region: the URL does not name one"
            raise CredentialError(credential.name, text)
        service = signer.service or signing_service(url)
        return sign(attempt.method, url, keys, region, service, now)

    def _material(self, credential: Credential) -> Material:
        """A credential's material, fetched if necessary; raises SecretError."""
        vault = self._vault
        match credential.source:
            case ApiKey() as key:
                return {key.header: vault.header_value(key.secret)}
            case Bearer() as bearer:
                return {"Authorization": f"Bearer {vault.header_value(bearer.secret)}"}
            case Basic() as basic:
                both = f"{basic.username}:{vault.secret(basic.password)}".encode()
                pair = base64.b64encode(both).decode()
                # An echo shows it as it was sent, or its digest: neither contains the password.
                vault.known.hold(basic, pair)
                return {"Authorization": f"Basic {pair}"}
            case Header() as header:
                return {header.name: vault.header_value(header.secret)}
            case OAuth2() | Cognito() as login:
                return {"Authorization": f"Bearer {vault.token(login)}"}
            case Sigv4() as signer:
                return vault.keys(signer.keys)
            case ClientCertificate() as shown:
                return vault.identity(shown)


def _at_once(do: Callable[[T], Done], each: Sequence[T]) -> list[Done]:
    """Results in the order of `each`; waits for the slow stores behind it in parallel."""
    if not each:
        return []
    with ThreadPoolExecutor(min(_READERS, len(each))) as pool:
        return list(pool.map(do, each))
