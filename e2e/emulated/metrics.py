"""Metrics that the emulator does not make: of embedded documents, and of queues."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3


class Metrics:
    def __init__(self) -> None:
        self._logs = boto3.client("logs")
        self._sqs = boto3.client("sqs")
        self._cloudwatch = boto3.client("cloudwatch")
        self._seen: dict[str, set[tuple[int, str]]] = {}

    def take_up_logs(self) -> None:
        """Publishes each embedded document once."""
        for page in self._logs.get_paginator("describe_log_groups").paginate():
            for group in page["logGroups"]:
                self._take_up(group["logGroupName"])

    def count_messages(self, now: datetime) -> None:
        """Of every queue those that wait; SQS tells CloudWatch of empty ones as well."""
        name = "ApproximateNumberOfMessages"
        for url in self._sqs.list_queues().get("QueueUrls", []):
            found = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])
            waiting = float(found["Attributes"][name])
            if waiting:
                data = {
                    "MetricName": f"{name}Visible",
                    "Value": waiting,
                    "Timestamp": now,
                    "Dimensions": [{"Name": "QueueName", "Value": url.rpartition("/")[2]}],
                }
                self._cloudwatch.put_metric_data(Namespace="AWS/SQS", MetricData=[data])

    def _take_up(self, group: str) -> None:
        """From the last second on that was read: events of one millisecond may come in parts."""
        seen = self._seen.setdefault(group, set())
        since = max((at for at, _ in seen), default=0) - 1000
        events = self._logs.filter_log_events(logGroupName=group, startTime=max(since, 0))["events"]
        found = {(one["timestamp"], one["message"].strip()) for one in events}
        for _, message in sorted(found - seen):
            if message.startswith("{") and '"_aws"' in message:
                self._publish(json.loads(message))
        self._seen[group] = found

    def _publish(self, document: dict[str, Any]) -> None:
        at = datetime.fromtimestamp(document["_aws"]["Timestamp"] / 1000, UTC)
        for directive in document["_aws"]["CloudWatchMetrics"]:
            for data in _data(directive, document, at):
                self._cloudwatch.put_metric_data(Namespace=directive["Namespace"], MetricData=data)


def _data(
    directive: dict[str, Any], document: dict[str, Any], at: datetime
) -> Iterator[list[dict[str, Any]]]:
    for dimensions in directive["Dimensions"] or [[]]:
        yield [
            {
                "MetricName": one["Name"],
                "Unit": one.get("Unit", "None"),
                "Timestamp": at,
                "Values": _values(document[one["Name"]]),
                "Dimensions": [{"Name": name, "Value": document[name]} for name in dimensions],
            }
            for one in directive["Metrics"]
        ]


def _values(found: float | list[float]) -> list[float]:
    return [float(one) for one in (found if isinstance(found, list) else [found])]
