"""Alarms as CloudWatch evaluates them: for their own dimensions, M of N, with missing data."""

from __future__ import annotations

import operator
from datetime import UTC, datetime, timedelta
from typing import Any

_COMPARISONS = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
_MISSING = {"breaching": True, "notBreaching": False}


def evaluate(cloudwatch: Any, alarm: dict[str, Any], now: datetime) -> str:
    """The state after the last minutes."""
    count, period = alarm["EvaluationPeriods"], alarm["Period"]
    end = now.replace(second=0, microsecond=0) + timedelta(minutes=1)
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


def _is_timed(alarm: dict[str, Any]) -> bool:
    """What is counted when it happens, and not for the minute that a tick was scheduled for."""
    return bool(alarm["Namespace"] == "AWS/Lambda" or alarm["MetricName"].startswith("Notices"))


def watch_alarms(cloudwatch: Any, now: datetime) -> None:
    """`now` is the run's."""
    for page in cloudwatch.get_paginator("describe_alarms").paginate():
        for alarm in page["MetricAlarms"]:
            state = evaluate(cloudwatch, alarm, datetime.now(UTC) if _is_timed(alarm) else now)
            if state != alarm["StateValue"]:
                cloudwatch.set_alarm_state(
                    AlarmName=alarm["AlarmName"], StateValue=state, StateReason="evaluated"
                )
