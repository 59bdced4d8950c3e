"""Reads exchanges and groups from JSON, leniently: odd values become `unknown`."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from gatewatch.model import (
    CredentialKind,
    Exchange,
    Purpose,
    Request,
    Response,
    SentCredential,
    Validity,
)

Choice = TypeVar("Choice", bound=StrEnum)
Json = Mapping[str, object]


def is_exchange(value: object) -> bool:
    return isinstance(value, dict) and isinstance(value.get("request"), dict)


def is_group(value: object) -> bool:
    """At least one, or there is nothing to explain."""
    found = value.get("exchanges") if isinstance(value, dict) else None
    return isinstance(found, list) and found != []


def exchange(value: Json) -> Exchange:
    return Exchange(
        id=_text(value.get("id")),
        api_kind=_text(value.get("api_kind")),
        request=_request(_mapping(value.get("request"))),
        response=_response(value.get("response")),
    )


def _request(value: Json) -> Request:
    kind = value.get("credential")
    return Request(
        method=(_text(value.get("method")) or "").upper(),
        url=_text(value.get("url")) or "",
        credential=None if kind is None else _choice(kind, CredentialKind, CredentialKind.UNKNOWN),
        headers=_headers(value.get("headers")),
        credentials=_credentials(value.get("credentials")),
        purpose=_choice(value.get("purpose"), Purpose, Purpose.LOOK),
        route=_text(value.get("route")),
        entrance=_text(value.get("entrance")),
        at=_text(value.get("at")),
    )


def _credentials(value: object) -> tuple[SentCredential, ...]:
    entries = value if isinstance(value, list) else []
    found = (
        SentCredential(
            _choice(entry.get("kind"), CredentialKind, CredentialKind.UNKNOWN),
            _choice(entry.get("validity"), Validity, Validity.UNKNOWN),
        )
        for entry in entries
        if isinstance(entry, dict)
    )
    return tuple(one for one in found if one.kind is not CredentialKind.NONE)


def _response(found: object) -> Response:
    """An empty object means that nothing came; a response without a status leaves it open."""
    if found == {}:
        return Response()
    value = _mapping(found)
    signs = value.get("signs")
    status = _whole(value.get("status"))
    error = _text(value.get("error"))
    return Response(
        status=status or 0,
        status_told=status is not None or bool(error and not value.get("body")),
        headers=_headers(value.get("headers")),
        body=_text(value.get("body")),
        error=error,
        elapsed_ms=_number(value.get("elapsed_ms")),
        address=_text(value.get("address")),
        phases_ms=_phases(value.get("phases_ms")),
        body_length=_whole(value.get("body_length")),
        body_sha256=_text(value.get("body_sha256")),
        signs=tuple(str(sign) for sign in signs) if isinstance(signs, list) else (),
        is_cut=value.get("is_cut") is True,
    )


def _phases(value: object) -> dict[str, float]:
    spent = ((name, _number(one)) for name, one in _mapping(value).items())
    return {str(name): one for name, one in spent if one is not None}


def _mapping(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _whole(value: object) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
        return int(value)
    whole = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 10**9
    return value if whole and isinstance(value, int) else None


def _number(value: object) -> float | None:
    fits = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if fits and isinstance(value, int | float) else None


def _choice(value: object, kind: type[Choice], otherwise: Choice) -> Choice:
    try:
        return kind(str(value))
    except ValueError:
        return otherwise


def _headers(value: object) -> dict[str, str]:
    """Names to values; a list of values is joined, anything else is left out."""
    found: dict[str, str] = {}
    for name, one in _mapping(value).items():
        if isinstance(one, list):
            found[name] = ", ".join(str(part) for part in one)
        elif isinstance(one, str | int | float):
            found[name] = str(one)
    return found
