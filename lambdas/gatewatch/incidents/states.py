"""The states of an API's routes, updated by verdicts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from gatewatch.config.canonical import Api, caller_name
from gatewatch.incidents.track import (
    Key,
    Patience,
    RouteState,
    Transition,
    is_overtaken,
    track,
)
from gatewatch.model import ANONYMOUS, INVALID_CALLERS, Outcome, Verdict


def overtaken(states: Iterable[RouteState], verdicts: Iterable[Verdict], at: str) -> int:
    """How many of these looks come too late to count."""
    late = {state.key for state in states if is_overtaken(state, at)}
    taken = (one for one in verdicts if one.outcome is not Outcome.SKIPPED)
    return sum((one.route, one.entrance, one.caller) in late for one in taken)


def patience_of(api: Api) -> dict[str, Patience]:
    return {
        route.name: Patience(
            open_after=route.open_after,
            resolve_after=route.resolve_after,
            share=route.open_share,
            holds_writes=route.writes and not route.invoke,
        )
        for route in api.routes
    }


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
    """The keys of all states that an API may have."""
    for route in api.routes:
        for entrance in api.entrances:
            for caller in (ANONYMOUS, *INVALID_CALLERS.values()):
                yield (route.name, entrance.url, caller)
            for callers in route.callers:
                yield (route.name, entrance.url, caller_name(callers))
