"""Which further look would separate the surviving causes best."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from urllib.parse import urlsplit, urlunsplit

from gatewatch.diagnosis.caller import Caller
from gatewatch.diagnosis.cause import Cause
from gatewatch.diagnosis.elimination import shared_kinds
from gatewatch.diagnosis.look import Look
from gatewatch.diagnosis.place import NO_SUCH_ROUTE, Place
from gatewatch.diagnosis.predictions.rules import ANY_ANSWER, rule_for
from gatewatch.gateway.answers import Answer
from gatewatch.gateway.url import HostKind, parse
from gatewatch.model import READING_METHODS, ApiKind, CredentialKind, Exchange, NextProbe, Validity

_STRANGER = Caller()


@dataclass(frozen=True, slots=True)
class Question:
    """A look that could be taken: who calls, and where."""

    caller: Caller
    place: Place
    credential: CredentialKind


QUESTIONS: tuple[Question, ...] = (
    Question(_STRANGER, Place.NO_SUCH_SIBLING, CredentialKind.NONE),
    Question(_STRANGER, Place.NO_SUCH_PATH, CredentialKind.NONE),
    Question(_STRANGER, Place.ROUTE, CredentialKind.NONE),
    Question(Caller(signature=Validity.VALID), Place.ROUTE, CredentialKind.SIGV4),
    Question(Caller(api_key=Validity.VALID), Place.ROUTE, CredentialKind.API_KEY),
    Question(Caller(token=Validity.VALID), Place.ROUTE, CredentialKind.BEARER),
    Question(_STRANGER, Place.PREFLIGHT, CredentialKind.NONE),
    Question(_STRANGER, Place.OTHER_STAGE, CredentialKind.NONE),
)


_NOWHERE = frozenset({Place.NO_SUCH_SIBLING, Place.NO_SUCH_PATH})
_BESIDE = _NOWHERE | {Place.OTHER_STAGE}
"""The possible places of a path that cannot exist, if its first segment could be a stage's or a
mapping's."""
_SEND_ANOTHER_HOST = (HostKind.CLOUDFRONT, HostKind.LOAD_BALANCER)
"""These forward the call under another host name, and a signature covers the host."""
_CANNOT_REACH_A_BACKEND = _NOWHERE | {Place.PREFLIGHT, Place.OTHER_STAGE}


@dataclass(frozen=True, slots=True)
class Control:
    """A look that is safe at an API in production: it changes nothing.

    `place` is relative to the look in question. The URL is derived from the one that was called,
    not from its record, which is redacted.
    """

    method: str
    place: Place
    credential: CredentialKind


def safe_control(
    looks: tuple[Look, ...],
    subject: int,
    exchange: Exchange,
    causes: tuple[Cause, ...],
    allowed: frozenset[CredentialKind],
) -> Control | None:
    """The best question that a monitor may ask unattended, with the credentials it may use.

    Without a credential it asks only where no backend can be reached; with one it also asks at the
    route itself, if the method only reads.
    """
    method = exchange.request.method
    for question in questions(looks, subject, causes):
        asked_by = method_of(question, method)
        anonymous = question.caller == _STRANGER
        fits = (
            question.place in _CANNOT_REACH_A_BACKEND if anonymous else asked_by in READING_METHODS
        )
        if fits and question.credential in allowed | {CredentialKind.NONE}:
            return Control(asked_by, question.place, question.credential)
    return None


@lru_cache(maxsize=4096)
def questions(
    looks: tuple[Look, ...], subject: int, causes: tuple[Cause, ...]
) -> tuple[Question, ...]:
    """The questions on which the causes' predictions differ, best first."""
    if len(causes) < 2 or not looks[subject].shape.has_address:
        return ()
    kinds = tuple(shared_kinds(looks))
    scored = [(_split(question, kinds, causes), question) for question in QUESTIONS]
    useful = [
        (gain, question)
        for gain, question in scored
        if gain > 0 and can_be_asked(question, looks, subject)
    ]
    return tuple(question for _, question in sorted(useful, key=lambda pair: -pair[0]))


def can_be_asked(question: Question, looks: Sequence[Look], subject: int) -> bool:
    shape = looks[subject].shape
    if question.place is Place.OTHER_STAGE:
        return shape.host_kind is HostKind.EXECUTE_API and shape.depth > 0
    if question.place in _NOWHERE:
        # A path beside the subject's says more, but only by its own method: a harmless one.
        beside = shape.method in READING_METHODS and shape.depth > 1
        if beside is not (question.place is Place.NO_SUCH_SIBLING):
            return False
        # Where the URL names no stage, that path may be read as one.
        telling = _NOWHERE if shape.depth else _BESIDE
        return not any(look.places & telling and look.places <= _BESIDE for look in looks)
    if question.place is Place.PREFLIGHT and shape.method == "OPTIONS":
        return False
    if question.credential is CredentialKind.SIGV4 and shape.host_kind in _SEND_ANOTHER_HOST:
        return False
    return not any(
        question.place in look.places and _presented(question.caller, look) for look in looks
    )


def _presented(caller: Caller, look: Look) -> bool:
    return any(reading.presents == caller.presents for reading in look.callers)


@dataclass(frozen=True, slots=True)
class _PredictedAnswers:
    """The answers that a cause makes likely, and all that it leaves possible."""

    likely: frozenset[Answer]
    possible: frozenset[Answer]


_UNMATCHED = {
    ApiKind.REST: frozenset({Answer.MISSING_TOKEN}),
    ApiKind.WEBSOCKET: frozenset({Answer.MISSING_TOKEN}),
    ApiKind.HTTP: frozenset({Answer.HTTP_NOT_FOUND}),
}
"""What an API without other faults answers where it has no route."""


def _predicted_answers(
    question: Question, kinds: Iterable[ApiKind], cause: Cause
) -> _PredictedAnswers | None:
    for kind in kinds:
        usual = _UNMATCHED.get(kind, frozenset()) if question.place in _NOWHERE else frozenset()
        rule = rule_for(cause.prediction, kind, question.place, question.caller)
        if rule is None and usual:
            return _PredictedAnswers(usual, ANY_ANSWER)
        if rule is not None:
            expected = rule.expects | rule.surmises
            possible = expected | rule.allows
            likely = rule.expects or rule.surmises or (usual or rule.allows) & possible
            return _PredictedAnswers(likely, possible)
    return None


def _split(question: Question, kinds: Iterable[ApiKind], causes: Sequence[Cause]) -> int:
    """How many pairs of causes the answer would separate."""
    predicted = [_predicted_answers(question, kinds, cause) for cause in causes]
    known = [answers for answers in predicted if answers is not None]
    return sum(_exclude_each_other(one, other) for one, other in combinations(known, 2))


def _exclude_each_other(one: _PredictedAnswers, other: _PredictedAnswers) -> bool:
    """Whether the likely answers of one are impossible for the other."""
    return not (one.likely & other.possible and other.likely & one.possible)


def next_probe(
    looks: tuple[Look, ...], subject: int, exchange: Exchange, causes: tuple[Cause, ...]
) -> NextProbe | None:
    """The best question, as a request that a person can send; None if no look would help."""
    ranked = questions(looks, subject, causes)
    if not ranked:
        return None
    question = ranked[0]
    return NextProbe(
        credential=question.credential.value,
        method=method_of(question, exchange.request.method),
        url=target(question.place, exchange.request.url),
        why=_why(question, tuple(shared_kinds(looks)), causes),
    )


def method_of(question: Question, method: str) -> str:
    """The method of the look that answers a question about a route of this method."""
    if question.place is Place.PREFLIGHT:
        return "OPTIONS"
    if question.place in _NOWHERE and method not in READING_METHODS:
        return "GET"
    return method.upper() or _METHOD_PLACEHOLDER


_METHOD_PLACEHOLDER = "<method>"
"""Stands for a method that the evidence does not name; a person fills it in."""


def target(place: Place, url: str) -> str:
    """The URL of a place relative to `url`."""
    match place:
        case Place.NO_SUCH_SIBLING:
            return _with_segments(url, (*parse(url).segments[:-1], NO_SUCH_ROUTE))
        case Place.NO_SUCH_PATH:
            return missing_path(url)
        case Place.OTHER_STAGE:
            return _with_segments(url, (NO_SUCH_ROUTE, *parse(url).segments[1:]))
        case _:
            return url


def missing_path(url: str) -> str:
    """A URL beside this one, under the same stage or base path, that no API is expected to have."""
    address = parse(url)
    kept = address.segments[:1] if address.stage or len(address.segments) > 1 else ()
    return _with_segments(url, (*kept, NO_SUCH_ROUTE))


def _with_segments(url: str, segments: tuple[str, ...]) -> str:
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, "/" + "/".join(segments), "", ""))


_REASONS = 3


@lru_cache(maxsize=4096)
def _why(question: Question, kinds: tuple[ApiKind, ...], causes: tuple[Cause, ...]) -> str:
    """What the likeliest answers would mean: for each, the causes that predict it."""
    meanings: dict[Answer, list[str]] = {}
    for cause in causes:
        for answer in sorted(_likely_answers(question, kinds, cause)):
            meanings.setdefault(answer, []).append(cause.id)
    by_meaning: dict[tuple[str, ...], Answer] = {}
    for answer, meant in meanings.items():
        if len(meant) < len(causes):
            by_meaning.setdefault(tuple(meant), answer)
    shown = list(by_meaning.items())[:_REASONS]
    return "; ".join(f"{answer} would mean {_listed(meant)}" for meant, answer in shown)


def _likely_answers(
    question: Question, kinds: Iterable[ApiKind], cause: Cause
) -> frozenset[Answer]:
    """The answers that a cause makes likely; if they are many, only the success among them."""
    predicted = _predicted_answers(question, kinds, cause)
    if predicted is None:
        return frozenset()
    return predicted.likely if len(predicted.likely) <= _FEW else predicted.likely & _THROUGH


_FEW = 6
_THROUGH = frozenset({Answer.SUCCESS})


def _listed(names: Sequence[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last
