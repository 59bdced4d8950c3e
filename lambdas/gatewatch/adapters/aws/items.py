"""Items of a DynamoDB table with the keys `pk` and `sk`: read in pages, written once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from time import sleep
from typing import Any

from gatewatch.service.ports import OvertakenError


class ThrottledError(Exception):
    """Raised where a table keeps leaving keys unread, even after long pauses."""


Item = Mapping[str, Mapping[str, Any]]
_BATCH = 100


def query(
    dynamodb: Any, table: str, partition: str, prefix: str = "", *, newest_first: bool = False
) -> Iterator[Item]:
    """A partition's items in the order of their names; pages are read as they are needed."""
    named = " AND begins_with(sk, :s)" if prefix else ""
    pages = dynamodb.get_paginator("query").paginate(
        TableName=table,
        KeyConditionExpression=f"pk = :p{named}",
        ExpressionAttributeValues={
            ":p": {"S": partition},
            **({":s": {"S": prefix}} if prefix else {}),
        },
        ScanIndexForward=not newest_first,
        ConsistentRead=True,
    )
    for page in pages:
        yield from page["Items"]


_FIRST_PAUSE_SECONDS = 0.05
_MOST_PAUSES = 8


def batch(
    dynamodb: Any,
    table: str,
    keys: Sequence[Mapping[str, Any]],
    wait: Callable[[float], None] = sleep,
) -> Iterator[Item]:
    """The items that exist. A throttled table is read again after ever longer pauses, and given up
    after some thirteen seconds: raises ThrottledError.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
    """
    waiting = list(keys)
    pauses = 0
    while waiting:
        asked = {"Keys": waiting[:_BATCH], "ConsistentRead": True}
        answer = dynamodb.batch_get_item(RequestItems={table: asked})
        yield from answer["Responses"].get(table, [])
        left = answer.get("UnprocessedKeys", {}).get(table, {}).get("Keys", [])
        waiting = [*left, *waiting[_BATCH:]]
        pauses = pauses + 1 if left else 0
        if pauses > _MOST_PAUSES:
            raise ThrottledError(f"{table} left {len(left)} items unread, {pauses} times")
        if left:
            wait(_FIRST_PAUSE_SECONDS * 2 ** (pauses - 1))


@contextmanager
def condition(*, suppressed: bool = False) -> Iterator[None]:
    """A failed condition means that another writer was first."""
    from botocore.exceptions import ClientError

    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
        if not suppressed:
            raise OvertakenError from None


def expires(kept: timedelta) -> dict[str, str]:
    return {"N": str(int((datetime.now(UTC) + kept).timestamp()))}
