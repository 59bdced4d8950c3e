"""An incident as plain text: for a terminal, a mail, a message. The first line says it all."""

from __future__ import annotations

from collections.abc import Iterator

from gatewatch.causes import catalogue
from gatewatch.correlate import OPEN, length
from gatewatch.model import Finding, Incident
from gatewatch.notices.commands import next_command
from gatewatch.notices.words import (
    caller_phrase,
    candidate_line,
    headline,
    seen_phrase,
    sent_phrase,
)

_SHOWN_MEMBERS = 12


def incident_text(incident: Incident, runbook: str | None = None) -> str:
    return "\n".join(_lines(incident, runbook))


def _lines(incident: Incident, runbook: str | None) -> Iterator[str]:
    state = "OPEN" if incident.state == OPEN else "RESOLVED"
    yield f"{state} [{incident.severity}] {headline(incident)}"
    yield f"incident {incident.id}, opened {incident.opened_at}, for {incident.owner} to act"
    if incident.resolved_at is not None:
        yield f"resolved after {length(incident.opened_at, incident.resolved_at)}"
    yield from _section("concerned", _members(incident))
    if incident.finding in (Finding.REFUSED, Finding.UNDECIDED):
        yield from _section("possible causes", map(candidate_line, incident.candidates))
        ruled_out = (f"{one.cause}: {one.because}" for one in incident.ruled_out)
        yield from _section("ruled out", ruled_out)
    yield from _section("evidence", _exchanges(incident))
    yield from _section("confirm", _command(incident))
    if runbook is not None:
        yield from _section("runbook", [runbook])
    yield from _section("history", (f"{one.at}  {one.text}" for one in incident.updates))


def _section(title: str, lines: Iterator[str] | list[str] | map[str]) -> Iterator[str]:
    shown = list(lines)
    if shown:
        yield f"{title}:"
        yield from (f"  {line}" for line in shown)


def _members(incident: Incident) -> Iterator[str]:
    for member in incident.members[:_SHOWN_MEMBERS]:
        until = f", until {member.until}" if member.until else ""
        yield f"{member.route} {caller_phrase(member.caller)} since {member.since}{until}"
    if len(incident.members) > _SHOWN_MEMBERS:
        yield f"and {len(incident.members) - _SHOWN_MEMBERS} more"


def _exchanges(incident: Incident) -> Iterator[str]:
    for exchange in incident.evidence:
        yield f"> {sent_phrase(exchange)}"
        yield f"< {seen_phrase(exchange)}"


def _command(incident: Incident) -> list[str]:
    cause = catalogue().get(incident.cause)
    if cause is None or not incident.evidence:
        return []
    command = next_command(cause, incident.evidence[0])
    return command.splitlines() if command else []
