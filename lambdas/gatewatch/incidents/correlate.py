"""Which transitions are one story: incidents over the routes of one API.

A route joins an open incident if they share a possible cause. Cause, layer, scope and members may
change while an incident lasts; its id does not. The id is derived from the transition that opened
it, so a tick that is processed twice opens the same incident.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from hashlib import sha256

from msgspec.structs import replace

from gatewatch.incidents.learn import (
    StatesNow,
    concerned,
    failing,
    fits,
    key_of,
    learn,
    with_diagnosis,
)
from gatewatch.incidents.track import Key, RouteState, Symptom, Transition, Turn
from gatewatch.model import (
    ANONYMOUS,
    SEVERITIES,
    Finding,
    Incident,
    Member,
    Owner,
    Update,
)

OPEN = "open"
RESOLVED = "resolved"
_ENDS = (Turn.RECOVERED, Turn.RETIRED)
CREDENTIAL = "credential "
_SCOPED = frozenset({Finding.CREDENTIAL_UNREADABLE})
"""Findings that come with a scope of their own."""


def correlate(
    api: str,
    states: Sequence[RouteState],
    incidents: Sequence[Incident],
    transitions: Sequence[Transition],
    lasts: Callable[[Incident], bool] = lambda _: False,
) -> list[Incident]:
    """The incidents of one API after these transitions: the open ones, and those just resolved.

    `states` are those after the transitions; an incident shows what they show of its failing
    members. `lasts`: whether an incident stays open though no member fails any more.
    """
    before = {incident.id: incident for incident in incidents if incident.state == OPEN}
    now = StatesNow((state.key, state) for state in states)
    known = {name: learn(incident, now) for name, incident in before.items()}
    given = {transition.state.key for transition in transitions}
    moved = [one for one in _moved(known.values(), now) if one.state.key not in given]
    learned: _Learned = defaultdict(set)
    for transition in sorted([*transitions, *moved], key=_order):
        if transition.turn is Turn.FLAPPING:
            _flap(known, transition)
        if transition.turn in (*_ENDS, Turn.CHANGED):
            _leave(known, transition, now, learned)
        if transition.turn not in _ENDS:
            now.setdefault(transition.state.key, transition.state)
            _join(known, api, transition, now, learned)
    for state in _left_over(known.values(), now):
        _join(known, api, Transition(Turn.OPENED, state, state.seen_at), now, learned)
    settled = [_settled(before.get(name), learn(one, now), now) for name, one in known.items()]
    return [one if fails_now(one) or lasts(one) else _closed(one) for one in settled]


_Learned = dict[str, set[tuple[str, ...]]]
"""By incident: the symptoms of members that it has learned from since one left it."""


def _moved(incidents: Iterable[Incident], now: StatesNow) -> Iterator[Transition]:
    """The members whose present symptom does not fit their incident any more."""
    for incident in incidents:
        for state in failing(incident, now):
            if not fits(incident, state, now):
                yield Transition(Turn.CHANGED, state, state.seen_at, incident.stage)


def _left_over(incidents: Iterable[Incident], now: StatesNow) -> list[RouteState]:
    """The undecided states of routes whose incident is over."""
    members = {key_of(one) for each in incidents for one in each.members if one.until is None}
    return [one for one in now.values() if _is_undecided(one) and one.key not in members]


def _is_undecided(state: RouteState) -> bool:
    problem = state.problem
    return state.is_failing and problem is not None and problem.finding is Finding.UNDECIDED


def _fails_for_others(incidents: Iterable[Incident], state: RouteState) -> bool:
    """Whether the route fails at this entrance for another caller: then it is no news that it is
    undecided for this one."""
    return any(
        (one.route, one.entrance) == (state.route, state.entrance) and one.until is None
        for each in incidents
        if each.finding is not Finding.UNDECIDED
        for one in each.members
    )


def _order(transition: Transition) -> tuple[bool, int, Key]:
    """Ends first; then those with the fewest possible causes, which identify a story best."""
    problem = transition.state.problem
    causes = len(problem.candidates) if problem else 0
    return transition.turn not in _ENDS, causes, transition.state.key


def _flap(known: dict[str, Incident], transition: Transition) -> None:
    for incident in list(known.values()):
        if _is_member(incident, transition.state):
            text = f"{_who(transition.state)} comes and goes: {_share(transition.state)}"
            known[incident.id] = noted(incident, transition.at, text)


def _share(state: RouteState) -> str:
    failed = sum(bool(one) for one in state.recent)
    return f"{failed} of the last {len(state.recent)} looks failed"


def _is_member(incident: Incident, state: RouteState) -> bool:
    return any(key_of(one) == state.key and one.until is None for one in incident.members)


def _leave(
    known: dict[str, Incident], transition: Transition, now: StatesNow, learned: _Learned
) -> None:
    """Ends a route's membership, unless its changed symptom still fits the same incident."""
    key, at = transition.state.key, transition.at
    for incident in list(known.values()):
        if not _is_member(incident, transition.state):
            continue
        if transition.turn is Turn.CHANGED and fits(incident, transition.state, now):
            continue
        members = tuple(
            replace(one, until=at) if key_of(one) == key and one.until is None else one
            for one in incident.members
        )
        known[incident.id] = noted(
            replace(incident, members=members), at, f"{_who(transition.state)} {_left(transition)}"
        )
        learned.pop(incident.id, None)


def _left(transition: Transition) -> str:
    words = {Turn.RETIRED: "left the configuration", Turn.CHANGED: "fails for another reason"}
    return words.get(transition.turn, "recovered")


def _who(state: RouteState) -> str:
    how = "without a credential" if state.caller == ANONYMOUS else f"as {state.caller}"
    return f"{state.route} {how}"


def _join(
    known: dict[str, Incident],
    api: str,
    transition: Transition,
    now: StatesNow,
    learned: _Learned,
) -> None:
    state, problem = transition.state, transition.state.problem
    if problem is None or (_is_undecided(state) and _fails_for_others(known.values(), state)):
        return
    joined = next((one for one in known.values() if fits(one, state, now)), None)
    incident = joined or _opened(api, transition, problem)
    if _is_member(incident, state):
        return
    member = Member(
        route=state.route,
        entrance=state.entrance,
        caller=state.caller,
        since=state.since or transition.at,
        joined=transition.at,
        last_good=state.last_good,
        good_or_later=state.good_or_later,
    )
    before = next((one for one in incident.members if key_of(one) == state.key), None)
    if before is not None and before.said and not before.end_said:
        member = replace(member, said=True)
    others = tuple(one for one in incident.members if one is not before)
    first_seen = "" if state.has_passed else " (it has not passed since it is watched)"
    share = f" ({_share(state)})" if state.is_flapping else ""
    grown = replace(incident, members=(*others, member))
    shown = _shown(now[state.key])
    if shown not in learned[incident.id]:
        grown = learn(grown, now)
        learned[incident.id].add(shown)
    known[incident.id] = noted(
        grown, transition.at, f"{_who(state)}: {problem.because}{share}{first_seen}"
    )


def _shown(state: RouteState) -> tuple[str, ...]:
    """What an incident learns from a member; it learns once from members that show the same."""
    problem = state.problem
    return (problem.finding, *(one.cause for one in problem.candidates)) if problem else ()


def _opened(api: str, transition: Transition, problem: Symptom) -> Incident:
    empty = Incident(
        id=incident_id(api, transition),
        api=api,
        stage=transition.stage,
        state=OPEN,
        opened_at=transition.at,
        resolved_at=None,
        layer=problem.layer,
        cause=problem.cause,
        candidates=(),
        scope="",
        finding=problem.finding,
        owner=problem.owner,
        severity=problem.severity,
        members=(),
    )
    return with_diagnosis(empty, problem)


_MOST_UPDATES = 100


def noted(incident: Incident, at: str, text: str) -> Incident:
    """Adds a line to the history, which keeps its first line and the latest ones."""
    updates = (*incident.updates, Update(at=at, text=text))
    kept = (
        updates if len(updates) <= _MOST_UPDATES else (updates[0], *updates[-_MOST_UPDATES + 1 :])
    )
    return replace(incident, updates=kept)


def _settled(before: Incident | None, incident: Incident, now: StatesNow) -> Incident:
    """The incident with its scope and owner updated, and its changes in the history."""
    still = failing(incident, now)
    incident = _scoped(incident, now, fails=bool(still))
    if before is not None and still and _named(before) != _named(incident):
        at = max(one.seen_at for one in still)
        incident = noted(incident, at, f"now {_named(incident)}; until now {_named(before)}")
    if before is not None and still:
        incident = _still_acknowledged(before, incident, max(one.seen_at for one in still))
    return incident


def fails_now(incident: Incident) -> bool:
    return any(one.until is None for one in incident.members)


def began(incident: Incident) -> str:
    """When the first of its members first failed: before it opened, where several looks count."""
    return min((one.since for one in incident.members), key=datetime.fromisoformat)


def ended_at(incident: Incident) -> str:
    """When the last member recovered; no member may fail any more."""
    return max(one.until for one in incident.members if one.until)


def _closed(incident: Incident) -> Incident:
    at = ended_at(incident)
    closed = replace(incident, state=RESOLVED, resolved_at=at)
    return noted(closed, at, f"resolved after {length(incident.opened_at, at)}")


def _scoped(incident: Incident, now: StatesNow, *, fails: bool) -> Incident:
    """The incident with scope and owner derived from its members.

    They stay if the finding brings its own scope, if the API left the configuration, and if a
    credential's incident is over.
    """
    is_given = incident.finding in _SCOPED or not now
    if is_given or (not fails and incident.scope.startswith(CREDENTIAL)):
        return incident
    members = concerned(incident)
    return replace(incident, scope=_scope(members, now), owner=_owner(incident, members, now))


def _owner(incident: Incident, members: Iterable[Member], now: StatesNow) -> Owner:
    """The caller owns a credential that fails wherever it is used."""
    callers = {one.caller for one in members}
    if incident.finding is not Finding.REFUSED or len(callers) != 1:
        return incident.owner
    [caller] = callers
    return Owner.CALLER if caller in now.refused_callers else incident.owner


def _still_acknowledged(before: Incident, incident: Incident, at: str) -> Incident:
    """An acknowledgement does not cover another finding, a graver severity, or a cause that was no
    candidate when it was given."""
    who = incident.acknowledged
    known = {one.cause for one in before.candidates}
    if who is None or (
        incident.finding is before.finding
        and SEVERITIES.index(incident.severity) <= SEVERITIES.index(before.severity)
        and (incident.cause in known or incident.cause == before.cause)
    ):
        return incident
    uncovered = noted(incident, at, f"no longer covered by what {who.by} acknowledged")
    return replace(uncovered, acknowledged=None)


def _named(incident: Incident) -> str:
    """The diagnosis in short, for the history."""
    finding = "" if incident.finding is Finding.REFUSED else f"{incident.finding}: "
    return f"{finding}{incident.cause} ({incident.confidence})"


def _scope(members: Iterable[Member], now: StatesNow) -> str:
    """The extent in words: a route, several, a credential, an entrance, or the whole API."""
    keys = {key_of(one) for one in members}
    routes = {route for route, _, _ in keys}
    callers = {caller for _, _, caller in keys}
    if len(keys) > 1 and len(callers) == 1 and callers <= now.refused_callers:
        return f"{CREDENTIAL}{next(iter(callers))}"
    all_routes = {state.route for state in now.values()}
    if len(all_routes) > 1 and routes == all_routes:
        return _scope_of_all(keys, now)
    return "route" if len(routes) == 1 else f"{len(routes)} routes"


def _scope_of_all(keys: Iterable[Key], now: StatesNow) -> str:
    """The extent if all routes fail: the whole API, or one of its entrances."""
    entrances = {entrance for _, entrance, _ in keys}
    if len(entrances) > 1 or entrances == {state.entrance for state in now.values()}:
        return "api"
    return f"entrance {next(iter(entrances))}"


def length(start: str, end: str) -> str:
    """A duration for people: `41s`, `6m 10s`, `2h 5m`. Never negative, even if clocks differ."""
    took = datetime.fromisoformat(end) - datetime.fromisoformat(start)
    seconds = max(0, int(took.total_seconds()))
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h {minutes}m"
    return f"{minutes}m {seconds}s" if minutes else f"{seconds}s"


def moment(at: str) -> str:
    """A time for people, to the second: `2026-11-22 09:01:00 UTC`."""
    read = datetime.fromisoformat(at)
    aware = read if read.tzinfo else read.replace(tzinfo=UTC)
    return aware.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def incident_id(api: str, transition: Transition) -> str:
    """A ULID: the time is the opening's, the other bits a hash of the transition that opened it."""
    milliseconds = int(datetime.fromisoformat(transition.at).timestamp() * 1000)
    opened = "\0".join((api, *transition.state.key, transition.at))
    rest = int.from_bytes(sha256(opened.encode()).digest()[:10], "big")
    number = (milliseconds << 80) | rest
    return "".join(_CROCKFORD[(number >> shift) & 31] for shift in range(125, -5, -5))
