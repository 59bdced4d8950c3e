"""Acknowledgements that come from outside: by PagerDuty's webhook or events, or by a button in a
chat. They wait for the writer of the API as those of `gatewatch ack` do.

Nothing that a webhook says is read before its signature is right.
https://developer.pagerduty.com/docs/webhooks/v3-overview/
https://developer.pagerduty.com/docs/webhooks/webhook-signatures/
"""

from __future__ import annotations

import base64
import binascii
import hmac
import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import islice
from typing import Protocol, TypeVar

import msgspec

from gatewatch.incidents.acknowledge import VIA_CHAT, VIA_PAGERDUTY, Ack
from gatewatch.incidents.correlate import OPEN
from gatewatch.model import Acknowledgement, Incident
from gatewatch.notices.visible import cut, visible_line

_log = logging.getLogger(__name__)


class RefusedError(Exception):
    """Raised for what is not taken over; `status` is its answer over HTTP, the text says why and
    repeats nothing that was sent."""

    def __init__(self, status: int, because: str) -> None:
        super().__init__(because)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeOver:
    """What somebody did elsewhere. `named`: the ids, or their beginnings, that its incident may
    have here, the likeliest first. `event`: the same for the same message, however often it comes;
    empty where nobody repeats it. `is_withdrawn`: it is nobody's any more."""

    named: tuple[str, ...]
    who: Acknowledgement
    event: str = ""
    is_withdrawn: bool = False


class Acknowledgements(Protocol):
    """What the table knows of incidents, and of the messages that were taken over."""

    def filed(self, prefix: str = "") -> Iterator[Incident]: ...

    def add_ack(self, ack: Ack) -> None: ...

    def was_taken(self, event: str) -> bool: ...

    def set_taken(self, event: str) -> None: ...


MOST_BYTES = 256 * 1024
"""PagerDuty drops what is longer:
https://developer.pagerduty.com/docs/webhooks/webhook-behavior/"""
_NOT_OF_FORM = "the message is not of the expected form"
_TOO_LONG = "the message is too long"
_MOST_SIGNATURES = 10
_SIGNATURE = "x-pagerduty-signature"
_TRIED_FOR = timedelta(minutes=30)
"""PagerDuty tries for about twenty minutes; what is older is somebody's repetition."""
_CLOCKS_DIFFER = timedelta(minutes=10)
_LONGEST_NAME = 100
_LONGEST_EVENT = 200
_ID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")
_BEGINNING = re.compile(r"[0-9A-HJKMNP-TV-Z]{6,26}")
_PEOPLE = ("user", "user_reference")
_ACKNOWLEDGED = "incident.acknowledged"
_UNACKNOWLEDGED = "incident.unacknowledged"


class _Agent(msgspec.Struct, frozen=True, kw_only=True):
    type: str | None = None
    summary: str | None = None


class _Data(msgspec.Struct, frozen=True, kw_only=True):
    incident_key: str | None = None
    title: str | None = None


class _Event(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    event_type: str
    occurred_at: str
    agent: _Agent | None = None
    data: _Data | None = None


class _Envelope(msgspec.Struct, frozen=True, kw_only=True):
    event: _Event


class _Call(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    incident: str
    by: str


Secrets = Callable[[], Sequence[str]]
"""Reads what webhooks are signed with; raises SecretError."""


def is_webhook(event: Mapping[str, object]) -> bool:
    """Whether it came to the function's address. Only Lambda itself writes this part; whoever calls
    the address gives no more than headers and a body.

    https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
    """
    return "requestContext" in event


def of_webhook(event: Mapping[str, object], secrets: Secrets, now: datetime) -> TakeOver | None:
    """None for what needs nothing, such as a ping. Raises RefusedError, and as `secrets`."""
    body = _body(event)
    if not _is_signed(body, _signature(event), secrets):
        raise RefusedError(401, "the signature is missing, or not that of a secret known here")
    return _of_pagerduty(_read(body, _Envelope).event, now)


def of_call(event: Mapping[str, object], now: datetime) -> TakeOver | None:
    """Of whoever may invoke the function: an event of PagerDuty by EventBridge, or
    `{"incident": ID, "by": NAME}`. Raises RefusedError."""
    if "detail" in event:
        return _of_pagerduty(_read(_encoded(event["detail"]), _Envelope).event, now)
    call = _read(_encoded(event), _Call)
    name = call.incident.strip().upper()
    if not _BEGINNING.fullmatch(name):
        raise RefusedError(
            400, "incident: expected an id, or at least six letters of its beginning"
        )
    return TakeOver(named=(name,), who=_who(call.by, VIA_CHAT, now))


def _encoded(found: object) -> bytes:
    try:
        return msgspec.json.encode(found)
    except (TypeError, UnicodeEncodeError, RecursionError):
        raise RefusedError(400, _NOT_OF_FORM) from None


_Read = TypeVar("_Read", _Envelope, _Call)


def _read(body: bytes, kind: type[_Read]) -> _Read:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise RefusedError(400, _NOT_OF_FORM) from None


def _body(event: Mapping[str, object]) -> bytes:
    """As it was sent: the signature is that of its bytes."""
    text = event.get("body") or ""
    if not isinstance(text, str) or len(text) > 2 * MOST_BYTES:
        raise RefusedError(413, _TOO_LONG)
    try:
        is_packed = event.get("isBase64Encoded") is True
        body = base64.b64decode(text, validate=True) if is_packed else text.encode()
    except (binascii.Error, ValueError):
        raise RefusedError(400, _NOT_OF_FORM) from None
    if len(body) > MOST_BYTES:
        raise RefusedError(413, _TOO_LONG)
    return body


def _signature(event: Mapping[str, object]) -> str:
    headers = event.get("headers")
    found = headers if isinstance(headers, Mapping) else {}
    return next((str(found[name]) for name in found if str(name).lower() == _SIGNATURE), "")


def _is_signed(body: bytes, header: str, secrets: Secrets) -> bool:
    """Whether one of its signatures is one of ours, compared in constant time; while a secret
    changes, PagerDuty sends several. Without any, no secret is read."""
    parts = [one.strip() for one in header.split(",")[:_MOST_SIGNATURES]]
    signed = [one.removeprefix("v1=") for one in parts if one.startswith("v1=")]
    given = [one.encode("utf-8", "replace") for one in signed]
    if not given:
        return False
    ours = [hmac.new(one.encode(), body, sha256).hexdigest().encode() for one in secrets()]
    same = [hmac.compare_digest(one, other) for one in given for other in ours]
    return any(same)


def _of_pagerduty(event: _Event, now: datetime) -> TakeOver | None:
    if event.event_type not in (_ACKNOWLEDGED, _UNACKNOWLEDGED):
        return None
    if not 0 < len(event.id) <= _LONGEST_EVENT:
        raise RefusedError(400, _NOT_OF_FORM)
    agent = event.agent or _Agent()
    is_person = agent.type in _PEOPLE
    name = (agent.summary or "") if is_person else ""
    return TakeOver(
        event=event.id,
        named=tuple(_named(event.data or _Data())),
        who=_who(name, VIA_PAGERDUTY, _moment(event.occurred_at, now)),
        is_withdrawn=event.event_type == _UNACKNOWLEDGED,
    )


def _named(data: _Data) -> Iterator[str]:
    """PagerDuty's incident has the key of its alert, where it has one; with alerts grouped, or on a
    service that makes incidents of alerts, it may be empty. Its title is the alert's, which ends
    with the id."""
    texts = (data.incident_key or "", data.title or "")
    return iter(dict.fromkeys(one for text in texts for one in _ID.findall(text)[:2]))


def _moment(written: str, now: datetime) -> datetime:
    try:
        found = datetime.fromisoformat(written)
    except ValueError:
        raise RefusedError(400, _NOT_OF_FORM) from None
    if found.tzinfo is None:
        raise RefusedError(400, _NOT_OF_FORM)
    if not -_CLOCKS_DIFFER <= now - found <= _TRIED_FOR:
        raise RefusedError(409, "what it tells of is too long ago, or still to come")
    return found


def _who(name: str, via: str, at: datetime) -> Acknowledgement:
    """People read the name in their terminals and mail."""
    shown = "".join(one if one.isprintable() else "\ufffd" for one in visible_line(name))
    by = f"{cut(shown.strip(), _LONGEST_NAME)} {via}".strip()
    return Acknowledgement(by=by, at=at.astimezone(UTC).isoformat())


def take_over(wanted: TakeOver, table: Acknowledgements) -> str:
    """What becomes of it, in words. The acknowledgement is stored before the message counts as
    taken over, so that a repetition after an interruption loses nothing."""
    if wanted.event and table.was_taken(wanted.event):
        return "it was taken over before"
    found = _incident(wanted.named, table)
    if found is None:
        return "it is about no incident that is known here"
    if found.state != OPEN:
        return f"{found.id} is over"
    table.add_ack(
        Ack(
            api=found.api,
            who=wanted.who,
            incidents=(found.id,),
            is_withdrawn=wanted.is_withdrawn,
        )
    )
    if wanted.event:
        table.set_taken(wanted.event)
    done = "released" if wanted.is_withdrawn else "acknowledged"
    return f"{found.id} is {done} by {wanted.who.by}, within the next minute"


def _incident(named: Iterable[str], table: Acknowledgements) -> Incident | None:
    """The first that is there; of two with the same beginning, none."""
    for name in named:
        found = list(islice(table.filed(name), 2))
        if len(found) == 1:
            return found[0]
    return None


def answered(
    sent: object, secrets: Secrets, table: Acknowledgements, now: datetime
) -> tuple[Mapping[str, object], bool]:
    """The answer, and whether the message was refused without a person who would read that: whoever
    presses a button does. A webhook gets an answer of HTTP; PagerDuty gives up what gets a 4xx, and
    tries everything else again."""
    event: Mapping[str, object] = sent if isinstance(sent, Mapping) else {}
    over_http = is_webhook(event)
    try:
        wanted = of_webhook(event, secrets, now) if over_http else of_call(event, now)
        told = "nothing is to be done" if wanted is None else take_over(wanted, table)
    except RefusedError as error:
        _log.warning("acknowledgement_refused", extra={"reason": str(error)})
        return _answer(
            error.status, str(error), over_http=over_http
        ), over_http or "detail" in event
    _log.info("acknowledgement", extra={"outcome": told})
    return _answer(202, told, over_http=over_http), False


def unanswerable() -> Mapping[str, object]:
    """To a webhook whose signature cannot be checked now: it comes again."""
    return _answer(503, "this cannot be checked now; try again", over_http=True)


def _answer(status: int, text: str, *, over_http: bool) -> Mapping[str, object]:
    if not over_http:
        return {"taken": status < 400, "told": text}
    headers = {"content-type": "text/plain; charset=utf-8", "x-content-type-options": "nosniff"}
    return {"statusCode": status, "headers": headers, "body": f"{text}\n"}
