"""An access token for client credentials (RFC 6749, section 4.4)."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta
from math import isnan
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from gatewatch.config.canonical import OAuth2
from gatewatch.gateway.url import host_of
from gatewatch.ports import SecretError

FORM = "application/x-www-form-urlencoded"
_ERRORS = frozenset(
    (
        "invalid_request",
        "invalid_client",
        "invalid_grant",
        "unauthorized_client",
        "unsupported_grant_type",
        "invalid_scope",
    )
)
"""The error codes of RFC 6749, section 5.2; any other text of the server is never repeated."""
_UNTOLD_LIFE_SECONDS = 300
_LONGEST_LIFE_SECONDS = 86_400


class _TokenAnswer(msgspec.Struct, frozen=True):
    access_token: str
    token_type: str | None = None
    expires_in: Any = None


class _Refused(msgspec.Struct, frozen=True):
    error: str = ""


def request(source: OAuth2, client_id: str, client_secret: str) -> tuple[dict[str, str], str]:
    """The headers and the form to post to the token endpoint."""
    form = {"grant_type": "client_credentials"}
    if source.scope is not None:
        form["scope"] = source.scope
    if source.audience is not None:
        form["audience"] = source.audience
    headers = {"Content-Type": FORM, "Accept": "application/json"}
    if source.auth_method == "client_secret_post":
        form |= {"client_id": client_id, "client_secret": client_secret}
    else:
        pair = f"{quote(client_id, safe='')}:{quote(client_secret, safe='')}".encode()
        headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
    return headers, urlencode(form)


def granted(source: OAuth2, status: int, body: bytes, now: datetime) -> tuple[str, datetime]:
    """The token and the end of its life; raises SecretError for any other answer."""
    place = f"the token endpoint {host_of(source.token_url)}"
    if status != 200:
        told = f"{place} answered {status}{_error_code(body)}"
        raise SecretError(told, _remedy(source), passes=status == _TOO_MANY)
    try:
        answer = msgspec.json.decode(body, type=_TokenAnswer)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        told = f"{place} answered 200 without an access token"
        raise SecretError(told, "check the path of its address") from None
    if (answer.token_type or "bearer").lower() != "bearer":
        told = f"{place} grants tokens of a type other than Bearer"
        raise SecretError(told, "ask its owner for Bearer tokens")
    return answer.access_token, now + timedelta(seconds=_life(answer.expires_in))


_TOO_MANY = 429


def _remedy(source: OAuth2) -> str:
    client = f"client {source.client_id}"
    return f"check {client}, its secret in {source.client_secret}, and what it may ask for"


def _life(told: object) -> float:
    """Seconds. Some servers send the number as text, and some omit it."""
    if isinstance(told, bool) or not isinstance(told, (int, float, str)):
        return _UNTOLD_LIFE_SECONDS
    try:
        seconds = float(told)
    except (ValueError, OverflowError):
        return _UNTOLD_LIFE_SECONDS
    if isnan(seconds) or seconds == 0:
        return _UNTOLD_LIFE_SECONDS
    return min(max(seconds, 0.0), _LONGEST_LIFE_SECONDS)


def _error_code(body: bytes) -> str:
    try:
        error = msgspec.json.decode(body, type=_Refused).error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    return f" {error}" if error in _ERRORS else ""
