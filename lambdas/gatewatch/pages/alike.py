"""Which causes look the same as one, and the look by which elimination tells them apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gatewatch.diagnosis.ask import Question
from gatewatch.diagnosis.cause import Cause
from gatewatch.diagnosis.causes import catalogue
from gatewatch.diagnosis.elimination import survives, survivors
from gatewatch.diagnosis.look import Look
from gatewatch.gateway.answers import Answer
from gatewatch.pages.situation import Situation, further_looks, situations


@dataclass(frozen=True, slots=True)
class Telling:
    """A look that separates two causes: the answers that leave only the one, or the other."""

    question: Question
    this: tuple[Answer, ...]
    that: tuple[Answer, ...]

    @property
    def strength(self) -> int:
        return bool(self.this) + bool(self.that)


@dataclass(frozen=True, slots=True)
class Alike:
    """A look-alike. `shared`: the answers that both show. `telling` is None where no look helps."""

    cause: Cause
    shared: tuple[Answer, ...]
    telling: Telling | None


def look_alikes(cause: Cause) -> tuple[Alike, ...]:
    """The causes that survive a look which this cause expects; likeliest first."""
    met = _met(cause)
    found = (
        Alike(
            catalogue()[name],
            tuple(sorted({one.answer for one in shared})),
            _telling(cause, catalogue()[name], shared),
        )
        for name, shared in met.items()
    )
    return tuple(sorted(found, key=lambda one: (-one.cause.prior, one.cause.id)))


def _met(cause: Cause) -> dict[str, list[Situation]]:
    met: dict[str, list[Situation]] = {}
    for situation in situations(cause):
        for survivor in survivors((situation.look,), 0):
            name = survivor.cause.id
            if name in catalogue() and name != cause.id:
                met.setdefault(name, []).append(situation)
    return met


_TRIED = 8


def _telling(this: Cause, that: Cause, shared: list[Situation]) -> Telling | None:
    """The strongest look; among equals the first, since the harmless ones are listed first."""
    best: Telling | None = None
    for situation in _spread(shared):
        for telling in _tellings(this, that, situation):
            if best is None or telling.strength > best.strength:
                best = telling
        if best is not None and best.strength == 2:
            break
    return best


def _spread(shared: list[Situation]) -> list[Situation]:
    """A few situations, one for each kind and credential before further ones."""
    seen = {(one.kind, one.credentials): one for one in reversed(shared)}
    return list(reversed(seen.values()))[:_TRIED]


def _tellings(this: Cause, that: Cause, situation: Situation) -> Iterator[Telling]:
    subject = situation.look
    mine = dict(further_looks(situation, this))
    for question, theirs in further_looks(situation, that):
        telling = Telling(
            question,
            tuple(answer for answer, look in mine[question] if _only(this, that, subject, look)),
            tuple(answer for answer, look in theirs if _only(that, this, subject, look)),
        )
        if telling.strength:
            yield telling


def _only(kept: Cause, dropped: Cause, subject: Look, further: Look) -> bool:
    looks = (subject, further)
    return survives(kept, looks, 0) and not survives(dropped, looks, 0)
