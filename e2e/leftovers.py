"""After `cdk destroy`: what is left of the monitor in the account."""

from __future__ import annotations

from collections.abc import Iterator

from e2e.account import cdk, client
from e2e.scene import Scene


def nothing_left(scene: Scene, of: str = "") -> None:
    """But what the documentation names: keys that wait for their deletion. `of`: what the names of
    the monitor's own begin with, where the stack has more than a monitor."""
    stack = scene.service.stack
    cdk("destroy", stack, "--force", "--app", scene.folder / "cdk.out")
    left = sorted(one for one in _names() if (of or stack).lower() in one.lower())
    scene.table.check(f"{stack} destroyed: nothing is left", not left, left)


def _names() -> Iterator[str]:
    """Of all that a monitor is made of."""
    yield from client("dynamodb").list_tables()["TableNames"]
    yield from client("sqs").list_queues().get("QueueUrls", [])
    for service, operation, items, name in (
        ("s3", "list_buckets", "Buckets", "Name"),
        ("lambda", "list_functions", "Functions", "FunctionName"),
        ("sns", "list_topics", "Topics", "TopicArn"),
        ("logs", "describe_log_groups", "logGroups", "logGroupName"),
        ("iam", "list_roles", "Roles", "RoleName"),
        ("scheduler", "list_schedules", "Schedules", "Name"),
        ("scheduler", "list_schedule_groups", "ScheduleGroups", "Name"),
        ("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
        ("cloudwatch", "list_dashboards", "DashboardEntries", "DashboardName"),
    ):
        for one in getattr(client(service), operation)()[items]:
            yield one[name]
