"""Which quotas of an account a configuration touches: what it needs, and AWS's defaults.

Defaults of us-east-1. Sources: the quota pages of Lambda, SQS, DynamoDB, SNS, Secrets Manager,
CloudWatch and API Gateway, 2026; those of SNS, CloudWatch Logs and Secrets Manager from memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil

import msgspec

from gatewatch.cost.bill import shard_seconds, sqs_requests
from gatewatch.cost.counted import Counted

_MINUTE = 60


class Touched(msgspec.Struct, frozen=True, kw_only=True):
    """`needed` is what a healthy minute asks for at once or in a second; `given`, the default."""

    quota: str
    needed: float
    given: float
    note: str = ""


def touched(found: Counted) -> Iterator[Touched]:
    a_second = found.shards / _MINUTE
    yield Touched(
        quota="Lambda: functions at once",
        needed=ceil(a_second * shard_seconds(found)),
        given=1_000,
        note=f"{silent_concurrency(found)} if every API kept silent until its timeout; a new "
        "account may have 10",
    )
    yield Touched(
        quota="SQS: calls a second to a FIFO queue, in high-throughput mode",
        needed=sqs_requests(found) / _MINUTE,
        given=70_000,
        note="300 in one message group: a host's shards have four",
    )
    yield Touched(
        quota="DynamoDB: write units a second of a new table",
        needed=(found.written + found.held) / _MINUTE,
        given=4_000,
        note="1,000 for one API, whose slices may be in one partition",
    )
    yield Touched(
        quota="DynamoDB: read units a second of a new table",
        needed=found.slices / _MINUTE,
        given=12_000,
    )
    yield Touched(
        quota="CloudWatch Logs: PutLogEvents a second",
        needed=a_second,
        given=5_000,
        note="Lambda sends them",
    )
    yield Touched(
        quota="SNS: publishing a second",
        needed=0,
        given=30_000,
        note="a message when an API's incident opens, changes or ends",
    )
    yield Touched(
        quota="Secrets Manager: GetSecretValue a second",
        needed=0,
        given=10_000,
        note="once for each secret and worker, and when a credential is refused",
    )
    yield Touched(
        quota="API Gateway: requests a second of the watched account and region",
        needed=found.looks / _MINUTE,
        given=10_000,
        note="shared with the APIs' own callers",
    )


def silent_concurrency(found: Counted) -> int:
    """How many probes must run at once so that a minute's shards end within it though no look is
    answered. A host is given up after five failures in a row, so each shard takes one timeout."""
    timeout = found.timeout_seconds / found.looks if found.looks else 0
    return ceil(found.shards * timeout / _MINUTE)
