"""Whether two answers are the same, though neither body was kept.

A single-page app, a login or a maintenance page answers everything with one page. The page may hold
a nonce, a token or a date, so equal bytes are not required. `signs_of_body` are stored while the
body is there, and `alike` compares them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from hashlib import sha256

from gatewatch.gateway.body import BodyForm, decoded_json, read_body
from gatewatch.model import Response

TURNS_AWAY = "turns_away"
"""The sign of a body that may turn its reader away: a login form, words of maintenance, an error
and nothing else. It is a reason for doubt, never proof."""

_FORM, _SHAPE, _WORDS, _TAGS = "form=", "shape=", "words=", "tags="
_LOOKED_AT = 16_384
_DIGEST = 12
_MOST_NAMES = 40

_TAG = re.compile(r"<[^<>]*>")
_TAG_NAME = re.compile(r"</?([a-zA-Z][a-zA-Z0-9]{0,20})")
_TITLE = re.compile(r"<title[^<>]{0,200}>([^<]{0,300})", re.IGNORECASE)
_PASSWORD = re.compile(r"""type\s{0,5}=\s{0,5}["']?password""", re.IGNORECASE)
_AWAY = re.compile(
    r"log[ -]?in|sign[ -]?in|log[ -]?on|maintenance|unavailable|be (right )?back"
    r"|un-?authori[sz]ed|not authori[sz]ed|unauthenticated|not authenticated"
    r"|authentication required|forbidden|access denied|permission denied|not allowed"
    r"|not found|invalid token|token (is )?(missing|invalid|expired)",
    re.IGNORECASE,
)
_ABOUT_ITSELF = re.compile(
    r"code|details?|description|errors?|error_description|instance|message|msg|ok|path|reason"
    r"|request_?id|result|status(code)?|success|timestamp|title|trace(id)?|type"
)
"""Names of fields that describe the answer itself, not what was requested."""


def signs_of_body(body: str) -> tuple[str, ...]:
    """The signs to keep of a body, by which it can be compared when it is gone."""
    text = body.strip("\ufeff \t\r\n")
    form = read_body(text).form
    found = [_FORM + form.value]
    value = decoded_json(text) if form is BodyForm.JSON else None
    if form is BodyForm.JSON:
        found.append(_SHAPE + ",".join(sorted(_names(value))))
    elif form is not BodyForm.EMPTY:
        found += [_WORDS + _digest(_words(text)), _TAGS + _digest(_tags(text))]
    if _turns_away(value, form, text):
        found.append(TURNS_AWAY)
    return tuple(found)


def _names(value: object) -> Iterator[str]:
    """The fields of an object, or of the first one in a list, each by its digest."""
    if isinstance(value, list):
        yield "[]"
        value = value[0] if value else None
    if isinstance(value, dict):
        for name in list(value)[:_MOST_NAMES]:
            yield _digest([name])[:4]


def _digest(parts: Iterable[str]) -> str:
    return sha256(" ".join(parts).encode()).hexdigest()[:_DIGEST]


_LONGEST_WORD = 20


def _words(text: str) -> Iterator[str]:
    """The text of a page without what may change each time: ids, dates, tokens, paths."""
    for word in _TAG.sub(" ", text[:_LOOKED_AT]).split():
        if len(word) <= _LONGEST_WORD and "/" not in word and not any(map(str.isdigit, word)):
            yield word


def _tags(text: str) -> Iterator[str]:
    return (found[1].lower() for found in _TAG_NAME.finditer(text[:_LOOKED_AT]))


_SHORT_TEXT = 400


def _turns_away(value: object, form: BodyForm, text: str) -> bool:
    if isinstance(value, dict):
        return _is_an_excuse(value)
    if form is BodyForm.JSON:
        return False
    head = text[:_LOOKED_AT]
    titles = " ".join(_TITLE.findall(head))
    if _PASSWORD.search(head) or _AWAY.search(titles):
        return True
    shown = " ".join(_TAG.sub(" ", head).split())
    return len(shown) <= _SHORT_TEXT and bool(_AWAY.search(shown))


def _is_an_excuse(value: dict[str, object]) -> bool:
    """Whether it describes only the answer itself, and that as a failure."""
    fields = {name.lower(): one for name, one in value.items()}
    if not fields or not all(map(_ABOUT_ITSELF.fullmatch, fields)):
        return False
    failed = fields.get("error") or fields.get("errors")
    refused = False in (fields.get("ok"), fields.get("success"))
    text = " ".join(value for value in fields.values() if isinstance(value, str))
    return bool(failed) or refused or bool(_AWAY.search(text))


def signs_of(response: Response) -> tuple[str, ...]:
    return response.signs if response.body is None else signs_of_body(response.body)


def is_unseen(response: Response) -> bool:
    """Whether nothing is known of its body, not even whether there is one."""
    return not response.body and response.body_length is None and not response.signs


def turns_away(response: Response) -> bool:
    return TURNS_AWAY in signs_of(response)


def form_of(response: Response) -> BodyForm:
    """By the body if it was seen, else by its headers."""
    form_sign = _sign_value(response, _FORM)
    if form_sign is not None and not (form_sign == BodyForm.EMPTY and _media_type(response)):
        return BodyForm(form_sign)
    media = _media_type(response)
    if not media:
        return BodyForm.EMPTY if response.body_length == 0 else BodyForm.UNSEEN
    for part, form in (("json", BodyForm.JSON), ("html", BodyForm.HTML), ("xml", BodyForm.XML)):
        if part in media:
            return form
    return BodyForm.TEXT


def _sign_value(response: Response, name: str) -> str | None:
    found = (one.removeprefix(name) for one in signs_of(response) if one.startswith(name))
    return next(found, None)


def header_of(response: Response, name: str) -> str:
    return next((value for key, value in response.headers.items() if key.lower() == name), "")


def _media_type(response: Response) -> str:
    return header_of(response, "content-type").partition(";")[0].strip().lower()


def alike(one: Response, other: Response) -> bool:
    """Whether both are the same but for what changes from one answer to the next."""
    if is_unseen(one) or is_unseen(other):
        return False
    if one.status != other.status or form_of(one) is not form_of(other):
        return False
    if _error_type(one) != _error_type(other):
        return False
    if not _size(one) or not _size(other):
        return _size(one) == _size(other) and _are_same_head(one, other)
    if _digest_of(one) == _digest_of(other):
        return True
    if form_of(one) is BodyForm.JSON:
        return _have_same_fields(one, other)
    return _are_one_page(one, other)


def _error_type(response: Response) -> str:
    return header_of(response, "x-amzn-errortype").partition(":")[0]


def _size(response: Response) -> int:
    return len(response.body) if response.body is not None else response.body_length or 0


def _digest_of(response: Response) -> str | None:
    if response.body is None:
        return response.body_sha256
    return sha256(response.body.encode()).hexdigest()


def _are_same_head(one: Response, other: Response) -> bool:
    """Whether two answers to HEAD announce the same body."""
    return all(
        header_of(one, name) == header_of(other, name) for name in ("content-length", "etag")
    )


def _have_same_fields(one: Response, other: Response) -> bool:
    shapes = _sign_value(one, _SHAPE), _sign_value(other, _SHAPE)
    if None in shapes:
        return _is_near(one, other)
    left, right = (set(filter(None, (shape or "").split(","))) for shape in shapes)
    return bool(left & right - {"[]"}) and 2 * len(left & right) >= len(left | right)


def _are_one_page(one: Response, other: Response) -> bool:
    words = _sign_value(one, _WORDS), _sign_value(other, _WORDS)
    tags = _sign_value(one, _TAGS), _sign_value(other, _TAGS)
    if None not in words and words[0] == words[1] and tags[0] == tags[1]:
        return True
    return tags[0] == tags[1] and _is_near(one, other)


_NEAR = 0.05


def _is_near(one: Response, other: Response) -> bool:
    sizes = sorted((_size(one), _size(other)))
    return sizes[1] - sizes[0] <= _NEAR * sizes[1]
