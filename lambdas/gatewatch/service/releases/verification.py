"""A verification in the account: against the monitor's state, in the time that its function has.

It reads the configuration in force and the state, and writes neither: it opens no incident, sets no
latch, and disturbs no monitor that runs beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

import msgspec
from msgspec.structs import replace

from gatewatch.config.canonical import Config
from gatewatch.looking.rounds import HeldWrite, TakeRound
from gatewatch.model import Held
from gatewatch.plan import Entered
from gatewatch.ports import Clock
from gatewatch.release.baseline import (
    NO_BASELINE,
    UNCERTAIN,
    Baseline,
    at_another_url,
    of_states,
)
from gatewatch.release.decide import Release
from gatewatch.service.ports import ApiRecord
from gatewatch.service.releases.callers import Wanted
from gatewatch.service.releases.scope import OwnSettings, ScopeError, scoped, usual_url
from gatewatch.service.releases.stack_state import StackState
from gatewatch.service.source import ConfigSource, Holding
from gatewatch.service.state_slices import Slice, latest, slice_believed
from gatewatch.verify import Wait, verify


class KnownTable(Protocol):
    """What is read of the state."""

    def records(self) -> dict[str, ApiRecord]: ...

    def all(self, api: str) -> list[Slice]: ...


Rounds = Callable[[Config, Holding, Entered, Callable[[], float]], TakeRound]
"""Makes what takes the rounds of a configuration, given the seconds that are left for all."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a verification runs. `left`: the seconds that its work may still take. `stack`: what is
    known of the stack whose deployment calls it. `apis`: those that it is for; empty: all."""

    source: ConfigSource
    table: KnownTable
    clock: Clock
    wait: Wait
    rounds: Rounds
    left: Callable[[], float]
    stack: Callable[[], StackState | None]
    apis: tuple[str, ...] = ()
    settings: OwnSettings = field(default_factory=OwnSettings)


@dataclass(frozen=True, slots=True)
class Unfinished:
    """The window lasts longer than the function may: another call goes on."""

    began: datetime


CLOSING_SECONDS = 3.0
"""From the last answer to the decision, where everything takes its time."""
_GRACE_SECONDS = 20.0
"""What the last round may take beyond the deadline: it began before it. Then it hangs."""
_LEAVING_SECONDS = 1.0
"""From a round that is left to the decision."""
_SHARE = 0.75
"""How much of the room of one call the last part of a window may take: answers may still differ at
its end."""
_LEAST_SECONDS = 30.0
"""Less than this in one call decides nothing of a longer window."""
_LONGEST = timedelta(hours=24)


def verified(place: Place, wanted: Wanted) -> Release:
    """Raises ScopeError, RejectedError, or what its ports raise."""
    holding, config = _prepared(place, wanted)
    _fit(config.verification.for_seconds, _room(place))
    return _decided(place, wanted, holding, config, place.clock.now())


def verified_in_parts(place: Place, wanted: Wanted, began: datetime | None) -> Release | Unfinished:
    """As `verified`, for a caller that calls again. `began`: when its first call came.

    Whatever does not fit into one call is waited for; only the last call looks, for as long as one
    call can, and so decides by the end of the window, as one long call would.
    """
    now = place.clock.now()
    began = now if began is None else began
    if not timedelta(0) <= now - began <= _LONGEST:
        raise ScopeError(f"this job began at {began.isoformat()}; expected at most a day ago")
    holding, config = _prepared(place, wanted)
    verification, room = config.verification, _room(place)
    _fit(min(verification.for_seconds, _LEAST_SECONDS), _SHARE * room)
    last = min(verification.for_seconds, _SHARE * room)
    early = verification.for_seconds - last - (place.clock.now() - began).total_seconds()
    if early > 0:
        place.wait(min(early, room))
        return Unfinished(began)
    rest = max(last, verification.deadline_seconds - (now - began).total_seconds())
    verify = replace(verification, for_seconds=last, deadline_seconds=rest)
    return _decided(place, wanted, holding, replace(config, verify=verify), began)


def _fit(seconds: float, room: float) -> None:
    """A window that is cut short would let pass what it is there to catch."""
    if seconds > room:
        raise ScopeError(
            f"a window of {seconds:g} s does not fit into the {max(0.0, room):.0f} s that this "
            "function has left: give it a longer timeout, or a shorter `for`"
        )


def _room(place: Place) -> float:
    return place.left() - CLOSING_SECONDS


def _prepared(place: Place, wanted: Wanted) -> tuple[Holding, Config]:
    holding, _ = place.source.current()
    return holding, scoped(holding, wanted, place.apis, place.settings)


def _decided(
    place: Place, wanted: Wanted, holding: Holding, config: Config, called: datetime
) -> Release:
    began = _began(wanted, place.stack(), called)
    known = _known(place, holding, config, began, is_moved=wanted.url is not None)
    seconds = min(config.verification.deadline_seconds, _room(place))
    within = replace(config, verify=replace(config.verification, deadline_seconds=seconds))
    end = place.clock.now() + timedelta(seconds=seconds + _GRACE_SECONDS)

    def left() -> float:
        return min((end - place.clock.now()).total_seconds(), place.left() - _LEAVING_SECONDS)

    take = place.rounds(within, holding, known.entered, left)
    found = verify(within, take, known.baseline, place.clock, place.wait, known.held)
    # What was left out on purpose is not gone.
    return replace(found, gone=()) if wanted.routes else found


def _began(wanted: Wanted, stack: StackState | None, called: datetime) -> datetime:
    """The earliest moment at which something may be the release's work. A stack that rests was not
    changed by whoever calls now."""
    if wanted.deployed_at is not None:
        return min(wanted.deployed_at, called)
    if stack is not None and stack.is_changing:
        return min(stack.changed_at, called)
    return called - UNCERTAIN


@dataclass(frozen=True, slots=True)
class _Known:
    baseline: Baseline
    held: tuple[HeldWrite, ...]
    entered: Entered


def _known(
    place: Place, holding: Holding, config: Config, began: datetime, *, is_moved: bool
) -> _Known:
    """What the monitor knows of these APIs, as if it had looked where the verification does."""
    records, now = place.table.records(), place.clock.now()
    names = [api.name for api in config.apis]
    states = {
        name: latest(slice_believed(one, now) for one in place.table.all(name)) for name in names
    }
    told = "the state of the monitor"
    baseline = of_states(states, told, began) if any(states.values()) else NO_BASELINE
    held = {
        (name, route, entrance): why
        for name in names
        if name in records
        for (route, entrance), why in records[name].latched.items()
    }
    entered = frozenset((name, one) for name in records for one in records[name].let_in)
    if is_moved:
        [api] = config.apis
        return _as_moved(baseline, held, api.name, usual_url(holding, api.name), config)
    return _Known(baseline, _writes(held), entered)


def _as_moved(
    baseline: Baseline,
    held: Mapping[tuple[str, str, str], Held],
    api: str,
    usual: str | None,
    config: Config,
) -> _Known:
    """A write that is held back at its usual URL is held back here; nobody has got in here yet."""
    url = config.apis[0].entrances[0].url
    known = baseline if usual is None else at_another_url(baseline, api, usual, url)
    here = {(name, route, url): why for (name, route, _), why in held.items()}
    return _Known(known, _writes(here), frozenset())


def _writes(held: Mapping[tuple[str, str, str], Held]) -> tuple[HeldWrite, ...]:
    return tuple(
        HeldWrite(api=api, route=route, entrance=entrance, held=why)
        for (api, route, entrance), why in held.items()
    )


def bare(release: Release) -> Release:
    """Without the exchanges that prove it: an answer of Lambda has no room for many."""
    return replace(
        release,
        looks=tuple(
            one
            if one.verdict is None
            else msgspec.structs.replace(one, verdict=replace(one.verdict, evidence=()))
            for one in release.looks
        ),
    )
