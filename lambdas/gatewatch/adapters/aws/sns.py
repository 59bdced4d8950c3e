"""Notices to SNS topics: plain text for people, JSON for programs."""

from __future__ import annotations

import json

from gatewatch.adapters.aws.client import client, region_of
from gatewatch.notices.message import document, subject, text
from gatewatch.service.notice import Notice
from gatewatch.service.ports import UndeliveredError


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
        }
        machine = document(notice.message_id, notice.kind, notice.at, incident)
        plain = text(notice.message_id, notice.kind, incident)
        bodies = {"default": plain, "sqs": machine, "lambda": machine, "https": machine}
        try:
            client("sns", region_of(arn)).publish(
                TopicArn=arn,
                Subject=subject(notice.kind, incident),
                Message=json.dumps(bodies),
                MessageStructure="json",
                MessageAttributes={
                    name: {"DataType": "String", "StringValue": str(value)}
                    for name, value in told.items()
                },
            )
        except (ClientError, BotoCoreError) as error:
            raise UndeliveredError(f"{arn}: {type(error).__name__}") from error
