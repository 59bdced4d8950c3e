"""A team's deployments are verified: the bad ones are stopped and rolled back, by layer; the good
ones pass, and say what failed before."""

from __future__ import annotations

import http.client
import json
import secrets
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from e2e.account import ACCOUNT, CDK, INTERPRETER, REGION, Deployed, attempt, client, run, until
from e2e.fitted import fit, fit_template
from e2e.leftovers import nothing_left
from e2e.released import CALLER, DOMAIN, MONITOR, NAME, VARIANTS, folder_of
from e2e.scene import MINUTE, Scene

_TOKEN = "/gatewatch-e2e/released"
_TEXT = f"""\
defaults: {{every: 1m, anonymous_every: 1m, timeout: 5s, open_after: 1}}
verify: {{for: 10s, every: 2s, deadline: 60s}}
credentials:
  user: {{bearer: {{ssm: {_TOKEN}}}}}
  signer: {{sigv4: {{role: "arn:aws:iam::{ACCOUNT}:role/{CALLER}", region: {REGION}}}}}
apis:
  orders:
    url: https://{DOMAIN}
    routes:
      - GET /health: public
      - GET /orders: {{access: protected, guarded_by: lambda, as: [user]}}
      - GET /ledger: {{access: protected, guarded_by: iam, as: [signer]}}
"""
STOPPED = {
    # A signature may also have been lost on its way: that cannot be told from outside.
    "method lost": ("GET /ledger", "routing", "route_not_found"),
    "route opened": ("GET /orders", "open to everybody"),
    "authorizer broken": ("GET /orders", "auth", "authorizer_denied"),
}
"""What the stack's error must name, by deployment."""


def releases(scene: Scene) -> None:
    team = _Team(scene)
    team.passes("first", "the first deployment")
    theirs = team.monitored()
    theirs.service.tick(_early_in_a_minute())
    team.passes("unchanged", "a deployment that changes nothing")
    for variant in STOPPED:
        team.is_stopped(variant)
    team.passes("route added", "a good one")
    _changed(theirs)
    team.break_by_hand()
    theirs.service.tick(_early_in_a_minute())
    said = team.passes("text changed", "one that leaves an older failure")
    theirs.table.check(f"{NAME}: which says so", "1 failing as before" in said, said)
    _preceded(theirs)
    nothing_left(theirs, f"{NAME}-{MONITOR}")


_LATEST_SECOND = 30


def _early_in_a_minute() -> datetime:
    """The present minute, once it has just begun: the looks of one that is over are left out."""
    while (now := datetime.now(UTC)).second > _LATEST_SECOND:
        time.sleep(1)
    return now


def _changed(theirs: Scene) -> None:
    """CloudTrail saw somebody change the domain, minutes ago."""
    detail = {
        "eventSource": "apigateway.amazonaws.com",
        "eventName": _CHANGE,
        "eventTime": (datetime.now(UTC) - 2 * MINUTE).isoformat(timespec="seconds"),
        "awsRegion": REGION,
        "requestParameters": {"domainName": DOMAIN, "basePath": "(none)"},
    }
    entry = {
        "Source": "aws.apigateway",
        "DetailType": "AWS API Call via CloudTrail",
        "Detail": json.dumps(detail),
    }
    client("events").put_events(Entries=[entry])
    noted = until(lambda: theirs.service.logged("Verify", "api_change_noted"), 20)
    seen = [one.get("apis") for one in noted or []]
    theirs.table.check(f"{NAME}: a change that CloudTrail saw is noted", seen == [["orders"]], seen)


def _preceded(theirs: Scene) -> None:
    """The incident names what was changed before it began."""
    told = until(theirs.service.messages, 15) or [{"incident": {}}]
    incident = told[0]["incident"]
    good = _CHANGE in str(incident.get("preceded_by"))
    seen = (incident.get("cause"), incident.get("preceded_by"))
    theirs.table.check(f"{NAME}: the incident names the change before it", good, seen)


_CHANGE = "UpdateBasePathMapping"


@dataclass(frozen=True, slots=True)
class _Release:
    """`code` and `printed` are the command line's; `status` is the stack's afterwards."""

    code: int
    printed: str
    status: str


class _Team:
    """Its assemblies, one for each deployment, and what its callers show."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._folder = scene.folder / "released"
        self._folder.mkdir()
        self._token = secrets.token_hex(20)
        client("ssm").put_parameter(Name=_TOKEN, Value=self._token, Type="SecureString")
        config = self._folder / "gatewatch.yaml"
        config.write_text(_TEXT, encoding="utf-8")
        given = {"RELEASED_TOKEN": self._token, "RELEASED_CONFIG": str(config)}
        run(["python", "-m", "e2e.released", self._folder], **given)
        first, *others = (self._folder / folder_of(one) for one in VARIANTS)
        fit(first, NAME, INTERPRETER, scene.world.authority)
        for one in others:
            fit_template(one, NAME)
        self._verified = 0

    def monitored(self) -> Scene:
        """From here on, the test alone says when the monitor looks."""
        scene = self._scene
        theirs = Scene(scene.emulated, scene.watched, scene.table, "", "", self._folder)
        theirs.service = Deployed(NAME, MONITOR, MONITOR, inbox="released")
        theirs.service.stop_schedule()
        theirs.service.hurry()
        return theirs

    def passes(self, variant: str, what: str) -> str:
        """What the verification said of it."""
        done = self._deploy(variant)
        decided = until(self._decided, 15) or [{}]
        last = decided[-1]
        good = (
            done.code == 0
            and done.status in ("CREATE_COMPLETE", "UPDATE_COMPLETE")
            and last.get("decision") == "passed"
        )
        self._scene.table.check(f"{NAME}: {what} passes", good, (done.status, last.get("because")))
        return str(last.get("because"))

    def is_stopped(self, variant: str) -> None:
        before = self._answers()
        done = self._deploy(variant)
        last = (until(self._decided, 15) or [{}])[-1]
        reason = _reason()
        named = all(word in reason for word in STOPPED[variant])
        shown = done.code != 0 and reason.partition("\n")[0] in done.printed
        self._scene.table.check(
            f"{NAME}: {variant}: stopped, by layer",
            named and shown and last.get("decision") == "stopped",
            reason,
        )
        rolled_back = (done.status, len(self._logged("rollback_not_verified")))
        self._scene.table.check(
            f"{NAME}: {variant}: rolled back",
            done.status == "UPDATE_ROLLBACK_COMPLETE",
            rolled_back,
        )
        after = self._answers()
        self._scene.table.check(f"{NAME}: {variant}: answers as before", after == before, after)

    def _deploy(self, variant: str) -> _Release:
        assembly = self._folder / folder_of(variant)
        current = self._folder / "cdk.out"
        current.unlink(missing_ok=True)
        current.symlink_to(assembly)
        command = (CDK, "deploy", NAME, "--app", assembly, "--require-approval", "never")
        code, printed = attempt(command)
        (self._folder / f"{folder_of(variant)}.txt").write_text(printed, encoding="utf-8")
        [stack] = client("cloudformation").describe_stacks(StackName=NAME)["Stacks"]
        return _Release(code, printed, stack["StackStatus"])

    def _decided(self) -> list[dict[str, Any]]:
        """All decisions so far, once there is one more than before."""
        found = self._logged("release_decided")
        if len(found) <= self._verified:
            return []
        self._verified = len(found)
        return found

    def _logged(self, event: str) -> list[dict[str, Any]]:
        name = _resource("AWS::Lambda::Function", "VerifyFunction")
        found = client("lambda").get_function(FunctionName=name)["Configuration"]
        group = found["LoggingConfig"]["LogGroup"]
        events = client("logs").filter_log_events(logGroupName=group)["events"]
        lines = [json.loads(one["message"]) for one in events if event in one["message"]]
        return [line for line in lines if line["message"] == event]

    def break_by_hand(self) -> None:
        """Between two deployments, the authorizer gets another token."""
        client("lambda").update_function_configuration(
            FunctionName=_resource("AWS::Lambda::Function", "OrdersAuthorizer"),
            Environment={"Variables": {"TOKEN": "changed by hand"}},
        )

    def _answers(self) -> dict[str, int]:
        user = {"Authorization": f"Bearer {self._token}"}
        asked: list[tuple[str, Mapping[str, str]]] = [
            ("/health", {}),
            ("/orders", {}),
            ("/orders", user),
            ("/ledger", {}),
        ]
        return {f"{path} {' '.join(shown)}": self._status(path, shown) for path, shown in asked}

    def _status(self, path: str, shown: Mapping[str, str]) -> int:
        emulated = self._scene.emulated
        context = ssl.create_default_context(cafile=str(self._scene.world.authority))
        context.check_hostname = False  # it is asked by its address
        connection = http.client.HTTPSConnection(
            "127.0.0.1", emulated.front, timeout=10, context=context
        )
        try:
            connection.request("GET", path, headers={"Host": DOMAIN, **shown})
            return connection.getresponse().status
        finally:
            connection.close()


def _resource(kind: str, beginning: str) -> str:
    found = client("cloudformation").describe_stack_resources(StackName=NAME)["StackResources"]
    [name] = [
        one["PhysicalResourceId"]
        for one in found
        if one["ResourceType"] == kind and one["LogicalResourceId"].startswith(beginning)
    ]
    return str(name)


def _reason() -> str:
    """What the stack's last failed trigger said."""
    events = client("cloudformation").describe_stack_events(StackName=NAME)["StackEvents"]
    failed = (one for one in events if one["ResourceStatus"].endswith("FAILED"))
    return next(
        str(one["ResourceStatusReason"])
        for one in failed
        if one["ResourceType"] == "Custom::Trigger"
    )
