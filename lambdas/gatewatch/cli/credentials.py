"""Credentials named on the command line: by reference, never by value."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gatewatch.cli.exits import UsageError
from gatewatch.config import authored
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
from gatewatch.config.values import HEADER_NAME_PATTERN, ROLE_ARN_PATTERN, USERNAME_PATTERN

FORMS = (
    "bearer=env:NAME, api_key=env:NAME, basic:USER=env:NAME, header:X-NAME=env:NAME, with file:, "
    "secret: or ssm: in place of env:; sigv4=own (what the AWS CLI would sign with), sigv4=role:ARN"
)


def inline(text: str, host: str) -> tuple[Credential, ...]:
    """The credentials of one `--as`, joined by `+`, bound to the checked host."""
    return tuple(
        Credential(name=part.strip(), source=_source(part.strip()), hosts=(host,))
        for part in text.split("+")
    )


def names(credentials: Sequence[Credential]) -> tuple[str, ...]:
    return tuple(credential.name for credential in credentials)


def _source(text: str) -> CredentialSource:
    """An unknown kind or a wrong reference is not repeated: it may be the secret itself."""
    if text == "sigv4=own":
        return Sigv4(keys=OwnKeys())
    if text.startswith("sigv4=role:"):
        role = text.removeprefix("sigv4=role:")
        return Sigv4(keys=AssumedRole(arn=_fitting(ROLE_ARN_PATTERN, role, "role:ARN")))
    kind, _, where = text.partition("=")
    name, _, detail = kind.partition(":")
    match name, bool(detail):
        case "bearer", False:
            return Bearer(secret=_ref(where, name))
        case "api_key", False:
            return ApiKey(secret=_ref(where, name), header="x-api-key")
        case "basic", True:
            username = _fitting(USERNAME_PATTERN, detail, "basic:USER")
            return Basic(username=username, password=_ref(where, name))
        case "header", True:
            header = _fitting(HEADER_NAME_PATTERN, detail, "header:X-NAME")
            return Header(name=header, secret=_ref(where, name))
        case _:
            raise UsageError(f"--as: no kind of credential; expected {FORMS}")


def _ref(where: str, kind: str) -> SecretRef:
    source, _, name = where.partition(":")
    if source not in list(SecretSource) or not name:
        raise UsageError(f"--as {kind}=…: expected a reference, not a value: {FORMS}")
    if source == SecretSource.ENV:
        _fitting(authored.ENV_NAME_PATTERN, name, "env:NAME, the name of a variable")
    return SecretRef(source=SecretSource(source), name=name)


def _fitting(pattern: str, text: str, form: str) -> str:
    if re.search(pattern, text) is None:
        raise UsageError(f"--as: expected {form}; forms: {FORMS}")
    return text
