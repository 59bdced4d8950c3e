"""SQS FIFO, one lane for each API: its writer."""

from __future__ import annotations

from collections import Counter
from typing import Any

from gatewatch.service.desk import attend
from gatewatch.service.errands import DeskCall
from gatewatch.service.incidents import handle_wake_up
from gatewatch.service.wake_up import read_call
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
    call = read_call(record["body"])
    if isinstance(call, DeskCall):
        _count(attend(call, table(), publisher()).counted)
        return
    delivery = handle_wake_up(call, table(), publisher(), published().find, now())
    metrics.add_metric("NoticesSent", Unit.Count, delivery.sent)
    metrics.add_metric("NoticesUndelivered", Unit.Count, delivery.undelivered)
    metrics.add_metric("NoticesRefused", Unit.Count, delivery.refused)
    say_ahead(delivery.ahead)


def _count(messages: Counter[str]) -> None:
    for name, what in _MESSAGES.items():
        metrics.add_metric(name, Unit.Count, messages[what])


_MESSAGES = {
    "NoticesSent": "sent",
    "NoticesUndelivered": "undelivered",
    "NoticesRefused": "refused",
}
