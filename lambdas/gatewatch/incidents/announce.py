"""When an incident is announced: once when it opens, on news of it, and when it ends.

Recipients and channels are decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from gatewatch.incidents.correlate import OPEN, length, moment
from gatewatch.model import Finding, Incident, Layer, Member, Related, Severity


class AnnouncementKind(StrEnum):
    """`escalated`: nobody has acknowledged it for so long that another channel gets it."""

    OPENED = "opened"
    CHANGED = "changed"
    REMINDER = "reminder"
    ACKNOWLEDGED = "acknowledged"
    ESCALATED = "escalated"
    RESOLVED = "resolved"


class Announced(msgspec.Struct, frozen=True, kw_only=True):
    """What was last announced of an open incident, and when.

    Each member records by itself whether it was announced (`Member.said`).
    """

    at: str
    finding: Finding
    layer: Layer
    cause: str
    severity: Severity
    flapping: bool = False


class Announcement(msgspec.Struct, frozen=True, kw_only=True):
    """`news`: what is new since the last announcement, one line each."""

    kind: AnnouncementKind
    at: str
    incident: Incident
    news: tuple[str, ...] = ()


class Brief(msgspec.Struct, frozen=True, kw_only=True):
    """An announcement in a report that already lists its incident: `incident` is the id."""

    kind: AnnouncementKind
    at: str
    incident: str
    news: tuple[str, ...] = ()


def brief(one: Announcement) -> Brief:
    return Brief(kind=one.kind, at=one.at, incident=one.incident.id, news=one.news)


SHORT_WHILE = timedelta(seconds=90)
"""Members that join or leave within it are announced together: an outage shows route by route."""


def announce(said: Announced | None, incident: Incident, at: str) -> Announcement | None:
    """The announcement that is due now, if any.

    An incident that resolves unannounced sends nothing.
    """
    if said is None:
        opened = _announcement(AnnouncementKind.OPENED, incident, at, elsewhere(incident))
        return opened if incident.state == OPEN else None
    if incident.state != OPEN:
        return end(incident, at)
    if announced_of(incident, said.at) == said and not _is_due(incident, at):
        return None
    return _announcement(AnnouncementKind.CHANGED, incident, at, _news(said, incident))


def end(incident: Incident, at: str) -> Announcement:
    """Announces the end, with all news not announced yet."""
    ended = (*_left(incident), *_left_elsewhere(incident), *_lasted(incident))
    return _announcement(
        AnnouncementKind.RESOLVED, incident, at, (*ended, *elsewhere(incident, "still "))
    )


def remind(incident: Incident, at: str) -> Announcement:
    """Announces the incident again as it is now."""
    return _announcement(AnnouncementKind.REMINDER, incident, at, elsewhere(incident))


def still(incident: Incident, at: str) -> Announcement:
    """Announces that it goes on, now that it is no longer muted."""
    news = ("it was muted until now, and still fails", *elsewhere(incident, "still "))
    return _announcement(AnnouncementKind.CHANGED, incident, at, news)


def _announcement(
    kind: AnnouncementKind, incident: Incident, at: str, news: Iterable[str] = ()
) -> Announcement:
    return Announcement(kind=kind, at=at, incident=fully_announced(incident), news=tuple(news))


def announced_of(incident: Incident, at: str) -> Announced:
    return Announced(
        at=at,
        finding=incident.finding,
        layer=incident.layer,
        cause=incident.cause,
        severity=incident.severity,
        flapping=incident.flapping,
    )


def fully_announced(incident: Incident) -> Incident:
    """The incident with all its members marked as announced."""
    members = _all_announced(incident.members)
    related = _all_announced(incident.related)
    if members == incident.members and related == incident.related:
        return incident
    return replace(incident, members=members, related=related)


_Named = TypeVar("_Named", Member, Related)


def _all_announced(members: tuple[_Named, ...]) -> tuple[_Named, ...]:
    return tuple(
        one if _is_announced(one) else replace(one, said=True, end_said=one.until is not None)
        for one in members
    )


def _is_announced(one: Member | Related) -> bool:
    return one.said and (one.until is None or one.end_said)


def _is_due(incident: Incident, at: str) -> bool:
    """Whether a short while has passed since a member joined or left.

    Another caller of an announced route is no news.
    """
    unannounced = [
        *(
            one.until or one.joined or one.since
            for one in incident.members
            if not _is_announced(one)
        ),
        *(one.until or one.since for one in incident.related if not _is_announced(one)),
    ]
    if not unannounced or not _came_or_went(incident):
        return False
    first = min(unannounced)
    return datetime.fromisoformat(at) - datetime.fromisoformat(first) >= SHORT_WHILE


def _news(said: Announced, incident: Incident) -> tuple[str, ...]:
    return (*_understood(said, incident), *_came_or_went(incident))


def _came_or_went(incident: Incident) -> tuple[str, ...]:
    return (
        *_joined(incident),
        *_joined_elsewhere(incident),
        *_left(incident),
        *_left_elsewhere(incident),
    )


def _understood(said: Announced, incident: Incident) -> Iterable[str]:
    if (said.finding, said.layer, said.cause) != (
        incident.finding,
        incident.layer,
        incident.cause,
    ):
        yield (
            f"now {incident.finding}: {incident.cause} ({incident.layer}, {incident.confidence}); "
            f"until now {said.finding}: {said.cause} ({said.layer})"
        )
    if said.severity is not incident.severity:
        yield f"severity {incident.severity}, until now {said.severity}"
    if incident.flapping and not said.flapping:
        yield "comes and goes: it counts as recovered only after many passes in a row"


_MOST_NAMED = 10


def _joined(incident: Incident) -> tuple[str, ...]:
    """The routes whose failure was not announced yet."""
    known = {one.route for one in incident.members if one.said and not one.end_said}
    new = {one.route: one for one in incident.members if not one.said and one.until is None}
    found = [one for route, one in new.items() if route not in known]
    return _listed("joined", found, lambda one: f"since {moment(one.since)}")


def _left(incident: Incident) -> tuple[str, ...]:
    """The routes whose recovery was not announced yet."""
    failing = {one.route for one in incident.members if one.until is None}
    gone = {one.route: one for one in incident.members if one.until and not one.end_said}
    found = [one for route, one in gone.items() if route not in failing]
    return _listed(
        "recovered",
        found,
        lambda one: f"failed from {moment(one.since)} to {moment(one.until or one.since)}",
    )


def _listed(what: str, found: list[Member], when: Callable[[Member], str]) -> tuple[str, ...]:
    if not found:
        return ()
    if len(found) == 1:
        return (f"{what}: {found[0].route}, {when(found[0])}",)
    names = ", ".join(one.route for one in found[:_MOST_NAMED])
    return (f"{what}: {len(found)} routes: {names}{_and_more(found)}",)


def elsewhere(incident: Incident, still: str = "") -> tuple[str, ...]:
    """The other APIs at which the same credential fails."""
    found = [one for one in incident.related if one.until is None]
    return _apis(f"the same credential {still}fails at", found)


def _joined_elsewhere(incident: Incident) -> tuple[str, ...]:
    found = [one for one in incident.related if not one.said and one.until is None]
    return _apis("the same credential fails also at", found)


def _left_elsewhere(incident: Incident) -> tuple[str, ...]:
    found = [one for one in incident.related if one.said and one.until and not one.end_said]
    return _apis("it fails no more at", found)


def _apis(what: str, found: Sequence[Related]) -> tuple[str, ...]:
    if not found:
        return ()
    names = ", ".join(f"{one.api} ({one.incident})" for one in found[:_MOST_NAMED])
    return (f"{what}: {names}{_and_more(found)}",)


def _and_more(found: Sequence[object]) -> str:
    return f" and {len(found) - _MOST_NAMED} more" if len(found) > _MOST_NAMED else ""


def _lasted(incident: Incident) -> tuple[str, ...]:
    if incident.resolved_at is None:
        return ()
    return (f"resolved after {length(incident.opened_at, incident.resolved_at)}",)


def is_to_be_reminded(
    incident: Incident, said: Announced | None, every_seconds: float | None, at: str
) -> bool:
    """Whether an incident stayed open so long that a reminder is due.

    None is sent for low severity, which waits for a working day, nor once it is acknowledged.
    """
    if every_seconds is None or incident.state != OPEN or incident.acknowledged is not None:
        return False
    last = incident.opened_at if said is None else said.at
    passed = datetime.fromisoformat(at) - datetime.fromisoformat(last)
    return incident.severity is not Severity.LOW and passed.total_seconds() >= every_seconds
