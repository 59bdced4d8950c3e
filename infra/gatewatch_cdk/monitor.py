"""The monitor as one construct: for the stack of this repository, and for any other CDK app."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import jsii
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_
from constructs import Construct, IConstruct

from gatewatch.adapters.aws.cloudformation import monitor_name
from gatewatch.adapters.local.authority import authorities
from gatewatch.config.author import load
from gatewatch.config.canonical import Config
from gatewatch.config.document import read_document
from gatewatch.config.lookups import Lookups, Placeholders
from gatewatch.config.problems import ConfigError
from gatewatch_cdk import asset
from gatewatch_cdk.alarms import HealthAlarms, LayerAlarms, ReadOn, RouteAlarms, where_named
from gatewatch_cdk.configuration import POINTER, ConfigurationBucket
from gatewatch_cdk.dashboard import Board, board_name
from gatewatch_cdk.function import ServiceFunction
from gatewatch_cdk.functions import Functions
from gatewatch_cdk.grants import let_call, let_tell
from gatewatch_cdk.mutes import MuteRules
from gatewatch_cdk.needs import Calls, Needs, needs
from gatewatch_cdk.outputs import Outputs, prefix_of, top_stack
from gatewatch_cdk.schedule import Ticks
from gatewatch_cdk.state import StateTable
from gatewatch_cdk.topics import Topics
from gatewatch_cdk.watched import Watched, WatchedApi, Written


class UnreadableFileError(Exception):
    """Raised where the configuration file is missing or unreadable."""


class GatewatchMonitor(Construct):
    """Watches what a gatewatch.yaml names, and the APIs given to `watch`.

    Subscribe on-call to `incidents`; CloudWatch sends `alarms`, for when our messages fail.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        config: Path | str | None = None,
        deployment: str | None = None,
        keys: Sequence[str] = (),
        max_concurrency: int = 50,
        take_over: str | None = None,
        code: lambda_.Code | None = None,
        prefix: str | None = None,
    ) -> None:
        """`config`: the file, read and validated here; raises ConfigError with every problem.

        `deployment` names this monitor in its metrics; default: the stack's name. Raises ValueError
        where another monitor of the stack has the same.
        `keys`: ARNs of your own KMS keys that encrypt secrets and topics.
        `max_concurrency`: how many probes may run at once. `take_over`: any text that the last
        deployment did not give makes this configuration replace one that was pushed.
        `code`: the Lambda functions' asset; built here by default. `prefix` begins the names of the
        outputs, and is what `--monitor` takes; default: the path within the stack.
        """
        super().__init__(scope, construct_id)
        self._stack_name = top_stack(self).stack_name
        self._deployment = deployment or self._stack_name
        self._prefix = prefix_of(self) if prefix is None else prefix
        self._refuse_a_double()
        self._file = "gatewatch.yaml" if config is None else str(config)
        self._text = "" if config is None else read_text(Path(config))
        self._watched: list[Watched] = []
        self._parameters = Placeholders()
        self._lookups = Lookups(self._parameters, authorities(Path(self._file).parent))
        self._keys = tuple(keys)
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
            max_concurrency=max_concurrency,
        )
        self._ticks = Ticks(self, "Ticks", dispatch=self.functions.dispatch)
        self._outputs = Outputs(self, self._prefix)
        self._say_where()
        cdk.Aspects.of(self).add(_AtSynthesis(self))

    def _refuse_a_double(self) -> None:
        """Two of one name would count in the same metrics, and each alarm would ring for both."""
        for one in self._monitors():
            if one is not self and one._deployment == self._deployment:
                raise ValueError(
                    f"{self.node.path}: {one.node.path} has the deployment {self._deployment}, "
                    "too; expected another one: deployment=…"
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
            }
        )
        self._outputs.say_what_runs(self._deployment)

    @property
    def incidents(self) -> cdk.aws_sns.ITopic:
        return self.topics.incidents

    @property
    def alarms(self) -> cdk.aws_sns.ITopic:
        return self.topics.alarms

    def watch(
        self,
        api: WatchedApi,
        *,
        name: str | None = None,
        url: str | None = None,
        settings: Written | None = None,
        routes: Mapping[str, Written] | None = None,
    ) -> None:
        """Add an API of this app: its methods at synthesis give routes, access and guards.

        `url` replaces the stage's own, such as with a custom domain. `settings` (owner, severity,
        every …) and `routes` (by route: as, path, expect …) add what constructs cannot know, in
        the words of gatewatch.yaml. Raises ConfigError or ValueError.
        """
        number = len(self._watched) + 1
        self._watched.append(
            Watched(number, name or api.node.id, api, url, dict(settings or {}), dict(routes or {}))
        )
        self._check_so_far()

    def validate(self) -> None:
        """Raises ConfigError with every problem of what was given so far."""
        self._needed()

    def _check_so_far(self) -> None:
        """As `validate`; but a maintenance window may name an API that is watched later."""
        try:
            self.validate()
        except ConfigError as error:
            problems = [one for one in error.problems if one.path[:1] != ("maintenance",)]
            if problems:
                raise ConfigError(error.name, problems) from None

    def _waits_for_watched(self) -> bool:
        """A file may bring credentials and defaults only, for the APIs that `watch` adds."""
        value = read_document(self._text).value
        return isinstance(value, dict) and not value.get("apis")

    def _needed(self) -> tuple[Config, Needs]:
        config = load(self._merged(), self._file, self._lookups)
        return config, needs(config, self._file)

    def _merged(self) -> str:
        """The file as it is, or with the watched APIs added; JSON is valid YAML."""
        if not self._watched:
            return self._text
        value = read_document(self._text).value
        merged: dict[str, Any] = dict(value) if isinstance(value, dict) else {}
        apis = {one.name: one.written() for one in self._watched}
        merged["apis"] = {**merged.get("apis", {}), **apis}
        return json.dumps(merged)

    def _finish(self) -> None:
        """What depends on the configuration, once every method of the watched APIs is known."""
        config, needed = self._needed()
        urls = {one.placeholder: one.deployed_url() for one in self._watched if not one.is_known}
        parameters = {shown: name for name, shown in self._parameters.by_name.items()}
        deployed = self.configuration.hold(
            config, needed, urls=urls, parameters=parameters, take_over=self._take_over
        )
        # Dispatch must know of the twin before it reads of private APIs.
        deployed.node.add_dependency(self.functions.dispatch.function)
        self._ticks.schedule.node.add_dependency(deployed)
        self._let_call(self.functions.probe, needed.outside)
        if needed.inside is not None and needed.network is not None:
            self._let_call(self.functions.add_twin(needed.network), needed.inside)
        let_tell(self.functions.incidents, needed, self._keys)
        self._outputs.say_functions(self.functions.by_name)
        monitor = monitor_name(self._prefix) if len(self._monitors()) > 1 else None
        if monitor is not None:
            self.functions.say_which(monitor)
        acting = self._observe(config, monitor)
        MuteRules(self, "Maintenance", windows=config.maintenance, alarms=acting)
        self._warn()

    def _let_call(self, probe: ServiceFunction, calls: Calls) -> None:
        let_call(probe, calls, self._keys)
        for one in self._watched:
            if one.name in calls.signed:
                probe.allow("execute-api:Invoke", on=[one.api.arn_for_execute_api()])

    def _warn(self) -> None:
        for one in self._watched:
            for route in one.unwatched():
                cdk.Annotations.of(self).add_warning_v2(
                    f"gatewatch:unwatched:{one.name}:{route}",
                    f"{one.name}: {route} is not watched: its path needs values; give "
                    f'routes={{"{route}": {{"path": …}}}}',
                )

    def _observe(self, config: Config, monitor: str | None) -> list[cloudwatch.Alarm]:
        """Alarms and the dashboard; either the alarms of layers or those of routes act. `monitor`:
        its name in commands, where the stack has several."""
        topic, stack = self.topics.alarms, cdk.Stack.of(self)
        board = board_name(self._deployment, stack.region)
        named = where_named(
            dashboard=board,
            incidents=self.topics.incidents,
            stack=self._stack_name,
            region=stack.region,
            monitor=monitor,
        )
        read_on = ReadOn(named, config.alarm_runbook)
        by_route = config.alarms == "route"
        layers = LayerAlarms(
            self,
            "LayerAlarms",
            deployment=self._deployment,
            topic=None if by_route else topic,
            read_on=read_on,
        )
        routes = RouteAlarms(
            self,
            "RouteAlarms",
            deployment=self._deployment,
            topic=topic if by_route else None,
            read_on=read_on,
        )
        health = HealthAlarms(
            self,
            "HealthAlarms",
            deployment=self._deployment,
            topic=topic,
            functions=self.functions.by_name,
            queues=self.functions.queues,
            missed_ticks=self._ticks.dead,
            read_on=read_on,
        )
        Board(
            self,
            "Dashboard",
            deployment=self._deployment,
            name=board,
            layers=layers.alarms,
            routes=routes.alarms,
            health=health.alarms,
            queues=self.functions.queues,
        )
        return routes.alarms if by_route else layers.alarms


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
