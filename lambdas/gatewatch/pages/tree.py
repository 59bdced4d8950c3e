"""The way from an answer to its cause: status, telling header, body, who called, the next look.

Each branch is a look that elimination was asked about; nothing in it is drawn by hand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cache

import msgspec

from gatewatch.diagnosis.ask import questions
from gatewatch.diagnosis.causes import catalogue
from gatewatch.diagnosis.elimination import survives, survivors
from gatewatch.diagnosis.predictions.rules import answers_of
from gatewatch.gateway.answers import Answer
from gatewatch.gateway.examples import WireForm, wire_form
from gatewatch.model import OK, ApiKind, CredentialKind, Layer, SentCredential, Validity
from gatewatch.pages.page import look_phrase, named
from gatewatch.pages.situation import Situation, can_give, further_looks, met_with


class LeftCause(msgspec.Struct, frozen=True):
    cause: str
    layer: Layer


class Leaf(msgspec.Struct, frozen=True):
    """What an answer to the next look would leave."""

    answer: str
    causes: tuple[str, ...]


class Branch(msgspec.Struct, frozen=True, kw_only=True):
    """One answer to one kind of caller, the causes that survive it, likeliest first, and the look
    that splits them best. `sign` is the most telling header; status 0 is no HTTP response."""

    status: int
    sign: str
    answer: str
    body: str
    api: str
    callers: tuple[str, ...]
    causes: tuple[LeftCause, ...]
    look: str | None
    outcomes: tuple[Leaf, ...]


@cache
def tree() -> tuple[Branch, ...]:
    """Every branch, by status, header and answer."""
    found = [branch for looks in _forms().items() for branch in _branches(*looks)]
    return tuple(sorted(found, key=lambda one: (one.status, one.sign.lower(), one.answer)))


def _forms() -> dict[tuple[WireForm, Answer], list[ApiKind]]:
    """The forms in which answers come, and the front doors that give each for the most causes."""
    forms: dict[tuple[WireForm, Answer], list[ApiKind]] = {}
    for answer in Answer:
        counted = {kind: _expecting(answer, kind) for kind in ApiKind if can_give(kind, answer)}
        for kind, count in counted.items():
            same = [one for one in counted if wire_form(answer, one) == wire_form(answer, kind)]
            if count and count == max(counted[one] for one in same):
                forms.setdefault((wire_form(answer, kind), answer), []).append(kind)
    return forms


def _expecting(answer: Answer, kind: ApiKind) -> int:
    return sum(
        answer in answers_of(cause.prediction, frozenset({kind})) for cause in catalogue().values()
    )


def _branches(shown: tuple[WireForm, Answer], kinds: list[ApiKind]) -> Iterator[Branch]:
    looks, answer = shown
    kind = kinds[0]
    callers: dict[tuple[str, ...], list[tuple[SentCredential, ...]]] = {}
    for credentials, situations in met_with(kind, answer).items():
        if causes := _surviving(situations):
            callers.setdefault(causes, []).append(credentials)
    everybody = len(met_with(kind, answer))
    for causes, presented in callers.items():
        subject = Situation(kind, answer, _common_request(kind, answer, causes), presented[0])
        look, outcomes = _next(subject, causes)
        yield Branch(
            status=looks.status,
            sign=looks.sign,
            answer=answer,
            body=looks.body,
            api=named(kinds),
            callers=() if len(presented) == everybody else tuple(map(_caller, presented)),
            causes=tuple(LeftCause(name, catalogue()[name].layer) for name in causes),
            look=look,
            outcomes=outcomes,
        )


def _surviving(situations: list[Situation]) -> tuple[str, ...]:
    """The causes that survive at one of the URLs or another; likeliest first."""
    weights: dict[str, float] = {}
    for situation in situations:
        for one in survivors((situation.look,), 0):
            weights[one.cause.id] = max(one.weight, weights.get(one.cause.id, 0))
    weights.pop(OK, None)
    return tuple(sorted(weights, key=lambda name: (-weights[name], name)))


def _common_request(kind: ApiKind, answer: Answer, causes: tuple[str, ...]) -> tuple[str, str]:
    """The request at which most of the causes are possible."""
    [situations] = [of for sent, of in met_with(kind, answer).items() if not sent]
    best = max(situations, key=lambda one: len(set(_surviving([one])) & set(causes)))
    return best.request


_ASKED = {
    CredentialKind.BEARER: "a token",
    CredentialKind.SIGV4: "an AWS signature",
    CredentialKind.API_KEY: "an API key",
}


def _caller(credentials: tuple[SentCredential, ...]) -> str:
    if not credentials:
        return "nothing"
    [only] = credentials
    if only.kind is not CredentialKind.SIGV4:
        return _ASKED[only.kind]
    return f"{'a valid' if only.validity is Validity.VALID else 'an invalid'} AWS signature"


_SHOWN_OUTCOMES = 4


def _next(subject: Situation, causes: tuple[str, ...]) -> tuple[str | None, tuple[Leaf, ...]]:
    """The look that splits the causes best, and what each answer to it would leave."""
    known = [catalogue()[name] for name in causes]
    alive = tuple(cause for cause in known if survives(cause, (subject.look,), 0))
    ranked = questions((subject.look,), 0, alive)
    for question in ranked:
        left: dict[tuple[str, ...], Answer] = {}
        for cause in alive:
            for answer, look in dict(further_looks(subject, cause)).get(question, ()):
                looks = (subject.look, look)
                kept = tuple(one.id for one in alive if survives(one, looks, 0))
                if 0 < len(kept) < len(alive):
                    left.setdefault(kept, answer)
        if left:
            shown = sorted(left.items(), key=lambda one: len(one[0]))[:_SHOWN_OUTCOMES]
            return look_phrase(question), tuple(Leaf(answer, kept) for kept, answer in shown)
    return None, ()


_WORST = 6


def misleading() -> tuple[Branch, ...]:
    """The branches of those answers that the most causes give: where people lose their days."""
    counted = Counter(
        answer
        for cause in catalogue().values()
        for answer in frozenset().union(*(rule.expects for rule in cause.prediction))
    )
    worst = sorted(counted, key=lambda answer: (-counted[answer], answer))[:_WORST]
    return tuple(one for one in tree() if one.answer in worst)
