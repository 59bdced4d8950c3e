"""EventBridge Scheduler, each minute: dispatches what is due."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from gatewatch import __version__
from gatewatch.incidents.ahead import lead
from gatewatch.service.dispatch import dispatch
from gatewatch.service.listeners import is_asked_at, unheard
from gatewatch.service.published import RejectedError
from handlers.telemetry import Unit, count, logger, measured, metrics, say_ahead, stamp
from handlers.wiring import (
    changes,
    now,
    own_topics,
    pulse,
    shards,
    source,
    table,
    topic_states,
    twin_shards,
)


@logger.inject_lambda_context
@measured
def handler(event: dict[str, Any], context: Any) -> dict[str, int]:
    at = _scheduled(event)
    stamp(at)
    say_ahead(int(bool(lead(at.isoformat(), now()))))
    try:
        done = dispatch(
            at, source(), table(), shards(), changes(), twin=twin_shards(), pulse=pulse()
        )
    except RejectedError as error:
        # No version is usable, not even an earlier one: both alarms must ring.
        _say_rejected(error.problems)
        raise
    metrics.add_metric("RoutesDue", Unit.Count, done.due)
    _say_rejected(done.rejected)
    count("ApisStopped", len(done.stopped))
    count("RoutesPaused", done.paused)
    for api, because in done.stopped.items():
        logger.error("api_stopped", api=api, reason=because)
    if is_asked_at(at):
        _say_unheard((*own_topics(), *done.topics), context)
    told = {"due": done.due, "shards": done.shards, "sweeps": done.sweeps}
    logger.info("dispatched", extra={"version": __version__, **told})
    if done.unread is not None:
        raise done.unread
    return told


def _say_rejected(problems: Sequence[str]) -> None:
    count("ConfigRejected", len(problems) and 1)
    if problems:
        logger.error("config_rejected", problems=problems)


def _say_unheard(topics: Sequence[str], context: Any) -> None:
    """The metric is there only while it is needed. What is unknown is said once by each worker."""

    def has_time() -> bool:
        return int(context.get_remaining_time_in_millis()) > _FOR_ONE_TOPIC_MS

    silent, unknown = unheard(topics, topic_states(), has_time)
    count("TopicsUnheard", len(silent))
    for one in silent:
        logger.error("topic_unheard", topic=one.topic, reason=one.because)
    for one in unknown:
        if one.topic not in _said_unknown:
            logger.warning("topic_unknown", topic=one.topic, reason=one.because)
            _said_unknown.add(one.topic)


_FOR_ONE_TOPIC_MS = 25_000
"""Two calls with two tries each, of five seconds, and the rest of the tick."""
_said_unknown: set[str] = set()


def _scheduled(event: dict[str, Any]) -> datetime:
    """The scheduled time; now, where the event has none."""
    try:
        return datetime.fromisoformat(str(event["time"])).astimezone(UTC)
    except (KeyError, ValueError):
        return now()
