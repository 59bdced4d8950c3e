"""What an incident says, as it follows from what its failing members show now.

It decides nothing about who belongs to an incident; that is `correlate`'s business.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from gatewatch.causes import catalogue
from gatewatch.model import (
    Candidate,
    Confidence,
    Finding,
    Incident,
    Layer,
    Member,
    Severity,
)
from gatewatch.track import Key, Problem, RouteState, story

States = Mapping[Key, RouteState]
"""What is known now of each route of an API."""

_SEVERITIES = tuple(Severity)


def key_of(member: Member) -> Key:
    return (member.route, member.entrance, member.caller)


def concerned(incident: Incident) -> tuple[Member, ...]:
    """The members that still fail; of a resolved incident, all that did."""
    return tuple(one for one in incident.members if one.until is None) or incident.members


def failing(incident: Incident, now: States) -> list[RouteState]:
    """The members that still fail, those first whose problem names the story best."""
    members = (now.get(key_of(one)) for one in incident.members if one.until is None)
    return sorted((one for one in members if one is not None and one.problem), key=_leading)


def _leading(state: RouteState) -> tuple[bool, int, Key]:
    problem = state.problem
    undecided = problem is None or problem.finding is Finding.UNDECIDED
    return undecided, len(problem.candidates) if problem else 0, state.key


def fits(incident: Incident, problem: Problem | None) -> bool:
    """Whether a problem may have the cause of an incident."""
    if problem is None:
        return False
    return bool(story(incident.finding, incident.candidates) & problem.story)


def learn(incident: Incident, now: States) -> Incident:
    """The incident with the diagnosis that explains its failing members.

    Those that share nothing with it any more are left aside: they will leave it.
    """
    problems = [one.problem for one in failing(incident, now) if fits(incident, one.problem)]
    found = [one for one in problems if one is not None]
    if not found:
        return incident
    lead, *others = found
    shared = lead.candidates
    for problem in others:
        shared = tuple(one for one in shared if one.cause in problem.story) or shared
    gravest = max((incident.severity, *(one.severity for one in found)), key=_SEVERITIES.index)
    return replace(with_diagnosis(incident, lead, shared), severity=gravest)


def with_diagnosis(incident: Incident, lead: Problem, shared: tuple[Candidate, ...]) -> Incident:
    """What one member shows, with only those causes that it shares with the others."""
    cause = shared[0].cause if shared else lead.cause
    known = catalogue().get(cause)
    layer, layer_confidence = _layer(lead, shared)
    return replace(
        incident,
        finding=lead.finding,
        layer=layer,
        layer_confidence=layer_confidence,
        cause=cause,
        confidence=_confidence(lead, shared),
        owner=known.owner if known and cause != lead.cause else lead.owner,
        candidates=shared,
        ruled_out=lead.ruled_out,
        next_probe=lead.next_probe if len(shared) != 1 else None,
        evidence=lead.evidence,
    )


def _confidence(lead: Problem, shared: tuple[Candidate, ...]) -> Confidence:
    """That the members are one story is an inference: what it alone leaves is never certain."""
    if len(shared) == len(lead.candidates):
        return lead.confidence
    if len(shared) == 1:
        return Confidence.LIKELY
    return lead.confidence if shared[0].cause == lead.cause else Confidence.AMBIGUOUS


def _layer(lead: Problem, shared: tuple[Candidate, ...]) -> tuple[Layer, Confidence]:
    layers = {one.layer for one in shared}
    if len(shared) == len(lead.candidates) or len(layers) > 1 or layers == {lead.layer}:
        return lead.layer, lead.layer_confidence
    return layers.pop(), Confidence.LIKELY
