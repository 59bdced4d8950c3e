"""That an incident is still open: said again after some time in which nothing was said of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from gatewatch.config.canonical import Channel
from gatewatch.correlate import OPEN
from gatewatch.model import Incident, Severity
from gatewatch.service.notice import Kind, Notice, notice, takers


def reminders(
    incidents: Iterable[Incident],
    said_at: Mapping[str, str],
    every_seconds: float | None,
    channels: Iterable[Channel],
    at: str,
) -> list[Notice]:
    """`said_at` is when each incident was last told of, by its id.

    One of low severity waits for a working day, and an acknowledged one has somebody already:
    they are not told again.
    """
    due = [
        one
        for one in incidents
        if one.state == OPEN
        and one.acknowledged is None
        and one.severity is not Severity.LOW
        and every_seconds is not None
        and _seconds(said_at.get(one.id, one.opened_at), at) >= every_seconds
    ]
    known = list(channels)
    return [notice(Kind.REMINDER, one, each, at) for one in due for each in takers(one, known)]


def _seconds(since: str, at: str) -> float:
    return (datetime.fromisoformat(at) - datetime.fromisoformat(since)).total_seconds()
