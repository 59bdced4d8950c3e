"""The dashboard: which API fails at which layer, at a glance, and how the monitor is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.alarms import LAYERS
from infra.metrics import by_api, metric
from infra.queues import ServiceQueue


class Board(Construct):
    """Searches show an API as soon as it is news; nothing here grows with the routes."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        deployment: str,
        layers: Sequence[cloudwatch.IAlarm],
        health: Sequence[cloudwatch.IAlarm],
        queues: Mapping[str, ServiceQueue],
    ) -> None:
        super().__init__(scope, construct_id)
        self.dashboard = cloudwatch.Dashboard(self, "Board", default_interval=Duration.hours(3))
        self.dashboard.add_widgets(
            cloudwatch.AlarmStatusWidget(title="Layers", alarms=list(layers), width=8, height=4),
            cloudwatch.AlarmStatusWidget(title="Monitor", alarms=list(health), width=16, height=4),
        )
        self.dashboard.add_widgets(
            *(
                cloudwatch.GraphWidget(
                    title=f"{layer.name}: failing routes by API",
                    left=[by_api(layer.metric, deployment)],
                    width=8,
                )
                for layer in LAYERS
            )
        )

        def graph(title: str, *metrics: cloudwatch.IMetric) -> cloudwatch.GraphWidget:
            return cloudwatch.GraphWidget(title=title, left=list(metrics), width=8)

        self.dashboard.add_widgets(
            graph("Routes", *(metric(name, deployment) for name in ("RoutesUp", "RoutesDown"))),
            graph(
                "Due and judged",
                *(
                    metric(name, deployment)
                    for name in (
                        "RoutesDue",
                        "RoutesJudged",
                        "RoutesUnknown",
                        "RoutesSkipped",
                        "RoutesInMaintenance",
                    )
                ),
            ),
            graph(
                "Oldest message, s",
                *(
                    one.queue.metric_approximate_age_of_oldest_message(label=name)
                    for name, one in queues.items()
                ),
            ),
        )
        self.dashboard.add_widgets(
            *(
                graph(title, *(metric(name, deployment, at) for at in ("p50", "p99")))
                for title, name in (
                    ("Anonymous looks, ms", "AnonymousLatency"),
                    ("Looks with a credential, ms", "CredentialedLatency"),
                    ("Delay in the queue, ms", "QueueDelay"),
                )
            )
        )
