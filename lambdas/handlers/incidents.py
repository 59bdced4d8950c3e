"""SQS FIFO, one lane for each API: its writer."""

from __future__ import annotations

from typing import Any

import msgspec
from aws_lambda_powertools.utilities.batch import SqsFifoPartialProcessor, process_partial_response

from gatewatch.service.incidents import answer
from gatewatch.service.wake_up import WakeUp
from handlers.telemetry import Unit, logger, metrics, say_ahead, stamp
from handlers.wiring import now, published, publisher, table

_processor = SqsFifoPartialProcessor(skip_group_on_error=True)


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: Any) -> Any:
    stamp()
    metrics.add_metric("NoticesUndelivered", Unit.Count, 0)
    return process_partial_response(
        event=event, record_handler=_call, processor=_processor, context=context
    )


def _call(record: dict[str, Any]) -> None:
    call = msgspec.json.decode(record["body"], type=WakeUp)
    told = answer(call, table(), publisher(), published().find, now())
    metrics.add_metric("NoticesSent", Unit.Count, told.sent)
    metrics.add_metric("NoticesUndelivered", Unit.Count, told.undelivered)
    metrics.add_metric("NoticesRefused", Unit.Count, told.refused)
    say_ahead(told.ahead)
