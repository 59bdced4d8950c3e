"""Logs and metrics of all functions, in one namespace."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import wraps
from typing import Any

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, Metrics
from aws_lambda_powertools.metrics import MetricUnit as Unit

from gatewatch.service.metrics import NAMESPACE, Measure, dimension, unit
from handlers.wiring import deployment

__all__ = ["Unit", "count", "logger", "measured", "metrics", "publish", "say_ahead", "stamp"]

Handle = Callable[[Any, Any], object]

logger = Logger()
# An empty service: its name would be a second dimension, and a second series to pay for.
metrics = Metrics(namespace=NAMESPACE, service="")
"""Of one run, with the deployment as their one dimension."""


def stamp(at: datetime | None = None) -> None:
    """Counts belong to the scheduled minute, however late they come."""
    metrics.add_dimension("deployment", deployment())
    # The function's ARN, which each line has, names account and region.
    logger.append_keys(deployment=deployment())
    if at is not None:
        metrics.set_timestamp(int(at.timestamp() * 1000))


def measured(handle: Handle) -> Handle:
    """As `log_metrics`, for a function that often has nothing to count."""

    @wraps(handle)
    def handled(event: Any, context: Any) -> object:
        try:
            return handle(event, context)
        finally:
            if metrics.metric_set:
                metrics.flush_metrics()
            metrics.clear_metrics()

    return handled


def count(name: str, found: int) -> None:
    """What only matters where it is not zero: see `service.metrics`."""
    if found:
        metrics.add_metric(name, Unit.Count, found)


def say_ahead(found: int) -> None:
    """The number of received times ahead of this function's clock, which were not believed: one of
    the clocks is wrong, or was."""
    count("ClockAhead", found)
    if found:
        logger.error("clock_ahead", times=found)


def publish(measures: Iterable[Measure], at: datetime) -> None:
    """One embedded document for each; values of one metric go out together, as an array."""
    for one in measures:
        document = EphemeralMetrics(namespace=NAMESPACE, service="")
        document.set_timestamp(int(at.timestamp() * 1000))
        for name, shown in one.dimensions.items():
            document.add_dimension(name, dimension(shown))
        for name, values in one.values.items():
            for value in values:
                document.add_metric(name, unit(name), value)
        # It has published by itself what was full: https://docs.powertools.aws.dev/lambda/python
        if document.metric_set:
            document.flush_metrics()
