"""Makes authored credentials canonical: one kind each, references only, bound to hosts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from msgspec.structs import replace

from gatewatch.config import authored
from gatewatch.config.canonical import (
    Api,
    ApiKey,
    AssumedRole,
    Basic,
    Bearer,
    ClientCertificate,
    Cognito,
    Credential,
    CredentialSource,
    GivenKeys,
    Header,
    OAuth2,
    OwnKeys,
    SecretRef,
    SecretSource,
    SigningKeys,
    Sigv4,
)
from gatewatch.config.findings import Findings
from gatewatch.config.lookups import Lookups, is_placeholder
from gatewatch.config.problems import Path
from gatewatch.config.rules import HTTPS, filled_by, is_secure
from gatewatch.gateway.url import host_of, tidied_base

KINDS = tuple(name for name in authored.Credential.__struct_fields__ if name != "hosts")


@dataclass(frozen=True, slots=True)
class NamedSource:
    """A credential's name, with its source and its authored form where these are valid."""

    name: str
    source: CredentialSource | None
    written: authored.Credential | None

    @property
    def fills(self) -> str | None:
        """The one place in a request that it fills."""
        return None if self.source is None else filled_by(self.source)


def read_source(
    written: authored.Credential, path: Path, lookups: Lookups, findings: Findings
) -> CredentialSource | None:
    given = [kind for kind in KINDS if getattr(written, kind) is not None]
    if len(given) != 1:
        found = ", ".join(given) or "none"
        findings.add(path, f"expected exactly one of {', '.join(KINDS)}; here: {found}")
        return None
    return _source(written, (*path, given[0]), lookups, findings)


def _source(
    written: authored.Credential, path: Path, lookups: Lookups, findings: Findings
) -> CredentialSource | None:
    if (key := written.api_key) is not None:
        secret = reference(key, path, findings)
        return ApiKey(secret=secret, header=key.header) if secret else None
    if (bearer := written.bearer) is not None:
        secret = reference(bearer, path, findings)
        return Bearer(secret=secret) if secret else None
    if (basic := written.basic) is not None:
        secret = reference(basic.password, (*path, "password"), findings)
        return Basic(username=basic.username, password=secret) if secret else None
    if (header := written.header) is not None:
        secret = reference(header.value, (*path, "value"), findings)
        return Header(name=header.name, secret=secret) if secret else None
    if written.oauth2 is not None:
        return _oauth2(written.oauth2, path, lookups, findings)
    if written.cognito is not None:
        return _cognito(written.cognito, path, findings)
    if written.client_certificate is not None:
        return _client_certificate(written.client_certificate, path, findings)
    return _sigv4(written.sigv4, path, findings) if written.sigv4 else None


def _oauth2(
    written: authored.OAuth2Credential, path: Path, lookups: Lookups, findings: Findings
) -> OAuth2 | None:
    if not is_secure(written.token_url):
        findings.add((*path, "token_url"), HTTPS)
    client = _client(written, path, findings)
    authority = lookups.authority(written.ca_file, (*path, "ca_file"), findings)
    if client is None:
        return None
    client_id, client_secret = client
    scope = written.scope
    return OAuth2(
        token_url=tidied_base(written.token_url),
        client_id=client_id,
        client_secret=client_secret,
        scope=" ".join(scope) if isinstance(scope, tuple) else scope,
        audience=written.audience,
        auth_method=written.auth_method,
        authority=authority,
    )


def _client(
    written: authored.OAuth2Credential, path: Path, findings: Findings
) -> tuple[str | SecretRef, SecretRef] | None:
    """Both halves out of one JSON secret, or each by itself."""
    together, secret = written.client, written.client_secret
    if together is not None and written.client_id is None and secret is None:
        if together.key is not None:
            findings.add((*path, "client", "key"), "expected no key: the whole secret is read")
        whole = reference(together, (*path, "client"), findings)
        if whole is None:
            return None
        return replace(whole, key="client_id"), replace(whole, key="client_secret")
    if together is None and written.client_id is not None and secret is not None:
        found = reference(secret, (*path, "client_secret"), findings)
        return (written.client_id, found) if found else None
    findings.add(path, "expected client, or client_id with client_secret")
    return None


def _cognito(written: authored.CognitoCredential, path: Path, findings: Findings) -> Cognito | None:
    password = reference(written.password, (*path, "password"), findings)
    client_secret = _optional(written.client_secret, (*path, "client_secret"), findings)
    if password is None:
        return None
    return Cognito(
        region=written.region,
        client_id=written.client_id,
        username=written.username,
        password=password,
        client_secret=client_secret,
        token=written.token,
    )


def _client_certificate(
    written: authored.ClientCertificateCredential, path: Path, findings: Findings
) -> ClientCertificate | None:
    certificate = reference(written.certificate, (*path, "certificate"), findings)
    private_key = reference(written.private_key, (*path, "private_key"), findings)
    if certificate is None or private_key is None:
        return None
    return ClientCertificate(certificate=certificate, private_key=private_key)


def _sigv4(written: authored.Sigv4Credential, path: Path, findings: Findings) -> Sigv4 | None:
    keys = _keys(written, path, findings)
    return Sigv4(keys=keys, region=written.region, service=written.service) if keys else None


def _keys(written: authored.Sigv4Credential, path: Path, findings: Findings) -> SigningKeys | None:
    given = written.access_key_id, written.secret_access_key, written.session_token
    if written.role is not None and not any(given):
        return AssumedRole(arn=written.role, external_id=written.external_id)
    if written.external_id is not None or written.role is not None:
        findings.add(path, "expected a role (with external_id), or given keys, or neither")
        return None
    if not any(given):
        return OwnKeys()
    if written.access_key_id is None or written.secret_access_key is None:
        findings.add(path, "expected access_key_id together with secret_access_key")
        return None
    key_id = reference(written.access_key_id, (*path, "access_key_id"), findings)
    secret = reference(written.secret_access_key, (*path, "secret_access_key"), findings)
    token = _optional(written.session_token, (*path, "session_token"), findings)
    if key_id is None or secret is None:
        return None
    return GivenKeys(access_key_id=key_id, secret_access_key=secret, session_token=token)


def _optional(
    written: authored.SecretRef | None, path: Path, findings: Findings
) -> SecretRef | None:
    return None if written is None else reference(written, path, findings)


def reference(written: authored.SecretRef, path: Path, findings: Findings) -> SecretRef | None:
    """Where a secret is kept; None where that is not written as it should be."""
    given = [(source, name) for source in SecretSource if (name := getattr(written, source))]
    if len(given) != 1:
        findings.add(path, f"expected {authored.REFERENCE}")
        return None
    [(source, name)] = given
    return SecretRef(source=source, name=name, key=written.key)


def credential(named: NamedSource, used: Iterable[str], findings: Findings) -> Credential:
    """`for`, or else the hosts of the APIs that name the credential (`used`)."""
    if named.source is None or named.written is None:
        raise ValueError(f"credential {named.name} has problems")
    hosts = tuple(used) if named.written.hosts is None else _written_hosts(named.written.hosts)
    allowed = frozenset(hosts)
    for host in used:
        if host not in allowed and not is_placeholder(host):
            findings.add(
                ("credentials", named.name, "for"),
                f"an API that uses this credential is at {host}, which is not listed",
            )
    return Credential(name=named.name, source=named.source, hosts=hosts)


def hosts_of_users(apis: Iterable[Api]) -> dict[str, dict[str, None]]:
    """By credential, the hosts of the APIs that name it, each once, in their order."""
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for api in apis:
        hosts = dict.fromkeys(host_of(one.url) for one in api.entrances if not one.closed)
        for name in api.presented:
            found[name] |= hosts
    return found


def _written_hosts(hosts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple((host if ":" in host else f"{host}:443").lower() for host in hosts)
