"""The dashboard: which API fails at which layer, at a glance, and the monitor's own health."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from gatewatch import __version__
from gatewatch_cdk.alarms import LAYERS
from gatewatch_cdk.metrics import MINUTE, by_api, metric
from gatewatch_cdk.queues import ServiceQueue


def board_name(deployment: str, region: str) -> str:
    """The dashboard's name, fixed beforehand: alarms name it, and it shows them. All regions of an
    account share one space of dashboard names."""
    return f"{re.sub(r'[^A-Za-z0-9_-]', '-', deployment)}-{region}"


class Board(Construct):
    """Searches show an API as soon as it has news; nothing here grows with the routes."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        deployment: str,
        name: str,
        layers: Sequence[cloudwatch.IAlarm],
        routes: Sequence[cloudwatch.IAlarm],
        health: Sequence[cloudwatch.IAlarm],
        queues: Mapping[str, ServiceQueue],
    ) -> None:
        super().__init__(scope, construct_id)
        self._deployment = deployment
        self.dashboard = cloudwatch.Dashboard(
            self,
            "Board",
            dashboard_name=name,
            default_interval=Duration.hours(3),
            # Sums are by the minute: over a longer period, each route would count many times.
            period_override=cloudwatch.PeriodOverride.INHERIT,
        )
        self.dashboard.add_widgets(
            cloudwatch.TextWidget(
                markdown=f"Gatewatch {__version__}, deployment {deployment}", width=24, height=1
            )
        )
        shown = {"Layers": (layers, 6), "Routes by layer": (routes, 6), "Monitor": (health, 12)}
        self.dashboard.add_widgets(
            *(
                cloudwatch.AlarmStatusWidget(
                    title=title, alarms=list(alarms), width=width, height=5
                )
                for title, (alarms, width) in shown.items()
            )
        )
        for row in (self._failures(), self._counts(queues), self._times()):
            self.dashboard.add_widgets(*row)

    def _failures(self) -> Iterator[cloudwatch.IWidget]:
        for layer in LAYERS:
            failing = by_api(layer.metric, self._deployment)
            yield _graph(f"{layer.name}: failing routes by API", failing)

    def _counts(self, queues: Mapping[str, ServiceQueue]) -> Iterator[cloudwatch.IWidget]:
        for title, names in _COUNTS.items():
            yield _graph(title, *(metric(name, self._deployment) for name in names))
        ages = (
            one.queue.metric_approximate_age_of_oldest_message(label=name, period=MINUTE)
            for name, one in queues.items()
        )
        yield _graph("Oldest message, s", *ages)

    def _times(self) -> Iterator[cloudwatch.IWidget]:
        for title, name in _TIMES.items():
            found = (metric(name, self._deployment, at) for at in ("p50", "p99"))
            yield _graph(title, *found)


_COUNTS = {
    "Routes": ("RoutesUp", "RoutesDown"),
    "Due and judged": (
        "RoutesDue",
        "RoutesJudged",
        "RoutesUnknown",
        "RoutesSkipped",
        "RoutesInMaintenance",
        "RoutesPaused",
    ),
}
_TIMES = {
    "Anonymous looks, ms": "AnonymousLatency",
    "Looks with a credential, ms": "CredentialedLatency",
    "Delay in the queue, ms": "QueueDelay",
}


def _graph(title: str, *metrics: cloudwatch.IMetric) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(title=title, left=list(metrics), width=8)
