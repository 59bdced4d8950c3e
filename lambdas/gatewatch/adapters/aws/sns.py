"""Notices to SNS topics: plain text for people, JSON for programs."""

from __future__ import annotations

import json

from gatewatch.adapters.aws.client import client, region_of
from gatewatch.model import Incident
from gatewatch.notices.message import document, subject, text
from gatewatch.service.ledger import without_evidence
from gatewatch.service.notice import Notice
from gatewatch.service.ports import UndeliveredError

_MOST_BYTES = 250_000


class SnsPublisher:
    """`topic` is where notices go that name none."""

    def __init__(self, topic: str) -> None:
        self._topic = topic

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
        message = _message(notice, incident)
        if len(message.encode()) > _MOST_BYTES:
            message = _message(notice, without_evidence(incident))
        try:
            client("sns", region_of(arn)).publish(
                TopicArn=arn,
                Subject=subject(notice.kind, incident),
                Message=message,
                MessageStructure="json",
                MessageAttributes={
                    name: {"DataType": "String", "StringValue": str(value)}
                    for name, value in told.items()
                },
            )
        except (ClientError, BotoCoreError) as error:
            raise UndeliveredError(f"{arn}: {type(error).__name__}") from error


def _message(notice: Notice, incident: Incident) -> str:
    """For each protocol what its readers understand."""
    machine = document(notice.message_id, notice.kind, notice.at, incident)
    plain = text(notice.message_id, notice.kind, notice.at, incident)
    return json.dumps({"default": plain, "sqs": machine, "lambda": machine, "https": machine})
