"""What is told outside the account: by the topic to a queue, a function and over HTTPS, by events,
by a webhook and by the heartbeat."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

from e2e.account import (
    GATEWATCH,
    INTERPRETER,
    REGION,
    STACK,
    Inbox,
    attempt,
    cdk,
    client,
    run,
    until,
)
from e2e.fitted import fit
from e2e.scene import MINUTE, Scene, Story

_HOST = "hooks.gatewatch-e2e.net"
_BUS = "default"
_LISTENER = """
def handler(event, context):
    for one in event["Records"]:
        print("heard " + one["Sns"]["Message"])
"""
_STORY = Story("auth", "GET /orders")


def notified(scene: Scene) -> None:
    scene.forget_alarms()
    _deploy(scene)
    topic = scene.service.outputs["IncidentsTopic"]
    ours = Inbox("team-shop", topic, owner="team-shop")
    others = Inbox("team-other", topic, owner="team-other")
    _listen(topic)
    _confirm(scene, topic)
    events = _events()
    _beats(scene)
    with scene.watched.denying():
        with scene.world.refusing_messages():
            opened = scene.told("with channels, authorizer denies", "opened", _STORY)
            refused = until(lambda: _heard(scene, "/in", taken=False), 30)
        name = opened["message_id"] if opened else ""
        scene.table.check("a webhook that refuses is tried again", refused, len(refused or ()))
        _told_once(scene, "opened", name, (ours, others, events))
    over = scene.told("with channels, authorizer lets in again", "resolved", _STORY)
    _told_once(scene, "resolved", over["message_id"] if over else "", (ours, others, events))
    _status(scene)
    _no_beats(scene)
    for one in (ours, others):
        one.close()


def _deploy(scene: Scene) -> None:
    """The same configuration, and channels that are no topics."""
    at = f"https://{_HOST}:{scene.emulated.hooks}"
    channels = (
        f'  - {{name: hook, webhook: {{url: "{at}/in"}}, owner: team-shop}}\n'
        f"  - {{name: events, event_bus: {_BUS}}}\n"
    )
    text = scene.text.replace("apis:\n", f'heartbeat: {{url: "{at}/beat", every: 1m}}\napis:\n', 1)
    text = text.replace("notify:\n", f"notify:\n{channels}", 1)
    file = scene.written(text)
    assembly = scene.folder / "notified.out"
    cdk("synth", "--quiet", "--output", assembly, "--context", f"config={file}")
    fit(assembly, STACK, INTERPRETER, scene.world.authority)
    cdk("deploy", STACK, "--app", assembly, "--require-approval", "never")
    scene.service.look_again()
    scene.service.stop_schedule()
    scene.service.hurry()
    run([GATEWATCH, "push", "--config", file])
    scene.table.done("channels deployed that are no topics", "webhook, event bus, heartbeat")


def _listen(topic: str) -> None:
    """A function that prints what it hears."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("index.py", _LISTENER)
    trusted = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}}
    statement = {**trusted, "Action": "sts:AssumeRole"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    role = client("iam").create_role(RoleName="e2e-listener", AssumeRolePolicyDocument=policy)
    made = client("lambda").create_function(
        FunctionName="e2e-listener",
        Runtime="python3.12",
        Role=role["Role"]["Arn"],
        Handler="index.handler",
        Code={"ZipFile": packed.getvalue()},
    )
    client("sns").subscribe(TopicArn=topic, Protocol="lambda", Endpoint=made["FunctionArn"])


def _confirm(scene: Scene, topic: str) -> None:
    """As whoever runs the endpoint does, with the token that came to it."""
    at = f"https://{_HOST}:{scene.emulated.hooks}/sns"
    client("sns").subscribe(TopicArn=topic, Protocol="https", Endpoint=at)
    asked = until(lambda: _heard(scene, "/sns"), 15)
    scene.table.check("an HTTPS subscriber is asked to confirm", asked, bool(asked))
    for one in asked or ():
        client("sns").confirm_subscription(TopicArn=topic, Token=one["Token"])


def _events() -> Inbox:
    """A rule sends our events on to a queue."""
    rule = client("events").put_rule(
        Name="e2e-incidents",
        EventPattern=json.dumps({"source": ["gatewatch"], "detail": {"kind": [{"exists": True}]}}),
    )
    inbox = Inbox("events", rule["RuleArn"], service="events")
    client("events").put_targets(Rule="e2e-incidents", Targets=[{"Id": "queue", "Arn": inbox.arn}])
    return inbox


def _heard(scene: Scene, path: str, *, taken: bool = True) -> list[dict[str, Any]]:
    found = (json.loads(one) for one in scene.world.messages())
    return [
        json.loads(one["body"]) for one in found if (one["path"], one["is_taken"]) == (path, taken)
    ]


def _told_once(scene: Scene, kind: str, name: str, inboxes: tuple[Inbox, Inbox, Inbox]) -> None:
    ours, others, events = inboxes
    hooked = until(lambda: [one for one in _heard(scene, "/in") if one["kind"] == kind], 60) or []
    brief = [(one["kind"], one["incident"]["owner"]) for one in hooked]
    scene.table.check(f"{kind}: the webhook has it once", len(hooked) == 1, brief)
    ids = [one["message_id"] for one in until(ours.messages, 15) or []]
    scene.table.check(f"{kind}: a queue that wants this owner's has it", ids == [name], ids)
    ids = [one["message_id"] for one in others.messages()]
    scene.table.check(f"{kind}: a queue that wants another's has not", not ids, ids)
    ids = until(lambda: _posted(scene, kind), 15) or []
    scene.table.check(f"{kind}: an HTTPS subscriber has it", ids == [name], ids)
    scene.table.check(f"{kind}: a Lambda subscriber has it", _printed(name), name)
    found = until(events.bodies, 15) or []
    types = [one["detail-type"] for one in found]
    wanted = [f"Gatewatch Incident {kind.capitalize()}"]
    scene.table.check(f"{kind}: an EventBridge rule has it", types == wanted, types)


def _posted(scene: Scene, kind: str) -> list[str]:
    """By the topic, over HTTPS: the ids. One alarm speaks to this topic, too."""
    notes = [one for one in _heard(scene, "/sns") if one["Type"] == "Notification"]
    told = [json.loads(one["Message"]) for one in notes]
    return [one["message_id"] for one in told if one.get("kind") == kind]


def _printed(name: str) -> bool:
    def printed() -> bool:
        found = client("logs").filter_log_events(logGroupName="/aws/lambda/e2e-listener")["events"]
        return any(name in one["message"] for one in found)

    return bool(name and until(printed, 15))


def _beats(scene: Scene) -> None:
    """One for each minute."""
    before = len(_heard(scene, "/beat"))
    scene.tick(3)
    minutes = [
        (scene.now - number * MINUTE).replace(second=0, microsecond=0) for number in (2, 1, 0)
    ]
    wanted = [one.isoformat() for one in minutes]
    found = until(lambda: len(_heard(scene, "/beat")) >= before + 3, 30)
    at = [one["at"] for one in _heard(scene, "/beat")][before:]
    scene.table.check("the heartbeat comes each minute", found and at == wanted, at)


def _no_beats(scene: Scene) -> None:
    scene.service.settle()
    before = len(_heard(scene, "/beat"))
    scene.pass_minutes(3)
    more = until(lambda: len(_heard(scene, "/beat")) > before, 5)
    scene.table.check("no dispatch, no heartbeat", not more, more)
    scene.tick()
    back = until(lambda: len(_heard(scene, "/beat")) == before + 1, 30)
    scene.table.check("dispatch is back, and the heartbeat", back, back)


def _status(scene: Scene) -> None:
    there = ("--stack", STACK, "--region", REGION, "--format", "json")
    _, printed = attempt([GATEWATCH, "status", *there])
    known = {one["name"]: one["delivered_at"] for one in json.loads(printed).get("channels", ())}
    good = all(known.get(one) for one in ("hook", "events", "the heartbeat"))
    scene.table.check("status says when each channel took a message last", good, known)
