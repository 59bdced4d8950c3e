"""EventBridge Scheduler, each minute: deals out what is due."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from gatewatch.ahead import lead
from gatewatch.service.dispatch import dispatch
from handlers.telemetry import Unit, logger, metrics, say_ahead, stamp
from handlers.wiring import changes, now, shards, source, table, twin_shards


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: Any) -> dict[str, int]:
    scheduled = _scheduled(event)
    ahead = lead(scheduled.isoformat(), now())
    at = now() if ahead else scheduled
    stamp(at)
    say_ahead(int(bool(ahead)))
    done = dispatch(at, source(), table(), shards(), changes(), twin=twin_shards())
    metrics.add_metric("RoutesDue", Unit.Count, done.due)
    metrics.add_metric("ConfigRejected", Unit.Count, len(done.rejected) and 1)
    if done.rejected:
        logger.error("config_rejected", problems=done.rejected)
    return {"due": done.due, "shards": done.shards, "sweeps": done.sweeps}


def _scheduled(event: dict[str, Any]) -> datetime:
    """The time that the schedule was for; now, where whoever invokes gives none."""
    try:
        return datetime.fromisoformat(str(event["time"])).astimezone(UTC)
    except (KeyError, ValueError):
        return now()
