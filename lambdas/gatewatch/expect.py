"""Whether an answer brings what its owner expects; the only reader of bodies that are not kept."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import msgspec

from gatewatch.config.canonical import Expect
from gatewatch.jsonpath import found_at

_SHOWN = 80


def unmet(
    expect: Expect, headers: Mapping[str, str], body: str, elapsed_ms: float
) -> tuple[str, ...]:
    """What is missing, in words, each with the value seen beside the one expected.

    The status is not judged here: it belongs to the diagnosis.
    """
    return (
        *_headers(expect, headers),
        *_text(expect, body),
        *_json(expect, body),
        *_time(expect, elapsed_ms),
    )


SLOW = "took "
"""How a sentence about time begins; it is a finding of its own."""


def _time(expect: Expect, elapsed_ms: float) -> Iterator[str]:
    within = expect.within_seconds
    if within is not None and elapsed_ms > within * 1000:
        yield f"{SLOW}{elapsed_ms:.0f} ms, expected within {within * 1000:.0f} ms"


def _headers(expect: Expect, headers: Mapping[str, str]) -> Iterator[str]:
    seen = {name.lower(): value for name, value in headers.items()}
    for name, wanted in expect.headers.items():
        found = seen.get(name.lower())
        if found is None:
            yield f"header {name} is missing, expected {_short(wanted)}"
        elif re.fullmatch(wanted, found) is None and found != wanted:
            yield f"header {name} is {_short(found)}, expected {_short(wanted)}"


def _text(expect: Expect, body: str) -> Iterator[str]:
    if expect.body is not None and re.search(expect.body, body) is None:
        yield f"the body does not contain {_short(expect.body)}"


def _json(expect: Expect, body: str) -> Iterator[str]:
    if not expect.json:
        return
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        yield "the body is not JSON"
        return
    for path, wanted in expect.json.items():
        found = found_at(path, value)
        if wanted not in found:
            shown = _short(found[0]) if found else "nothing"
            yield f"{path} is {shown}, expected {_short(wanted)}"


def _short(value: object) -> str:
    if isinstance(value, dict | list):
        return f"{'an object' if isinstance(value, dict) else 'a list'} of {len(value)}"
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
