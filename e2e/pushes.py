"""Configurations that are pushed: what is refused, what is rejected, and 500 routes at once."""

from __future__ import annotations

from urllib.parse import urlsplit

from e2e.account import GATEWATCH, attempt, client, run
from e2e.configured import MANY, ROUTES, with_many
from e2e.scene import AMBIGUOUS, REJECTED, Scene, Story
from e2e.watched import KEY, stage_gone

_BAD_USAGE = 3


def push_refused(scene: Scene) -> None:
    """With a reason, and before anything is sent."""
    before, host = run([GATEWATCH, "pull"]), urlsplit(scene.shop).netloc
    for what, text, reason in (
        ("bad", scene.text.replace("owner:", "ownr:"), "owner"),
        ("too powerful", scene.text.replace(KEY, f"{KEY}-of-others"), "cdk deploy"),
        ("sent elsewhere", scene.text.replace(host, "example.com"), "cdk deploy"),
    ):
        code, printed = attempt([GATEWATCH, "push", "--config", scene.written(text)])
        good = code == _BAD_USAGE and reason in printed and run([GATEWATCH, "pull"]) == before
        scene.table.check(f"push of what is {what}: refused", good, printed.splitlines()[-1])


def pointer_spoilt(scene: Scene) -> None:
    """By hand: the last good configuration goes on, and it is said."""
    bucket, pointer = (scene.service.outputs[one] for one in ("ConfigBucket", "ConfigPointer"))
    client("s3").put_object(Bucket=bucket, Key=pointer, Body=b"{}")
    scene.tick()
    whole = scene.is_whole(ROUTES)
    scene.table.check("spoilt configuration: the last good one goes on", whole, whole)
    scene.rings("spoilt configuration", REJECTED)
    run([GATEWATCH, "push", "--config", scene.written(scene.text)])
    scene.tick()
    scene.rings("pushed again")


def maintained(scene: Scene) -> None:
    """What breaks in a window is told when the window is over, and rings no alarm."""
    scene.forget_failures()
    scene.forget_alarms()
    opens = scene.now.strftime("%Y-%m-%dT%H:%M")
    window = f"maintenance:\n  - {{from: {opens}, for: 5m, apis: [shop]}}\n"
    run([GATEWATCH, "push", "--config", scene.written(scene.text + window)])
    story = Story("auth", "GET /orders")
    with scene.watched.denying():
        scene.tick(3)
        told = scene.service.messages()
        scene.table.check("authorizer denies in maintenance: no message", not told, told)
        held = scene.come_to(RoutesDown=1, AuthFailures=0, RoutesInMaintenance=ROUTES - 1)
        scene.table.check("counted as held", held, scene.counts("RoutesDown", "AuthFailures"))
        scene.rings("in maintenance")
        scene.told("maintenance is over", "opened", story)
    scene.told("authorizer lets in again", "resolved", story)


def many_routes_out(scene: Scene) -> None:
    """500 routes more by a push, and all of them out at once: one story."""
    scene.forget_alarms()
    url = scene.watched.url(scene.emulated, "Wide")
    run([GATEWATCH, "push", "--config", scene.written(with_many(scene.text, url))])
    scene.tick()
    whole = scene.is_whole(ROUTES + MANY)
    scene.table.check(f"{MANY} routes more by a push: all are judged", whole, whole)
    # WAF and a missing stage answer alike: it could be either layer, and rings one alarm.
    with stage_gone(scene.watched.outputs["WideId"]):
        scene.told(
            f"stage of {MANY} routes deleted", "opened", Story("stage_not_found", members=None)
        )
        judged = scene.come_to(RoutesDue=ROUTES + MANY, RoutesJudged=ROUTES + MANY, RoutesUp=ROUTES)
        scene.table.check("stage deleted: all are judged", judged, scene.counts("RoutesJudged"))
        scene.rings("stage deleted", AMBIGUOUS)
        # They are judged one shard after the other: those of the first one were told alone.
        joined = scene.told(
            "the other routes", "changed", Story("stage_not_found", members=MANY), ticks=4
        )
        news = joined and joined["news"]
        good = news and len(news) == 1 and news[0].startswith("joined: ")
        scene.table.check("the other routes: who joined, in one line", good, news)
    scene.told("stage restored", "resolved", Story("stage_not_found", members=MANY))


SCENARIOS = (pointer_spoilt, maintained, many_routes_out)
