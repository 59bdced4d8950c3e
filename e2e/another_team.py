"""A team that has nothing of this repository but the wheel watches the APIs of its own CDK app."""

from __future__ import annotations

import json
import secrets
import shutil
from typing import Any

from e2e import wheel
from e2e.account import CDK, GATEWATCH, INTERPRETER, ROOT, Deployed, client, run
from e2e.breakage import acknowledge, open_incidents
from e2e.fitted import fit
from e2e.leftovers import nothing_left
from e2e.scene import Message, Scene, Story
from e2e.watched import stage_gone

NAME, MONITOR = "Team", "Watch"
KEY = "gatewatch-e2e/team"
THERE = ("--stack", NAME)
WATCHED = {
    "orders": {
        "GET /account": ["cognito"],
        "GET /files/{proxy+}": ["iam"],
        "GET /health": "public",
        "GET /ledger": ["iam"],
        "GET /stock": ["api_key"],
        "POST /refunds": ["iam"],
    },
    "shop": {"GET /offers": "public"},
    "front": {"GET /anything": "public"},
    "described": {"GET /described": "public"},
    "open": {"GET /": "public"},
    "signed": {"GET /": ["iam"]},
    "elsewhere": {"GET /door": "public"},
    "chat": {"GET /@connections/nobody": []},
}
"""By API and route, the guards; or that anybody may call it."""
DUE, UNDECIDED = 20, 3
"""Routes at entrances: those of `orders` at its endpoint and its domain, that of `shop` at its
domain and at the endpoint that is closed. Where nobody signs, IAM answers in the words of a missing
route: POST /refunds, which is never let in, and `chat` stay unknown."""
UNTIL_SAID = 5
"""So many looks, and what cannot be decided is said once."""


def another_team(scene: Scene) -> None:
    team = _Team(scene)
    theirs = team.deploy("whole")
    _derived(theirs)
    theirs.service.messages()
    # Whatever runs there for the first time takes its time.
    theirs.tick(2)
    good = theirs.come_to(RoutesDue=DUE, RoutesUp=DUE - UNDECIDED, RoutesUnknown=UNDECIDED)
    theirs.table.check(f"{NAME}: its routes are up", good, theirs.counts("RoutesUp", "RoutesDown"))
    theirs.tick(UNTIL_SAID)
    said = sorted(_in_brief(one) for one in theirs.service.messages())
    wanted = [("chat", "undecided", "low", 1), ("orders", "undecided", "low", 2)]
    theirs.table.check(f"{NAME}: what stays unknown is said, once", said == wanted, said)
    _operated(theirs)
    _pushed(theirs)
    team.deploy("less", WITHOUT="/ledger")
    theirs.tick(3)
    fewer = DUE - 2
    good = theirs.come_to(RoutesDue=fewer, RoutesDown=0) and not theirs.service.messages()
    theirs.table.check(f"{NAME}: a route that a deployment drops is no failure", good, fewer)
    nothing_left(theirs, f"{NAME}-{MONITOR}")


def _in_brief(message: Message) -> tuple[str, str, str, int]:
    incident = message["incident"]
    return incident["api"], incident["finding"], incident["severity"], message["members"]


def _derived(theirs: Scene) -> None:
    apis = json.loads(run([GATEWATCH, "pull", *THERE]))["apis"]
    routes = {one["name"]: _routes(one) for one in apis}
    theirs.table.check(f"{NAME}: routes, access and guards", routes == WATCHED, routes)
    found = {one["name"]: _entrances(one) for one in apis}
    orders, shop = (_default(theirs, name) for name in ("Orders", "Shop"))
    wanted = {
        "orders": ([orders, "https://orders.gatewatch-e2e.net/v1"], []),
        "shop": (["https://shop.gatewatch-e2e.net"], [shop]),
    }
    shown = {name: found[name] for name in wanted}
    theirs.table.check(f"{NAME}: domains, and the closed endpoint", shown == wanted, shown)


def _routes(api: dict[str, Any]) -> dict[str, Any]:
    return {
        one["name"]: one["guarded_by"] if one["access"] == "protected" else one["access"]
        for one in api["routes"]
    }


def _entrances(api: dict[str, Any]) -> tuple[list[str], list[str]]:
    opened = [one["url"] for one in api["entrances"] if not one.get("closed")]
    closed = [one["url"] for one in api["entrances"] if one.get("closed")]
    return opened, closed


def _default(theirs: Scene, name: str) -> str:
    return f"https://{theirs.emulated.host(_api(theirs.service, name))}/prod"


def _api(service: Deployed, name: str) -> str:
    """The id of the REST API of this name."""
    [found] = [
        own
        for logical, (kind, own) in service.resources.items()
        if kind == "AWS::ApiGateway::RestApi" and logical.startswith(name)
    ]
    return str(found)


def _operated(theirs: Scene) -> None:
    story = Story("stage_not_found", "GET /described")
    with stage_gone(_api(theirs.service, "Described")):
        told = theirs.told(f"{NAME}: its stage is gone", "opened", story)
        found = _open_at("described")
        same = told is not None and found["id"] == told["incident"]["id"]
        theirs.table.check(f"{NAME}: incidents --stack", same, found["id"])
        acknowledge(found["id"], *THERE, why="ours")
        theirs.tick()
        by = _open_at("described")["acknowledged"]
        theirs.table.check(f"{NAME}: ack --stack", by and by["why"] == "ours", by)
    theirs.told(f"{NAME}: its stage is back", "resolved", story)


def _open_at(api: str) -> dict[str, Any]:
    [found] = [one for one in open_incidents(*THERE) if one["api"] == api]
    return found


def _pushed(theirs: Scene) -> None:
    """For once by hand: one route only; and back."""
    url = f"https://{theirs.emulated.host(_api(theirs.service, 'Described'))}/prod"
    text = f"apis: {{described: {{url: {url}, routes: [GET /described: public]}}}}\n"
    run([GATEWATCH, "push", *THERE, "--config", theirs.written(text)])
    theirs.tick()
    good = theirs.come_to(RoutesDue=1, RoutesUp=1)
    theirs.table.check(f"{NAME}: push --stack", good, theirs.counts("RoutesDue", "RoutesUp"))
    run([GATEWATCH, "rollback", *THERE])
    theirs.tick()
    good = theirs.come_to(RoutesDue=DUE)
    theirs.table.check(f"{NAME}: rollback --stack", good, theirs.counts("RoutesDue", "RoutesUp"))


class _Team:
    """Its folder has the app, its configuration and its own environment."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._folder = scene.folder / "team"
        shutil.copytree(ROOT / "e2e" / "team", self._folder)
        self._python = wheel.installed(wheel.built(self._folder), self._folder / ".venv")
        self._key = secrets.token_hex(20)
        client("secretsmanager").create_secret(Name=KEY, SecretString=self._key)

    def deploy(self, variant: str, **without: str) -> Scene:
        """As its own pipeline does, with the code of the wheel."""
        assembly = self._folder / "cdk.out"
        shutil.rmtree(assembly, ignore_errors=True)
        run([self._python, self._folder / "app.py", assembly], **self._given(), **without)
        fit(assembly, NAME, INTERPRETER, self._scene.world.authority)
        said = run([CDK, "deploy", NAME, "--app", assembly, "--require-approval", "never"])
        told = "protection stays unknown: POST /refunds" in said
        warned = [line for line in said.splitlines() if "gatewatch:" in line]
        self._scene.table.check(f"{NAME} deployed ({variant}), told what is left out", told, warned)
        service = Deployed(NAME, MONITOR, MONITOR, inbox="theirs")
        service.stop_schedule()
        service.hurry()
        _close(_api(service, "Shop"))
        scene = self._scene
        theirs = Scene(scene.emulated, scene.watched, scene.table, "", "", self._folder, scene.now)
        theirs.service = service
        return theirs

    def _given(self) -> dict[str, str]:
        return {
            "KEY": self._key,
            "ELSEWHERE": self._scene.watched.outputs["VaultId"],
            "XDG_CACHE_HOME": str(self._folder / "cache"),
            "PYTHONPATH": "",
        }


def _close(api: str) -> None:
    """The emulator's CloudFormation does not read that the default endpoint is disabled."""
    change = {"op": "replace", "path": "/disableExecuteApiEndpoint", "value": "true"}
    client("apigateway").update_rest_api(restApiId=api, patchOperations=[change])
