"""Notices to SNS topics: plain text for people, JSON for programs."""

from __future__ import annotations

import json

from gatewatch.adapters.aws.client import client, region_of
from gatewatch.model import Incident
from gatewatch.notices.message import MOST_MEMBERS, document, subject, text
from gatewatch.notices.origin import UNNAMED, Origin
from gatewatch.service.ledger import without_evidence
from gatewatch.service.notice import Notice
from gatewatch.service.ports import UndeliveredError

_MOST_BYTES = 250_000


class SnsPublisher:
    """`topic` is where notices go that name none; `origin` is what they tell of this service."""

    def __init__(self, topic: str, origin: Origin = UNNAMED) -> None:
        self._topic = topic
        self._origin = origin

    def publish(self, notice: Notice) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        arn = notice.topic or self._topic
        incident = notice.incident
        told = {
            "message_id": notice.message_id,
            "incident_id": incident.id,
            "kind": notice.kind,
            "api": incident.api,
            "layer": incident.layer,
            "severity": incident.severity,
            "finding": incident.finding,
        }
        try:
            client("sns", region_of(arn)).publish(
                TopicArn=arn,
                Subject=subject(notice.kind, incident),
                Message=fitting(notice, self._origin),
                MessageStructure="json",
                MessageAttributes={
                    name: {"DataType": "String", "StringValue": str(value)}
                    for name, value in told.items()
                },
            )
        except (ClientError, BotoCoreError) as error:
            raise UndeliveredError(f"{arn}: {type(error).__name__}") from error


_FEWER = (MOST_MEMBERS, 20, 5, 1)


def fitting(notice: Notice, origin: Origin) -> str:
    """The fullest message that SNS takes: evidence is left out before members are."""
    message = _message(notice, origin, notice.incident, MOST_MEMBERS)
    bare = without_evidence(notice.incident)
    for most in _FEWER:
        if len(message) <= _MOST_BYTES:
            break
        message = _message(notice, origin, bare, most)
    return message


def _message(notice: Notice, origin: Origin, incident: Incident, most: int) -> str:
    """For each protocol what its readers understand; in ASCII, so a character is a byte."""
    told = (notice.message_id, notice.kind, notice.at, incident)
    machine = document(*told, origin=origin, news=notice.news, most=most)
    plain = text(*told, origin=origin, news=notice.news)
    return json.dumps({"default": plain, "sqs": machine, "lambda": machine, "https": machine})
