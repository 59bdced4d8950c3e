"""The alarms: what is wrong with the APIs by layer, and whether the monitor itself can be believed.

Their number does not depend on the number of routes. One that acts says where the routes are named.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from gatewatch_cdk.function import ServiceFunction
from gatewatch_cdk.metrics import HOUR, MINUTE, failing_routes, metric
from gatewatch_cdk.queues import ServiceQueue

# Anonymous looks come every five minutes: ten minutes hold two, so no alarm flaps in between.
_MINUTES = 10
_LATE_SECONDS = 150


@dataclass(frozen=True, slots=True)
class ReadOn:
    """Where to read on after an alarm: where the routes are `named`, and the `runbook`; without a
    page of the owner's, the file of this repository."""

    named: str
    runbook: str | None = None

    def after(self, meaning: str, name: str) -> str:
        return f"{meaning}. Runbook: {self.runbook or 'docs/runbook.md'}#{name.lower()}"


@dataclass(frozen=True, slots=True)
class Layer:
    """`minutes`: in how many of the last ten it must occur."""

    name: str
    metric: str
    minutes: int
    meaning: str


LAYERS = (
    Layer("Routing", "RoutingFailures", 2, "Routes are refused before any guard saw the call"),
    Layer("Auth", "AuthFailures", 2, "Routes refuse callers who should get in"),
    Layer("Exposure", "Exposed", 1, "Protected routes answer strangers"),
    Layer(
        "Ambiguous",
        "AmbiguousFailures",
        2,
        "Routes refuse callers, and it is not known at which of several layers",
    ),
    Layer(
        "Other",
        "OtherFailures",
        2,
        "Routes fail elsewhere: network, CDN, throttle, request, integration or backend",
    ),
)


class LayerAlarms(Construct):
    """One alarm for each layer, as the safety net beside our own messages.

    `topic`: what they notify, at both ends; None: they only show.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        deployment: str,
        topic: sns.ITopic | None,
        read_on: ReadOn,
    ) -> None:
        super().__init__(scope, construct_id)
        self.alarms = [
            _of_layer(
                self,
                layer,
                metric(layer.metric, deployment),
                minutes=layer.minutes,
                description=read_on.after(f"{layer.meaning}. Which: {read_on.named}", layer.name),
                topic=topic,
            )
            for layer in LAYERS
        ]


class RouteAlarms(Construct):
    """Names the routes that fail at a layer: in the console and, where it acts, to the topic.

    One alarm for each layer: its query splits by route, and it acts for each of them. A route has a
    metric only while it fails and ten minutes longer, so the query is short and cheap.
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-actions.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        deployment: str,
        topic: sns.ITopic | None,
        read_on: ReadOn,
    ) -> None:
        super().__init__(scope, construct_id)
        self.alarms = [
            _of_layer(
                self,
                layer,
                failing_routes(layer.metric, deployment),
                minutes=1,
                description=read_on.after(
                    f"{layer.meaning}; this names them. Why: {read_on.named}", layer.name
                ),
                topic=topic,
            )
            for layer in LAYERS
        ]


def _of_layer(
    scope: Construct,
    layer: Layer,
    watched: cloudwatch.IMetric,
    *,
    minutes: int,
    description: str,
    topic: sns.ITopic | None,
) -> cloudwatch.Alarm:
    alarm = cloudwatch.Alarm(
        scope,
        layer.name,
        metric=watched,
        threshold=1,
        comparison_operator=_AT_LEAST,
        evaluation_periods=_MINUTES,
        datapoints_to_alarm=minutes,
        # The dead man's alarm covers a silent monitor; it says nothing about the APIs.
        treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        alarm_description=description,
    )
    if topic is not None:
        _tell(alarm, topic)
    return alarm


class HealthAlarms(Construct):
    """Whether the monitor is reliable: one acting composite over alarms that explain it, and what
    strangers can make ring."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        deployment: str,
        topic: sns.ITopic,
        functions: Mapping[str, ServiceFunction],
        queues: Mapping[str, ServiceQueue],
        missed: Mapping[str, sqs.IQueue],
        verify: ServiceFunction,
        read_on: ReadOn,
    ) -> None:
        """`missed`: where that lies which no function could be handed."""
        super().__init__(scope, construct_id)
        self._deployment = deployment
        self._read_on = read_on
        self.alarms = [
            *self._dead_man(),
            *(self._errors(name, one) for name, one in functions.items()),
            *self._late(queues),
            *(self._dead(name, one.dead) for name, one in queues.items()),
            *(self._dead(name, one) for name, one in missed.items()),
            self._unanswered(verify),
            self._count("ConfigRejected", "A pushed configuration is refused; the last good runs"),
            self._count("ApisStopped", "An API is not looked at: a fault of ours at it alone"),
            self._count("NoticesUndelivered", "A message did not reach its channel"),
            self._count("NoticesRefused", "A channel refuses a message, which was given up"),
            self._count("ClockAhead", "A time was ahead of the clock, and is not believed"),
            # A repeated shard drops its looks once; a slow one, now and then.
            self._alarm(
                "LooksDropped",
                metric("LooksDropped", deployment),
                "Looks change nothing, since later ones seem to have counted already",
                minutes=5,
                points=3,
            ),
            # Most credentials are needed every few minutes: between two looks the problem persists.
            self._alarm(
                "CredentialsUnreadable",
                metric("CredentialsUnreadable", deployment),
                "A credential of ours cannot be read, and its routes are not looked at",
                minutes=_MINUTES,
                points=1,
            ),
        ]
        self.unwell = cloudwatch.CompositeAlarm(
            self,
            "Unwell",
            alarm_rule=cloudwatch.AlarmRule.any_of(*self.alarms),
            alarm_description=read_on.after(
                f"Do not trust the monitor's silence. What is known: {read_on.named}", "Unwell"
            ),
        )
        _tell(self.unwell, topic)
        self.alarms += self._refused(functions, topic)

    def _dead_man(self) -> Iterable[cloudwatch.Alarm]:
        """A dead monitor is silent, so missing data breaches."""
        due, judged = (metric(name, self._deployment) for name in ("RoutesDue", "RoutesJudged"))
        yield self._alarm(
            "NoTick",
            metric("RoutesDue", self._deployment, "SampleCount"),
            "The schedule or dispatch has stopped: no tick for three minutes",
            minutes=3,
            threshold=1,
            operator=_BELOW,
            missing=cloudwatch.TreatMissingData.BREACHING,
        )
        yield self._alarm(
            "NotJudged",
            cloudwatch.MathExpression(
                expression="IF(FILL(due, 0) > 0, FILL(judged, 0) / FILL(due, 1), 1)",
                using_metrics={"due": due, "judged": judged},
                label="judged of due",
                period=MINUTE,
            ),
            "Fewer than nine in ten of the due routes were judged, three minutes in a row",
            minutes=3,
            threshold=0.9,
            operator=_BELOW,
            missing=cloudwatch.TreatMissingData.BREACHING,
        )

    def _errors(self, name: str, function: ServiceFunction) -> cloudwatch.Alarm:
        return self._alarm(
            f"{name}Errors",
            function.function.metric_errors(period=MINUTE),
            f"The function {name.lower()} fails",
            minutes=3,
            points=2,
        )

    def _refused(
        self, functions: Mapping[str, ServiceFunction], topic: sns.ITopic
    ) -> Iterable[cloudwatch.Alarm]:
        """It acts by itself: whoever knows the address can make it ring, for as long as he likes,
        and must not keep the composite from telling of anything else."""
        if "Acknowledge" in functions:
            alarm = self._count(
                "AcknowledgementsRefused",
                "What PagerDuty or a chat told of an acknowledgement was refused",
            )
            _tell(alarm, topic)
            yield alarm

    def _unanswered(self, verify: ServiceFunction) -> cloudwatch.Alarm:
        """It fails on purpose where it stops a release, and tells whoever waits for it. Of others,
        Lambda counts the calls that failed for good; it keeps none, since a job of CodePipeline
        brings credentials.

        https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
        """
        return self._alarm(
            "VerifyUnanswered",
            verify.function.metric("AsyncEventsDropped", statistic="Sum", period=MINUTE),
            "A change at API Gateway, a job of CodePipeline or a hook of CodeDeploy was given up",
        )

    def _late(self, queues: Mapping[str, ServiceQueue]) -> Iterable[cloudwatch.Alarm]:
        for name, queue in queues.items():
            yield self._alarm(
                f"{name}Late",
                queue.queue.metric_approximate_age_of_oldest_message(period=MINUTE),
                f"{name} wait longer than {_LATE_SECONDS} s",
                minutes=3,
                threshold=_LATE_SECONDS,
            )

    def _dead(self, name: str, queue: sqs.IQueue) -> cloudwatch.Alarm:
        return self._alarm(
            f"{name}Dead",
            queue.metric_approximate_number_of_messages_visible(period=MINUTE),
            f"{name} could not be handled and lie among the dead letters",
        )

    def _count(self, name: str, meaning: str) -> cloudwatch.Alarm:
        return self._alarm(name, metric(name, self._deployment), meaning)

    def _alarm(
        self,
        name: str,
        watched: cloudwatch.IMetric,
        meaning: str,
        *,
        minutes: int = 1,
        points: int | None = None,
        threshold: float = 1,
        operator: cloudwatch.ComparisonOperator | None = None,
        missing: cloudwatch.TreatMissingData = cloudwatch.TreatMissingData.NOT_BREACHING,
    ) -> cloudwatch.Alarm:
        return cloudwatch.Alarm(
            self,
            name,
            metric=watched,
            threshold=threshold,
            comparison_operator=operator or _AT_LEAST,
            evaluation_periods=minutes,
            datapoints_to_alarm=points or minutes,
            treat_missing_data=missing,
            alarm_description=self._read_on.after(meaning, name),
        )


class ListenersAlarm(Construct):
    """Acts on all of our topics: whoever listens to one hears that nobody listens to the other.

    Dispatch asks once an hour, so that two hours hold an answer.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        deployment: str,
        topics: Sequence[sns.ITopic],
        read_on: ReadOn,
    ) -> None:
        super().__init__(scope, construct_id)
        self.alarm = cloudwatch.Alarm(
            self,
            "NobodyListens",
            metric=metric("TopicsUnheard", deployment, period=HOUR),
            threshold=1,
            comparison_operator=_AT_LEAST,
            evaluation_periods=2,
            datapoints_to_alarm=1,
            # It is sent only while it counts.
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            alarm_description=read_on.after(
                "A topic has no subscriber, or its KMS key is of no use, and its messages reach "
                "nobody. The log of Dispatch names it",
                "NobodyListens",
            ),
        )
        for topic in topics:
            _tell(self.alarm, topic)


_AT_LEAST = cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD
_BELOW = cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD


def where_named(
    *,
    dashboard: str | None,
    incidents: sns.ITopic,
    stack: str,
    region: str,
    monitor: str | None = None,
) -> str:
    """Where the reader of an alarm finds the routes by name. `monitor`: where the stack has more
    than this one."""
    which = "" if monitor is None else f" --monitor {monitor}"
    board = "" if dashboard is None else f"the dashboard {dashboard}, "
    return (
        f"{board}the messages of the topic {incidents.topic_name}, "
        f"or gatewatch incidents --open --stack {stack} --region {region}{which}"
    )


def _tell(alarm: cloudwatch.AlarmBase, topic: sns.ITopic) -> None:
    """Notify the topic of the alarm's beginning and of its end."""
    alarm.add_alarm_action(actions.SnsAction(topic))
    alarm.add_ok_action(actions.SnsAction(topic))
