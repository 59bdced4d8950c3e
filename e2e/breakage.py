"""The APIs break, and on-call hears of it: once, at the right layer, and once when it is over."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from e2e.account import ACCOUNT, GATEWATCH, REGION, STACK, run, until
from e2e.configured import ROUTES
from e2e.scene import AUTH, EXPOSURE, MINUTE, ROUTING, Scene, Story


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
    good = scene.is_whole(ROUTES)
    scene.table.check("healthy: due = judged = up", good, scene.counts("RoutesDue", "RoutesUp"))
    told, ringing = scene.service.messages(), scene.service.ringing()
    scene.table.check("healthy: no message, no alarm", not told and not ringing, (told, ringing))


def method_deleted(scene: Scene) -> None:
    # The signed look and the stranger's: neither meets a guard any more.
    story = Story("routing", "GET /ledger", members=2)
    with scene.watched.broken("method deleted"):
        scene.told("method deleted", "opened", story)
        scene.rings("method deleted", ROUTING)
    _over(scene, "method restored", story)


def policy_denies(scene: Scene) -> None:
    scene.forget_alarms()
    story = Story("resource_policy_deny", "GET /door")
    with scene.watched.broken("policy denies"):
        scene.told("resource policy denies", "opened", story)
        scene.rings("resource policy denies", AUTH)
    _over(scene, "resource policy allows again", story)


def taken_care_of(scene: Scene) -> None:
    """On-call reads the incident and acknowledges it, from a terminal."""
    story = Story("auth", "GET /orders")
    with scene.watched.denying():
        told = scene.told("authorizer denies", "opened", story)
        [found] = json.loads(run([GATEWATCH, "incidents", "--stack", STACK, *_OPEN]))
        same = told is not None and found["id"] == told["incident"]["id"]
        scene.table.check("on-call reads the same incident", same, found["id"])
        place = told and [told[name] for name in ("account", "region", "deployment")]
        scene.table.check("the message says where", place == [ACCOUNT, REGION, STACK], place)
        there = ("--stack", STACK, "--region", REGION)
        run([GATEWATCH, "ack", found["id"], *there, "--why", "mine"])
        scene.tick()
        [found] = json.loads(run([GATEWATCH, "incidents", "--stack", STACK, *_OPEN]))
        by = found["acknowledged"]
        scene.table.check("on-call acknowledges it", by and by["why"] == "mine", by)
    _over(scene, "authorizer lets in again", story)


_OPEN = ("--open", "--format", "json")


def key_rotated(scene: Scene) -> None:
    story = Story("auth", "GET /stock")
    tell_monitor = scene.watched.rotate_key()
    scene.told("API key rotated", "opened", story)
    tell_monitor()
    # What was read within the last minute is not read again, but by a new process.
    scene.world.crash(1)
    scene.told("the monitor's secret follows", "resolved", story)


def guard_lost(scene: Scene) -> None:
    """One look is enough: whoever knows the URL is in."""
    scene.forget_alarms()
    story = Story("protected_route_open", "GET /orders")
    with scene.watched.broken("authorizer lost"):
        scene.told("authorizer lost", "opened", story, ticks=1)
        scene.rings("authorizer lost", EXPOSURE)
    _over(scene, "authorizer back", story)


def _over(scene: Scene, what: str, story: Story) -> None:
    """It is said once, with its length."""
    message = scene.told(what, "resolved", story)
    if message:
        opened, resolved = (
            datetime.fromisoformat(message["incident"][one]) for one in ("opened_at", "resolved_at")
        )
        scene.table.check(f"{what}: its length", resolved > opened, resolved - opened)


SCENARIOS = (healthy, method_deleted, policy_denies, taken_care_of, key_rotated, guard_lost)
