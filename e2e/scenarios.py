"""What happens to the target, and what the service must make of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from e2e.account import Deployed, cdk, client, outputs, until
from e2e.table import Table
from e2e.target import NAME

MINUTE = timedelta(minutes=1)
ROUTES = 5


class Target:
    """The watched API, changed as a person would: by deploying it again."""

    def __init__(self, folder: Path, *, key: str, token: str) -> None:
        self.key = key
        self.token = token
        self._out = folder / "target.out"

    @property
    def api(self) -> str:
        return outputs(NAME)["ApiId"]

    @property
    def caller(self) -> str:
        return outputs(NAME)["CallerArn"]

    def synthesise(self, **faults: str) -> None:
        context = [word for one in faults.items() for word in ("--context", "=".join(one))]
        app: list[str | Path] = ["--app", "python -m e2e.target", "--output", self._out]
        shown = {"TARGET_KEY": self.key, "TARGET_TOKEN": self.token}
        cdk("synth", "--quiet", *app, *context, **shown)

    def deploy(self, **faults: str) -> None:
        self.synthesise(**faults)
        cdk("deploy", NAME, "--app", self._out, "--require-approval", "never")

    def let_authorizer_deny(self, denies: bool) -> None:
        functions = client("lambda")
        [name] = [
            one["FunctionName"]
            for one in functions.list_functions()["Functions"]
            if one["FunctionName"].startswith(f"{NAME}-Authorizer")
        ]
        variables = {"TOKEN": self.token, "DENIES": "yes" if denies else "no"}
        functions.update_function_configuration(
            FunctionName=name, Environment={"Variables": variables}
        )

    def take_key_out(self) -> Callable[[], None]:
        """Of the usage plan; gives what puts it back."""
        gateway = client("apigateway")
        [plan] = gateway.get_usage_plans()["items"]
        [key] = gateway.get_usage_plan_keys(usagePlanId=plan["id"])["items"]
        gateway.delete_usage_plan_key(usagePlanId=plan["id"], keyId=key["id"])
        return lambda: gateway.create_usage_plan_key(
            usagePlanId=plan["id"], keyId=key["id"], keyType="API_KEY"
        )


@dataclass
class Scene:
    service: Deployed
    target: Target
    table: Table
    now: datetime = field(default_factory=lambda: datetime.now(UTC) + 2 * MINUTE)

    def tick(self, count: int = 1) -> None:
        for _ in range(count):
            self.now += MINUTE
            self.service.tick(self.now)

    def forget_alarms(self) -> None:
        """A quarter of an hour later, what failed before is out of every alarm's sight."""
        self.now += 15 * MINUTE
        self.tick()

    def metric(self, name: str) -> float | None:
        return until(lambda: self.service.metric(name, self.now), 10)


def schedule_fires(scene: Scene) -> None:
    """Nobody invokes anything."""
    began = datetime.now(UTC)
    minutes = (began - MINUTE, began, began + MINUTE, began + 2 * MINUTE)
    judged = until(
        lambda: max(scene.service.metric("RoutesJudged", one) or 0.0 for one in minutes), 200
    )
    took = (datetime.now(UTC) - began).total_seconds()
    scene.table.check(
        "schedule fires by itself", judged == ROUTES, f"judged {judged}, {took:.0f} s"
    )
    scene.service.stop_schedule()


def healthy(scene: Scene) -> None:
    scene.service.messages()
    scene.tick()
    due, judged, up = (scene.metric(one) for one in ("RoutesDue", "RoutesJudged", "RoutesUp"))
    scene.table.check(
        "healthy: due = judged = up", due == judged == up == ROUTES, (due, judged, up)
    )
    told, ringing = scene.service.messages(), scene.service.ringing()
    scene.table.check("healthy: no message, no alarm", not told and not ringing, (told, ringing))


def method_deleted(scene: Scene) -> None:
    scene.target.deploy(without="ledger")
    scene.tick(3)
    _told(scene, "method deleted", "opened", means="route_not_found", route="GET /ledger")
    _rings(scene, "method deleted", "MonitorLayerAlarmsRouting")


def method_restored(scene: Scene) -> None:
    scene.target.deploy()
    scene.tick(3)
    _told(scene, "method restored", "resolved", means="route_not_found", route="GET /ledger")


def authorizer_denies(scene: Scene) -> None:
    scene.forget_alarms()
    scene.target.let_authorizer_deny(True)
    scene.tick(3)
    _told(scene, "authorizer denies", "opened", means="auth", route="GET /orders")
    _rings(scene, "authorizer denies", "MonitorLayerAlarmsAuth")
    scene.target.let_authorizer_deny(False)
    scene.tick(3)
    _told(scene, "authorizer lets in again", "resolved", means="auth", route="GET /orders")


def key_taken_out(scene: Scene) -> None:
    put_back = scene.target.take_key_out()
    scene.tick(3)
    _told(scene, "API key taken out of its plan", "opened", means="auth", route="GET /stock")
    put_back()
    scene.tick(3)
    _told(scene, "API key back", "resolved", means="auth", route="GET /stock")


def guard_lost(scene: Scene) -> None:
    """One look is enough: whoever knows the URL is in."""
    scene.forget_alarms()
    scene.target.deploy(unguarded="orders")
    scene.tick()
    _told(scene, "authorizer lost", "opened", means="protected_route_open", route="GET /orders")
    _rings(scene, "authorizer lost", "MonitorLayerAlarmsExposure")
    scene.target.deploy()
    scene.tick(3)
    _told(scene, "authorizer back", "resolved", means="protected_route_open", route="GET /orders")


SCENARIOS: tuple[Callable[[Scene], None], ...] = (
    schedule_fires,
    healthy,
    method_deleted,
    method_restored,
    authorizer_denies,
    key_taken_out,
    guard_lost,
)


def _told(scene: Scene, what: str, kind: str, *, means: str, route: str) -> None:
    """One message, and this one; `means` is a layer, a finding or the likeliest cause."""
    found = [_brief(one) for one in until(scene.service.messages, 10) or []]
    good = [(one[0], means in one[1], one[2]) for one in found] == [(kind, True, {route})]
    scene.table.check(f"{what}: one message", good, found)


def _brief(message: dict[str, Any]) -> tuple[str, tuple[str, str, str], set[str]]:
    """(kind, (layer, finding, cause), routes)."""
    incident = message["incident"]
    meaning = (incident["layer"], incident["finding"], incident["cause"])
    return message["kind"], meaning, {one["route"] for one in incident["members"]}


def _rings(scene: Scene, what: str, alarm: str) -> None:
    """A refusal that could be of several layers rings at each of them."""

    def rings() -> bool:
        return any(one.startswith(alarm) for one in scene.service.ringing())

    scene.table.check(f"{what}: its alarm", until(rings, 15), scene.service.ringing())
