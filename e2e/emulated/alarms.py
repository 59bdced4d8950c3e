"""ministack, and what it lacks of CloudWatch, added from outside over the public API.

Metrics of the embedded format become metrics, and alarms are evaluated by themselves: for their
own dimensions, M of N, with what they say of missing data. Runs in a virtual environment of its
own: `python emulator.py`, with GATEWAY_PORT, AUTH and AWS's own variables.
"""

from __future__ import annotations

import json
import operator
import os
import sys
import threading
import time
import traceback
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import ministack.services.apigateway_v1 as gateway
import ministack.services.cloudwatch as emulated
from ministack.app import main as serve

HEALTH = f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}/_ministack/health"
_PAUSE_SECONDS = 1.0
_COMPARISONS = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
_MISSING = {"breaching": True, "notBreaching": False}


class Metrics:
    """Publishes each embedded document once."""

    def __init__(self) -> None:
        self._logs = boto3.client("logs")
        self._cloudwatch = boto3.client("cloudwatch")
        self._seen: set[tuple[str, int, str]] = set()
        self.newest = datetime.now(UTC)

    def take_up(self) -> None:
        for page in self._logs.get_paginator("describe_log_groups").paginate():
            for group in page["logGroups"]:
                self._take_up(group["logGroupName"])

    def _take_up(self, group: str) -> None:
        for event in self._logs.filter_log_events(logGroupName=group)["events"]:
            message = event["message"].strip()
            key = (group, event["timestamp"], message)
            if key in self._seen:
                continue
            self._seen.add(key)
            if message.startswith("{") and '"_aws"' in message:
                self._publish(json.loads(message))

    def _publish(self, document: dict[str, Any]) -> None:
        at = datetime.fromtimestamp(document["_aws"]["Timestamp"] / 1000, UTC)
        self.newest = max(self.newest, at)
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


def evaluate(cloudwatch: Any, alarm: dict[str, Any], newest: datetime) -> str:
    """The state after the last minutes. Ticks may be ahead of the clock: then alarms are, too."""
    count, period = alarm["EvaluationPeriods"], alarm["Period"]
    end = newest.replace(second=0, microsecond=0) + timedelta(minutes=1)
    start = end - timedelta(seconds=period * count)
    found = cloudwatch.get_metric_statistics(
        Namespace=alarm["Namespace"],
        MetricName=alarm["MetricName"],
        Dimensions=alarm.get("Dimensions", []),
        StartTime=start,
        EndTime=end,
        Period=period,
        Statistics=[alarm["Statistic"]],
    )["Datapoints"]
    values = {
        int((one["Timestamp"] - start).total_seconds() // period): one[alarm["Statistic"]]
        for one in found
    }
    breaches = _COMPARISONS[alarm["ComparisonOperator"]]
    missing = _MISSING.get(alarm.get("TreatMissingData", "missing"))
    flags = [
        breaches(values[at], alarm["Threshold"]) if at in values else missing for at in range(count)
    ]
    if all(one is None for one in flags):
        return "INSUFFICIENT_DATA"
    return "ALARM" if flags.count(True) >= alarm.get("DatapointsToAlarm", count) else "OK"


def watch_alarms(cloudwatch: Any, newest: datetime) -> None:
    for page in cloudwatch.get_paginator("describe_alarms").paginate():
        for alarm in page["MetricAlarms"]:
            state = evaluate(cloudwatch, alarm, newest)
            if state != alarm["StateValue"]:
                cloudwatch.set_alarm_state(
                    AlarmName=alarm["AlarmName"], StateValue=state, StateReason="evaluated"
                )


def bridge() -> None:
    while not _is_up():
        time.sleep(0.1)
    metrics, cloudwatch = Metrics(), boto3.client("cloudwatch")
    while True:
        time.sleep(_PAUSE_SECONDS)
        try:
            metrics.take_up()
            watch_alarms(cloudwatch, max(metrics.newest, datetime.now(UTC)))
        except Exception:  # noqa: BLE001  the next round tries again; the log tells
            traceback.print_exc()


def _is_up() -> bool:
    try:
        urllib.request.urlopen(HEALTH, timeout=1).close()
    except OSError:
        return False
    return True


def main() -> None:
    # Its own evaluation is blind to dimensions and to missing data.
    emulated._evaluate_alarm = lambda _alarm: None
    emulated._evaluate_all_alarms = lambda: None
    # AWS names it on these refusals, too; without it nobody could tell who refused.
    gateway._GATEWAY_RESPONSE_ERROR_TYPES["INVALID_API_KEY"] = "ForbiddenException"
    threading.Thread(target=bridge, daemon=True).start()
    sys.argv = ["ministack"]
    serve()


if __name__ == "__main__":
    main()
