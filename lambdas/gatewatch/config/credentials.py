"""Authored credentials made canonical: one kind each, references only, bound to hosts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gatewatch.config import authored
from gatewatch.config.canonical import (
    Api,
    ApiKey,
    Basic,
    Bearer,
    Credential,
    CredentialSource,
    Header,
    SecretRef,
    Sigv4,
)
from gatewatch.config.findings import Findings
from gatewatch.config.problems import Path
from gatewatch.gateway.url import host_of

KINDS = ("api_key", "bearer", "basic", "header", "sigv4")
FILLS_AUTHORIZATION = (Bearer, Basic, Sigv4)


@dataclass(frozen=True, slots=True)
class Named:
    """A credential's name and, where it is in order, what it is and what was written."""

    name: str
    source: CredentialSource | None
    written: authored.Credential | None

    @property
    def fills_authorization(self) -> bool:
        if isinstance(self.source, Header):
            return self.source.name.lower() == "authorization"
        return isinstance(self.source, FILLS_AUTHORIZATION)


def read_source(
    written: authored.Credential, path: Path, findings: Findings
) -> CredentialSource | None:
    given = [kind for kind in KINDS if getattr(written, kind) is not None]
    if len(given) != 1:
        found = ", ".join(given) or "none"
        findings.add(path, f"expected exactly one of {', '.join(KINDS)}; here: {found}")
        return None
    return _source(written, (*path, given[0]), findings)


def _source(
    written: authored.Credential, path: Path, findings: Findings
) -> CredentialSource | None:
    if (key := written.api_key) is not None:
        secret = _ref(key, path, findings)
        return ApiKey(secret=secret, header=key.header) if secret else None
    if (bearer := written.bearer) is not None:
        secret = _ref(bearer, path, findings)
        return Bearer(secret=secret) if secret else None
    if (basic := written.basic) is not None:
        secret = _ref(basic.password, (*path, "password"), findings)
        return Basic(username=basic.username, password=secret) if secret else None
    if (header := written.header) is not None:
        secret = _ref(header.value, (*path, "value"), findings)
        return Header(name=header.name, secret=secret) if secret else None
    return _sigv4(written.sigv4, path, findings) if written.sigv4 else None


def _sigv4(keys: authored.Sigv4Credential, path: Path, findings: Findings) -> Sigv4 | None:
    key_id = _ref(keys.access_key_id, (*path, "access_key_id"), findings)
    secret = _ref(keys.secret_access_key, (*path, "secret_access_key"), findings)
    token = None
    if keys.session_token is not None:
        token = _ref(keys.session_token, (*path, "session_token"), findings)
    if key_id is None or secret is None:
        return None
    return Sigv4(
        access_key_id=key_id,
        secret_access_key=secret,
        session_token=token,
        region=keys.region,
        service=keys.service,
    )


def _ref(written: authored.SecretRef, path: Path, findings: Findings) -> SecretRef | None:
    given = [(kind, name) for kind in ("env", "file") if (name := getattr(written, kind))]
    if len(given) != 1:
        findings.add(path, "expected a reference to a secret: {env: NAME} or {file: PATH}")
        return None
    [(source, name)] = given
    return SecretRef(source=source, name=name)


def credential(named: Named, apis: Iterable[Api], findings: Findings) -> Credential:
    """`for`, or else the hosts of the APIs that name the credential."""
    if named.source is None or named.written is None:
        raise ValueError(f"credential {named.name} has problems")
    used = _hosts_of_users(named.name, apis)
    hosts = used if named.written.hosts is None else _written_hosts(named.written.hosts)
    for host in used:
        if host not in hosts:
            findings.add(
                ("credentials", named.name, "for"),
                f"an API that uses this credential is at {host}, which is not listed",
            )
    return Credential(name=named.name, source=named.source, hosts=hosts)


def _hosts_of_users(name: str, apis: Iterable[Api]) -> tuple[str, ...]:
    hosts = {
        host_of(entrance.url): None
        for api in apis
        if any(name in caller for route in api.routes for caller in route.callers)
        for entrance in api.entrances
        if not entrance.closed
    }
    return tuple(hosts)


def _written_hosts(hosts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(host if ":" in host else f"{host}:443" for host in hosts)
