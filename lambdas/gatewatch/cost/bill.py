"""The monthly bill on both sides: for the monitor's account, and for the APIs' owners.

A month has 730 hours in which nothing fails; outages cost extra.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil

import msgspec

from gatewatch.cost import measured, prices
from gatewatch.cost.counted import Counted
from gatewatch.service.shards import Bounds

MINUTES = 43_800
_SQS_CHUNK = 64_000
_MESSAGES_A_CALL = 10
_READ_BYTES = 4_096
_TICK = 1
"""Dispatch notes each tick, for `gatewatch status`."""


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """`why` explains to people what is counted."""

    name: str
    usd: float
    why: str


class Bill(msgspec.Struct, frozen=True, kw_only=True):
    """US dollars a month. `watched`: API Gateway's requests, as REST and as HTTP APIs."""

    ours: tuple[Item, ...]
    ours_usd: float
    watched_rest_usd: float
    watched_http_usd: float


def bill(found: Counted) -> Bill:
    items = tuple(_items(found))
    requests = found.looks * MINUTES
    return Bill(
        ours=items,
        ours_usd=_cents(sum(one.usd for one in items)),
        watched_rest_usd=_cents(tiered(requests, prices.REST_REQUESTS)),
        watched_http_usd=_cents(tiered(requests, prices.HTTP_REQUESTS)),
    )


def shard_seconds(found: Counted) -> float:
    """How long a probe runs for a shard of healthy routes, on the average."""
    if not found.shards or not found.looks:
        return 0.0
    looks = found.looks / found.shards
    hosts = min(Bounds().per_host, looks)
    calls = 1 + (found.written + found.held) / found.shards
    processor = (
        looks * measured.LOOK
        + hosts * measured.CONNECTION
        + calls * measured.AWS_CALL
        + measured.SHARD
    )
    busy = processor * measured.GRAVITON / measured.PROCESSORS
    waiting = looks / hosts * measured.LOOK_SECONDS + calls * measured.AWS_CALL_SECONDS
    return max(busy, waiting)


def dispatch_seconds(found: Counted) -> float:
    processor = found.routes * measured.DISPATCH_ROUTE + (4 + _sends(found)) * measured.AWS_CALL
    waiting = (4 + _sends(found)) * measured.AWS_CALL_SECONDS
    return processor * measured.GRAVITON / measured.PROCESSORS + waiting


def tiered(amount: float, tiers: Iterable[tuple[float, float]]) -> float:
    """Each part of an amount at the price of its tier; the last tier has no end."""
    total = price = 0.0
    for size, price in tiers:
        taken = min(amount, size)
        total, amount = total + taken * price, amount - taken
    return total + amount * price


def _items(found: Counted) -> Iterable[Item]:
    seconds = found.shards * shard_seconds(found) + dispatch_seconds(found)
    seconds += found.beats * measured.POST_SECONDS
    yield _item(
        "Lambda",
        seconds * measured.MEMORY_GB * prices.LAMBDA_GB_SECOND
        + (found.shards + 1 + found.beats) * prices.LAMBDA_RUN,
        f"{found.shards:,.1f} shards a minute of {shard_seconds(found):.2f} s, "
        f"dispatch {dispatch_seconds(found):.1f} s",
    )
    yield _item(
        "SQS",
        sqs_requests(found) * prices.SQS_REQUEST,
        f"{sqs_requests(found):,.0f} requests a minute, {_empty_polls(found)} of them empty polls",
    )
    writes = found.written + found.held + _TICK + found.beats
    reads = found.slices + found.beats + ceil(found.apis * measured.RECORD_BYTES / _READ_BYTES)
    yield _item(
        "DynamoDB",
        writes * prices.DYNAMODB_WRITE + reads * prices.DYNAMODB_READ,
        f"{writes:,.1f} writes and {reads:,.0f} reads a minute",
    )
    logged = log_bytes(found)
    yield _item(
        "CloudWatch Logs",
        logged / 1e9 * (prices.LOGS_GB + prices.LOGS_GB_MONTH),
        f"{logged * MINUTES / 1e9:,.1f} GB a month, metrics among them",
    )
    yield from _standing(found)
    yield _item("schedule, S3", prices.SCHEDULER_RUN + 2 * prices.S3_READ, "one tick a minute")


def _standing(found: Counted) -> Iterable[Item]:
    """What stands there all the time, however many routes there are."""
    series = measured.SMALL_SERIES if found.is_small else measured.SERIES
    alarms = measured.ALARMS + (measured.POSTING_ALARMS if found.posts else 0)
    yield Item(name="metrics", usd=_cents(series * prices.METRIC), why=f"{series} series")
    yield Item(
        name="alarms",
        usd=_cents(alarms * prices.ALARM + prices.COMPOSITE_ALARM),
        why=f"{alarms} watched metrics, and one alarm over others",
    )
    boards = 0 if found.is_small else 1
    yield Item(name="dashboard", usd=_cents(boards * prices.DASHBOARD), why=f"{boards}")
    yield Item(name="keys", usd=_cents(measured.KEYS * prices.KMS_KEY), why="one for each topic")


def _item(name: str, usd_a_minute: float, why: str) -> Item:
    return Item(name=name, usd=_cents(usd_a_minute * MINUTES), why=why)


def _sends(found: Counted) -> int:
    return ceil(found.shards / _MESSAGES_A_CALL)


def sqs_requests(found: Counted) -> float:
    """A minute: sends in tens, one receive and one delete for each shard, the same for each beat,
    and empty polls."""
    sent = max(_sends(found), found.message_bytes / _SQS_CHUNK)
    return sent + 2 * found.shards + 3 * found.beats + _empty_polls(found)


def _empty_polls(found: Counted) -> int:
    return measured.EMPTY_POLLS + (measured.POSTING_POLLS if found.posts else 0)


def log_bytes(found: Counted) -> float:
    """A minute."""
    a_shard = measured.EMF_SHARD_BYTES + measured.PLATFORM_LOG_BYTES
    return found.shards * a_shard + found.looks * measured.EMF_LOOK_BYTES


def _cents(usd: float) -> float:
    return round(usd, 2)
