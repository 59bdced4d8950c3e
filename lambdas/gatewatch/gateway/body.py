"""A response body, whoever wrote it: its form, its message, and a failure inside it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from html import unescape

import msgspec

INNER_FAILURE = "inner_failure"
"""The sign of a body that reports a failure, whatever the status."""

KEPT_CHARACTERS = 2_000
_MESSAGE_CHARACTERS = 1_000


class BodyForm(StrEnum):
    UNSEEN = "unseen"
    EMPTY = "empty"
    JSON = "json"
    HTML = "html"
    XML = "xml"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class BodyText:
    """`message` is the text under `message`/`Message`, or the body itself if it is plain text.

    `is_null` is true for `{"message": null}`; `codes` are gateway response types or error types
    that a customised template put into the body (`$context.error.responseType`). `in_frame`: a
    message that a WebSocket API sent inside the connection, with a connection id. `graphql_type`:
    the type of the first GraphQL error, which only AppSync writes. `alone`: the message is the only
    field. `cut`: only the beginning of the message is left. `broken`: it began as JSON but is not.
    """

    form: BodyForm
    message: str = ""
    is_null: bool = False
    capital: bool = False
    codes: frozenset[str] = frozenset()
    inner_failure: bool = False
    in_frame: bool = False
    alone: bool = True
    cut: bool = False
    broken: bool = False
    graphql_type: str = ""


# https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
_CODE = re.compile(
    r"\b(ACCESS_DENIED|API_CONFIGURATION_ERROR|AUTHORIZER_CONFIGURATION_ERROR|AUTHORIZER_FAILURE"
    r"|BAD_REQUEST_BODY|BAD_REQUEST_PARAMETERS|EXPIRED_TOKEN|INTEGRATION_FAILURE"
    r"|INTEGRATION_TIMEOUT|INVALID_API_KEY|INVALID_SIGNATURE|MISSING_AUTHENTICATION_TOKEN"
    r"|MissingAuthenticationToken|QUOTA_EXCEEDED|REQUEST_TOO_LARGE|RESOURCE_NOT_FOUND|THROTTLED"
    r"|UNAUTHORIZED|UNSUPPORTED_MEDIA_TYPE|WAF_FILTERED)\b"
)
_FAILING_STATUS = ("status_code", "statusCode")
_GATEWAY_REFUSALS = frozenset(
    {"Forbidden", "Unauthorized", "Missing Authentication Token", "Internal server error"}
)


_PRINTED = re.compile(r"""b?(?P<quote>['"])(?P<body>[{\[].*)(?P=quote)""", re.DOTALL)


def read_body(body: str | None) -> BodyText:
    """Accepts any text, even cut or rewrapped. None means: not seen."""
    if body is None:
        return BodyText(BodyForm.UNSEEN)
    text = body.strip("\ufeff \t\r\n")
    if match := _PRINTED.fullmatch(text):
        text = match["body"]
    if not text:
        return BodyText(BodyForm.EMPTY)
    if text[0] in "{[":
        return _read_json(text)
    head = text[:200].lower()
    form = BodyForm.TEXT
    if head.startswith(("<!doctype html", "<html")):
        form = BodyForm.HTML
    elif head.startswith("<?xml") or head.startswith("<error"):
        form = BodyForm.XML
    return BodyText(form, message=text[:_MESSAGE_CHARACTERS])


def failure_signs(body: str | None) -> tuple[str, ...]:
    """The signs to keep of a body before it is dropped."""
    return (INNER_FAILURE,) if read_body(body).inner_failure else ()


def _read_json(text: str) -> BodyText:
    codes = frozenset(_CODE.findall(text[:KEPT_CHARACTERS]))
    value = decoded_json(text) or decoded_json(_repaired(text))
    if value is None:
        return replace(_read_broken(_repaired(text), codes), broken=True)
    if not isinstance(value, dict):
        return BodyText(BodyForm.JSON, codes=codes)
    capital = "Message" in value and "message" not in value
    message = value.get("Message" if capital else "message", _first_error(value))
    return BodyText(
        BodyForm.JSON,
        message=message[:_MESSAGE_CHARACTERS].strip() if isinstance(message, str) else "",
        is_null=message is None,
        capital=capital,
        codes=codes,
        inner_failure=_reports_failure(value, message),
        in_frame=isinstance(message, str) and value.keys() >= _IN_FRAMES,
        graphql_type=_first_type(value),
        alone=len(value) == 1,
    )


_IN_FRAMES = frozenset({"connectionId", "requestId"})


def _first_error(value: dict[str, object]) -> object:
    """The message of a GraphQL error."""
    return _first(value).get("message", "")


def _first_type(value: dict[str, object]) -> str:
    found = _first(value).get("errorType")
    return found if isinstance(found, str) else ""


def _first(value: dict[str, object]) -> dict[str, object]:
    errors = value.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else None
    return first if isinstance(first, dict) else {}


def decoded_json(text: str) -> object | None:
    """The value; None if it is not JSON, and for null, which no answer is."""
    try:
        value: object = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None
    return value


_BEYOND_ANY_CHARACTER = re.compile(r"&#\d{9,};?")
"""`html.unescape` would convert it to a number of any length."""

_QUOTES = str.maketrans({"\u201c": '"', "\u201d": '"', "\u201e": '"'})


def _repaired(text: str) -> str:
    """JSON again from what chats, logs, shells and Python print, with other quotes."""
    text = unescape(_BEYOND_ANY_CHARACTER.sub("\N{REPLACEMENT CHARACTER}", text)).translate(_QUOTES)
    if text[1:3] == '\\"':
        text = text.replace('\\"', '"')
    if (printed := _BARE_KEY.match(text[1:])) or text[1:2] == "'":
        text = text.replace("'", '"')
    return _LAST_COMMA.sub("", _BARE_KEYS.sub(r'\1"\2":', text)) if printed else text


_BARE_KEY = re.compile(r"\s*\w+\s*:")
_BARE_KEYS = re.compile(r"([{,]\s*)(\w+)\s*:")
_LAST_COMMA = re.compile(r",(?=\s*[}\]])")
"""As Node prints an object."""


_MESSAGE = re.compile(r'"(?P<key>[Mm])essage"\s*:\s*"(?P<text>(?:[^"\\]|\\.)*)(?P<end>"?)')
_BEFORE_ANY_MESSAGE, _NULL_MESSAGE = '{"message":"', '{"message":null}'


def _read_broken(text: str, codes: frozenset[str]) -> BodyText:
    """JSON that was cut or pasted badly."""
    squeezed = "".join(text.split())
    if _BEFORE_ANY_MESSAGE.startswith(squeezed.lower()):
        return BodyText(BodyForm.UNSEEN, cut=True)
    if _NULL_MESSAGE.startswith(squeezed.lower()):
        return BodyText(BodyForm.JSON, is_null=True, capital="M" in squeezed)
    match = _MESSAGE.search(text)
    if match is None:
        beginning = text[:_MESSAGE_CHARACTERS].strip()
        return BodyText(BodyForm.TEXT, message=beginning, codes=codes, cut=True)
    return BodyText(
        BodyForm.TEXT,
        message=" ".join(match["text"][:_MESSAGE_CHARACTERS].split()),
        capital=match["key"] == "M",
        codes=codes,
        cut=not match["end"],
    )


def _reports_failure(value: dict[str, object], message: object) -> bool:
    """Whether a failing answer is inside this one, as with a non-proxy integration.

    Recorded: an inner 400 and an inner gateway refusal, both under a status of 200 (ls-015,
    in-008). `errorMessage` with `errorType` is how Lambda reports an exception, `__type` how
    AWS services do; GraphQL puts `errors` beside `data`, and AppSync gives them an `errorType`.
    """
    for key in _FAILING_STATUS:
        status = value.get(key)
        if isinstance(status, int) and not isinstance(status, bool) and 400 <= status <= 599:
            return True
    if message in _GATEWAY_REFUSALS and len(value) == 1:
        return True
    if "errorMessage" in value and "errorType" in value:
        return True
    if str(value.get("__type", "")).endswith("Exception"):
        return True
    errors = value.get("errors")
    graphql = "data" in value or any(
        isinstance(error, dict) and "errorType" in error
        for error in (errors if isinstance(errors, list) else ())
    )
    return bool(errors) and graphql
