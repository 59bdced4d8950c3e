"""Credentials named on the command line: by reference, never by value."""

from __future__ import annotations

from collections.abc import Sequence

from gatewatch.cli.exits import UsageError
from gatewatch.config.canonical import (
    ApiKey,
    AssumedRole,
    Basic,
    Bearer,
    Credential,
    CredentialSource,
    Header,
    OwnKeys,
    SecretRef,
    SecretSource,
    Sigv4,
)

FORMS = (
    "bearer=env:NAME, api_key=env:NAME, basic:USER=env:NAME, header:X-NAME=env:NAME, with file:, "
    "secret: or ssm: in place of env:; sigv4=own (what the AWS CLI would sign with), sigv4=role:ARN"
)


def inline(text: str, host: str) -> tuple[Credential, ...]:
    """The credentials of one `--as`, joined by `+`, bound to the host that is checked."""
    return tuple(
        Credential(name=part.strip(), source=_source(part.strip()), hosts=(host,))
        for part in text.split("+")
    )


def names(credentials: Sequence[Credential]) -> tuple[str, ...]:
    return tuple(credential.name for credential in credentials)


def _source(text: str) -> CredentialSource:
    kind, _, where = text.partition("=")
    name, _, detail = kind.partition(":")
    if text == "sigv4=own":
        return Sigv4(keys=OwnKeys())
    if text.startswith("sigv4=role:"):
        return Sigv4(keys=AssumedRole(arn=text.removeprefix("sigv4=role:")))
    ref = _ref(where, text)
    match name, bool(detail):
        case "bearer", False:
            return Bearer(secret=ref)
        case "api_key", False:
            return ApiKey(secret=ref, header="x-api-key")
        case "basic", True:
            return Basic(username=detail, password=ref)
        case "header", True:
            return Header(name=detail, secret=ref)
        case _:
            raise UsageError(f'--as: "{name}" is no kind of credential; expected {FORMS}')


def _ref(where: str, text: str) -> SecretRef:
    source, _, name = where.partition(":")
    if source not in list(SecretSource) or not name:
        kind = text.partition("=")[0]
        raise UsageError(f"--as {kind}=…: expected a reference, not a value: {FORMS}")
    return SecretRef(source=SecretSource(source), name=name)
