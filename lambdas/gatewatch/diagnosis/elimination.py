"""Which causes survive a set of looks: the arithmetic of expects, allows and forbids.

Everything here works on hashable values and is cached, since a monitor sees the same few looks
over and over. `diagnose` words and orders what survives.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import cache, lru_cache
from itertools import product

from gatewatch.diagnosis.caller import Caller
from gatewatch.diagnosis.cause import Cause
from gatewatch.diagnosis.causes import catalogue
from gatewatch.diagnosis.difference import Varying
from gatewatch.diagnosis.facts import NO_FACTS, Facts
from gatewatch.diagnosis.look import Look
from gatewatch.diagnosis.place import Place
from gatewatch.diagnosis.predictions.healthy import HEALTHY
from gatewatch.diagnosis.predictions.progress import (
    GUARD_REFUSALS,
    PAST_API_KEY,
    REFUSALS_BY,
    TRANSIENT,
)
from gatewatch.diagnosis.predictions.rules import Prediction, Rule, answers_of, rule_for
from gatewatch.gateway.answers import HTTP_ONLY, Answer
from gatewatch.gateway.recognised import Recognition
from gatewatch.model import GATES, OK, ApiKind, Gate, Layer, Owner, Validity

HEALTHY_ROUTE = Cause(
    id=OK,
    layer=Layer.OK,
    gate=Gate.BACKEND,
    owner=Owner.API,
    title="Nothing stopped the request",
    prediction=HEALTHY,
    prior=1,
    prose="",
    sources=(),
)


@cache
def hypotheses() -> tuple[Cause, ...]:
    """Every possible explanation of a look: each cause, and that nothing is wrong."""
    return (HEALTHY_ROUTE, *catalogue().values())


class Fit(IntEnum):
    FORBIDDEN = 0
    ALLOWED = 1
    EXPECTED = 2


@dataclass(frozen=True, slots=True)
class Reading:
    """How well one look fits one hypothesis, in the most favourable reading of the look.

    `turned_on`: the differences from the look in question that alone keep it from refuting a cause
    that turns on them.
    """

    fit: Fit
    rule: Rule | None
    support: float = 1.0
    turned_on: frozenset[Varying] = frozenset()

    @property
    def predicts(self) -> bool:
        """Whether the hypothesis predicts this look, and no difference excuses it from that."""
        speaks = self.rule is not None and bool(self.rule.expects or self.rule.surmises)
        return speaks and not self.turned_on - {Varying.TIME}

    @property
    def surmised(self) -> bool:
        """Whether the look fits by inference only, the rule's or the reading's."""
        return self.support < 1.0


@dataclass(frozen=True, slots=True)
class Survivor:
    """A cause that no look refutes.

    `expected`: positions of the looks that it expects by more than inference. `tolerated`: of those
    that it allows though it expected another answer. `foreseen`: how many others came as it
    expected or surmised. `weight` orders it among the survivors.
    """

    cause: Cause
    expected: frozenset[int]
    tolerated: frozenset[int]
    inferred: bool
    weight: float
    foreseen: int = 0


@dataclass(frozen=True, slots=True)
class RuledOutCause:
    """A look-alike that was ruled out, with the reason.

    `by_form`: by the request's own form, not by the answer; such reasons are listed last.
    """

    cause: Cause
    because: str
    by_form: bool = False


@lru_cache(maxsize=4096)
def survivors(
    looks: tuple[Look, ...], subject: int, facts: Facts = NO_FACTS
) -> tuple[Survivor, ...]:
    """The causes that expect the subject and that no look forbids.

    While an API settles after a deployment, a single look refutes nothing; two must agree.
    Once the URL has worked, mistakes in it are no longer possible.
    """
    possible = (one for one in hypotheses() if not (facts.has_worked and one.from_the_start))
    outcomes = (_survivor(cause, looks, subject, facts) for cause in possible)
    return tuple(survivor for survivor in outcomes if survivor is not None)


def survives(cause: Cause, looks: tuple[Look, ...], subject: int) -> bool:
    """Whether one cause is among the survivors; the others are not computed."""
    return _survivor(cause, looks, subject, NO_FACTS) is not None


def _survivor(cause: Cause, looks: tuple[Look, ...], subject: int, facts: Facts) -> Survivor | None:
    if _impossible(cause, looks[subject]):
        return None
    for prediction, kind in product(cause.predictions, shared_kinds(looks)):
        leading = reading_of(cause, prediction, kind, looks[subject])
        if leading.fit is not Fit.EXPECTED:
            continue
        readings = _readings(cause, prediction, kind, looks, subject, facts)
        refuted = sum(reading.fit is Fit.FORBIDDEN for reading in readings)
        if refuted > (1 if facts.settling else 0):
            continue
        telling = [at for at, one in enumerate(readings) if one.predicts and _tells(looks[at])]
        met = [at for at in telling if readings[at].fit is Fit.EXPECTED]
        return Survivor(
            cause,
            frozenset(at for at in met if not readings[at].surmised) | {subject},
            frozenset(telling) - frozenset(met) - {subject},
            inferred=leading.surmised,
            weight=_weight(cause, leading, looks[subject]) * _lead(readings, looks),
            foreseen=len(frozenset(met) - {subject}),
        )
    return None


def _lead(readings: Sequence[Reading], looks: Sequence[Look]) -> float:
    """The difference between two looks that ended differently is the likeliest reason.

    If it is unknown, something in the request is likelier than the caller's network.
    """
    for reading, look in zip(readings, looks, strict=True):
        reasons = reading.turned_on - {Varying.TIME}
        if reasons & (look.differs or _SENT):
            return _MUCH_LIKELIER
    return 1.0


_SENT = frozenset(Varying) - {Varying.NETWORK}


def _tells(look: Look) -> bool:
    """Every guard refuses a deliberately invalid credential: that favours no cause."""
    return not all(_is_invalid(caller) for caller in look.callers)


def _is_invalid(caller: Caller) -> bool:
    presented = {caller.signature, caller.token, caller.api_key, caller.other} - {None}
    return bool(presented) and Validity.VALID not in presented


_MUCH_LIKELIER = 6.0


def _weight(cause: Cause, reading: Reading, look: Look) -> float:
    """Orders the survivors; rules nothing out."""
    typical = any(condition.holds(look.shape) for condition in cause.typical)
    by_rule = reading.rule.weight if reading.rule else 1.0
    return cause.prior * by_rule * reading.support * (_MUCH_LIKELIER if typical else 1.0)


def shared_kinds(looks: tuple[Look, ...]) -> Iterator[ApiKind]:
    """The front doors that could have answered every look; each is tried separately.

    Another API may answer at another stage, base path or host, so those looks do not count.
    """
    shared = frozenset.intersection(*(look.kinds for look in looks if not look.places & _BEYOND))
    return (kind for kind in ApiKind if kind in shared)


_BEYOND = frozenset(
    {
        Place.OTHER_STAGE,
        Place.BEHIND_A_STAGE,
        Place.BEHIND_A_BASE_PATH,
        Place.WITHOUT_FIRST_SEGMENT,
        Place.OTHER_ENTRANCE,
        Place.OTHER_HOST,
    }
)


@lru_cache(maxsize=65536)
def reading_of(cause: Cause, prediction: Prediction, kind: ApiKind, look: Look) -> Reading:
    if kind not in look.kinds:
        return Reading(Fit.ALLOWED, None)
    best = Reading(Fit.FORBIDDEN, None)
    recognition = _as_given_by(kind, look.recognition)
    for place in sorted(look.places):
        for caller in sorted(look.callers, key=repr):
            rule = rule_for(prediction, kind, place, caller)
            reading = _reading(rule, recognition)
            if reading.fit is Fit.FORBIDDEN and _is_by_the_guard(cause, place, caller, recognition):
                reading = Reading(Fit.ALLOWED, rule)
            if _better(reading, best):
                best = reading
    return _excused(cause, best, look)


def _as_given_by(kind: ApiKind, recognition: Recognition) -> Recognition:
    """Without the answers that this front door never gives, unless no other would be left."""
    if kind is ApiKind.HTTP or not recognition.all - HTTP_ONLY:
        return recognition
    return Recognition(
        plain=recognition.plain - HTTP_ONLY,
        weak=recognition.weak - HTTP_ONLY,
        disguised=recognition.disguised - HTTP_ONLY,
    )


def _excused(cause: Cause, reading: Reading, look: Look) -> Reading:
    """Another outcome refutes nothing if it may be due to what the cause turns on."""
    turned_on = look.may_differ & cause.turns_on
    if not _judges_credential(cause, look):
        turned_on -= {Varying.CREDENTIAL}
    if reading.fit is not Fit.FORBIDDEN or not turned_on:
        return reading
    return replace(reading, fit=Fit.ALLOWED, turned_on=turned_on)


def _judges_credential(cause: Cause, look: Look) -> bool:
    """Whether a credential other than that of the look in question may have satisfied the cause."""
    if cause.gate is Gate.API_KEY and not any(caller.api_key for caller in look.callers):
        return False
    return bool(look.answers & PAST_API_KEY)


def _readings(
    cause: Cause,
    prediction: Prediction,
    kind: ApiKind,
    looks: tuple[Look, ...],
    subject: int,
    facts: Facts,
) -> list[Reading]:
    """How each look fits the cause, compared with the look in question."""
    readings = [_beside(cause, prediction, kind, look, looks[subject]) for look in looks]
    if not cause.guards & facts.guarded_by:
        return readings
    return [
        replace(reading, fit=max(reading.fit, Fit.ALLOWED))
        if reading.rule and reading.rule.presumes
        else reading
        for reading in readings
    ]


def _beside(
    cause: Cause, prediction: Prediction, kind: ApiKind, look: Look, subject: Look
) -> Reading:
    """A twin differs in one thing only; a cause that does not turn on it answers both alike."""
    reading = reading_of(cause, prediction, kind, look)
    unlike = look.is_twin and not look.answers & (subject.answers | TRANSIENT)
    if unlike and reading.rule is not None and not look.differs & cause.turns_on:
        return replace(reading, fit=Fit.FORBIDDEN)
    return reading


_GUARDED = frozenset(GATES[GATES.index(Gate.AUTHENTICATION) :])


def _is_by_the_guard(cause: Cause, place: Place, caller: Caller, recognition: Recognition) -> bool:
    """Whether a guard of the route refused an invalid credential before the cause could strike."""
    if cause.gate not in _GUARDED or place is not Place.ROUTE or not _is_invalid(caller):
        return False
    return bool(recognition.all & _refusals_before(cause))


def _refusals_before(cause: Cause) -> frozenset[Answer]:
    """A method has one authorizer, so another kind's refusal cannot come from this one."""
    known = [REFUSALS_BY[guard] for guard in cause.guards if guard in REFUSALS_BY]
    return frozenset().union(*known) if known else GUARD_REFUSALS


def _better(new: Reading, old: Reading) -> bool:
    if old.rule is None and old.fit is Fit.FORBIDDEN:
        return True
    return _rank(new) > _rank(old)


def _rank(reading: Reading) -> tuple[Fit, float, float]:
    return reading.fit, reading.support, reading.rule.weight if reading.rule else 0.0


_WEAK = 0.3
_DISGUISED = 0.05


def _reading(rule: Rule | None, recognition: Recognition) -> Reading:
    if rule is None:
        return Reading(Fit.ALLOWED, None)
    surmised = _support(rule.surmises, recognition) * _WEAK
    if support := max(_support(rule.expects, recognition), surmised):
        return Reading(Fit.EXPECTED, rule, support)
    answers = recognition.all
    if not answers or answers & rule.allows or answers & TRANSIENT:
        return Reading(Fit.ALLOWED, rule)
    return Reading(Fit.FORBIDDEN, rule)


def _support(predicted: frozenset[Answer], recognition: Recognition) -> float:
    """How much supports one of the predicted answers, from nothing to its plain signs."""
    if predicted & recognition.plain:
        return 1.0
    if predicted & recognition.weak:
        return _WEAK
    return _DISGUISED if predicted & recognition.disguised else 0.0


def _impossible(cause: Cause, look: Look) -> str | None:
    """Why the request's own form rules a cause out; None if it does not."""
    for condition in cause.only_if:
        if not condition.holds(look.shape):
            return condition.because
    return None


@lru_cache(maxsize=4096)
def ruled_out_causes(
    looks: tuple[Look, ...], subject: int, facts: Facts = NO_FACTS
) -> tuple[RuledOutCause, ...]:
    """The causes that could have shown one of the answers at the route, and why they did not."""
    alive = {one.cause.id for one in survivors(looks, subject, facts)}
    others = (cause for cause in hypotheses() if cause.id not in alive)
    ruled_out = (_ruled_out(cause, looks, subject, facts) for cause in others)
    return tuple(sorted(filter(None, ruled_out), key=lambda cause: cause.by_form))


def _ruled_out(
    cause: Cause, looks: tuple[Look, ...], subject: int, facts: Facts
) -> RuledOutCause | None:
    kinds = frozenset(shared_kinds(looks))
    seen = frozenset().union(*(look.answers for look in looks if look.places == {Place.ROUTE}))
    shown = frozenset().union(*(answers_of(prediction, kinds) for prediction in cause.predictions))
    if cause is HEALTHY_ROUTE or not shown & seen:
        return None
    if because := _impossible(cause, looks[subject]):
        return RuledOutCause(cause, because, by_form=True)
    if cause.from_the_start and facts.has_worked:
        return RuledOutCause(cause, "the same URL has been answered before")
    for prediction, kind in product(cause.predictions, shared_kinds(looks)):
        readings = _readings(cause, prediction, kind, looks, subject, facts)
        for look, reading in zip(looks, readings, strict=True):
            if reading.fit is Fit.FORBIDDEN and reading.rule is not None:
                return RuledOutCause(
                    cause, f"{reading.rule.because}; here it was {_listed(look.answers)}"
                )
        leading = readings[subject]
        if leading.rule is not None and leading.fit is not Fit.EXPECTED:
            shows = leading.rule.expects or leading.rule.surmises
            here = _listed(looks[subject].answers)
            because = f"it shows as {_listed(shows)}; here it was {here}" if shows else None
            return RuledOutCause(cause, because or leading.rule.because)
    return None


def _listed(answers: frozenset[Answer]) -> str:
    if len(answers) > 3:
        return "another answer"
    return " or ".join(sorted(answers)) or "an answer of no known form"
