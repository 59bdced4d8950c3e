"""What an incident says, as it follows from what its failing members show now.

It decides nothing about who belongs to an incident; that is `correlate`'s business.
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
    Confidence,
    Finding,
    Incident,
    Layer,
    Member,
    Severity,
)


class StatesNow(dict[Key, RouteState]):
    """What is known now of each route of an API, and what follows from all of them together."""

    @cached_property
    def refused_callers(self) -> frozenset[str]:
        """The credentials that fail at every place where they are used, for what may be their own
        fault. One place is enough only for a credential that was never accepted."""
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
        """Where the same call fails, by route and caller."""
        found: dict[tuple[str, str], set[str]] = defaultdict(set)
        for one in self.values():
            if one.is_failing:
                found[one.route, one.caller].add(one.entrance)
        return found


_SEVERITIES = tuple(Severity)


def key_of(member: Member) -> Key:
    return (member.route, member.entrance, member.caller)


def concerned(incident: Incident) -> tuple[Member, ...]:
    """The members that still fail; of a resolved incident, all that did."""
    return tuple(one for one in incident.members if one.until is None) or incident.members


def failing(incident: Incident, now: StatesNow) -> list[RouteState]:
    """The members that still fail, those first whose problem names the story best."""
    members = (now.get(key_of(one)) for one in incident.members if one.until is None)
    return sorted((one for one in members if one is not None and one.problem), key=_leading)


def _leading(state: RouteState) -> tuple[int, Key]:
    problem = state.problem
    return len(problem.candidates) if problem else 0, state.key


def fits(incident: Incident, state: RouteState, now: StatesNow) -> bool:
    """Whether what a route shows is explained by what an incident is about.

    Look-alikes that both leave open are not enough: what one of them is led by must be possible
    for the other. One fault may show other bytes at another entrance and behind another guard;
    see `_is_seen_elsewhere` and `_is_one_credential`. A host that is not reached may fail in one
    way or another; see `_is_one_host`.
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
    """The same call fails at another entrance of the API, and may stop at the same layer."""
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
    """Another member does not reach the same host: a name that is not found now, and too slow to
    be found a minute later, is one fault."""
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
    """One credential is refused wherever it is used, and nothing else is in this incident."""
    return state.caller in now.refused_callers and all(
        one.caller == state.caller for one in incident.members if one.until is None
    )


def may_be_a_credential(found: Symptom | Incident) -> bool:
    """Whether all that is possible might have let another credential through."""
    if found.finding is not Finding.REFUSED or not found.candidates:
        return False
    causes = [catalogue().get(one.cause) for one in found.candidates]
    return all(one is not None and one.judges_credentials for one in causes)


def _layers(one: Incident | Symptom) -> frozenset[Layer]:
    return frozenset(each.layer for each in one.candidates)


def learn(incident: Incident, now: StatesNow) -> Incident:
    """The incident with the diagnosis that explains its failing members.

    That is what its most telling member shows, and no surer than all of them allow: candidates
    of different routes are not intersected. What is known already stays, until a look narrows or
    contradicts it. Those that do not fit any more are left aside: they will leave it.
    """
    members = [one for one in failing(incident, now) if fits(incident, one, now)]
    problems = [one.problem for one in members if one.problem is not None]
    if not problems:
        return incident
    lead = problems[0]
    known = incident if _is_known_better(incident, lead) else with_diagnosis(incident, lead)
    told = _no_surer_than(problems, known)
    gravest = max((incident.severity, *(one.severity for one in problems)), key=_SEVERITIES.index)
    return replace(
        incident if _diagnosis(told) == _diagnosis(incident) else told,
        owner=lead.owner,
        severity=gravest,
        flapping=any(one.is_flapping for one in members),
    )


def _is_known_better(incident: Incident, lead: Symptom) -> bool:
    known = {one.cause for one in incident.candidates}
    return incident.finding is lead.finding and bool(known) and known < lead.causes


def _diagnosis(incident: Incident) -> tuple[object, ...]:
    """What an incident says. One that says the same keeps its evidence: nothing of it is news."""
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
    """The incident in the words of what one member shows."""
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


_SURENESS = (Confidence.UNKNOWN, Confidence.AMBIGUOUS, Confidence.LIKELY, Confidence.CERTAIN)


def _rank(confidence: Confidence) -> int:
    return _SURENESS.index(confidence)


def _no_surer_than(problems: Iterable[Symptom], incident: Incident) -> Incident:
    """That members of which some leave more open are one story is an inference."""
    known = {one.cause for one in incident.candidates}
    layers = _layers(incident)
    others = list(problems)
    if any(not one.causes <= known for one in others):
        incident = replace(incident, confidence=_at_most_likely(incident.confidence))
    if any(not _layers(one) <= layers for one in others):
        likely = _at_most_likely(incident.layer_confidence)
        incident = replace(incident, layer_confidence=likely)
    return incident


def _at_most_likely(confidence: Confidence) -> Confidence:
    return min(confidence, Confidence.LIKELY, key=_rank)
