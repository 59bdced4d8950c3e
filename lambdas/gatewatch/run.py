"""One run: the steps strung together, and what was found remembered.

Everything outside is passed in (see `ports`), so the command line, the Lambdas and the tests run
the same code.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec
from msgspec.structs import replace

from gatewatch.config.canonical import Api, Config, caller_name
from gatewatch.config.windows import openings
from gatewatch.correlate import correlate
from gatewatch.inquiry import inquire, latch, look
from gatewatch.maintenance import hold
from gatewatch.model import ANONYMOUS, Incident, Outcome, Verdict
from gatewatch.ports import Clock, Store, Transport
from gatewatch.track import Key, Patience, RouteState, Transition, retire, track


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """`due` counts verdicts that were wanted; each is one of the four outcomes."""

    at: str
    due: int
    passed: int
    failed: int
    unknown: int
    skipped: int
    requests: int


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a run found. `incidents` are the open ones and those that it resolved."""

    summary: Summary
    verdicts: tuple[Verdict, ...]
    incidents: tuple[Incident, ...]


def run(
    config: Config, transport: Transport, store: Store, clock: Clock, minutes: range | None = None
) -> Report:
    """Probes what is due in these minutes, or everything; judges it, and remembers it."""
    at = clock.now().isoformat()
    asked = inquire(config, store, minutes)
    requests = look(asked, transport)
    verdicts = [verdict for inquiry in asked for verdict in inquiry.verdicts()]
    latch(asked, verdicts, store)
    incidents = remember(config, verdicts, store, at)
    return Report(
        summary=_summary(at, verdicts, requests),
        verdicts=tuple(verdicts),
        incidents=tuple(incidents),
    )


def remember(config: Config, verdicts: Sequence[Verdict], store: Store, at: str) -> list[Incident]:
    """Tracks and correlates, one API at a time; each API's memory changes whole or not at all."""
    incidents: list[Incident] = []
    for api in config.apis:
        maintenance = openings(config.maintenance, api.name, datetime.fromisoformat(at))
        patience = patience_of(api)
        own = [verdict for verdict in verdicts if verdict.api == api.name]
        with store.open(api.name) as memory:
            states, transitions = tracked(memory.states, own, patience, at)
            states, retired = retire(states, keys_of(api), at)
            found = correlate(api.name, states, memory.incidents, [*transitions, *retired])
            known = {one.id for one in memory.incidents}
            changed = [
                replace(
                    hold(one, maintenance, at, is_new=one.id not in known),
                    team=api.owner,
                    runbook=api.runbook,
                )
                for one in found
            ]
            memory.keep(states, changed)
        incidents += changed
    configured = {api.name for api in config.apis}
    left = [name for name in store.apis() if name not in configured]
    return [*incidents, *(incident for name in left for incident in _ended(name, store, at))]


def _ended(api: str, store: Store, at: str) -> list[Incident]:
    """What was open of an API that left the configuration: nobody looks at it any more."""
    with store.open(api) as memory:
        _, gone = retire(memory.states, (), at)
        found = correlate(api, memory.states, memory.incidents, gone)
        memory.keep((), found)
    return found


def patience_of(api: Api) -> dict[str, Patience]:
    return {route.name: Patience(route.open_after, route.resolve_after) for route in api.routes}


def tracked(
    states: Sequence[RouteState],
    verdicts: Iterable[Verdict],
    patience: Mapping[str, Patience],
    at: str,
) -> tuple[list[RouteState], list[Transition]]:
    """The states after these verdicts, and what changed; `patience` is by route."""
    current = {state.key: state for state in states}
    transitions: list[Transition] = []
    for verdict in verdicts:
        key = (verdict.route, verdict.entrance, verdict.caller)
        after, transition = track(current.get(key), verdict, patience[verdict.route], at)
        current[key] = after
        if transition is not None:
            transitions.append(transition)
    return list(current.values()), transitions


def keys_of(api: Api) -> Iterable[Key]:
    """Whatever of an API may have a state."""
    for route in api.routes:
        for entrance in api.entrances:
            yield (route.name, entrance.url, ANONYMOUS)
            for callers in route.callers:
                yield (route.name, entrance.url, caller_name(callers))


def _summary(at: str, verdicts: Sequence[Verdict], requests: int) -> Summary:
    outcomes = [verdict.outcome for verdict in verdicts]
    return Summary(
        at=at,
        due=len(outcomes),
        passed=outcomes.count(Outcome.PASS),
        failed=outcomes.count(Outcome.FAIL),
        unknown=outcomes.count(Outcome.UNKNOWN),
        skipped=outcomes.count(Outcome.SKIPPED),
        requests=requests,
    )
