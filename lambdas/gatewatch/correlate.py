"""Which transitions are one story: incidents over the routes of one API.

A route joins an open incident if they share a possible cause. Cause, layer, scope and members may
change while an incident lasts; its id does not. The id follows from the transition that opened
it, so the same tick, told twice, opens the same incident.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import sha256

from msgspec.structs import replace

from gatewatch.model import (
    ANONYMOUS,
    Candidate,
    Incident,
    Member,
    Severity,
    Update,
)
from gatewatch.track import Key, Problem, RouteState, Transition, Turn, story

OPEN = "open"
RESOLVED = "resolved"
_SEVERITIES = tuple(Severity)
_ENDS = (Turn.RECOVERED, Turn.RETIRED)


def correlate(
    api: str,
    states: Sequence[RouteState],
    incidents: Sequence[Incident],
    transitions: Sequence[Transition],
) -> list[Incident]:
    """The incidents of one API after these transitions: the open ones, and those just resolved."""
    known = {incident.id: incident for incident in incidents if incident.state == OPEN}
    for transition in sorted(transitions, key=_order):
        if transition.turn is not Turn.OPENED:
            _leave(known, transition)
        if transition.turn not in _ENDS:
            _join(known, api, transition)
    return [_settled(incident, states) for incident in known.values()]


def _order(transition: Transition) -> tuple[bool, int, Key]:
    """Ends first; then those with the fewest possible causes, since they name a story best."""
    problem = transition.state.problem
    causes = len(problem.candidates) if problem else 0
    return transition.turn not in _ENDS, causes, transition.state.key


def _key(member: Member) -> Key:
    return (member.route, member.entrance, member.caller)


def _leave(known: dict[str, Incident], transition: Transition) -> None:
    """Ends a route's membership, unless its changed problem still fits the same incident."""
    key, at = transition.state.key, transition.at
    for incident in list(known.values()):
        if not any(_key(one) == key and one.until is None for one in incident.members):
            continue
        if transition.turn is Turn.CHANGED and _fits(incident, transition.state.problem):
            continue
        members = tuple(
            replace(one, until=at) if _key(one) == key and one.until is None else one
            for one in incident.members
        )
        known[incident.id] = _said(
            replace(incident, members=members), at, f"{_who(transition.state)} {_left(transition)}"
        )


def _left(transition: Transition) -> str:
    words = {Turn.RETIRED: "left the configuration", Turn.CHANGED: "fails for another reason"}
    return words.get(transition.turn, "recovered")


def _who(state: RouteState) -> str:
    how = "without a credential" if state.caller == ANONYMOUS else f"as {state.caller}"
    return f"{state.route} {how}"


def _fits(incident: Incident, problem: Problem | None) -> bool:
    if problem is None:
        return False
    return bool(story(incident.finding, incident.candidates) & problem.story)


def _join(known: dict[str, Incident], api: str, transition: Transition) -> None:
    state, problem = transition.state, transition.state.problem
    if problem is None:
        return
    joined = next((one for one in known.values() if _fits(one, problem)), None)
    incident = joined or _opened(api, transition, problem)
    if any(_key(one) == state.key and one.until is None for one in incident.members):
        return
    member = Member(
        route=state.route,
        entrance=state.entrance,
        caller=state.caller,
        since=state.since or transition.at,
    )
    others = tuple(one for one in incident.members if _key(one) != state.key)
    first_seen = "" if state.has_passed else " (it has not passed since it is watched)"
    grown = replace(incident, members=(*others, member), candidates=_shared(incident, problem))
    known[incident.id] = _said(
        replace(grown, severity=max(incident.severity, problem.severity, key=_SEVERITIES.index)),
        transition.at,
        f"{_who(state)}: {problem.because}{first_seen}",
    )


def _shared(incident: Incident, problem: Problem) -> tuple[Candidate, ...]:
    """The causes that explain every member so far."""
    kept = tuple(one for one in incident.candidates if one.cause in problem.story)
    return kept or incident.candidates


def _opened(api: str, transition: Transition, problem: Problem) -> Incident:
    return Incident(
        id=incident_id(api, transition),
        api=api,
        stage=transition.stage,
        state=OPEN,
        opened_at=transition.at,
        resolved_at=None,
        layer=problem.layer,
        layer_confidence=problem.layer_confidence,
        cause=problem.cause,
        confidence=problem.confidence,
        candidates=problem.candidates,
        scope="",
        finding=problem.finding,
        owner=problem.owner,
        severity=problem.severity,
        members=(),
        ruled_out=problem.ruled_out,
        evidence=problem.evidence,
    )


_MOST_UPDATES = 100


def _said(incident: Incident, at: str, text: str) -> Incident:
    """Adds a line to the history, which keeps its first line and the latest ones."""
    updates = (*incident.updates, Update(at=at, text=text))
    kept = (
        updates if len(updates) <= _MOST_UPDATES else (updates[0], *updates[-_MOST_UPDATES + 1 :])
    )
    return replace(incident, updates=kept)


def _settled(incident: Incident, states: Sequence[RouteState]) -> Incident:
    """Cause, scope and state as they follow from the members."""
    scope = _scope(incident.members, states)
    cause = incident.candidates[0].cause if incident.candidates else incident.cause
    incident = replace(incident, scope=scope, cause=cause)
    if any(one.until is None for one in incident.members):
        return incident
    at = max(one.until for one in incident.members if one.until)
    closed = replace(incident, state=RESOLVED, resolved_at=at)
    return _said(closed, at, f"resolved after {length(incident.opened_at, at)}")


def _scope(members: Iterable[Member], states: Sequence[RouteState]) -> str:
    """How much of the API is concerned, in words: one route, a credential, or all of it."""
    concerned = {_key(one) for one in members}
    routes = {route for route, _, _ in concerned}
    callers = {caller for _, _, caller in concerned}
    all_routes = {state.route for state in states}
    if len(all_routes) > 1 and routes == all_routes:
        return "api"
    if len(callers) == 1 and ANONYMOUS not in callers:
        users = {state.key for state in states if state.caller in callers}
        if len(users) > 1 and concerned >= users:
            return f"credential {next(iter(callers))}"
    return "route" if len(routes) == 1 else f"{len(routes)} routes"


def length(start: str, end: str) -> str:
    """How long it took, as people say it: `41s`, `6m 10s`, `2h 5m`."""
    seconds = int((datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds())
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h {minutes}m"
    return f"{minutes}m {seconds}s" if minutes else f"{seconds}s"


_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def incident_id(api: str, transition: Transition) -> str:
    """A ULID whose time is the opening's and whose other bits come from what opened it."""
    milliseconds = int(datetime.fromisoformat(transition.at).timestamp() * 1000)
    opened = "\0".join((api, *transition.state.key, transition.at))
    rest = int.from_bytes(sha256(opened.encode()).digest()[:10], "big")
    number = (milliseconds << 80) | rest
    return "".join(_CROCKFORD[(number >> shift) & 31] for shift in range(125, -5, -5))
