"""The functions' adapters, created at first use and kept while a Lambda is warm."""

from __future__ import annotations

import os
from datetime import datetime
from functools import lru_cache

from gatewatch.adapters.aws.channel_items import DynamoChannels
from gatewatch.adapters.aws.dynamodb import DynamoTable
from gatewatch.adapters.aws.eventbridge import EventBridgePublisher
from gatewatch.adapters.aws.published import PublishedApis
from gatewatch.adapters.aws.s3 import S3Objects
from gatewatch.adapters.aws.sns import SnsPublisher
from gatewatch.adapters.aws.sqs import SqsQueue
from gatewatch.adapters.aws.topic_states import SnsTopicStates
from gatewatch.adapters.local.clock import SystemClock
from gatewatch.notices.origin import Origin
from gatewatch.service.channel_publisher import ChannelPublisher
from gatewatch.service.heartbeat import Pulse
from gatewatch.service.source import ConfigSource

CLOCK = SystemClock()


def now() -> datetime:
    return CLOCK.now()


@lru_cache
def table() -> DynamoTable:
    return DynamoTable(os.environ["GATEWATCH_TABLE"])


@lru_cache
def objects() -> S3Objects:
    return S3Objects(os.environ["GATEWATCH_BUCKET"])


@lru_cache
def source() -> ConfigSource:
    return ConfigSource(
        objects(), table(), os.environ["GATEWATCH_POINTER"], os.environ["GATEWATCH_ALLOWED"]
    )


@lru_cache
def published() -> PublishedApis:
    return PublishedApis(objects())


@lru_cache
def shards() -> SqsQueue:
    return SqsQueue(os.environ["GATEWATCH_SHARDS_URL"])


@lru_cache
def twin_shards() -> SqsQueue | None:
    """The twin's queue; None where no API was private at deployment."""
    url = os.environ.get("GATEWATCH_TWIN_SHARDS_URL")
    return SqsQueue(url) if url else None


@lru_cache
def changes() -> SqsQueue:
    return SqsQueue(os.environ["GATEWATCH_CHANGES_URL"])


@lru_cache
def own_queue() -> SqsQueue | None:
    """The one whose messages this function handles; None where it handles none."""
    url = os.environ.get("GATEWATCH_QUEUE_URL")
    return SqsQueue(url) if url else None


def own_topics() -> tuple[str, ...]:
    named = ("GATEWATCH_INCIDENTS_TOPIC", "GATEWATCH_ALARMS_TOPIC")
    return tuple(os.environ[name] for name in named if name in os.environ)


@lru_cache
def topic_states() -> SnsTopicStates:
    return SnsTopicStates(own_topics())


@lru_cache
def deliveries() -> SqsQueue | None:
    """Of the deliverer; None where nothing was posted at deployment."""
    url = os.environ.get("GATEWATCH_DELIVERIES_URL")
    return SqsQueue(url) if url else None


@lru_cache
def pulse() -> Pulse | None:
    queue = deliveries()
    return None if queue is None else Pulse(queue, deployment())


@lru_cache
def given_up() -> SqsQueue:
    return SqsQueue(os.environ["GATEWATCH_DEAD_URL"])


@lru_cache
def channels() -> DynamoChannels:
    return DynamoChannels(os.environ["GATEWATCH_TABLE"])


@lru_cache
def topics() -> SnsPublisher:
    return SnsPublisher(os.environ["GATEWATCH_INCIDENTS_TOPIC"], origin())


@lru_cache
def publisher() -> ChannelPublisher:
    return ChannelPublisher(topics(), EventBridgePublisher(origin()), deliveries(), channels(), now)


@lru_cache
def origin() -> Origin:
    """The service's own topic is in its account and region: its ARN names both."""
    _, _, _, region, account, _ = os.environ["GATEWATCH_INCIDENTS_TOPIC"].split(":")
    return Origin(
        account=account,
        region=region,
        deployment=deployment(),
        stack=os.environ.get("GATEWATCH_STACK", deployment()),
        monitor=os.environ.get("GATEWATCH_MONITOR"),
        dashboard=os.environ.get("GATEWATCH_DASHBOARD"),
    )


def deployment() -> str:
    return os.environ["GATEWATCH_DEPLOYMENT"]


def is_small() -> bool:
    """Whether to write only the metrics that alarms watch."""
    return "GATEWATCH_SMALL" in os.environ
