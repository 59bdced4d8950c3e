"""SQS FIFO, one lane for each API: its writer."""

from __future__ import annotations

from typing import Any

import msgspec

from gatewatch.service.incidents import handle_wake_up
from gatewatch.service.wake_up import WakeUp
from handlers.lanes import handled
from handlers.telemetry import Unit, logger, metrics, say_ahead, stamp
from handlers.wiring import now, published, publisher, table


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: Any) -> Any:
    stamp()
    metrics.add_metric("NoticesUndelivered", Unit.Count, 0)
    return handled(event, context, _call)


def _call(record: dict[str, Any]) -> None:
    wake_up = msgspec.json.decode(record["body"], type=WakeUp)
    delivery = handle_wake_up(wake_up, table(), publisher(), published().find, now())
    metrics.add_metric("NoticesSent", Unit.Count, delivery.sent)
    metrics.add_metric("NoticesUndelivered", Unit.Count, delivery.undelivered)
    metrics.add_metric("NoticesRefused", Unit.Count, delivery.refused)
    say_ahead(delivery.ahead)
