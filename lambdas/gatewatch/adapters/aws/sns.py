"""Messages to SNS topics: plain text for mail, one part for a phone, JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import UnsetType

from gatewatch.adapters.aws.client import client, region_of
from gatewatch.config.canonical import Channel
from gatewatch.model import Incident
from gatewatch.notices import machine
from gatewatch.notices.bulletin import Bulletin, bulletin_card
from gatewatch.notices.card import Card, card_of
from gatewatch.notices.machine import MOST_MEMBERS
from gatewatch.notices.message import in_subject, short_text, text
from gatewatch.notices.notice import Notice
from gatewatch.notices.origin import UNNAMED, Origin
from gatewatch.notices.shapes import amazon_q, sms
from gatewatch.notices.visible import cut, visible_line
from gatewatch.service.ledger import without_evidence
from gatewatch.service.ports import UnacceptableError, UndeliveredError

_MOST_BYTES = 250_000
"""The bytes of a message with its attributes; SNS takes 256 KiB:
https://docs.aws.amazon.com/sns/latest/dg/large-message-payloads.html"""
_LONGEST_ATTRIBUTE = 256


class SnsPublisher:
    """`topic` gets the notices that name none; `origin` is what messages say of this service."""

    def __init__(self, topic: str, origin: Origin = UNNAMED) -> None:
        self._topic = topic
        self._origin = origin

    def publish(self, notice: Notice) -> None:
        """Send a message that SNS does not accept once more, in its shortest form."""
        card = _card(notice, notice.incident, self._origin)
        named = attributes(notice, self._origin)
        raw = _as_it_is(card, notice.via)
        if raw is not None:
            self._publish(notice.channel, card, named, raw, is_for_each=False)
            return
        try:
            self._publish(notice.channel, card, named, fitting(notice, self._origin))
        except UnacceptableError:
            self._publish(notice.channel, card, named, shortest(notice, self._origin))

    def post(self, bulletin: Bulletin) -> None:
        card = bulletin_card(bulletin, self._origin)
        named = bulletin_attributes(bulletin, self._origin)
        raw = _as_it_is(card, bulletin.via)
        message = _for_each(card) if raw is None else raw
        self._publish(bulletin.channel, card, named, message, is_for_each=raw is None)

    def _publish(
        self,
        topic: str,
        card: Card,
        named: Mapping[str, str],
        message: str,
        *,
        is_for_each: bool = True,
    ) -> None:
        """`is_for_each`: the message has one form for each protocol."""
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.parsers import ResponseParserError

        arn = topic or self._topic
        try:
            client("sns", region_of(arn)).publish(
                TopicArn=arn,
                Subject=in_subject(card.title, self._origin),
                Message=message,
                **({"MessageStructure": "json"} if is_for_each else {}),
                MessageAttributes={
                    name: {"DataType": "String", "StringValue": value}
                    for name, value in named.items()
                },
            )
        except (ClientError, BotoCoreError, ResponseParserError, ValueError) as error:
            kind = UnacceptableError if _is_the_messages(error) else UndeliveredError
            raise kind(f"{arn}: {type(error).__name__}{_code(error)}") from error


_REFUSES_MESSAGES = frozenset(
    {
        "InvalidParameter",
        "InvalidParameterException",
        "InvalidParameterValue",
        "ParameterValueInvalid",
        "ValidationError",
        "ValidationException",
    }
)
"""https://docs.aws.amazon.com/sns/latest/api/API_Publish.html"""
_OF_THE_CHANNEL = ("TopicArn", "TargetArn", "MessageGroupId", "MessageDeduplicationId")
"""A fault in these affects every message."""


def _is_the_messages(error: Exception) -> bool:
    """Whether SNS refused this very message, and was not just unreachable or closed to us."""
    from botocore.exceptions import ParamValidationError

    told = _told(error)
    is_refused = told.get("Code") in _REFUSES_MESSAGES or isinstance(error, ParamValidationError)
    reason = str(told.get("Message", error))
    return is_refused and not any(one in reason for one in _OF_THE_CHANNEL)


def _told(error: Exception) -> Mapping[str, Any]:
    found: Mapping[str, Any] = getattr(error, "response", {}).get("Error", {})
    return found


def _code(error: Exception) -> str:
    code = _told(error).get("Code")
    return f" ({code})" if code else ""


def _as_it_is(card: Card, via: Channel | UnsetType) -> str | None:
    """The message of a topic all of whose subscribers get the same; None where each protocol gets
    its own form."""
    shape = via if isinstance(via, UnsetType) else via.shape
    if shape == "chat":
        return amazon_q.body(card)
    return sms.body(card) if shape == "sms" else None


_MOST_ATTRIBUTES = 10
"""A queue takes no more with raw delivery, and the message would be lost:
https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html"""


def attributes(notice: Notice, origin: Origin = UNNAMED) -> dict[str, str]:
    """What subscribers filter by: the first ten that have a value."""
    incident = notice.incident
    values = {
        "api": incident.api,
        "stage": incident.stage,
        "owner": incident.team or incident.owner,
        "layer": incident.layer,
        "cause": incident.cause,
        "finding": incident.finding,
        "severity": incident.severity,
        "kind": notice.kind,
    }
    return _shown({**values, **_place(origin)})


def bulletin_attributes(bulletin: Bulletin, origin: Origin = UNNAMED) -> dict[str, str]:
    """A subscriber who filters by incidents' attributes gets none of these."""
    return _shown({"kind": bulletin.kind, **_place(origin)})


def _place(origin: Origin) -> dict[str, str | None]:
    """The region last: a topic is in one, and mostly tells of no other."""
    return {
        "account": origin.account,
        "deployment": origin.deployment,
        "region": origin.region,
    }


def _shown(values: Mapping[str, str | None]) -> dict[str, str]:
    """SNS accepts no empty value."""
    shown = {
        name: cut(visible_line(str(value or "")), _LONGEST_ATTRIBUTE)
        for name, value in values.items()
    }
    found = [(name, value) for name, value in shown.items() if value.strip()]
    return dict(found[:_MOST_ATTRIBUTES])


_FEWER = (MOST_MEMBERS, 20, 5, 1)


def fitting(notice: Notice, origin: Origin) -> str:
    """The fullest message that SNS takes."""
    besides = attributes(notice, origin)
    return next(one for one in _shapes(notice, origin) if _fits(one, besides))


def _shapes(notice: Notice, origin: Origin) -> Iterator[str]:
    """Evidence is left out before members; the last form always fits."""
    yield _message(notice, origin, notice.incident, MOST_MEMBERS)
    bare = without_evidence(notice.incident)
    yield from (_message(notice, origin, bare, most) for most in _FEWER)
    yield shortest(notice, origin)


def _fits(message: str, named: Mapping[str, str]) -> bool:
    """Names, types and values of attributes count."""
    besides = (f"{name}String{value}" for name, value in named.items())
    return len(message) + sum(len(one.encode()) for one in besides) <= _MOST_BYTES


def _message(notice: Notice, origin: Origin, incident: Incident, most: int) -> str:
    return _for_each(_card(notice, incident, origin), most)


def _card(notice: Notice, incident: Incident, origin: Origin) -> Card:
    told = (notice.message_id, notice.kind, notice.at, incident)
    return card_of(*told, origin=origin, news=notice.news)


def shortest(notice: Notice, origin: Origin) -> str:
    """The essentials, and where to read the rest. Whatever the incident holds, no part is long."""
    card = _card(notice, notice.incident, origin)
    return _by_protocol(card, short_text(card), machine.shortest(card.message))


def _for_each(card: Card, most: int = MOST_MEMBERS) -> str:
    return _by_protocol(card, text(card), machine.written(card.message, most))


def _by_protocol(card: Card, plain: str, document: str) -> str:
    """For each protocol the form that its readers understand. In ASCII, so that a character is a
    byte.

    https://docs.aws.amazon.com/sns/latest/dg/sns-send-custom-platform-specific-payloads-mobile-devices.html
    """
    programs = dict.fromkeys(("sqs", "lambda", "https"), document)
    return json.dumps({"default": plain, "sms": sms.body(card), **programs})


def confirmed_subscribers(topic: str) -> int:
    """Those who get its messages; whoever has not confirmed yet does not. Raises as botocore does.

    https://docs.aws.amazon.com/sns/latest/api/API_ListSubscriptionsByTopic.html
    """
    pages = client("sns", region_of(topic)).get_paginator("list_subscriptions_by_topic")
    return sum(
        str(one["SubscriptionArn"]).startswith("arn:")
        for page in pages.paginate(TopicArn=topic)
        for one in page["Subscriptions"]
    )
