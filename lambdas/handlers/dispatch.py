"""EventBridge Scheduler, each minute: dispatches what is due."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from gatewatch import __version__
from gatewatch.incidents.ahead import lead
from gatewatch.service.dispatch import dispatch
from gatewatch.service.published import RejectedError
from handlers.telemetry import Unit, count, logger, metrics, say_ahead, stamp
from handlers.wiring import changes, now, shards, source, table, twin_shards


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: Any) -> dict[str, int]:
    at = _scheduled(event)
    stamp(at)
    say_ahead(int(bool(lead(at.isoformat(), now()))))
    try:
        done = dispatch(at, source(), table(), shards(), changes(), twin=twin_shards())
    except RejectedError as error:
        # No version is usable, not even an earlier one: both alarms must ring.
        _say_rejected(error.problems)
        raise
    metrics.add_metric("RoutesDue", Unit.Count, done.due)
    _say_rejected(done.rejected)
    count("ApisStopped", len(done.stopped))
    for api, because in done.stopped.items():
        logger.error("api_stopped", api=api, reason=because)
    told = {"due": done.due, "shards": done.shards, "sweeps": done.sweeps}
    logger.info("dispatched", extra={"version": __version__, **told})
    return told


def _say_rejected(problems: Sequence[str]) -> None:
    count("ConfigRejected", len(problems) and 1)
    if problems:
        logger.error("config_rejected", problems=problems)


def _scheduled(event: dict[str, Any]) -> datetime:
    """The scheduled time; now, where the event has none."""
    try:
        return datetime.fromisoformat(str(event["time"])).astimezone(UTC)
    except (KeyError, ValueError):
        return now()
