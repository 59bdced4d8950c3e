"""Which deployment preceded an incident: by time alone, which is a hint and no proof."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import msgspec

from gatewatch.incidents.correlate import length, moment

BLAMED_FOR = timedelta(minutes=30)
"""A failure that begins later has another reason, as far as time can tell."""


class Deployment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Changes of an API that came shortly after each other: the first `began`, the last `ended`.

    `what` is the most telling of them, such as `CreateDeployment abc123`, and `at` its own time;
    `stage` and `by`, where known, say of which stage and by which role or user. `takes_effect`:
    false where nothing is known yet that callers get; then it explains nothing.
    """

    began: str
    ended: str
    what: str
    at: str
    stage: str | None = None
    by: str | None = None
    takes_effect: bool = True


def deployment_at(at: datetime) -> Deployment:
    """One of which only the time is known."""
    when = at.isoformat()
    return Deployment(began=when, ended=when, what="deployment", at=when)


def preceding(first_failure: str, known: Iterable[Deployment]) -> str | None:
    """The last deployment before the first failing look, in words; None where that is too long ago.

    A look bears the time of its tick and is taken a little later. So one that fails in the very
    minute of a deployment may count as older, and no older one as caused by it.
    """
    failed = _moment(first_failure)
    before = [one for one in known if one.takes_effect and _moment(one.at) <= failed]
    last = max(before, key=lambda one: _moment(one.at), default=None)
    if last is None or failed - _moment(last.ended) > BLAMED_FOR:
        return None
    return in_words(last)


def meanwhile(first_failure: str, recovery: str, known: Iterable[Deployment]) -> str | None:
    """The last deployment before a recovery that was made after the failure began, in words: it may
    be what mended it."""
    failed = _moment(first_failure)
    return preceding(recovery, [one for one in known if _moment(one.at) > failed])


def in_words(one: Deployment) -> str:
    stage = f" of stage {one.stage}" if one.stage else ""
    by = f" by {one.by}" if one.by else ""
    return f"{one.what}{stage} at {_second(one.at)}{by}"


def _moment(at: str) -> datetime:
    read = datetime.fromisoformat(at)
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def _second(at: str) -> str:
    return _moment(at).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


_TIME = re.compile(r" at (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)( |$)", re.ASCII)


def precedes(words: str, first_failure: str) -> bool:
    """Whether these words of a deployment are of one before the first failing look."""
    found = _TIME.search(words)
    return found is None or found[1] <= _second(first_failure)


def after(first_failure: str, words: str) -> str:
    """How long after it the first look failed, for people: `40s after CreateDeployment …`."""
    found = _TIME.search(words)
    if found is None:
        return f"after {words}"
    written = f"{words[: found.start(1)]}{moment(found[1])}{words[found.end(1) :]}"
    return f"{length(found[1], first_failure)} after {written}"
