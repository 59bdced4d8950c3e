"""An incident's diagnosis, derived from what its failing members show now.

`correlate` decides which members belong to an incident.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import cached_property

from msgspec.structs import replace

from gatewatch.diagnosis.causes import catalogue
from gatewatch.incidents.track import Key, RouteState, Symptom, story
from gatewatch.model import (
    ANONYMOUS,
    SEVERITIES,
    Confidence,
    Finding,
    Incident,
    Layer,
    Member,
    least_sure,
)


class StatesNow(dict[Key, RouteState]):
    """The present state of each route of an API, and what all of them show together."""

    @cached_property
    def refused_callers(self) -> frozenset[str]:
        """The credentials that fail wherever they are used, possibly by their own fault.

        A single place is enough only if it never accepted the credential.
        """
        by_caller: dict[str, list[RouteState]] = defaultdict(list)
        for one in self.values():
            by_caller[one.caller].append(one)
        return frozenset(
            caller
            for caller, users in by_caller.items()
            if caller != ANONYMOUS
            and all(one.problem is not None and may_be_a_credential(one.problem) for one in users)
            and (len(users) > 1 or not any(one.has_passed for one in users))
        )

    @cached_property
    def failing_entrances(self) -> dict[tuple[str, str], set[str]]:
        """The entrances at which the same call fails, by route and caller."""
        entrances: dict[tuple[str, str], set[str]] = defaultdict(set)
        for state in self.values():
            if state.is_failing:
                entrances[state.route, state.caller].add(state.entrance)
        return entrances


def key_of(member: Member) -> Key:
    return (member.route, member.entrance, member.caller)


def concerned(incident: Incident) -> tuple[Member, ...]:
    """The members that still fail; for a resolved incident, all members."""
    return tuple(one for one in incident.members if one.until is None) or incident.members


def failing(incident: Incident, now: StatesNow) -> list[RouteState]:
    """The states of the members that still fail, those with the fewest possible causes first."""
    members = (now.get(key_of(one)) for one in incident.members if one.until is None)
    return sorted((one for one in members if one is not None and one.problem), key=_leading)


def _leading(state: RouteState) -> tuple[int, Key]:
    problem = state.problem
    return len(problem.candidates) if problem else 0, state.key


def fits(incident: Incident, state: RouteState, now: StatesNow) -> bool:
    """Whether an incident explains what a route shows.

    Look-alikes that both leave open are not enough: the leading cause of one must be possible for
    the other. One fault may answer differently at another entrance or behind another guard; see
    `_is_seen_elsewhere` and `_is_one_credential`. An unreachable host may fail in several ways; see
    `_is_one_host`.
    """
    problem = state.problem
    if problem is None:
        return False
    if _is_explained(incident, problem):
        return True
    if {incident.finding, problem.finding} != {Finding.REFUSED}:
        return False
    return (
        _is_seen_elsewhere(incident, state, now)
        or _is_one_host(incident, state, now)
        or _is_one_credential(incident, state, now)
    )


def _is_explained(incident: Incident, problem: Symptom) -> bool:
    if not story(incident.finding, incident.candidates, incident.scope) & problem.story:
        return False
    if problem.finding is not Finding.REFUSED or not incident.candidates:
        return True
    possible = {one.cause for one in incident.candidates}
    return incident.cause in problem.causes or problem.cause in possible


def _is_seen_elsewhere(incident: Incident, state: RouteState, now: StatesNow) -> bool:
    """Whether the same call fails at another entrance of the API, possibly at the same layer."""
    entrances = now.failing_entrances[state.route, state.caller]
    if state.problem is None or len(entrances | {state.entrance}) < 2:
        return False
    return bool(_layers(incident) & _layers(state.problem)) and any(
        one.until is None
        and (one.route, one.caller) == (state.route, state.caller)
        and one.entrance != state.entrance
        for one in incident.members
    )


def _is_one_host(incident: Incident, state: RouteState, now: StatesNow) -> bool:
    """Whether another member does not reach the same host either.

    The same fault may show as an unknown name now, and as a lookup that takes too long a minute
    later.
    """
    if state.problem is None or state.problem.scope is None:
        return False
    others = (now.get(key_of(one)) for one in incident.members if one.until is None)
    return any(
        one is not None
        and one.key != state.key
        and one.problem is not None
        and one.problem.scope == state.problem.scope
        for one in others
    )


def _is_one_credential(incident: Incident, state: RouteState, now: StatesNow) -> bool:
    """Whether the credential is refused everywhere, and the incident has no other caller."""
    return state.caller in now.refused_callers and all(
        one.caller == state.caller for one in incident.members if one.until is None
    )


def may_be_a_credential(failure: Symptom | Incident) -> bool:
    """Whether another credential might have passed, whichever of the candidates is true."""
    if failure.finding is not Finding.REFUSED or not failure.candidates:
        return False
    causes = [catalogue().get(one.cause) for one in failure.candidates]
    return all(one is not None and one.judges_credentials for one in causes)


def _layers(one: Incident | Symptom) -> frozenset[Layer]:
    return frozenset(each.layer for each in one.candidates)


def learn(incident: Incident, now: StatesNow) -> Incident:
    """The incident with the diagnosis that explains its failing members.

    That is the diagnosis of the member with the fewest candidates, and no surer than all members
    allow; candidates of different routes are not intersected. A diagnosis stays until a look
    narrows or contradicts it. Members that do not fit any more are ignored: they will leave.
    """
    members = [one for one in failing(incident, now) if fits(incident, one, now)]
    problems = [one.problem for one in members if one.problem is not None]
    if not problems:
        return incident
    lead = problems[0]
    known = incident if _is_known_better(incident, lead) else with_diagnosis(incident, lead)
    updated = _no_surer_than(problems, known)
    gravest = max((incident.severity, *(one.severity for one in problems)), key=SEVERITIES.index)
    return replace(
        incident if _diagnosis(updated) == _diagnosis(incident) else updated,
        owner=lead.owner,
        severity=gravest,
        flapping=any(one.is_flapping for one in members),
    )


def _is_known_better(incident: Incident, lead: Symptom) -> bool:
    known = {one.cause for one in incident.candidates}
    return incident.finding is lead.finding and bool(known) and known < lead.causes


def _diagnosis(incident: Incident) -> tuple[object, ...]:
    """The diagnosis to compare by: while it stays the same, an incident keeps its evidence."""
    return (
        incident.finding,
        incident.layer,
        incident.layer_confidence,
        incident.cause,
        incident.confidence,
        incident.candidates,
        bool(incident.members and incident.evidence),
    )


def with_diagnosis(incident: Incident, lead: Symptom) -> Incident:
    """The incident with the diagnosis of one member."""
    return replace(
        incident,
        finding=lead.finding,
        layer=lead.layer,
        layer_confidence=lead.layer_confidence,
        cause=lead.cause,
        confidence=lead.confidence,
        owner=lead.owner,
        because=lead.because,
        scope=lead.scope or incident.scope,
        candidates=lead.candidates,
        ruled_out=lead.ruled_out,
        next_probe=lead.next_probe,
        evidence=lead.evidence,
    )


def _no_surer_than(problems: Iterable[Symptom], incident: Incident) -> Incident:
    """At most likely if some member leaves more open: that it is the same fault is an inference."""
    known = {one.cause for one in incident.candidates}
    layers = _layers(incident)
    others = list(problems)
    if any(not one.causes <= known for one in others):
        incident = replace(incident, confidence=least_sure(incident.confidence, Confidence.LIKELY))
    if any(not _layers(one) <= layers for one in others):
        likely = least_sure(incident.layer_confidence, Confidence.LIKELY)
        incident = replace(incident, layer_confidence=likely)
    return incident
