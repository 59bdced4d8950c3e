"""`make e2e FROM=REVISION`: the stack of an earlier revision is updated to this one, while an
incident is open and acknowledged and a configuration was pushed. Nothing of it may be lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from e2e.account import (
    CDK,
    GATEWATCH,
    INTERPRETER,
    ROOT,
    STACK,
    Emulated,
    cdk,
    client,
    run,
)
from e2e.breakage import acknowledge, open_incidents
from e2e.configured import ROUTES
from e2e.scene import Scene, Story

_FIT = "import sys; from pathlib import Path; from e2e.fitted import fit; {}".format(
    "fit(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))"
)


def deploy_before(revision: str, folder: Path, emulated: Emulated, config: Path) -> Path:
    """Deploys what that revision describes, fitted as it fits itself; its folder."""
    before = folder / "before"
    before.mkdir()
    archive = subprocess.run(
        ["git", "archive", revision],  # noqa: S607
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    subprocess.run(["tar", "-x", "-C", before], input=archive.stdout, check=True)  # noqa: S607
    assembly = folder / "before.out"
    _in(before, CDK, "synth", "--quiet", "--output", assembly, "--context", f"config={config}")
    fitting = (sys.executable, "-c", _FIT, assembly, STACK, INTERPRETER)
    _in(before, *fitting, emulated.world.authority)
    cdk("deploy", STACK, "--app", assembly, "--require-approval", "never")
    return before


def _in(before: Path, *words: str | Path) -> None:
    """With the code of that revision before ours."""
    path = os.pathsep.join(str(before / one) for one in (".", "lambdas", "infra"))
    subprocess.run(words, cwd=before, env={**os.environ, "PYTHONPATH": path}, check=True)


def leave_open(scene: Scene, before: Path) -> dict[str, Any]:
    """What an update must keep: an open incident that is acknowledged, and a configuration that
    was pushed. The earlier command line pushes, ours acknowledges."""
    scene.service.stop_schedule()
    scene.service.hurry()
    scene.tick()
    scene.table.check("before: due = judged = up", scene.is_whole(ROUTES), scene.counts("RoutesUp"))
    pushed = scene.written(scene.text.replace("owner: team-shop", "owner: team-pushed"))
    _in(before, sys.executable, "-m", "gatewatch", "push", "--config", pushed)
    scene.watched.deploy("method deleted")
    scene.told("before: a method deleted", "opened", Story("routing", "GET /ledger", members=2))
    [found] = open_incidents()
    acknowledge(found["id"], why="before the update")
    scene.tick()
    [found] = open_incidents()
    scene.table.check("before: acknowledged", found["acknowledged"], found["acknowledged"])
    return found


def kept(scene: Scene, opened: dict[str, Any], was: dict[str, str]) -> None:
    same = {name: scene.service.outputs.get(name) for name in was} == was
    scene.table.check("updated: table, bucket and topics are the same", same, was["StateTable"])
    published = json.loads(run([GATEWATCH, "pull"]))
    owners = {one["owner"] for one in published["apis"]}
    scene.table.check("updated: what was pushed is in force", "team-pushed" in owners, owners)
    scene.service.stop_schedule()
    scene.service.hurry()
    scene.tick(3)
    told = scene.service.messages()
    scene.table.check("updated: nothing is said a second time", not told, told)
    [found] = open_incidents()
    same = (found["id"], found["acknowledged"]) == (opened["id"], opened["acknowledged"])
    scene.table.check("updated: the incident is open and acknowledged", same, found["id"])
    waiting = [
        scene.service.waiting(scene.service.queue(one, "Dead")) for one in ("Shards", "Changes")
    ]
    scene.table.check("updated: no dead letters", waiting == [0, 0], waiting)
    scene.watched.deploy()
    over = scene.told("the method is back", "resolved", Story("routing", "GET /ledger", members=2))
    same = over is not None and over["incident"]["id"] == opened["id"]
    scene.table.check("the same incident resolves", same, opened["id"])
    schedules = client("scheduler").list_schedules()["Schedules"]
    scene.table.check("one schedule is left", len(schedules) == 1, len(schedules))
