"""Whether an answer brings what its owner expects; the only reader of bodies that are not kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import msgspec

from gatewatch.config.canonical import Expect
from gatewatch.jsonpath import LookUpError, found_at
from gatewatch.pattern import finds, matches

_SHOWN = 80


Show = Callable[[str], str]


def unmet(
    expect: Expect, headers: Mapping[str, str], body: str, show: Show = str
) -> tuple[str, ...]:
    """What is missing, in words, each with the value seen beside the one expected.

    The status is not judged here: it belongs to the diagnosis. `show` takes secrets out of what was
    seen, before it is cut to a length that reads well.
    """
    return (
        *_headers(expect, headers, show),
        *_text(expect, body),
        *_json(expect, body, show),
    )


def late(expect: Expect, elapsed_ms: float) -> str | None:
    """How much later than expected it came, in words; None if it came in time."""
    within = expect.within_seconds
    if within is None or elapsed_ms <= within * 1000:
        return None
    return f"took {elapsed_ms:.0f} ms, expected within {within * 1000:.0f} ms"


def _headers(expect: Expect, headers: Mapping[str, str], show: Show) -> Iterator[str]:
    seen = {name.lower(): value for name, value in headers.items()}
    for name, wanted in expect.headers.items():
        found = seen.get(name.lower())
        if found is None:
            yield f"header {name} is missing, expected {_short(wanted)}"
        elif found != wanted:
            yield from _header(name, wanted, found, show)


def _header(name: str, wanted: str, found: str, show: Show) -> Iterator[str]:
    try:
        if not matches(wanted, found):
            yield f"header {name} is {_short(found, show)}, expected {_short(wanted)}"
    except TimeoutError:
        yield f"header {name} takes too long to match {_short(wanted)}"


def _text(expect: Expect, body: str) -> Iterator[str]:
    if expect.body is None:
        return
    try:
        if not finds(expect.body, body):
            yield f"the body does not contain {_short(expect.body)}"
    except TimeoutError:
        yield f"the body takes too long to match {_short(expect.body)}"


def _json(expect: Expect, body: str, show: Show) -> Iterator[str]:
    if not expect.json:
        return
    try:
        value = msgspec.json.decode(body)
    except RecursionError:
        yield "the body is nested too deep"
        return
    except msgspec.DecodeError:
        yield "the body is not JSON"
        return
    for path, wanted in expect.json.items():
        try:
            found = found_at(path, value)
        except LookUpError as error:
            yield f"{path} cannot be looked up: {error}"
            continue
        if not any(_is_same(wanted, one) for one in found):
            shown = _short(found[0], show) if found else "nothing"
            yield f"{path} is {shown}, expected {_short(wanted)}"


def _is_same(wanted: object, found: object) -> bool:
    """As JSON compares: `true` is no number, a text is none either, and 1 and 1.0 are one number
    (RFC 8259 knows numbers of one kind only). Python takes `True` for 1."""
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
    text = show(msgspec.json.encode(value).decode())
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
