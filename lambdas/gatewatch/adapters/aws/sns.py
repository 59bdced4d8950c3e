"""Notices to SNS topics: plain text for people, JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from gatewatch.adapters.aws.client import client, region_of
from gatewatch.model import Incident
from gatewatch.notices.bulletin import (
    Bulletin,
    bulletin_card,
    bulletin_document,
    bulletin_subject,
)
from gatewatch.notices.card import card_of
from gatewatch.notices.message import (
    MOST_MEMBERS,
    document,
    short_document,
    short_text,
    subject,
    text,
)
from gatewatch.notices.notice import Notice
from gatewatch.notices.origin import UNNAMED, Origin
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
        told = (
            notice.channel,
            subject(notice.kind, notice.incident, self._origin),
            attributes(notice, self._origin),
        )
        try:
            self._publish(*told, fitting(notice, self._origin))
        except UnacceptableError:
            self._publish(*told, shortest(notice, self._origin))

    def post(self, bulletin: Bulletin) -> None:
        message = _for_each(
            text(bulletin_card(bulletin, self._origin)), bulletin_document(bulletin, self._origin)
        )
        named = bulletin_attributes(bulletin, self._origin)
        self._publish(bulletin.channel, bulletin_subject(bulletin, self._origin), named, message)

    def _publish(self, topic: str, title: str, named: Mapping[str, str], message: str) -> None:
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.parsers import ResponseParserError

        arn = topic or self._topic
        try:
            client("sns", region_of(arn)).publish(
                TopicArn=arn,
                Subject=title,
                Message=message,
                MessageStructure="json",
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


def attributes(notice: Notice, origin: Origin = UNNAMED) -> dict[str, str]:
    """The attributes that subscribers filter by: ten, as many as a queue takes with raw delivery.

    https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html
    """
    incident = notice.incident
    values = {
        "message_id": notice.message_id,
        "incident_id": incident.id,
        "kind": notice.kind,
        "api": incident.api,
        "layer": incident.layer,
        "severity": incident.severity,
        "finding": incident.finding,
    }
    return _shown({**values, **_place(origin)})


def bulletin_attributes(bulletin: Bulletin, origin: Origin = UNNAMED) -> dict[str, str]:
    """A subscriber who filters by incidents' attributes gets none of these."""
    values = {"message_id": bulletin.message_id, "kind": bulletin.kind}
    return _shown({**values, **_place(origin)})


def _place(origin: Origin) -> dict[str, str | None]:
    return {
        "account": origin.account,
        "region": origin.region,
        "deployment": origin.deployment,
    }


def _shown(values: Mapping[str, str | None]) -> dict[str, str]:
    """SNS accepts no empty value."""
    shown = {
        name: cut(visible_line(str(value or "")), _LONGEST_ATTRIBUTE)
        for name, value in values.items()
    }
    return {name: value for name, value in shown.items() if value.strip()}


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
    """For each protocol the form that its readers understand."""
    told = (notice.message_id, notice.kind, notice.at, incident)
    machine = document(*told, origin=origin, news=notice.news, most=most)
    return _for_each(text(card_of(*told, origin=origin, news=notice.news)), machine)


def shortest(notice: Notice, origin: Origin) -> str:
    """The essentials, and where to read the rest. Whatever the incident holds, no part is long."""
    told = (notice.message_id, notice.kind, notice.at, notice.incident)
    return _for_each(short_text(*told, origin=origin), short_document(*told, origin=origin))


def _for_each(plain: str, machine: str) -> str:
    """In ASCII, so that a character is a byte."""
    return json.dumps({"default": plain, "sqs": machine, "lambda": machine, "https": machine})


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
