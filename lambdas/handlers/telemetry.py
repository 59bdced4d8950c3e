"""Logs and run-level metrics of all functions: one namespace, one dimension."""

from __future__ import annotations

from datetime import datetime

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import Metrics
from aws_lambda_powertools.metrics import MetricUnit as Unit

from gatewatch.service.metrics import NAMESPACE
from handlers.wiring import deployment

__all__ = ["Unit", "logger", "metrics", "say_ahead", "stamp"]

logger = Logger()
# An empty service: its name would be a second dimension, and a second series to pay for.
metrics = Metrics(namespace=NAMESPACE, service="")


def stamp(at: datetime | None = None) -> None:
    """Counts belong to the minute that was scheduled, however late they come."""
    metrics.add_dimension("deployment", deployment())
    if at is not None:
        metrics.set_timestamp(int(at.timestamp() * 1000))


def say_ahead(found: int) -> None:
    """How many times that others gave were ahead of this function's clock, and were not believed:
    one of the clocks is wrong, or was."""
    metrics.add_metric("ClockAhead", Unit.Count, found)
    if found:
        logger.error("clock_ahead", times=found)
