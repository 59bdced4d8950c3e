"""Credentials named on the command line: by reference, never by value."""

from __future__ import annotations

import os
from collections.abc import Sequence

from gatewatch.cli.exits import UsageError
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

FORMS = (
    "bearer=env:NAME, api_key=env:NAME, basic:USER=env:NAME, header:X-NAME=env:NAME, sigv4=env "
    "(AWS_ACCESS_KEY_ID and its companions); file:PATH in place of env:NAME"
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
    if text == "sigv4=env":
        return Sigv4(
            access_key_id=_env("AWS_ACCESS_KEY_ID"),
            secret_access_key=_env("AWS_SECRET_ACCESS_KEY"),
            session_token=_session_token(),
            region=None,
            service="execute-api",
        )
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


def _env(name: str) -> SecretRef:
    return SecretRef(source="env", name=name)


def _session_token() -> SecretRef | None:
    return _env("AWS_SESSION_TOKEN") if os.environ.get("AWS_SESSION_TOKEN") else None


def _ref(where: str, text: str) -> SecretRef:
    source, _, name = where.partition(":")
    if source not in ("env", "file") or not name:
        kind = text.partition("=")[0]
        raise UsageError(f"--as {kind}=…: expected a reference, not a value: {FORMS}")
    return SecretRef(source=source, name=name)
