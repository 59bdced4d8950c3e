"""Which causes survive a set of looks: the arithmetic of expects, allows and forbids.

Everything here works on hashable values and is cached, since a monitor sees the same few looks
over and over. Wording and order of what survives are `diagnose`'s business.
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
    signature=HEALTHY,
    prior=1,
    prose="",
    sources=(),
)


@cache
def hypotheses() -> tuple[Cause, ...]:
    """Everything a look may be explained by: each cause, and that nothing is wrong."""
    return (HEALTHY_ROUTE, *catalogue().values())


class Fit(IntEnum):
    FORBIDDEN = 0
    ALLOWED = 1
    EXPECTED = 2


@dataclass(frozen=True, slots=True)
class Reading:
    """How one look fits one hypothesis in the most favourable reading of the look.

    `turned_on`: what the look differs in from the one in question, and what alone keeps it from
    speaking against a cause that turns on that.
    """

    fit: Fit
    rule: Rule | None
    support: float = 1.0
    turned_on: frozenset[Varying] = frozenset()

    @property
    def predicts(self) -> bool:
        """Whether it speaks of the look; not of one that differs in what the cause turns on."""
        speaks = self.rule is not None and bool(self.rule.expects or self.rule.surmises)
        return speaks and not self.turned_on - {Varying.TIME}

    @property
    def surmised(self) -> bool:
        """Whether inference alone, ours or the reading's, makes the look fit."""
        return self.support < 1.0


@dataclass(frozen=True, slots=True)
class Survivor:
    """A cause that no look forbids.

    `expected` holds the positions of the looks that it expects by more than inference, `tolerated`
    of those of which it expected something else and yet allows them; `foreseen` counts those that
    came as it expected or surmised. `weight` orders it among the rest.
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

    `by_form`: by the request's own form, not by what came back; that is the lesser news.
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
    Mistakes in our own URL are out of the question once the URL has worked.
    """
    possible = (one for one in hypotheses() if not (facts.has_worked and one.from_the_start))
    found = (_survivor(cause, looks, subject, facts) for cause in possible)
    return tuple(survivor for survivor in found if survivor is not None)


def survives(cause: Cause, looks: tuple[Look, ...], subject: int) -> bool:
    """Whether one cause is among the survivors, without asking after the others."""
    return _survivor(cause, looks, subject, NO_FACTS) is not None


def _survivor(cause: Cause, looks: tuple[Look, ...], subject: int, facts: Facts) -> Survivor | None:
    if _impossible(cause, looks[subject]):
        return None
    for account, kind in product(cause.accounts, shared_kinds(looks)):
        leading = reading_of(cause, account, kind, looks[subject])
        if leading.fit is not Fit.EXPECTED:
            continue
        readings = _readings(cause, account, kind, looks, subject, facts)
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
    """What differs between two looks that ended differently is the likeliest reason.

    Where it is not told what, it was rather something sent than the caller's network.
    """
    for reading, look in zip(readings, looks, strict=True):
        reasons = reading.turned_on - {Varying.TIME}
        if reasons & (look.differs or _SENT):
            return _MUCH_LIKELIER
    return 1.0


_SENT = frozenset(Varying) - {Varying.NETWORK}


def _tells(look: Look) -> bool:
    """A deliberately invalid credential is refused by every guard: that favours no cause."""
    return not all(_is_invalid(caller) for caller in look.callers)


def _is_invalid(caller: Caller) -> bool:
    presented = {caller.signature, caller.token, caller.api_key, caller.other} - {None}
    return bool(presented) and Validity.VALID not in presented


_MUCH_LIKELIER = 6.0


def _weight(cause: Cause, reading: Reading, look: Look) -> float:
    """What orders the survivors; it decides nothing."""
    typical = any(condition.holds(look.shape) for condition in cause.typical)
    by_rule = reading.rule.weight if reading.rule else 1.0
    return cause.prior * by_rule * reading.support * (_MUCH_LIKELIER if typical else 1.0)


def shared_kinds(looks: tuple[Look, ...]) -> Iterator[ApiKind]:
    """The front doors that could have given every look; each is tried by itself.

    At another stage, base path or host another API may answer.
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
def reading_of(cause: Cause, account: Prediction, kind: ApiKind, look: Look) -> Reading:
    if kind not in look.kinds:
        return Reading(Fit.ALLOWED, None)
    best = Reading(Fit.FORBIDDEN, None)
    seen = _as_given_by(kind, look.seen)
    for place in sorted(look.places):
        for caller in sorted(look.callers, key=repr):
            rule = rule_for(account, kind, place, caller)
            reading = _reading(rule, seen)
            if reading.fit is Fit.FORBIDDEN and _is_by_the_guard(cause, place, caller, seen):
                reading = Reading(Fit.ALLOWED, rule)
            if _better(reading, best):
                best = reading
    return _excused(cause, best, look)


def _as_given_by(kind: ApiKind, seen: Recognition) -> Recognition:
    """Without what this front door never says, where something is left that it does."""
    if kind is ApiKind.HTTP or not seen.all - HTTP_ONLY:
        return seen
    return Recognition(seen.plain - HTTP_ONLY, seen.weak - HTTP_ONLY, seen.disguised - HTTP_ONLY)


def _excused(cause: Cause, reading: Reading, look: Look) -> Reading:
    """Another outcome refutes nothing where it may be due to what the cause turns on."""
    turned_on = look.may_differ & cause.turns_on
    if not _judges_credential(cause, look):
        turned_on -= {Varying.CREDENTIAL}
    if reading.fit is not Fit.FORBIDDEN or not turned_on:
        return reading
    return replace(reading, fit=Fit.ALLOWED, turned_on=turned_on)


def _judges_credential(cause: Cause, look: Look) -> bool:
    """Whether another credential than that of the look in question may have satisfied the cause."""
    if cause.gate is Gate.API_KEY and not any(caller.api_key for caller in look.callers):
        return False
    return bool(look.answers & PAST_API_KEY)


def _readings(
    cause: Cause,
    account: Prediction,
    kind: ApiKind,
    looks: tuple[Look, ...],
    subject: int,
    facts: Facts,
) -> list[Reading]:
    """Each look as the cause reads it beside the one in question."""
    found = [_beside(cause, account, kind, look, looks[subject]) for look in looks]
    if not cause.guards & facts.guarded_by:
        return found
    return [
        replace(one, fit=max(one.fit, Fit.ALLOWED)) if one.rule and one.rule.presumes else one
        for one in found
    ]


def _beside(cause: Cause, account: Prediction, kind: ApiKind, look: Look, subject: Look) -> Reading:
    """A twin differs in one thing only: a cause that does not turn on it answers both alike."""
    reading = reading_of(cause, account, kind, look)
    unlike = look.is_twin and not look.answers & (subject.answers | TRANSIENT)
    if unlike and reading.rule is not None and not look.differs & cause.turns_on:
        return replace(reading, fit=Fit.FORBIDDEN)
    return reading


_GUARDED = frozenset(GATES[GATES.index(Gate.AUTHENTICATION) :])


def _is_by_the_guard(cause: Cause, place: Place, caller: Caller, seen: Recognition) -> bool:
    """Whether a guard of the route refused an invalid credential, before the cause could strike."""
    if cause.gate not in _GUARDED or place is not Place.ROUTE or not _is_invalid(caller):
        return False
    return bool(seen.all & _refusals_before(cause))


def _refusals_before(cause: Cause) -> frozenset[Answer]:
    """A method has one authorizer: whatever is another kind's refusal was not given by this one."""
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


def _reading(rule: Rule | None, seen: Recognition) -> Reading:
    if rule is None:
        return Reading(Fit.ALLOWED, None)
    if support := max(_support(rule.expects, seen), _support(rule.surmises, seen) * _WEAK):
        return Reading(Fit.EXPECTED, rule, support)
    answers = seen.all
    if not answers or answers & rule.allows or answers & TRANSIENT:
        return Reading(Fit.ALLOWED, rule)
    return Reading(Fit.FORBIDDEN, rule)


def _support(predicted: frozenset[Answer], seen: Recognition) -> float:
    """How much speaks for one of the predicted answers, from nothing to its plain signs."""
    if predicted & seen.plain:
        return 1.0
    if predicted & seen.weak:
        return _WEAK
    return _DISGUISED if predicted & seen.disguised else 0.0


def _impossible(cause: Cause, look: Look) -> str | None:
    """Why the request's own form rules a cause out, if it does."""
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
    found = (_loser(cause, looks, subject, facts) for cause in others)
    return tuple(sorted(filter(None, found), key=lambda loser: loser.by_form))


def _loser(
    cause: Cause, looks: tuple[Look, ...], subject: int, facts: Facts
) -> RuledOutCause | None:
    kinds = frozenset(shared_kinds(looks))
    seen = frozenset().union(*(look.answers for look in looks if look.places == {Place.ROUTE}))
    shown = frozenset().union(*(answers_of(account, kinds) for account in cause.accounts))
    if cause is HEALTHY_ROUTE or not shown & seen:
        return None
    if because := _impossible(cause, looks[subject]):
        return RuledOutCause(cause, because, by_form=True)
    if cause.from_the_start and facts.has_worked:
        return RuledOutCause(cause, "the same URL has been answered before")
    for account, kind in product(cause.accounts, shared_kinds(looks)):
        readings = _readings(cause, account, kind, looks, subject, facts)
        for look, reading in zip(looks, readings, strict=True):
            if reading.fit is Fit.FORBIDDEN and reading.rule is not None:
                return RuledOutCause(
                    cause, f"{reading.rule.because}; here it was {_told(look.answers)}"
                )
        leading = readings[subject]
        if leading.rule is not None and leading.fit is not Fit.EXPECTED:
            shows = leading.rule.expects or leading.rule.surmises
            here = _told(looks[subject].answers)
            told = f"it shows as {_told(shows)}; here it was {here}" if shows else None
            return RuledOutCause(cause, told or leading.rule.because)
    return None


def _told(answers: frozenset[Answer]) -> str:
    if len(answers) > 3:
        return "another answer"
    return " or ".join(sorted(answers)) or "an answer of no known form"
