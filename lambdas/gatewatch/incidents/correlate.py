"""Which transitions are one story: incidents over the routes of one API.

A route joins an open incident if they share a possible cause. Cause, layer, scope and members may
change while an incident lasts; its id does not. The id follows from the transition that opened
it, so the same tick, told twice, opens the same incident.
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
    Finding,
    Incident,
    Member,
    Owner,
    Severity,
    Update,
)

OPEN = "open"
RESOLVED = "resolved"
_ENDS = (Turn.RECOVERED, Turn.RETIRED)
_SEVERITIES = tuple(Severity)
CREDENTIAL = "credential "
_SCOPED = frozenset({Finding.CREDENTIAL_UNREADABLE})
"""Findings that say themselves what they concern."""


def correlate(
    api: str,
    states: Sequence[RouteState],
    incidents: Sequence[Incident],
    transitions: Sequence[Transition],
    lasts: Callable[[Incident], bool] = lambda _: False,
) -> list[Incident]:
    """The incidents of one API after these transitions: the open ones, and those just resolved.

    `states` are those after the transitions; what they say of a failing member now is what its
    incident says. `lasts`: whether an incident stays open though no member fails any more.
    """
    before = {incident.id: incident for incident in incidents if incident.state == OPEN}
    now = StatesNow((state.key, state) for state in states)
    known = {name: learn(incident, now) for name, incident in before.items()}
    told = {one.state.key for one in transitions}
    moved = [turn for turn in _moved(known.values(), now) if turn.state.key not in told]
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
"""By incident: the problems of members that it has learned from since one left it."""


def _moved(incidents: Iterable[Incident], now: StatesNow) -> Iterator[Transition]:
    """The members whose problem, as it is known now, has nothing in common with their incident."""
    for incident in incidents:
        for state in failing(incident, now):
            if not fits(incident, state, now):
                yield Transition(Turn.CHANGED, state, state.seen_at, incident.stage)


def _left_over(incidents: Iterable[Incident], now: StatesNow) -> list[RouteState]:
    """What stays undecided when the story is over that has told of its route."""
    members = {key_of(one) for each in incidents for one in each.members if one.until is None}
    return [one for one in now.values() if _is_undecided(one) and one.key not in members]


def _is_undecided(state: RouteState) -> bool:
    problem = state.problem
    return state.is_failing and problem is not None and problem.finding is Finding.UNDECIDED


def _is_told_of(incidents: Iterable[Incident], state: RouteState) -> bool:
    """Whether a route fails at this entrance for somebody else: that it is undecided for this
    caller is nothing to be told besides."""
    return any(
        (one.route, one.entrance) == (state.route, state.entrance) and one.until is None
        for each in incidents
        if each.finding is not Finding.UNDECIDED
        for one in each.members
    )


def _order(transition: Transition) -> tuple[bool, int, Key]:
    """Ends first; then those with the fewest possible causes, since they name a story best."""
    problem = transition.state.problem
    causes = len(problem.candidates) if problem else 0
    return transition.turn not in _ENDS, causes, transition.state.key


def _flap(known: dict[str, Incident], transition: Transition) -> None:
    for incident in list(known.values()):
        if _is_member(incident, transition.state):
            told = f"{_who(transition.state)} comes and goes: {_share(transition.state)}"
            known[incident.id] = noted(incident, transition.at, told)


def _share(state: RouteState) -> str:
    failed = sum(bool(one) for one in state.recent)
    return f"{failed} of the last {len(state.recent)} looks failed"


def _is_member(incident: Incident, state: RouteState) -> bool:
    return any(key_of(one) == state.key and one.until is None for one in incident.members)


def _leave(
    known: dict[str, Incident], transition: Transition, now: StatesNow, learned: _Learned
) -> None:
    """Ends a route's membership, unless its changed problem still fits the same incident."""
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
    if problem is None or (_is_undecided(state) and _is_told_of(known.values(), state)):
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
    """What an incident learns from a member; of thousand that show the same, it asks one."""
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
    """Scope and owner as they follow from the members, and the news in the history."""
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


def ended_at(incident: Incident) -> str:
    """When the last member of an incident recovered that has none that fails."""
    return max(one.until for one in incident.members if one.until)


def _closed(incident: Incident) -> Incident:
    at = ended_at(incident)
    closed = replace(incident, state=RESOLVED, resolved_at=at)
    return noted(closed, at, f"resolved after {length(incident.opened_at, at)}")


def _scoped(incident: Incident, now: StatesNow, *, fails: bool) -> Incident:
    """With its scope and owner; what was put down to a credential stays so when it is over, and
    of an API that left the configuration nothing is known any more."""
    is_told = incident.finding in _SCOPED or not now
    if is_told or (not fails and incident.scope.startswith(CREDENTIAL)):
        return incident
    members = concerned(incident)
    return replace(incident, scope=_scope(members, now), owner=_owner(incident, members, now))


def _owner(incident: Incident, members: Iterable[Member], now: StatesNow) -> Owner:
    """A credential that fails wherever it is used is ours to look at first."""
    callers = {one.caller for one in members}
    if incident.finding is not Finding.REFUSED or len(callers) != 1:
        return incident.owner
    [caller] = callers
    return Owner.CALLER if caller in now.refused_callers else incident.owner


def _still_acknowledged(before: Incident, incident: Incident, at: str) -> Incident:
    """An acknowledgement covers what was acknowledged: not another finding, nor a graver one, nor
    a cause that was no candidate then."""
    who = incident.acknowledged
    known = {one.cause for one in before.candidates}
    if who is None or (
        incident.finding is before.finding
        and _SEVERITIES.index(incident.severity) <= _SEVERITIES.index(before.severity)
        and (incident.cause in known or incident.cause == before.cause)
    ):
        return incident
    told = noted(incident, at, f"no longer covered by what {who.by} acknowledged")
    return replace(told, acknowledged=None)


def _named(incident: Incident) -> str:
    """The diagnosis in short, as the history tells that it changed."""
    finding = "" if incident.finding is Finding.REFUSED else f"{incident.finding}: "
    return f"{finding}{incident.cause} ({incident.confidence})"


def _scope(members: Iterable[Member], now: StatesNow) -> str:
    """How much of the API is concerned, in words: one route, a credential, an entrance, or all."""
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
    """All routes fail: everywhere, or at one of several entrances only."""
    entrances = {entrance for _, entrance, _ in keys}
    if len(entrances) > 1 or entrances == {state.entrance for state in now.values()}:
        return "api"
    return f"entrance {next(iter(entrances))}"


def length(start: str, end: str) -> str:
    """How long it took, as people say it: `41s`, `6m 10s`, `2h 5m`. Nothing ends before it began,
    whatever the clocks said."""
    took = datetime.fromisoformat(end) - datetime.fromisoformat(start)
    seconds = max(0, int(took.total_seconds()))
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h {minutes}m"
    return f"{minutes}m {seconds}s" if minutes else f"{seconds}s"


def moment(at: str) -> str:
    """A time as people read it, to the second: `2026-11-22 09:01:00 UTC`."""
    found = datetime.fromisoformat(at)
    known = found if found.tzinfo else found.replace(tzinfo=UTC)
    return known.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def incident_id(api: str, transition: Transition) -> str:
    """A ULID whose time is the opening's and whose other bits come from what opened it."""
    milliseconds = int(datetime.fromisoformat(transition.at).timestamp() * 1000)
    opened = "\0".join((api, *transition.state.key, transition.at))
    rest = int.from_bytes(sha256(opened.encode()).digest()[:10], "big")
    number = (milliseconds << 80) | rest
    return "".join(_CROCKFORD[(number >> shift) & 31] for shift in range(125, -5, -5))
