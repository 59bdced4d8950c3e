"""What the tests of the service share: an emulated account, and ticks of the clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import boto3

from gatewatch.adapters.aws.dynamodb import DynamoTable

START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def tick(number: int) -> str:
    return (START + timedelta(minutes=number)).isoformat()


def table() -> DynamoTable:
    """A new table of the emulated account, as the stack makes it."""
    name = f"gatewatch-{uuid4().hex[:8]}"
    boto3.client("dynamodb").create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
    )
    return DynamoTable(name)


def queue(name: str = "changes") -> str:
    """The URL of a new FIFO queue."""
    attributes = {"FifoQueue": "true"}
    made = boto3.client("sqs").create_queue(
        QueueName=f"{name}-{uuid4().hex[:8]}.fifo", Attributes=attributes
    )
    return str(made["QueueUrl"])


def bucket() -> str:
    name = f"gatewatch-{uuid4().hex[:8]}"
    boto3.client("s3").create_bucket(Bucket=name)
    return name
