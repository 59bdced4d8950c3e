"""What an answer of a channel means: taken, to be tried again, or refused for good.

Only the message itself can be refused for good. A key that is no longer accepted, a hook that was
deleted and an address that redirects are mended by a person: until then the messages wait, and the
alarm of undelivered messages rings.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec

from gatewatch.config.canonical import HookKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What came back: status 0 where no whole head of an answer came, and `error` says why.

    `retry_after` and `date`: the headers, as they were sent.
    """

    status: int = 0
    error: str | None = None
    retry_after: str | None = None
    date: str | None = None
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """The channel has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Later:
    """It may take it later; `after_seconds`, where it said when. `because` holds no secret."""

    because: str
    after_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """It never takes this message. `because` holds no secret."""

    because: str


Outcome = Taken | Later | Refused

_OF_THE_MESSAGE = (400, 413, 422)
_WHY = {
    401: "its key is not accepted",
    403: "its key is not accepted, or may not do this",
    404: "nothing takes messages at its address",
    405: "nothing takes messages at its address",
    407: "a proxy is in the way",
    410: "its hook was removed",
    415: "it takes no such content type",
    429: "it has had too many requests",
}


def outcome_of(kind: HookKind | None, answered: Answered) -> Outcome:
    """`kind`: whose answer it is; None for one of which only the status says anything.

    What a server wrote is never repeated, since some repeat what they were sent.
    """
    status = _meant(kind, answered)
    if status == 0:
        return Later(because=answered.error or "no answer came")
    if 200 <= status < 300:
        return _if_said(kind, answered)
    told = f"answered {status}{_code(kind, answered)}"
    if status in _OF_THE_MESSAGE and not _is_about_the_key(kind, answered):
        return Refused(because=told)
    return Later(because=_explained(told, status), after_seconds=_asked_seconds(answered))


def _explained(told: str, status: int) -> str:
    if 300 <= status < 400:
        return f"{told}: it redirects, so its address is another one"
    why = _WHY.get(status) or ("its key is not accepted" if status in _OF_THE_MESSAGE else None)
    return f"{told}: {why}" if why else told


# The retired connectors of Teams answered 200 to what Teams had refused.
# https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using
_FROM_TEAMS = re.compile(rb"^Webhook message delivery failed\b.{0,200}?HTTP error (\d{3})", re.S)


def _meant(kind: HookKind | None, answered: Answered) -> int:
    if kind is HookKind.TEAMS and (found := _FROM_TEAMS.match(answered.body)):
        return int(found[1])
    return answered.status


def _if_said(kind: HookKind | None, answered: Answered) -> Outcome:
    """A proxy or a wrong address answers 200, too, so its own words must stand there."""
    if kind is None or _has_its_words(kind, answered.body):
        return Taken()
    return Later(because=f"answered {answered.status}, but not as {_NAMES[kind]} does")


_NAMES = {
    HookKind.PAGERDUTY: "PagerDuty",
    HookKind.OPSGENIE: "Opsgenie",
    HookKind.SLACK: "Slack",
    HookKind.TEAMS: "Teams",
    HookKind.INCIDENT_IO: "incident.io",
    HookKind.WEBHOOK: "a webhook",
}


def _has_its_words(kind: HookKind, body: bytes) -> bool:
    """As documented, each at the address in `config.channels`."""
    match kind:
        case HookKind.PAGERDUTY | HookKind.INCIDENT_IO:
            return _read(body).get("status") == "success"
        case HookKind.OPSGENIE:
            return "requestId" in _read(body)
        case HookKind.SLACK:
            return body.strip() == b"ok"
        case HookKind.TEAMS:
            return not body.lstrip().startswith(b"<")
        case HookKind.WEBHOOK:
            return True


def _read(body: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return {}


_SLACK_CODES = frozenset(
    (
        "action_prohibited",
        "channel_is_archived",
        "channel_not_found",
        "invalid_blocks",
        "invalid_payload",
        "invalid_token",
        "no_active_hooks",
        "no_service",
        "no_service_id",
        "no_team",
        "no_text",
        "posting_to_general_channel_denied",
        "rollup_error",
        "team_disabled",
        "too_many_attachments",
        "user_not_found",
    )
)
"""https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks#handling_errors"""
_SLACK_KEYS = frozenset(("invalid_token", "no_team", "no_service", "no_service_id"))


def _code(kind: HookKind | None, answered: Answered) -> str:
    """The name of an error, where it is one of a known list."""
    code = answered.body.decode("utf-8", "replace").strip()
    return f" {code}" if kind is HookKind.SLACK and code in _SLACK_CODES else ""


_OF_A_KEY = re.compile(rb"(?i)routing.key|invalid.key|api.?key|key format")


def _is_about_the_key(kind: HookKind | None, answered: Answered) -> bool:
    """PagerDuty and Opsgenie answer 400 and 422 for a key that is none, too."""
    if kind is HookKind.SLACK:
        return _code(kind, answered).strip() in _SLACK_KEYS
    is_keyed = kind in (HookKind.PAGERDUTY, HookKind.OPSGENIE)
    return is_keyed and _OF_A_KEY.search(answered.body) is not None


_SECONDS = re.compile(r"[0-9]{1,9}")


def _asked_seconds(answered: Answered) -> float | None:
    """How long it asks to wait; None for what cannot be read. A moment is understood by its own
    clock (RFC 9110, section 10.2.3)."""
    asked = (answered.retry_after or "").strip()
    if _SECONDS.fullmatch(asked):
        return float(asked)
    until, now = _moment(asked), _moment(answered.date or "")
    if until is None or now is None:
        return None
    return max(0.0, (until - now).total_seconds())


def _moment(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
