"""The APIs break, and on-call hears of it: once, at the right layer, and once when it is over."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from e2e.account import ACCOUNT, GATEWATCH, REGION, STACK, run, until
from e2e.configured import ROUTES, with_site
from e2e.scene import (
    AHEAD,
    AUTH,
    EXPOSURE,
    MINUTE,
    NOBODY,
    OTHER,
    ROUTING,
    Message,
    Scene,
    Story,
)


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
    # Ticks may run ahead of the clock by then, and pass the minute in which dispatch asks who
    # listens to the alarms: nobody, so far. Both have alarms of their own.
    others = {one for one in ringing if not one.startswith((AHEAD, NOBODY))}
    scene.table.check("healthy: no message, no alarm", not told and not others, (told, others))


def methods_deleted(scene: Scene) -> None:
    """A second one is lost while on-call knows of the first: it is told as well, and by name."""
    # The signed look and the stranger's: neither meets a guard any more.
    story = Story("routing", "GET /ledger", members=2)
    both = replace(story, members=3)
    with scene.watched.broken("method deleted"):
        opened = scene.told("method deleted", "opened", story)
        scene.rings("method deleted", ROUTING)
        scene.watched.deploy("two deleted")
        # Two looks until it counts; then who joins within a short while is told together.
        joined = scene.told("a second method deleted", "changed", both, ticks=5)
    news = joined and joined["news"]
    good = news and len(news) == 1 and news[0].startswith("joined: GET /open, since ")
    scene.table.check("a second method deleted: who joined", good, news)
    resolved = _over(scene, "both methods restored", both)
    same = (
        resolved and _routes(resolved) == ["GET /ledger", "GET /open"] and _is_one(opened, resolved)
    )
    scene.table.check(
        "both methods restored: one story of both", same, resolved and _routes(resolved)
    )


def _routes(message: Message) -> list[str]:
    return sorted({one["route"] for one in message["incident"]["members"]})


def _is_one(before: Message | None, after: Message) -> bool:
    return before is not None and before["incident"]["id"] == after["incident"]["id"]


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
        [found] = open_incidents()
        same = told is not None and found["id"] == told["incident"]["id"]
        scene.table.check("on-call reads the same incident", same, found["id"])
        place = told and [told[name] for name in ("account", "region", "deployment")]
        scene.table.check("the message says where", place == [ACCOUNT, REGION, STACK], place)
        acknowledge(found["id"], why="mine")
        scene.tick()
        [found] = open_incidents()
        by = found["acknowledged"]
        scene.table.check("on-call acknowledges it", by and by["why"] == "mine", by)
    _over(scene, "authorizer lets in again", story)


_THERE = ("--stack", STACK, "--region", REGION)


def open_incidents(*there: str) -> list[dict[str, Any]]:
    """`there`: the options that name the stack, if it is another one."""
    found: list[dict[str, Any]] = json.loads(
        run([GATEWATCH, "incidents", "--open", "--format", "json", *(there or _THERE)])
    )
    return found


def acknowledge(*what: str, why: str) -> None:
    there = () if "--stack" in what else _THERE
    run([GATEWATCH, "ack", *what, *there, "--why", why])


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
    # It might still be open at another node.
    scene.tick(2)
    told = scene.service.messages()
    scene.table.check("authorizer back: two refusals do not prove it", not told, told)
    scene.forget_failures()
    _over(scene, "authorizer back", story, ticks=1)


def write_opened(scene: Scene) -> None:
    """The backend turns the empty call away. That it got so far is told at once, and it is not
    sent again until somebody says that it may be."""
    scene.forget_alarms()
    story, title = Story("guard_weakened", "POST /refunds"), "guard of a write lost"
    with scene.watched.unguarded("Shop", "/refunds", "POST", guard="authorizationType"):
        scene.told(title, "opened", story, ticks=1)
        scene.tick(2)
        _is_held(scene, title)
        scene.rings(title, OTHER)
    scene.tick(2)
    _is_held(scene, "guard of the write back")
    acknowledge("shop", "POST /refunds", why="guard is back")
    scene.told("the write may be sent again", "resolved", story, ticks=5)
    asked = scene.watched.refunds_asked()
    scene.table.check("the write may be sent again: its guard refuses it", asked == 1, asked)


def _is_held(scene: Scene, what: str) -> None:
    asked, told = scene.watched.refunds_asked(), scene.service.messages()
    [found] = open_incidents()
    is_held = asked == 1 and scene.come_to(RoutesSkipped=1)
    scene.table.check(f"{what}: it was sent once", is_held, (asked, scene.counts("RoutesSkipped")))
    is_open = found["resolved_at"] is None and not told
    scene.table.check(f"{what}: it stays open, and nothing is said", is_open, (found["id"], told))


def app_in_front(scene: Scene) -> None:
    """A single-page app answers strangers with 200 in the API's place. That is no open route, and
    it hides none."""
    scene.forget_alarms()
    host = scene.watched.in_front(scene.emulated, "Site")
    run([GATEWATCH, "push", "--config", scene.written(with_site(scene.text, host))])
    scene.tick(3)
    counts = scene.come_to(RoutesUnknown=1, Exposed=0, RoutesDown=0)
    told = scene.service.messages()
    scene.table.check("an app in front: what is closed is not open", counts and not told, told)
    scene.rings("an app in front")
    story = Story("protected_route_open", "GET /profile")
    with scene.watched.unguarded("Site", "/profile", "GET", guard="apiKeyRequired"):
        scene.told("API key asked for no more, an app in front", "opened", story, ticks=1)
        scene.rings("API key asked for no more, an app in front", EXPOSURE)
    run([GATEWATCH, "push", "--config", scene.written(scene.text)])
    scene.told("an app in front: its API is watched no more", "resolved", story)


def _over(scene: Scene, what: str, story: Story, *, ticks: int = 3) -> Message | None:
    """It is said once, with its length."""
    message = scene.told(what, "resolved", story, ticks=ticks)
    if message:
        opened, resolved = (
            datetime.fromisoformat(message["incident"][one]) for one in ("opened_at", "resolved_at")
        )
        scene.table.check(f"{what}: its length", resolved > opened, resolved - opened)
    return message


SCENARIOS = (
    healthy,
    methods_deleted,
    policy_denies,
    taken_care_of,
    key_rotated,
    guard_lost,
    write_opened,
    app_in_front,
)
