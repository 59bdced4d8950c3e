"""The monitor as one construct: for the stack of this repository, and for any other CDK app."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import jsii
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_codedeploy as codedeploy
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct, IConstruct
from msgspec.structs import replace

from gatewatch.adapters.aws.cloudformation import monitor_name
from gatewatch.adapters.local.authority import authorities
from gatewatch.adapters.local.included import included
from gatewatch.config.author import api_names, load, waits_for_apis
from gatewatch.config.canonical import Config
from gatewatch.config.document import read_document
from gatewatch.config.lookups import Lookups, Placeholders
from gatewatch.config.problems import ConfigError, Problem
from gatewatch.cost.at_once import AtOnce, at_once
from gatewatch_cdk import asset
from gatewatch_cdk.acknowledgements import Acknowledgements
from gatewatch_cdk.alarms import (
    HealthAlarms,
    LayerAlarms,
    ListenersAlarm,
    ReadOn,
    RouteAlarms,
    where_named,
)
from gatewatch_cdk.api_changes import ApiChanges
from gatewatch_cdk.configuration import POINTER, ConfigurationBucket
from gatewatch_cdk.dashboard import Board, board_name
from gatewatch_cdk.function import ServiceFunction
from gatewatch_cdk.functions import Functions
from gatewatch_cdk.grants import (
    let_answer_hooks,
    let_answer_jobs,
    let_ask,
    let_call,
    let_deliver,
    let_tell,
)
from gatewatch_cdk.mutes import MuteRules
from gatewatch_cdk.needs import Calls, Needs, needs
from gatewatch_cdk.outputs import Outputs, prefix_of, top_stack
from gatewatch_cdk.overrides import AsRead
from gatewatch_cdk.readers import ACCEPTED, WatchedApi, is_readable
from gatewatch_cdk.readers.afterwards import Snapshot, snapshots
from gatewatch_cdk.readers.stages import GivenStage
from gatewatch_cdk.readers.tree import Trees
from gatewatch_cdk.routes import Given, Written, in_full
from gatewatch_cdk.schedule import Ticks
from gatewatch_cdk.settings import (
    UnusableSettingError,
    concurrency,
    deployment_group_arns,
    deployment_name,
    key_arns,
    output_prefix,
    told_apart,
    too_few,
)
from gatewatch_cdk.state import StateTable
from gatewatch_cdk.topics import Topics
from gatewatch_cdk.watched import Derived, Watched

_WATCH = "watch()"
"""What problems name as their place, where it is no file."""


class UnreadableFileError(Exception):
    """Raised where the configuration file is missing or unreadable."""


@dataclass(frozen=True, slots=True)
class Deployed:
    """What a monitor is deployed with, once all is known. `configuration`: what puts it in place;
    `watched`: the APIs given to `watch`, by name."""

    configuration: cdk.CustomResource
    config: Config
    watched: Mapping[str, WatchedApi]


class GatewatchMonitor(Construct):
    """Watches what a gatewatch.yaml names, and the APIs given to `watch`.

    Subscribe on-call to `incidents`; CloudWatch sends `alarms`, for when our messages fail.
    `verify_function` verifies a release for whoever may invoke it.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        config: Path | str | None = None,
        deployment: str | None = None,
        secret_keys: Sequence[str] = (),
        topic_keys: Sequence[str] = (),
        max_concurrency: int | None = None,
        take_over: str | None = None,
        code: lambda_.Code | None = None,
        prefix: str | None = None,
        api_changes: bool = True,
        keys: Sequence[str] = (),
    ) -> None:
        """`config`: the file, read and validated here; raises ConfigError with every problem.

        `deployment` names this monitor in its metrics; default: the stack's name. Raises ValueError
        where another monitor of the stack has the same, or the same `prefix`.
        `secret_keys`, `topic_keys`: ARNs of your own KMS keys that encrypt the secrets of the
        configuration, and its topics. `max_concurrency`: how many probes may run at once; by
        default, as many as the configuration needs while nothing answers. `take_over`: any text
        that the last deployment did not give makes this configuration replace one that was pushed.
        `code`: the Lambda functions' asset; built here by default. `prefix` begins the names of the
        outputs, and is what `--monitor` takes; default: the path within the stack. `api_changes`:
        whether to look at once at what CloudTrail sees change at API Gateway. Raises
        UnusableSettingError; `keys` is what `secret_keys` and `topic_keys` were before.
        """
        told_apart(keys)
        super().__init__(scope, construct_id)
        self._stack_name = top_stack(self).stack_name
        self._deployment = deployment_name(deployment or self._stack_name)
        self._prefix = prefix_of(self) if prefix is None else output_prefix(prefix)
        self._refuse_a_double()
        self._has_no_file = config is None
        self._file = "gatewatch.yaml" if config is None else str(config)
        self._text = "" if config is None else read_text(Path(config))
        self._watched: list[Watched] = []
        self._waiting: list[Callable[[Deployed], None]] = []
        self._read: list[Snapshot] = []
        self._parameters = Placeholders()
        file = Path(self._file)
        self._lookups = Lookups(self._parameters, authorities(file.parent), included(file))
        self._secret_keys = key_arns("secret_keys", secret_keys)
        self._topic_keys = key_arns("topic_keys", topic_keys)
        self._max_concurrency = concurrency(max_concurrency)
        self._take_over = take_over
        if config is not None and not self._waits_for_watched():
            self._check_so_far()

        self.configuration = ConfigurationBucket(self, "Configuration")
        self.state = StateTable(self, "State")
        self.topics = Topics(self, "Topics")
        self.functions = Functions(
            self,
            "Functions",
            deployment=self._deployment,
            stack=self._stack_name,
            code=code or asset.code(),
            configuration=self.configuration,
            state=self.state,
            topics=self.topics,
        )
        self._ticks = Ticks(self, "Ticks", dispatch=self.functions.dispatch)
        self._api_changes = (
            ApiChanges(self, "ApiChanges", verify=self.functions.verify) if api_changes else None
        )
        self._outputs = Outputs(self, self._prefix)
        self._say_where()
        cdk.Aspects.of(self).add(_AtSynthesis(self))

    def _refuse_a_double(self) -> None:
        """Two of one name would count in the same metrics, and each alarm would ring for both;
        nor could outputs or `--monitor` tell two of one prefix apart."""
        for one in self._monitors():
            if one is not self and one._deployment == self._deployment:
                raise ValueError(
                    f"{self.node.path}: {one.node.path} has the deployment {self._deployment}, "
                    "too; expected another one: deployment=…"
                )
            if one is not self and monitor_name(one._prefix) == monitor_name(self._prefix):
                raise ValueError(
                    f"{self.node.path}: {one.node.path} is called {monitor_name(self._prefix)} in "
                    "outputs and commands, too; expected another one: prefix=…"
                )

    def _monitors(self) -> list[GatewatchMonitor]:
        """Those of this stack and of its nested ones."""
        found = top_stack(self).node.find_all()
        return [one for one in found if isinstance(one, GatewatchMonitor)]

    def _say_where(self) -> None:
        self._outputs.say(
            {
                "ConfigBucket": (
                    self.configuration.bucket.bucket_name,
                    "Where gatewatch push writes",
                ),
                "ConfigPointer": (POINTER, "The object that names the current version"),
                "StateTable": (self.state.table.table_name, "What gatewatch incidents reads"),
                "IncidentsTopic": (self.incidents.topic_arn, "Subscribe on-call here"),
                "AlarmsTopic": (self.alarms.topic_arn, "CloudWatch's alarms: the safety net"),
                "VerifyFunction": (
                    self.functions.verify.function.function_name,
                    "What a pipeline invokes after a deployment",
                ),
            }
        )
        self._outputs.say_what_runs(self._deployment)

    @property
    def incidents(self) -> cdk.aws_sns.ITopic:
        return self.topics.incidents

    @property
    def alarms(self) -> cdk.aws_sns.ITopic:
        return self.topics.alarms

    @property
    def verify_function(self) -> lambda_.IFunction:
        """What a pipeline invokes after a deployment."""
        return self.functions.verify.function

    def verify_for_codedeploy(
        self, group: codedeploy.ILambdaDeploymentGroup | codedeploy.IEcsDeploymentGroup | str
    ) -> None:
        """Lets `verify_function` answer the lifecycle hooks of a deployment group, which may be
        given by its ARN. `add_post_hook` of the CDK's own construct needs no more than itself."""
        arn = group if isinstance(group, str) else group.deployment_group_arn
        let_answer_hooks(self.functions.verify, deployment_group_arns("group", [arn]))

    def verify_for_codepipeline(self) -> None:
        """Lets `verify_function` be an action of CodePipeline."""
        let_answer_jobs(self.functions.verify)

    def once_deployed(self, complete: Callable[[Deployed], None]) -> None:
        """Calls it at synthesis, when all that is watched is known."""
        self._waiting.append(complete)

    def watch(
        self,
        api: WatchedApi,
        *,
        name: str | None = None,
        url: str | None = None,
        stage: GivenStage | None = None,
        settings: Written | None = None,
        routes: Given | None = None,
    ) -> None:
        """Add an API of this app: its constructs give routes, access, guards and entrances.

        They are read at synthesis. `stage` names one of several. `url` replaces all entrances that
        would be found, such as for an imported API. `settings` (owner, severity, every …) and
        `routes` (by route: as, path, expect …; None leaves one out) add what constructs cannot
        know, in the words of gatewatch.yaml. Raises ConfigError, or TypeError for anything that is
        no API.
        """
        if not is_readable(api):
            raise TypeError(f"watch() takes {ACCEPTED}; here: {type(api).__name__}")
        named = name or api.node.id
        if named in self._names():
            expected = "an API of this name is watched already; expected name=… of its own"
            raise ConfigError(_WATCH, [Problem(("apis", named), expected)])
        if not self._watched:
            cdk.Validations.of(cdk.Stack.of(self)).add_plugins(AsRead(lambda: self._read))
        number = len(self._watched) + 1
        given = (
            dict(_mapping(named, "settings", settings)),
            in_full(_mapping(named, "routes", routes)),
        )
        self._watched.append(Watched(number, named, api, url, stage, *given))
        self._check_so_far()

    def validate(self) -> Config:
        """What was given so far. Raises ConfigError with every problem of it."""
        config, _ = self._needed(self._derived())
        return config

    def _check_so_far(self) -> None:
        """Without the constructs of watched APIs, which may not be complete; and maintenance
        windows and channels may name an API that is watched later."""
        try:
            self._load({one.name: one.sketch() for one in self._watched})
        except ConfigError as error:
            if error.more:
                raise
            later = (("maintenance",), ("notify",))
            problems = [one for one in error.problems if one.path[:1] not in later]
            if problems:
                raise ConfigError(error.name, problems) from None

    def _waits_for_watched(self) -> bool:
        """A file may bring credentials and defaults only, for the APIs that `watch` adds."""
        return waits_for_apis(self._text, self._file, self._lookups)

    def _names(self) -> set[str]:
        of_files = api_names(self._text, self._file, self._lookups)
        return {*of_files, *(one.name for one in self._watched)}

    def _derived(self) -> list[Derived]:
        """Raises ConfigError with the problems of all watched APIs, and UnusableSettingError where
        there is nothing to watch."""
        if self._has_no_file and not self._watched:
            raise UnusableSettingError(
                f"{self.node.path}: nothing to watch; expected config=…, or APIs given to watch()"
            )
        trees = Trees()
        found = [one.derived(trees.of(one.api)) for one in self._watched]
        self._read = snapshots(trees.read)
        problems = [problem for one in found for problem in one.problems]
        if problems:
            raise ConfigError(_WATCH, problems)
        return found

    def _needed(self, watched: Sequence[Derived]) -> tuple[Config, Needs]:
        config = self._load({one.name: one.written for one in watched})
        vague = frozenset(shown for one in watched for shown in one.vague)
        return config, needs(config, self._file, vague)

    def _load(self, watched: Mapping[str, Mapping[str, Any]]) -> Config:
        try:
            return load(self._merged(watched), self._file, self._lookups)
        except ConfigError as error:
            if not watched or error.more:
                raise
            raise self._where_written(error, watched) from None

    def _where_written(self, error: ConfigError, watched: Iterable[str]) -> ConfigError:
        """What was loaded is one line that nobody wrote: problems of watched APIs are those of
        `watch`, the others stand somewhere in the file."""
        document = read_document(self._text)
        given = {("apis", one) for one in watched}
        problems = [
            one
            if one.file is not None
            else dataclasses.replace(one, file=_WATCH, line=None)
            if self._has_no_file or one.path[:2] in given
            else dataclasses.replace(one, line=document.line(one.path))
            for one in error.problems
        ]
        return ConfigError(error.name, problems)

    def _merged(self, watched: Mapping[str, Mapping[str, Any]]) -> str:
        """The file as it is, or with the watched APIs added; JSON is valid YAML."""
        if not watched:
            return self._text
        value = read_document(self._text).value
        merged: dict[str, Any] = dict(value) if isinstance(value, dict) else {}
        merged["apis"] = {**merged.get("apis", {}), **watched}
        return json.dumps(merged)

    def _finish(self) -> None:
        """What depends on the configuration, once every method of the watched APIs is known."""
        watched = self._derived()
        config, needed = self._needed(watched)
        urls = {placeholder: url for one in watched for placeholder, url in one.urls.items()}
        parameters = {shown: name for name, shown in self._parameters.by_name.items()}
        deployed = self.configuration.hold(
            config, needed, urls=urls, parameters=parameters, take_over=self._take_over
        )
        # Dispatch must know of the twin before it reads of private APIs.
        deployed.node.add_dependency(self.functions.dispatch.function)
        self._ticks.schedule.node.add_dependency(deployed)
        self._let_call(self.functions.probe, needed.outside, watched)
        for verifier in self.functions.verifiers:
            self._let_call(verifier, needed.outside, watched)
        if needed.inside is not None and needed.network is not None:
            self._let_call(self.functions.add_twin(needed.network), needed.inside, watched)
            twin = self.functions.add_verify_twin(needed.network)
            self._let_call(twin, needed.inside, watched)
        self._deliver(needed)
        self._take_over_acknowledgements(needed)
        self._feed(at_once(config))
        let_tell(self.functions.incidents, needed, self._topic_keys)
        let_ask(self.functions.dispatch, needed)
        self._outputs.say_functions({**self.functions.by_name, **self.functions.verifying})
        apis = {one.name: one.api for one in self._watched}
        for complete in self._waiting:
            complete(Deployed(deployed, config, apis))
        monitor = monitor_name(self._prefix) if len(self._monitors()) > 1 else None
        if monitor is not None:
            self.functions.say_which(monitor)
        if config.is_small:
            self.functions.be_small()
        acting = self._observe(config, monitor)
        MuteRules(self, "Maintenance", windows=config.maintenance, alarms=acting)
        self._warn(watched)

    def _deliver(self, needed: Needs) -> None:
        """Where something is posted; a deployment without has no function and no queue for it."""
        if (to := needed.deliveries) is None:
            return
        deliver = self.functions.add_deliverer(
            self.configuration, self.topics, self._stack_name, beats=to.heartbeat is not None
        )
        let_deliver(deliver, to, secrets=self._secret_keys, topics=self._topic_keys)

    def _take_over_acknowledgements(self, needed: Needs) -> None:
        """Where a channel may tell of some."""
        if needed.returns is None:
            return
        found = Acknowledgements(
            self,
            "Acknowledgements",
            functions=self.functions,
            needs=needed.returns,
            secret_keys=self._secret_keys,
        )
        self._outputs.say(found.outputs())

    def _missed(self) -> dict[str, sqs.IQueue]:
        changes = {} if self._api_changes is None else {"ApiChanges": self._api_changes.dead}
        return {"Ticks": self._ticks.dead, **changes}

    def _feed(self, wanted: AtOnce) -> None:
        """As many at once as were given, or as are needed; what is too little is said."""
        given = self._max_concurrency
        taken = wanted if given is None else replace(wanted, probes=given, twins=given)
        self.functions.feed(taken)
        for kind, text in too_few(wanted, given):
            cdk.Annotations.of(self).add_warning_v2(f"gatewatch:{kind}", text)

    def _let_call(self, probe: ServiceFunction, calls: Calls, watched: Sequence[Derived]) -> None:
        let_call(probe, calls, self._secret_keys)
        own = (call for one in watched if one.name in calls.signed for call in one.calls)
        for call in own:
            probe.allow(call.action, on=[call.resource], only_if=call.only_if)

    def _warn(self, watched: Sequence[Derived]) -> None:
        """What is not watched, or not known; `acknowledge_warning` silences one by its id."""
        for api in watched:
            for one in api.remarks:
                place = f":{one.place}" if one.place else ""
                cdk.Annotations.of(self).add_warning_v2(
                    f"gatewatch:{one.kind}:{api.name}{place}", f"{api.name}: {one.text}"
                )

    def _observe(self, config: Config, monitor: str | None) -> list[cloudwatch.Alarm]:
        """Alarms and the dashboard; either the alarms of layers or those of routes act, and a small
        deployment has only these. `monitor`: its name in commands, where the stack has several."""
        topic, stack = self.topics.alarms, cdk.Stack.of(self)
        board = None if config.is_small else board_name(self._deployment, stack.region)
        if board is not None:
            self.functions.say_board(board)
        named = where_named(
            dashboard=board,
            incidents=self.topics.incidents,
            stack=self._stack_name,
            region=stack.region,
            monitor=monitor,
        )
        read_on = ReadOn(named, config.alarm_runbook)
        by_route = config.alarms == "route"
        layers, routes = list[cloudwatch.Alarm](), list[cloudwatch.Alarm]()
        if board is not None or not by_route:
            layers = LayerAlarms(
                self,
                "LayerAlarms",
                deployment=self._deployment,
                topic=None if by_route else topic,
                read_on=read_on,
            ).alarms
        if board is not None or by_route:
            routes = RouteAlarms(
                self,
                "RouteAlarms",
                deployment=self._deployment,
                topic=topic if by_route else None,
                read_on=read_on,
            ).alarms
        health = HealthAlarms(
            self,
            "HealthAlarms",
            deployment=self._deployment,
            topic=topic,
            functions=self.functions.by_name,
            queues=self.functions.queues,
            missed=self._missed(),
            verify=self.functions.verify,
            read_on=read_on,
        )
        listeners = ListenersAlarm(
            self,
            "ListenersAlarm",
            deployment=self._deployment,
            topics=[self.topics.incidents, self.topics.alarms],
            read_on=read_on,
        )
        if board is not None:
            Board(
                self,
                "Dashboard",
                deployment=self._deployment,
                name=board,
                layers=layers,
                routes=routes,
                health=[*health.alarms, listeners.alarm],
                queues=self.functions.queues,
            )
        return routes if by_route else layers


def _mapping(api: str, name: str, given: Mapping[str, Any] | None) -> Mapping[str, Any]:
    if given is not None and not isinstance(given, Mapping):
        raise ConfigError(_WATCH, [Problem(("apis", api, name), "expected a mapping", given)])
    return given or {}


@jsii.implements(cdk.IAspect)
class _AtSynthesis:
    """Constructs may gain methods after `watch`; the CDK visits them once all are there."""

    def __init__(self, monitor: GatewatchMonitor) -> None:
        self._monitor = monitor

    def visit(self, node: IConstruct) -> None:
        if node is self._monitor:
            self._monitor._finish()


def read_text(file: Path) -> str:
    """Raises UnreadableFileError."""
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise UnreadableFileError(f"{file}: {reason}") from None
