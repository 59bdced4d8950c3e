"""Detects by its content which kind of transcript a text is, and reads it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import msgspec

from gatewatch.evidence import redacted
from gatewatch.gateway.failure import without_response
from gatewatch.gateway.recognition import recognise
from gatewatch.model import CredentialKind, Exchange, Request, Response
from gatewatch.redaction.redactor import Redactor
from gatewatch.transcripts import exchanges as json_exchanges
from gatewatch.transcripts import har, wire
from gatewatch.transcripts.credentials import credentials


@dataclass(frozen=True, slots=True)
class Transcript:
    """One thing to explain: an exchange, or a group of looks at one route. Without secrets.

    `left_out` counts the looks beyond the first fifty: more would take long and show nothing new.
    """

    id: str | None
    exchanges: tuple[Exchange, ...]
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A part of the input that is no transcript, and why. `line` counts from 1."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Contents:
    transcripts: tuple[Transcript, ...]
    unreadable: tuple[Unreadable, ...] = ()


def read_transcript(text: str, secrets: frozenset[str] | None = None) -> Contents:
    """Everything in a text that can be explained, and what could not be read.

    `secrets`: the credentials in it and in what was pasted with it, which are not shown again.
    """
    return _clean(_read(text), Redactor(credentials(text) if secrets is None else secrets))


def _read(text: str) -> Contents:
    text = text.lstrip("\ufeff")
    found = Contents(())
    if text.lstrip()[:1] in ("{", "["):
        found = _read_json(text)
        if found.transcripts or not found.unreadable:
            return found
    if wire.is_wire(text):
        pasted = [Transcript(None, (one,)) for one in wire.exchanges(text)]
        if pasted:
            return Contents(tuple(pasted))
    if (bare := _bare_body(text) or _bare_error(text)) is not None:
        return Contents((bare,))
    if "\n{" in text and (lines := _read_lines(text)).transcripts:
        return lines
    if found.unreadable:
        return found
    reason = "expected exchanges in JSON, a HAR file, raw HTTP, or the output of curl -v"
    return Contents((), (Unreadable(1, reason),))


def _bare_body(text: str) -> Transcript | None:
    """A bare body with a known wording: the commonest paste of all."""
    request = Request(method="", url="", credential=CredentialKind.UNKNOWN)
    response = Response(status_told=False, body=text.strip())
    found = Exchange(request=request, response=response)
    return Transcript(None, (found,)) if recognise(found).all else None


_ERROR = re.compile(
    r"\w(?:Error|Exception)\b|^(?:curl|Error|error|fatal|wget|aws)\b[^:]{0,40}:|net::ERR_|\[Errno"
    r"|^Could not connect to the endpoint URL"
)
_URL = re.compile(r"https?://[^\s\"'<>)]+")
_MOST_ERROR_LINES = 40


def _bare_error(text: str) -> Transcript | None:
    """A client's message where no answer came: the last line with a known error."""
    lines = [line.strip() for line in text.splitlines()[:_MOST_ERROR_LINES]]
    known = [one for one in lines if _ERROR.search(one) and without_response(one)]
    if not known:
        return None
    url = _URL.search(known[-1])
    request = Request(method="", url=url[0] if url else "", credential=CredentialKind.UNKNOWN)
    return Transcript(None, (Exchange(request=request, response=Response(error=known[-1])),))


_MOST_LOOKS = 50
_MOST_COMPLAINTS = 20


def _clean(found: Contents, redactor: Redactor) -> Contents:
    return Contents(
        tuple(_cleaned(one, redactor) for one in found.transcripts),
        tuple(replace(one, reason=redactor.text(one.reason)) for one in found.unreadable),
    )


def _cleaned(one: Transcript, redactor: Redactor) -> Transcript:
    shown = tuple(redacted(exchange, redactor) for exchange in one.exchanges[:_MOST_LOOKS])
    return Transcript(one.id and redactor.text(one.id), shown, len(one.exchanges) - len(shown))


def _read_json(text: str) -> Contents:
    """One JSON value, or one a line."""
    try:
        values = [(1, msgspec.json.decode(text))]
    except (msgspec.DecodeError, RecursionError):
        return _read_lines(text)
    return _contents(values)


def _read_lines(text: str) -> Contents:
    values: list[tuple[int, object]] = []
    bad: list[Unreadable] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            values.append((number, msgspec.json.decode(line)))
        except (msgspec.DecodeError, RecursionError) as error:
            bad.append(Unreadable(number, f"not JSON: {error}"))
    found = _contents(values)
    unreadable = sorted([*found.unreadable, *bad], key=lambda one: one.line)
    return Contents(found.transcripts, _first(unreadable))


def _first(unreadable: Sequence[Unreadable]) -> tuple[Unreadable, ...]:
    """As many complaints as anybody reads, and how many more there are."""
    told, more = unreadable[:_MOST_COMPLAINTS], unreadable[_MOST_COMPLAINTS:]
    return (*told, Unreadable(more[0].line, f"and {len(more)} more")) if more else (*told,)


_MOST_AT_ONCE = 10_000
"""Each takes some milliseconds to explain."""


def _contents(values: Iterable[tuple[int, object]]) -> Contents:
    found: list[Transcript] = []
    bad: list[Unreadable] = []
    each = [
        (line, one)
        for line, value in values
        for one in (value if isinstance(value, list) else [value])
    ]
    if more := each[_MOST_AT_ONCE:]:
        told = f"expected at most {_MOST_AT_ONCE:,} exchanges at once; {len(more)} are left out"
        bad.append(Unreadable(more[0][0], told))
    for line, one in each[:_MOST_AT_ONCE]:
        transcripts = _transcripts(one)
        found += transcripts
        if not transcripts and not har.is_har(one):
            bad.append(Unreadable(line, "neither an exchange nor a group of exchanges"))
    return Contents(tuple(found), _first(bad))


def _transcripts(value: object) -> list[Transcript]:
    if not isinstance(value, dict):
        return []
    if har.is_har(value):
        return [Transcript(route.name, route.exchanges) for route in har.refused_routes(value)]
    name = value.get("id")
    name = name if isinstance(name, str) else None
    if json_exchanges.is_group(value):
        kind = value.get("api_kind")
        exchanges = tuple(
            json_exchanges.exchange({"api_kind": kind, **one})
            for one in value["exchanges"]
            if json_exchanges.is_exchange(one)
        )
        return [Transcript(name, exchanges)]
    if json_exchanges.is_exchange(value):
        return [Transcript(name, (json_exchanges.exchange(value),))]
    bare = _bare_body(msgspec.json.encode(value).decode())
    return [bare] if bare else []
