"""Situations in which a cause would be met: who calls what, and the answer that comes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from gatewatch.diagnosis.ask import QUESTIONS, Question, can_be_asked, method_of, target
from gatewatch.diagnosis.caller import callers
from gatewatch.diagnosis.cause import Cause
from gatewatch.diagnosis.look import Look, look_at
from gatewatch.diagnosis.place import Place
from gatewatch.diagnosis.predictions.rules import Rule, answers_of, rule_for
from gatewatch.gateway.answers import Answer
from gatewatch.gateway.examples import example
from gatewatch.gateway.recognition import recognise
from gatewatch.gateway.wire_formats import HTTP_ANSWERS, WORDED
from gatewatch.model import (
    ApiKind,
    CredentialKind,
    Exchange,
    Request,
    SentCredential,
    Validity,
)

_DEFAULT = "https://abc123.execute-api.us-east-1.amazonaws.com/prod"
_OWN = "https://api.example.com"
_CDN = "https://d111111abcdef8.cloudfront.net"
_URLS = {
    ApiKind.FUNCTION_URL: ("https://abc123.lambda-url.us-east-1.on.aws/orders", f"{_CDN}/orders"),
    ApiKind.APPSYNC: ("https://abc123.appsync-api.us-east-1.amazonaws.com/graphql",),
}
_GATEWAY_URLS = (f"{_DEFAULT}/orders/42", _DEFAULT, f"{_OWN}/orders/42", _OWN)
_CREDENTIALS: tuple[tuple[SentCredential, ...], ...] = (
    (),
    (SentCredential(CredentialKind.BEARER, Validity.VALID),),
    (SentCredential(CredentialKind.SIGV4, Validity.VALID),),
    (SentCredential(CredentialKind.SIGV4, Validity.INVALID),),
    (SentCredential(CredentialKind.API_KEY, Validity.VALID),),
)
# What is there when nothing is wrong, to a stranger who asks for a path that cannot exist.
_NOTHING_THERE = {
    ApiKind.REST: Answer.MISSING_TOKEN,
    ApiKind.WEBSOCKET: Answer.MISSING_TOKEN,
    ApiKind.HTTP: Answer.HTTP_NOT_FOUND,
}


@dataclass(frozen=True, slots=True)
class Situation:
    """One look at a route and its answer; `exchange` is what a person would have in hand."""

    kind: ApiKind
    answer: Answer
    request: tuple[str, str]
    credentials: tuple[SentCredential, ...]

    @property
    def exchange(self) -> Exchange:
        return _exchange(_request(*self.request, self.credentials), self.answer, self.kind)

    @property
    def look(self) -> Look:
        return look_at(self.exchange, self.exchange)


def _request(method: str, url: str, credentials: tuple[SentCredential, ...]) -> Request:
    nothing = None if credentials else CredentialKind.NONE
    return Request(
        method=method, url=url, credential=nothing, credentials=credentials, route=f"{method} /"
    )


def _exchange(request: Request, answer: Answer, kind: ApiKind) -> Exchange:
    """Without a hint of the kind, which a person would not have; AppSync has no sign of its own."""
    hint = kind.value if kind is ApiKind.APPSYNC else None
    return Exchange(request=request, response=example(answer, kind), api_kind=hint)


@cache
def can_give(kind: ApiKind, answer: Answer) -> bool:
    """Whether this front door's answer would be recognised as such; a few it never gives."""
    if kind is ApiKind.HTTP and answer in WORDED and answer not in HTTP_ANSWERS:
        return False
    url = _URLS.get(kind, _GATEWAY_URLS)[0]
    exchange = _exchange(_request("GET", url, ()), answer, kind)
    look = look_at(exchange, exchange)
    return kind in look.kinds and answer in recognise(exchange).all


def met_with(kind: ApiKind, answer: Answer) -> dict[tuple[SentCredential, ...], list[Situation]]:
    """The situations in which this front door gives the answer, by what the caller presented."""
    requests = [("GET", url) for url in _URLS.get(kind, _GATEWAY_URLS)]
    return {
        credentials: [Situation(kind, answer, request, credentials) for request in requests]
        for credentials in _CREDENTIALS
    }


@cache
def situations(cause: Cause) -> tuple[Situation, ...]:
    """Every situation in which the cause expects the answer at the route itself."""
    found: dict[Look, Situation] = {}
    for one in _possible(cause):
        found.setdefault(one.look, one)
    return tuple(found.values())


def _possible(cause: Cause) -> Iterator[Situation]:
    for kind in _kinds(cause):
        for request in _requests(cause, kind):
            for credentials in _CREDENTIALS:
                for answer in _expected(cause, kind, request, credentials):
                    if can_give(kind, answer):
                        yield Situation(kind, answer, request, credentials)


_COMMON = (ApiKind.REST, ApiKind.HTTP, ApiKind.FUNCTION_URL)


def _kinds(cause: Cause) -> tuple[ApiKind, ...]:
    """The common front doors; the others for causes that none of the common ones has."""
    struck = [
        kind
        for kind in ApiKind
        if any(
            can_give(kind, answer)
            for prediction in cause.predictions
            for answer in answers_of(prediction, frozenset({kind}))
        )
    ]
    return tuple(kind for kind in struck if kind in _COMMON) or tuple(struck)


def _requests(cause: Cause, kind: ApiKind) -> Iterator[tuple[str, str]]:
    """A GET where the cause may strike one, else a POST."""
    for url in _URLS.get(kind, _GATEWAY_URLS):
        for method in ("GET", "POST"):
            exchange = _exchange(_request(method, url, ()), _ANY, kind)
            shape = look_at(exchange, exchange).shape
            if all(condition.holds(shape) for condition in cause.only_if):
                yield method, url
                break


_ANY = Answer.FORBIDDEN


def _expected(
    cause: Cause,
    kind: ApiKind,
    request: tuple[str, str],
    credentials: tuple[SentCredential, ...],
) -> Iterator[Answer]:
    made = _request(*request, credentials)
    [caller] = callers(made, made)
    for prediction in cause.predictions:
        rule = rule_for(prediction, kind, Place.ROUTE, caller)
        if rule is not None:
            yield from (*sorted(rule.expects), *sorted(rule.surmises))


def further_looks(
    subject: Situation, cause: Cause
) -> Iterator[tuple[Question, tuple[tuple[Answer, Look], ...]]]:
    """The looks that could be taken next, each with the answers that the cause leads to."""
    for question in QUESTIONS:
        if not can_be_asked(question, (subject.look,), 0):
            continue
        rule = rule_for(cause.prediction, subject.kind, question.place, question.caller)
        looks = tuple(
            (answer, _further(subject, question, answer))
            for answer in _led_to(rule, subject.kind, question.place)
            if can_give(subject.kind, answer)
        )
        yield question, looks


def _led_to(rule: Rule | None, kind: ApiKind, place: Place) -> tuple[Answer, ...]:
    """What the rule expects, or else surmises; then what a healthy API would answer.

    Where no rule speaks of a place beside the route, the cause leaves the healthy answer there.
    """
    healthy = {Answer.SUCCESS}
    if place in (Place.NO_SUCH_SIBLING, Place.NO_SUCH_PATH) and kind in _NOTHING_THERE:
        healthy = {_NOTHING_THERE[kind]}
    if rule is None:
        return () if place is Place.ROUTE else tuple(healthy)
    ordered = (*sorted(rule.expects or rule.surmises), *sorted(rule.allows & healthy))
    return tuple(dict.fromkeys(ordered))


def _further(subject: Situation, question: Question, answer: Answer) -> Look:
    method, url = subject.request
    nothing = question.credential is CredentialKind.NONE
    sent = () if nothing else (SentCredential(question.credential, Validity.VALID),)
    asked = _request(method_of(question, method), target(question.place, url), sent)
    return look_at(_exchange(asked, answer, subject.kind), subject.exchange)
