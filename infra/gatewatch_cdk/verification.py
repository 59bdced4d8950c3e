"""A deployment that is verified: CloudFormation waits for the verdict, and goes back without it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeAlias

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_
from aws_cdk import triggers
from constructs import Construct, IConstruct

from gatewatch.config.canonical import Verification
from gatewatch_cdk import asset
from gatewatch_cdk.monitor import Deployed, GatewatchMonitor
from gatewatch_cdk.outputs import top_stack
from gatewatch_cdk.readers import ACCEPTED, WatchedApi, is_readable
from gatewatch_cdk.settings import UnusableSettingError

VerifiedApi: TypeAlias = WatchedApi | str
_PROVIDER_SECONDS = 900
"""The time that the CDK's own function has for the whole of a trigger; CloudFormation would wait an
hour for one that it does not answer."""
_WAITED_SECONDS = _PROVIDER_SECONDS - 60
_VERIFIER_SECONDS = _WAITED_SECONDS - 60
_CLOSING_SECONDS = 30
LONGEST_SECONDS = _VERIFIER_SECONDS - _CLOSING_SECONDS
"""What is left of it for looks."""


class VerifyAfterDeploy(Construct):
    """The last step of each deployment of its stack: looks at the APIs until their answers agree.

    A new failure fails the step, with route, layer and cause in the error, and CloudFormation rolls
    the stack back; nothing may wait for it. The monitor's `verify:` says what stops a release.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        monitor: GatewatchMonitor,
        api: VerifiedApi | Sequence[VerifiedApi] | None = None,
        window: cdk.Duration | None = None,
        deadline: cdk.Duration | None = None,
        release: str | None = None,
        code: lambda_.Code | None = None,
    ) -> None:
        """`api`: what was given to `watch`, or its name in the configuration; one or several; by
        default, all that the monitor watches. `window`, `deadline`: in place of `verify: for` and
        `verify: deadline`. `release`: any text; what it was at the last deployment is not verified
        again unless the function changed. By default it is the time of the synthesis, so that each
        deployment is verified, and each synthesis writes another template. `code`: the functions'
        asset, where the monitor is in another stack; built here by default.

        Raises TypeError for what is of another kind, UnusableSettingError for a list of no APIs and
        for times that no deployment can wait, and ValueError, also at synthesis, where a rollback
        of the stack would not reach an API.
        """
        super().__init__(scope, construct_id)
        _is_one("monitor", monitor, GatewatchMonitor, "a GatewatchMonitor")
        _is_one("release", "" if release is None else release, str, "a text, such as the commit")
        self._monitor = monitor
        self._apis = _listed(api)
        self._window, self._deadline = _seconds("window", window), _seconds("deadline", deadline)
        _fits("deadline", self._deadline)
        _fits("window", self._window)
        self._check_places([one for one in self._apis if not isinstance(one, str)])
        stack_id = cdk.Stack.of(self).stack_id
        self.function = monitor.functions.add_verifier(
            self,
            "Function",
            "verifies a deployment, by layer",
            seconds=_VERIFIER_SECONDS,
            code=code or self._code(),
            GATEWATCH_RELEASE=release or datetime.now(UTC).isoformat(),
            GATEWATCH_STACK_ID=stack_id,
            **self._settings(),
        )
        # Whether it goes back, and since when it changes.
        self.function.allow("cloudformation:DescribeStacks", on=[stack_id])
        self.trigger = triggers.Trigger(
            self,
            "Trigger",
            handler=self.function.function,
            timeout=cdk.Duration.seconds(_WAITED_SECONDS),
        )
        monitor.once_deployed(self._complete)

    def _code(self) -> lambda_.Code | None:
        """An asset belongs to one stack; that of the monitor's is known to it."""
        is_beside = cdk.Stack.of(self._monitor) is cdk.Stack.of(self)
        return None if is_beside else asset.code()

    def _settings(self) -> dict[str, str]:
        given = {"for_seconds": self._window, "deadline_seconds": self._deadline}
        known = {name: one for name, one in given.items() if one is not None}
        return {"GATEWATCH_VERIFY_SETTINGS": json.dumps(known)} if known else {}

    def _complete(self, deployed: Deployed) -> None:
        """Once the monitor knows what it watches."""
        self._check_order(deployed)
        names = self._names(deployed.watched)
        self._check_names(names, deployed)
        concerned = [one for name, one in deployed.watched.items() if not names or name in names]
        self._check_places(concerned)
        self._check_times(deployed.config.verification)
        if names:
            self.function.function.add_environment("GATEWATCH_VERIFY_APIS", json.dumps(names))
        self.trigger.node.add_dependency(deployed.configuration, *_beside(self))

    def _names(self, watched: Mapping[str, WatchedApi]) -> list[str]:
        """As the configuration has them; none: all."""
        by_path = {one.node.path: name for name, one in watched.items()}
        return [
            one if isinstance(one, str) else by_path.get(one.node.path, one.node.path)
            for one in self._apis
        ]

    def _check_names(self, names: Sequence[str], deployed: Deployed) -> None:
        known = [one.name for one in deployed.config.apis]
        for one in names:
            if one not in known:
                raise ValueError(
                    f"{self.node.path}: {one} is not watched; expected an API that "
                    f"{self._monitor.node.path} watches: {', '.join(known)}"
                )

    def _check_places(self, apis: Sequence[WatchedApi]) -> None:
        own = cdk.Stack.of(self)
        for one in apis:
            other = cdk.Stack.of(one)
            if other is not own:
                raise ValueError(
                    f"{self.node.path}: {one.node.path} is made by the stack {other.node.path}, "
                    "which a failure here would not roll back; expected a VerifyAfterDeploy in "
                    "that stack, and api=… to name only APIs of this one"
                )

    def _check_order(self, deployed: Deployed) -> None:
        own, theirs = top_stack(self), top_stack(self._monitor)
        if own is not theirs and any(top_stack(one) is own for one in deployed.watched.values()):
            raise ValueError(
                f"{self.node.path}: {self._monitor.node.path} is made after this stack, since it "
                "watches constructs of it; expected the monitor in this stack, too, or a monitor "
                "whose file names the API's URL"
            )

    def _check_times(self, configured: Verification) -> None:
        if self._window is None:
            _fits("verify.for", configured.for_seconds)
        window = self._window or configured.for_seconds
        if self._deadline is not None and self._deadline < window:
            raise UnusableSettingError(
                f"deadline: expected at least the window of {window:g}s, found {self._deadline:g}s"
            )


def _listed(given: VerifiedApi | Sequence[VerifiedApi] | None) -> list[VerifiedApi]:
    if given is None:
        return []
    several = list(given) if isinstance(given, (list, tuple)) else [given]
    if not several:
        raise UnusableSettingError("api: expected at least one; without it, all are verified")
    for one in several:
        if not (isinstance(one, str) and one) and not is_readable(one):
            raise TypeError(f"api takes a name, or {ACCEPTED}; here: {type(one).__name__}")
    return several


def _is_one(name: str, given: object, kind: type, told: str) -> None:
    """Raises TypeError where an app without type checks gives another kind."""
    if not isinstance(given, kind):
        raise TypeError(f"{name} takes {told}; here: {type(given).__name__}")


def _seconds(name: str, given: cdk.Duration | None) -> float | None:
    if given is None:
        return None
    _is_one(name, given, cdk.Duration, "a Duration, such as Duration.seconds(90)")
    return float(given.to_milliseconds()) / 1000


def _fits(name: str, seconds: float | None) -> None:
    if seconds is not None and not 1 <= seconds <= LONGEST_SECONDS:
        raise UnusableSettingError(
            f"{name}: expected from 1s to {LONGEST_SECONDS}s, which a deployment can wait; "
            f"found {seconds:g}s"
        )


def _beside(verification: VerifyAfterDeploy) -> list[IConstruct]:
    """All that is in its stack but verifications, which do not wait for each other."""
    stack = cdk.Stack.of(verification)
    every = stack.node.find_all()
    verifications = [one.node.path for one in every if isinstance(one, VerifyAfterDeploy)]
    return list(_without(stack, verifications))


def _without(scope: IConstruct, verifications: Sequence[str]) -> Iterator[IConstruct]:
    for child in scope.node.children:
        path = child.node.path
        if path in verifications:
            continue
        if any(one.startswith(f"{path}/") for one in verifications):
            yield from _without(child, verifications)
        else:
            yield child
