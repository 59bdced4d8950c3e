"""SQS, one shard per message: takes the looks. The twin in the VPC runs the same code."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from time import perf_counter
from typing import Any

import msgspec

from gatewatch.model import Verdict
from gatewatch.service.metrics import measures
from gatewatch.service.probe import Probed, probe, unreadable
from gatewatch.service.shards import Shard
from handlers.lanes import handled
from handlers.looks import prober
from handlers.telemetry import Unit, count, logger, metrics, publish, say_ahead, stamp
from handlers.wiring import CLOCK, changes, deployment, is_small, table


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> Any:
    return handled(event, context, _shard)


def _shard(record: dict[str, Any]) -> None:
    shard = msgspec.json.decode(record["body"], type=Shard)
    started, now = perf_counter(), CLOCK.now()
    transport = prober(shard.credentials, shard.networks, shard.contact)
    try:
        probed = probe(shard, CLOCK, transport, table(), changes(), _log_findings)
    finally:
        transport.close()
    _measure(probed, now, perf_counter() - started)
    _log_unreadable(probed)
    if probed.dropped:
        logger.warning("looks_dropped", looks=probed.dropped, tick=probed.at)


def _measure(probed: Probed, began: datetime, seconds: float) -> None:
    at = datetime.fromisoformat(probed.at)
    stamp(at)
    if not is_small():
        metrics.add_metric("RunDuration", Unit.Milliseconds, seconds * 1000)
        metrics.add_metric("QueueDelay", Unit.Milliseconds, (began - at).total_seconds() * 1000)
        count("RoutesStale", probed.stale)
    count("LooksDropped", probed.dropped)
    say_ahead(probed.ahead)
    publish(measures(probed, deployment(), small=is_small()), at)
    if metrics.metric_set:
        metrics.flush_metrics()


def _log_findings(verdicts: Sequence[Verdict]) -> None:
    for one in verdicts:
        if one.finding is not None:
            logger.info(
                "finding",
                api=one.api,
                route=one.route,
                caller=one.caller,
                finding=one.finding,
                layer=one.layer,
                cause=one.cause,
            )


def _log_unreadable(probed: Probed) -> None:
    """One line for each credential, however many routes need it."""
    for scope, because in unreadable(probed).items():
        name = scope.removeprefix("credential ")
        logger.error("credential_unreadable", credential=name, reason=because)
