"""A person at a terminal operates the deployed monitor: sees that it lives, tests it, pauses it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from e2e.account import STACK, Inbox, attempt, run
from e2e.configured import CHANNEL, ROUTES
from e2e.scene import Scene

_OF_SHOP = 7
_FINDINGS = 1
_JSON = ("--format", "json")


def tested(scene: Scene) -> None:
    """Who gets the messages: a real one, by the way of all of them."""
    code, printed = attempt(_command(scene, "status", *_JSON))
    named = [one for one in json.loads(printed)["wrong"] if "nobody is subscribed" in one]
    alarms = scene.service.outputs["AlarmsTopic"]
    good = code == _FINDINGS and any(alarms in one for one in named)
    scene.table.check("status names the topics that nobody reads", good, named)
    others = [Inbox("alarms", alarms), Inbox("second", CHANNEL)]
    scene.service.messages()
    code, printed = _asked(scene, "send-test", *_JSON)
    topics = [
        (one["topic"].rpartition(":")[2][:30], one["outcome"], one["subscribers"])
        for one in json.loads(printed)["topics"]
    ]
    good = code == 0 and all(one[1:] == ("delivered", 1) for one in topics)
    scene.table.check("send-test: delivered, and subscribed to", good, (code, topics))
    told = [(one["kind"], one["incident"], one["account"]) for one in scene.service.messages()]
    good = [one[:2] for one in told] == [("test", None)]
    scene.table.check("send-test: one message, and no incident", good, told)
    for one in others:
        one.close()


def paused(scene: Scene) -> None:
    """Nothing is sent, and nobody takes it for health."""
    run(_command(scene, "pause", "shop", "--for", "30m", "--why", "load test"))
    scene.tick()
    kinds = [one["kind"] for one in scene.service.messages()]
    counted = scene.come_to(RoutesPaused=_OF_SHOP, RoutesJudged=ROUTES - _OF_SHOP)
    scene.table.check("paused: its routes are not judged", counted, scene.counts("RoutesPaused"))
    scene.tick(3)
    scene.rings("paused")
    run(_command(scene, "resume"))
    scene.tick(2)
    kinds += [one["kind"] for one in scene.service.messages()]
    good = scene.is_whole(ROUTES) and len(kinds) == 2
    scene.table.check("resumed: all are judged, and both was told", good, kinds)


def looked_at_now(scene: Scene) -> None:
    code, printed = _asked(scene, "probe-now", "shop", *_JSON)
    found = [one["outcome"] for one in json.loads(printed)["verdicts"]]
    good = code == 0 and set(found) == {"pass"}
    scene.table.check("probe-now: the verdicts", good, (code, found))


def _asked(scene: Scene, *words: str) -> tuple[int, str]:
    """A command that waits for the service's next minutes, which come meanwhile."""
    command = _command(scene, *words, "--wait", "2m")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        while process.poll() is None:
            time.sleep(2)
            scene.tick()
        printed = process.stdout.read() if process.stdout else ""
        return process.returncode, printed


_AT = """
import sys
from datetime import UTC, datetime, timedelta
from gatewatch.adapters.local.clock import SystemClock
from gatewatch.cli.main import main
ahead = timedelta(seconds=float(sys.argv[1]))
SystemClock.now = lambda _: datetime.now(UTC) + ahead
main(sys.argv[2:])
"""


def _command(scene: Scene, *words: str) -> list[str | Path]:
    """At a machine whose clock shows the time that the ticks go by."""
    ahead = (scene.now - datetime.now(UTC)).total_seconds()
    return [sys.executable, "-c", _AT, f"{ahead:.0f}", *words, "--stack", STACK]


SCENARIOS = (tested, paused, looked_at_now)
