"""SQS FIFO, one parcel to a message and one lane for each channel: posts it.

Its environment, besides what every function has (GATEWATCH_DEPLOYMENT, GATEWATCH_TABLE) and the
writer, too (GATEWATCH_BUCKET, GATEWATCH_INCIDENTS_TOPIC, GATEWATCH_STACK, GATEWATCH_MONITOR):

GATEWATCH_ALLOWED    the object that says what the stack is deployed for
GATEWATCH_QUEUE_URL  the queue that it empties
GATEWATCH_DEAD_URL   where lies what was given up
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from gatewatch.adapters.aws.beats import published_beat
from gatewatch.adapters.secrets import read_in_account
from gatewatch.config.canonical import Heartbeat, Hook
from gatewatch.delivery.deliver import deliver
from gatewatch.delivery.outcome import Outcome, Taken
from gatewatch.delivery.parcel import Parcel
from gatewatch.probe.posting import Poster
from gatewatch.probe.vault import Vault
from gatewatch.service.deliveries import Arrived, Desk, Handled, handle
from gatewatch.service.source import read_allowed
from handlers import wiring
from handlers.lanes import again_after, again_soon
from handlers.telemetry import Unit, logger, measured, metrics, stamp


@logger.inject_lambda_context
@measured
def handler(event: dict[str, Any], context: Any) -> Any:
    """One message to an event: of several, none is handled before an earlier one was."""
    stamp()
    left = list(event["Records"])
    while left and _is_done(left[0]):
        left.pop(0)
    return {"batchItemFailures": [{"itemIdentifier": one["messageId"]} for one in left]}


def _is_done(record: dict[str, Any]) -> bool:
    """A channel that takes nothing is no error of this function. One of its own is, and the message
    comes again all the same."""
    arrived = _arrived(record)
    try:
        done = handle(arrived, _desk())
    except Exception:
        again_soon(record["receiptHandle"], arrived.tries)
        raise
    _count(done)
    if done.again_seconds is None:
        return True
    again_after(record["receiptHandle"], done.again_seconds)
    return False


def _arrived(record: dict[str, Any]) -> Arrived:
    known = record["attributes"]
    return Arrived(
        body=record["body"],
        since=datetime.fromtimestamp(int(known["SentTimestamp"]) / 1000, UTC),
        tries=int(known["ApproximateReceiveCount"]),
    )


def _desk() -> Desk:
    allowed = read_allowed(wiring.objects(), os.environ["GATEWATCH_ALLOWED"])
    return Desk(
        allowed=allowed,
        table=wiring.channels(),
        give=lambda parcel: _given(parcel, allowed.networks),
        dead=wiring.given_up(),
        now=wiring.now(),
    )


def _given(parcel: Parcel, networks: tuple[str, ...]) -> Outcome:
    """Secrets are read again for the next try, since they may have been rotated."""
    if parcel.beat is not None and parcel.beat.to.topic:
        return published_beat(parcel.beat)
    secrets = vault()
    outcome = deliver(parcel, wiring.origin(), secrets.secret, Poster(networks).send)
    if not isinstance(outcome, Taken) and (to := _destination(parcel)) is not None:
        secrets.renew(to)
    return outcome


def _destination(parcel: Parcel) -> Hook | Heartbeat | None:
    if parcel.beat is not None:
        return parcel.beat.to
    return parcel.to.hook or None if parcel.to is not None else None


@lru_cache
def vault() -> Vault:
    """Secrets are kept from one message to the next."""
    return Vault(read_in_account, wiring.CLOCK)


def _count(done: Handled) -> None:
    metrics.add_metric("NoticesSent", Unit.Count, done.sent)
    metrics.add_metric("NoticesUndelivered", Unit.Count, done.undelivered)
    metrics.add_metric("NoticesRefused", Unit.Count, done.refused)
