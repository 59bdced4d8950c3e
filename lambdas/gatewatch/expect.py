"""Whether an answer meets its owner's expectations; the only reader of bodies that are not kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import isinf

import msgspec

from gatewatch.config.canonical import Expect
from gatewatch.config.jsonpath import LookUpError, found_at
from gatewatch.config.pattern import finds, matches

_SHOWN = 80


Show = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class ReceivedAnswer:
    """An answer as far as it was read. Without a whole head, a missing header may have been sent;
    without a whole body, missing text may have followed."""

    headers: Mapping[str, str]
    body: str
    has_whole_head: bool = True
    has_whole_body: bool = True


@dataclass(frozen=True, slots=True)
class Miss:
    """An expectation that the answer does not meet; unless `is_certain`, it still may."""

    text: str
    is_certain: bool = True


def missing(expect: Expect, received: ReceivedAnswer, show: Show = str) -> tuple[Miss, ...]:
    """The unmet expectations, each with the actual value beside the expected one.

    The diagnosis judges the status. `show` removes secrets from an actual value before it is cut.
    """
    return (
        *_headers(expect, received, show),
        *_text(expect, received),
        *_json(expect, received, show),
    )


def late(expect: Expect, elapsed_ms: float) -> str | None:
    """How much later than expected it came, in words; None if it came in time."""
    within = expect.within_seconds
    if within is None or elapsed_ms <= within * 1000:
        return None
    return f"took {elapsed_ms:.0f} ms, expected within {within * 1000:.0f} ms"


def _headers(expect: Expect, received: ReceivedAnswer, show: Show) -> Iterator[Miss]:
    seen = {name.lower(): value for name, value in received.headers.items()}
    for name, wanted in expect.headers.items():
        found = seen.get(name.lower())
        if found is None:
            text = f"header {name} is missing, expected {_short(wanted)}"
            yield Miss(text, is_certain=received.has_whole_head)
        elif found != wanted:
            yield from _header(name, wanted, found, show)


def _header(name: str, wanted: str, found: str, show: Show) -> Iterator[Miss]:
    try:
        if not matches(wanted, found):
            yield Miss(f"header {name} is {_short(found, show)}, expected {_short(wanted)}")
    except TimeoutError:
        text = f"header {name} takes too long to match {_short(wanted)}"
        yield Miss(text, is_certain=False)


def _text(expect: Expect, received: ReceivedAnswer) -> Iterator[Miss]:
    if expect.body is None:
        return
    try:
        if finds(expect.body, received.body):
            return
    except TimeoutError:
        text = f"the body takes too long to match {_short(expect.body)}"
        yield Miss(text, is_certain=False)
        return
    if received.has_whole_body:
        yield Miss(f"the body does not contain {_short(expect.body)}")
    else:
        text = f"the body does not contain {_short(expect.body)} as far as it was read"
        yield Miss(text, is_certain=False)


def _json(expect: Expect, received: ReceivedAnswer, show: Show) -> Iterator[Miss]:
    if not expect.json:
        return
    if not received.has_whole_body and _may_be_json(received.body):
        yield Miss("no more than the beginning of the body was read", is_certain=False)
        return
    try:
        value = _decoded(received.body)
    except RecursionError:
        yield Miss("the body is nested too deep", is_certain=False)
    except ValueError:
        yield Miss("the body is not JSON")
    else:
        for path, wanted in expect.json.items():
            yield from _at(path, wanted, value, show)


def _at(path: str, wanted: object, value: object, show: Show) -> Iterator[Miss]:
    try:
        found = found_at(path, value)
    except LookUpError as error:
        yield Miss(f"{path} cannot be looked up: {error}", is_certain=False)
        return
    if not any(_is_same(wanted, one) for one in found):
        shown = _short(found[0], show) if found else "nothing"
        yield Miss(f"{path} is {shown}, expected {_short(wanted)}")


def _may_be_json(beginning: str) -> bool:
    return beginning.lstrip()[:1] in ("", *'{["')


def _decoded(body: str) -> object:
    """Raises ValueError if it is not JSON. The fast decoder accepts neither lone surrogates nor
    numbers without bounds, and both are JSON (RFC 8259, sections 8.2 and 6)."""
    try:
        value: object = msgspec.json.decode(body)
    except msgspec.DecodeError:
        value = json.loads(body, parse_int=_whole, parse_constant=_no_json)
    return value


_MOST_DIGITS = 1000


def _whole(digits: str) -> float:
    return int(digits) if len(digits) <= _MOST_DIGITS else float(digits)


def _no_json(name: str) -> object:
    """Refuses NaN and Infinity, which the standard library accepts."""
    raise ValueError(name)


def _is_same(wanted: object, found: object) -> bool:
    """Compares as JSON does: `true` and texts are not numbers, and 1 equals 1.0, as RFC 8259 has
    one kind of number. In Python `True` equals 1."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        return wanted.keys() == found.keys() and all(
            _is_same(value, found[name]) for name, value in wanted.items()
        )
    if isinstance(wanted, list) and isinstance(found, list):
        return len(wanted) == len(found) and all(map(_is_same, wanted, found))
    return isinstance(wanted, bool) is isinstance(found, bool) and wanted == found


def _short(value: object, show: Show = str) -> str:
    if isinstance(value, dict | list):
        return f"{'an object' if isinstance(value, dict) else 'a list'} of {len(value)}"
    text = show(_written(value))
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _written(value: object) -> str:
    if isinstance(value, str):
        # JSON may hold a lone surrogate, which no output can.
        value = value.encode(errors="replace").decode()
    elif isinstance(value, float) and isinf(value):
        return "a number beyond all bounds"
    return msgspec.json.encode(value).decode()
