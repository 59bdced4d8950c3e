"""An incident as one message: a subject, plain text for people, JSON for programs."""

from __future__ import annotations

import re

import msgspec
from msgspec.structs import replace

from gatewatch.causes import catalogue
from gatewatch.correlate import OPEN, length
from gatewatch.learn import concerned
from gatewatch.model import EXPOSURES, Incident
from gatewatch.notices.commands import next_command
from gatewatch.notices.words import (
    acknowledged_phrase,
    caller_phrase,
    candidate_line,
    headline,
    seen_phrase,
    sent_phrase,
)

_LONGEST_SUBJECT = 99
_MOST_MEMBERS = 20
_MOST_MEMBERS_FOR_PROGRAMS = 100
_MOST_EXCHANGES = 3


def subject(kind: str, incident: Incident) -> str:
    """One line of printable ASCII, as SNS wants it."""
    line = f"{kind.upper()} {headline(incident)}"
    return re.sub(r"[^\x20-\x7e]", "?", line)[:_LONGEST_SUBJECT]


def document(message_id: str, kind: str, at: str, incident: Incident) -> str:
    """The incident in the form of the contract, with as many members as a message can carry.

    An exposure's evidence stays at home: whoever reads it could call the route.
    """
    is_exposure = incident.finding in EXPOSURES
    told = replace(
        incident,
        members=concerned(incident)[:_MOST_MEMBERS_FOR_PROGRAMS],
        evidence=() if is_exposure else incident.evidence[:_MOST_EXCHANGES],
        next_probe=None if is_exposure else incident.next_probe,
        ruled_out=(),
        updates=incident.updates[-_MOST_MEMBERS:],
    )
    whole = {
        "version": 1,
        "message_id": message_id,
        "kind": kind,
        "at": at,
        "members": len(incident.members),
        "incident": told,
    }
    return msgspec.json.encode(whole).decode()


def text(message_id: str, kind: str, at: str, incident: Incident) -> str:
    lines = [f"{kind.upper()}: {headline(incident)}", ""]
    lines += _times(incident, at)
    lines += [f"team: {incident.team}"] if incident.team else []
    lines += [f"runbook: {incident.runbook}"] if incident.runbook else []
    lines += ["", *_members(incident)]
    if len(incident.candidates) > 1:
        lines += ["", "possible causes:", *(f"- {candidate_line(c)}" for c in incident.candidates)]
    if incident.finding not in EXPOSURES and incident.state == OPEN:
        lines += _evidence(incident)
    if incident.state == OPEN and incident.acknowledged is None:
        lines += ["", f"to take it over: gatewatch ack {incident.id} --stack STACK"]
    return "\n".join([*lines, "", f"incident {incident.id}, message {message_id}"])


def _times(incident: Incident, at: str) -> list[str]:
    lines = [f"since {incident.opened_at}, severity {incident.severity}"]
    lines += [acknowledged_phrase(incident.acknowledged)] if incident.acknowledged else []
    if incident.resolved_at:
        took = length(incident.opened_at, incident.resolved_at)
        lines.append(f"resolved {incident.resolved_at}, after {took}")
    elif at != incident.opened_at:
        lines.append(f"open for {length(incident.opened_at, at)}")
    return lines


def _members(incident: Incident) -> list[str]:
    members = concerned(incident)
    shown = [f"- {one.route} {caller_phrase(one.caller)}" for one in members[:_MOST_MEMBERS]]
    more = len(members) - len(shown)
    return [*shown, f"- and {more} more"] if more else shown


def _evidence(incident: Incident) -> list[str]:
    shown = incident.evidence[:_MOST_EXCHANGES]
    lines = [line for one in shown for line in (f"  {sent_phrase(one)}", f"    {seen_phrase(one)}")]
    command = next_command(catalogue().get(incident.cause), incident.evidence, incident.finding)
    return [
        *(["", "evidence:", *lines] if lines else []),
        *(["", "next:", command] if command else []),
    ]
