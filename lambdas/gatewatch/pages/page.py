"""A cause's page as a value: what is seen, what it means, what looks the same, what to do.

Composed once from the catalogue; Markdown, terminal and JSON show the same page.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from gatewatch.diagnosis.ask import Question
from gatewatch.diagnosis.cause import Cause, sections
from gatewatch.diagnosis.place import Place
from gatewatch.diagnosis.predictions.rules import ANY_KIND, Rule, Sends
from gatewatch.gateway.answers import Answer
from gatewatch.gateway.examples import wire_form
from gatewatch.model import ApiKind, CredentialKind, Gate, Layer, Owner
from gatewatch.pages.alike import Alike, look_alikes
from gatewatch.pages.situation import can_give


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """One line of "what you see": which caller of which front doors gets which answers.

    `surmised` holds the answers that are expected by inference only; `also` the other places
    that answer the same.
    """

    api: str
    sends: str
    answers: tuple[str, ...]
    surmised: tuple[str, ...]
    also: tuple[str, ...]


class OnTheWire(msgspec.Struct, frozen=True, kw_only=True):
    """An answer to compare with: status 0 is no HTTP response, `sign` the most telling header."""

    answer: str
    api: str
    status: int
    sign: str
    body: str


class LookAlike(msgspec.Struct, frozen=True, kw_only=True):
    """A cause that the same answers may come from. Without `look`, no look tells them apart.

    `this` and `that` are the answers to `look` that leave only the page's cause, or only the
    other one. `unless` are signs in the request by which the other one is out of the question.
    """

    cause: str
    layer: Layer
    title: str
    shared: tuple[str, ...]
    look: str | None
    this: tuple[str, ...]
    that: tuple[str, ...]
    unless: tuple[str, ...]


class CitedSource(msgspec.Struct, frozen=True, kw_only=True):
    """A source: how it is known, where from, and when that was last confirmed."""

    basis: str
    reference: str
    confirmed: str


class Page(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    title: str
    layer: Layer
    gate: Gate
    owner: Owner
    proves_guard: bool
    shown: tuple[Shown, ...]
    on_the_wire: tuple[OnTheWire, ...]
    never: tuple[str, ...]
    happens: str
    misleads: str
    look_alikes: tuple[LookAlike, ...]
    confirm: str
    fix: str
    sources: tuple[CitedSource, ...]


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A cause in one line."""

    id: str
    layer: Layer
    gate: Gate
    title: str
    owner: Owner


def listing(causes: Sequence[Cause]) -> tuple[Listed, ...]:
    return tuple(
        Listed(id=one.id, layer=one.layer, gate=one.gate, title=one.title, owner=one.owner)
        for one in causes
    )


def page(cause: Cause) -> Page:
    prose = sections(cause)
    return Page(
        id=cause.id,
        title=cause.title,
        layer=cause.layer,
        gate=cause.gate,
        owner=cause.owner,
        proves_guard=cause.proves_guard,
        shown=tuple(_shown(cause)),
        on_the_wire=tuple(_on_the_wire(cause)),
        never=_never(cause),
        happens=prose["What happens"],
        misleads=prose["Why it misleads"],
        look_alikes=tuple(_look_alike(cause, one) for one in look_alikes(cause)),
        confirm=prose["Confirm"],
        fix=prose["Fix"],
        sources=tuple(
            CitedSource(basis=one.basis, reference=one.reference, confirmed=one.confirmed)
            for one in cause.sources
        ),
    )


KIND_NAMES = {
    ApiKind.REST: "REST API",
    ApiKind.HTTP: "HTTP API",
    ApiKind.WEBSOCKET: "WebSocket API",
    ApiKind.FUNCTION_URL: "function URL",
    ApiKind.APPSYNC: "AppSync",
}


def named(kinds: Sequence[ApiKind]) -> str:
    every = frozenset(kinds) == ANY_KIND
    return "any" if every else ", ".join(KIND_NAMES[kind] for kind in ApiKind if kind in kinds)


def _shown(cause: Cause) -> Iterator[Shown]:
    covered: set[ApiKind] = set()
    for rule in _at_the_route(cause):
        kinds = [kind for kind in ApiKind if kind in rule.kinds and _given(rule, kind)]
        if kinds:
            broad = ANY_KIND if rule.kinds == ANY_KIND else kinds
            yield Shown(
                api=named(tuple(broad)),
                sends=_sends(rule, covered),
                answers=tuple(sorted(rule.expects)),
                surmised=tuple(sorted(rule.surmises)),
                also=tuple(sorted(rule.places - {Place.ROUTE})),
            )
        covered |= rule.kinds


def _at_the_route(cause: Cause) -> Iterator[Rule]:
    return (rule for rule in cause.prediction if Place.ROUTE in rule.places)


def _given(rule: Rule, kind: ApiKind) -> bool:
    return any(can_give(kind, answer) for answer in rule.expects | rule.surmises)


def _sends(rule: Rule, covered: set[ApiKind]) -> str:
    """The first rule that covers a caller counts, so a later "anything" is the rest."""
    if rule.sends is Sends.ANYTHING and rule.kinds & covered:
        return "anything else"
    return rule.sends.value


def _on_the_wire(cause: Cause) -> Iterator[OnTheWire]:
    """Each answer once for every form in which front doors give it.

    What a rule surmises beside what it expects is the exception, and left to the answer's name.
    """
    seen: set[tuple[Answer, object]] = set()
    for rule in _at_the_route(cause):
        for answer in sorted(rule.expects or rule.surmises):
            for kind in ApiKind:
                looks = wire_form(answer, kind)
                if kind not in rule.kinds or not can_give(kind, answer) or (answer, looks) in seen:
                    continue
                seen.add((answer, looks))
                yield OnTheWire(
                    answer=answer,
                    api=KIND_NAMES[kind],
                    status=looks.status,
                    sign=looks.sign,
                    body=looks.body,
                )


def _never(cause: Cause) -> tuple[str, ...]:
    """What rules the cause out before any answer is looked at."""
    worked = ("the same URL has been answered before",) if cause.from_the_start else ()
    return (*(condition.because for condition in cause.only_if), *worked)


def _look_alike(cause: Cause, alike: Alike) -> LookAlike:
    telling = alike.telling
    mine = _never(cause)
    return LookAlike(
        cause=alike.cause.id,
        layer=alike.cause.layer,
        title=alike.cause.title,
        shared=alike.shared,
        look=look_phrase(telling.question) if telling else None,
        this=telling.this if telling else (),
        that=telling.that if telling else (),
        unless=tuple(reason for reason in _never(alike.cause) if reason not in mine),
    )


_CARRIED = {
    CredentialKind.NONE: "without a credential",
    CredentialKind.SIGV4: "with a valid AWS signature",
    CredentialKind.API_KEY: "with a valid API key",
    CredentialKind.BEARER: "with a valid token",
}


def look_phrase(question: Question) -> str:
    return f"{question.place}, {_CARRIED[question.credential]}"


def catalogue_order(causes: Sequence[Cause]) -> list[Cause]:
    """By layer and gate, in the order of the request's way."""
    layers, gates = list(Layer), list(Gate)
    return sorted(causes, key=lambda one: (layers.index(one.layer), gates.index(one.gate), one.id))
