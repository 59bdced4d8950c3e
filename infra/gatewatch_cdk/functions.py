"""The functions and their queues, and their permissions on the service's own resources."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from gatewatch.config.canonical import Network
from gatewatch.cost.at_once import AtOnce
from gatewatch_cdk.configuration import ALLOWED, POINTER, ConfigurationBucket
from gatewatch_cdk.function import ServiceFunction, described
from gatewatch_cdk.metrics import NAMESPACE
from gatewatch_cdk.network import join
from gatewatch_cdk.queues import UNTIL_HANDLED, WORTHLESS_SOON, ServiceQueue
from gatewatch_cdk.state import (
    ACKS,
    ANSWERS,
    CHANGES,
    CHANNELS,
    CLAIMS,
    DELIVERED,
    ERRANDS,
    INCIDENTS,
    LINKS,
    RECORDS,
    STATES,
    TAKEN,
    StateTable,
)
from gatewatch_cdk.topics import Topics

# A shard takes at most 40 s when everything is down; the rest is for its writes.
PROBE_SECONDS = 60
INCIDENTS_SECONDS = 60
DISPATCH_SECONDS = 55
ACKNOWLEDGE_SECONDS = 15
"""PagerDuty waits five seconds, and comes again; a cold start and a secret fit into it."""
# A message is up to four requests of 10 s each (a test ends itself, a refused one goes once more);
# the rest is for its secrets, its mark, and a slow start.
DELIVER_SECONDS = 50
_MOST_TRIES = 1000
"""The most that SQS counts: the deliverer itself gives up by age. Pollers' holds count as well.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html"""
_MEMORY_MB = 512
VERIFY_SECONDS = 900
"""Lambda's longest: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""
_REPEATED = Duration.hours(1)
"""A lifecycle hook of CodeDeploy waits no longer for its answer, and nobody longer than it:
https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-hooks.html
"""


class Functions(Construct):
    """Dispatch sends shards, probe sends changes, incidents sends messages; verify answers callers.
    Where a channel is no topic and no event bus, or there is a heartbeat, deliver posts them.

    `by_name` has every function of the monitor's minutes, `queues` every queue, as alarms call
    them; `verifying` has those that look only when they are called. `stack`: its name in commands.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        deployment: str,
        stack: str,
        code: lambda_.Code,
        configuration: ConfigurationBucket,
        state: StateTable,
        topics: Topics,
    ) -> None:
        super().__init__(scope, construct_id)
        self._state = state
        self._configuration = configuration
        self._code = code
        self._environment = {
            "GATEWATCH_DEPLOYMENT": deployment,
            "GATEWATCH_TABLE": state.table.table_name,
            "POWERTOOLS_METRICS_NAMESPACE": NAMESPACE,
        }
        self.shards = self._shards("Shards")
        self.changes = self._changes()
        self.dispatch = self._dispatch(configuration, topics)
        self.probe = self._probe("Probe", "calls the routes of one shard")
        self.incidents = self._incidents(configuration, topics, stack)
        self.queues = {"Shards": self.shards, "Changes": self.changes}
        self.by_name = {
            "Dispatch": self.dispatch,
            "Probe": self.probe,
            "Incidents": self.incidents,
        }
        self.verifying: dict[str, ServiceFunction] = {}
        self._verifiers: list[ServiceFunction] = []
        self.verify = self._verify()

    def feed(self, most: AtOnce) -> None:
        """Once all are there, and it is known how many of each may run at once."""
        fed = {
            "Probe": (self.shards, 1, most.probes),
            "Incidents": (self.changes, 10, most.writers),
        }
        if "Twin" in self.by_name:
            fed["Twin"] = (self.queues["TwinShards"], 1, most.twins)
        if "Deliver" in self.by_name:
            fed["Deliver"] = (self.queues["Deliveries"], 1, most.deliverers)
        for name, (queue, batch_size, at_once) in fed.items():
            # One shard may fill the probe's time by itself.
            queue.feed(self.by_name[name], batch_size=batch_size, max_concurrency=at_once)

    def add_twin(self, network: Network) -> ServiceFunction:
        """The same probe inside a VPC, with a queue and a role of its own, for private APIs."""
        shards = self._shards("TwinShards")
        twin = self._probe("Twin", "calls the private routes of one shard")
        join(twin, network)
        self.dispatch.function.add_environment("GATEWATCH_TWIN_SHARDS_URL", shards.queue.queue_url)
        self.dispatch.allow("sqs:SendMessage", on=[shards.queue.queue_arn])
        self.queues["TwinShards"] = shards
        self.by_name["Twin"] = twin
        return twin

    def add_deliverer(
        self, configuration: ConfigurationBucket, topics: Topics, stack: str, *, beats: bool
    ) -> ServiceFunction:
        """Posts messages and, where it `beats`, the heartbeat, one after the other for each
        channel, with a queue and a role of its own."""
        deliveries = self._deliveries()
        queue, dead = deliveries.queue, deliveries.dead
        deliver = self._function(
            "Deliver",
            "posts messages to the channels that are no topics",
            DELIVER_SECONDS,
            GATEWATCH_ALLOWED=ALLOWED,
            GATEWATCH_BUCKET=configuration.bucket.bucket_name,
            GATEWATCH_DEAD_URL=dead.queue_url,
            GATEWATCH_INCIDENTS_TOPIC=topics.incidents.topic_arn,
            GATEWATCH_STACK=stack,
        )
        configuration.let_read_only(deliver, ALLOWED)
        self._state.let(
            deliver,
            {
                "GetItem": [DELIVERED, CHANNELS],
                "PutItem": [DELIVERED],
                "UpdateItem": [CHANNELS],
            },
        )
        deliver.allow("sqs:SendMessage", on=[dead.queue_arn])
        for one in (self.incidents, *([self.dispatch] if beats else [])):
            one.function.add_environment("GATEWATCH_DELIVERIES_URL", queue.queue_url)
            one.allow("sqs:SendMessage", on=[queue.queue_arn])
        self.queues["Deliveries"] = deliveries
        self.by_name["Deliver"] = deliver
        return deliver

    def add_acknowledger(self, signed_with: str) -> ServiceFunction:
        """Takes over what is acknowledged elsewhere; it writes for the writers, and no incident.
        `signed_with`: references to the secrets of what comes to its address, as JSON."""
        acknowledge = self._function(
            "Acknowledge",
            "takes over what PagerDuty or a chat says of who takes care",
            ACKNOWLEDGE_SECONDS,
            GATEWATCH_SIGNED_WITH=signed_with,
        )
        self._state.let(
            acknowledge,
            {"GetItem": [TAKEN], "Query": [INCIDENTS], "PutItem": [ACKS, TAKEN]},
        )
        self.by_name["Acknowledge"] = acknowledge
        return acknowledge

    def add_verifier(
        self,
        scope: Construct,
        construct_id: str,
        does: str,
        *,
        seconds: int,
        code: lambda_.Code | None = None,
        **environment: str,
    ) -> ServiceFunction:
        """Reads the configuration in force and what is known of its routes, and writes neither."""
        verifier = ServiceFunction(
            scope,
            construct_id,
            code=code or self._code,
            handler="handlers.verify.handler",
            timeout_seconds=seconds,
            memory_mb=_MEMORY_MB,
            environment={
                **self._environment,
                "POWERTOOLS_SERVICE_NAME": "gatewatch-verify",
                "GATEWATCH_BUCKET": self._configuration.bucket.bucket_name,
                "GATEWATCH_POINTER": POINTER,
                "GATEWATCH_ALLOWED": ALLOWED,
                **environment,
            },
            description=described(does),
        )
        self._configuration.let_read(verifier, POINTER, ALLOWED)
        self._state.let(verifier, {"GetItem": [RECORDS], "Query": [RECORDS, STATES]})
        self._verifiers.append(verifier)
        return verifier

    @property
    def verifiers(self) -> Sequence[ServiceFunction]:
        """Verify, and those of deployments."""
        return self._verifiers

    def add_verify_twin(self, network: Network) -> ServiceFunction:
        """Takes the rounds at private APIs inside the VPC, for verifiers alone. It has what it must
        know from the call, and reads neither state nor configuration."""
        twin = self._function(
            "VerifyTwin",
            "looks at private APIs while a release is verified",
            VERIFY_SECONDS,
            handler="verify",
            GATEWATCH_VERIFY_INSIDE="yes",
        )
        join(twin, network)
        for one in self._verifiers:
            name = twin.function.function_name
            one.function.add_environment("GATEWATCH_TWIN_VERIFY", name)
            one.allow("lambda:InvokeFunction", on=[twin.function.function_arn])
        self.verifying["VerifyTwin"] = twin
        return twin

    def _verify(self) -> ServiceFunction:
        """For pipelines and people, and for what CloudTrail sees change at API Gateway."""
        verify = self.add_verifier(
            self, "Verify", "verifies a release, by layer", seconds=VERIFY_SECONDS
        )
        self._state.let(verify, {"GetItem": [CHANGES], "UpdateItem": [CHANGES]})
        verify.called_again(within=_REPEATED, times=2)
        self.verifying["Verify"] = verify
        return verify

    def be_small(self) -> None:
        """Write only the metrics that alarms watch."""
        for name in self.by_name.keys() & {"Probe", "Twin"}:
            self.by_name[name].function.add_environment("GATEWATCH_SMALL", "yes")

    def say_which(self, monitor: str) -> None:
        """What commands in messages must name besides the stack, where it holds several."""
        self._let_tell("GATEWATCH_MONITOR", monitor)

    def say_board(self, name: str) -> None:
        """The dashboard to which messages link."""
        self._let_tell("GATEWATCH_DASHBOARD", name)

    def _let_tell(self, variable: str, value: str) -> None:
        for name in self.by_name.keys() & {"Incidents", "Deliver"}:
            self.by_name[name].function.add_environment(variable, value)

    def _shards(self, name: str) -> ServiceQueue:
        """The probe drops what is out of date, so a shard waits for its tries at no cost."""
        return ServiceQueue(
            self,
            name,
            function_seconds=PROBE_SECONDS,
            tries=5,
            kept=Duration.hours(1),
            dead_kept=WORTHLESS_SOON,
        )

    def _changes(self) -> ServiceQueue:
        """Changes keep their value for days. Many shards see an outage within seconds: its first
        message should count them all."""
        return ServiceQueue(
            self,
            "Changes",
            function_seconds=INCIDENTS_SECONDS,
            tries=10,
            kept=Duration.days(4),
            dead_kept=UNTIL_HANDLED,
            delay=Duration.seconds(5),
        )

    def _deliveries(self) -> ServiceQueue:
        return ServiceQueue(
            self,
            "Deliveries",
            function_seconds=DELIVER_SECONDS,
            tries=_MOST_TRIES,
            kept=Duration.days(4),
            dead_kept=UNTIL_HANDLED,
        )

    def _dispatch(self, configuration: ConfigurationBucket, topics: Topics) -> ServiceFunction:
        dispatch = self._function(
            "Dispatch",
            "picks the routes that are due and shares them out",
            DISPATCH_SECONDS,
            GATEWATCH_BUCKET=configuration.bucket.bucket_name,
            GATEWATCH_POINTER=POINTER,
            GATEWATCH_ALLOWED=ALLOWED,
            GATEWATCH_INCIDENTS_TOPIC=topics.incidents.topic_arn,
            GATEWATCH_ALARMS_TOPIC=topics.alarms.topic_arn,
            GATEWATCH_CHANGES_URL=self.changes.queue.queue_url,
            GATEWATCH_SHARDS_URL=self.shards.queue.queue_url,
        )
        configuration.let_read(dispatch, POINTER, ALLOWED)
        dispatch.allow(
            "sqs:SendMessage", on=[self.shards.queue.queue_arn, self.changes.queue.queue_arn]
        )
        own = topics.incidents.topic_arn, topics.alarms.topic_arn
        dispatch.allow("sns:GetTopicAttributes", on=list(own))
        dispatch.allow("kms:DescribeKey", on=[topics.key.key_arn, topics.alarms_key.key_arn])
        self._state.let(
            dispatch,
            {
                "GetItem": [RECORDS, ANSWERS],
                "Query": [RECORDS, ACKS, ERRANDS, CHANGES],
                "PutItem": [RECORDS, ANSWERS],
                "UpdateItem": [RECORDS, CHANGES],
            },
        )
        return dispatch

    def _incidents(
        self, configuration: ConfigurationBucket, topics: Topics, stack: str
    ) -> ServiceFunction:
        incidents = self._function(
            "Incidents",
            "keeps the incidents of each API and tells of them",
            INCIDENTS_SECONDS,
            GATEWATCH_BUCKET=configuration.bucket.bucket_name,
            GATEWATCH_INCIDENTS_TOPIC=topics.incidents.topic_arn,
            GATEWATCH_STACK=stack,
        )
        configuration.let_read(incidents)
        self._state.let(
            incidents,
            {
                "GetItem": [RECORDS, STATES, CLAIMS, ANSWERS, CHANNELS],
                "Query": [STATES, LINKS, ACKS],
                "PutItem": [INCIDENTS, LINKS, CLAIMS, ANSWERS],
                "UpdateItem": [RECORDS, STATES, CHANNELS],
                "DeleteItem": [RECORDS, LINKS, CLAIMS, ACKS, ERRANDS],
            },
        )
        incidents.allow("sns:Publish", on=[topics.incidents.topic_arn])
        # An encrypted topic asks its publisher for a data key.
        incidents.allow("kms:Decrypt", "kms:GenerateDataKey", on=[topics.key.key_arn])
        return incidents

    def _probe(self, name: str, does: str) -> ServiceFunction:
        changes = self.changes.queue
        probe = self._function(
            name, does, PROBE_SECONDS, handler="probe", GATEWATCH_CHANGES_URL=changes.queue_url
        )
        probe.allow("sqs:SendMessage", on=[changes.queue_arn])
        self._state.let(
            probe,
            {
                "BatchGetItem": [STATES],
                "Query": [STATES],
                "UpdateItem": [RECORDS, STATES, ANSWERS],
            },
        )
        return probe

    def _function(
        self,
        name: str,
        does: str,
        timeout_seconds: int,
        *,
        handler: str | None = None,
        **environment: str,
    ) -> ServiceFunction:
        return ServiceFunction(
            self,
            name,
            code=self._code,
            handler=f"handlers.{handler or name.lower()}.handler",
            timeout_seconds=timeout_seconds,
            memory_mb=_MEMORY_MB,
            environment={
                **self._environment,
                "POWERTOOLS_SERVICE_NAME": f"gatewatch-{name.lower()}",
                **environment,
            },
            description=described(does),
        )
