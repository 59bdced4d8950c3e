"""`make e2e`: deploys APIs and their monitor, breaks them, troubles it, and hears what it says."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Collection
from pathlib import Path
from urllib.parse import urlsplit

from e2e import breakage, configured, operations, pushes, trouble, update
from e2e.account import INTERPRETER, STACK, WORK, Deployed, Emulated, cdk, emulator, prepare
from e2e.another_team import another_team
from e2e.fitted import fit
from e2e.leftovers import nothing_left
from e2e.notified import notified
from e2e.releases import releases
from e2e.scene import Scene
from e2e.table import Table
from e2e.watched import Watched

FIRST = (pushes.push_refused, breakage.schedule_fires)
SCENARIOS = (
    *FIRST,
    *operations.SCENARIOS,
    *breakage.SCENARIOS,
    *trouble.SCENARIOS,
    *pushes.SCENARIOS,
    notified,
    another_team,
    releases,
    nothing_left,
)


def main(wanted: Collection[str], before: str | None = None) -> int:
    """`wanted`: the names of scenarios; none: all. `before`: a revision whose stack is updated to
    this one, in place of the scenarios."""
    folder = WORK / "run"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    table = Table()
    with emulator(folder) as emulated:
        watched = _watched(folder)
        table.done("APIs deployed by the CDK's command line", "Shop, Site, Vault, Wide")
        scene = _described(folder, emulated, watched, table)
        changes = _updated(scene, before) if before else _tried(scene, wanted)
    table.show(changes)
    return 0 if table.is_good else 1


def _tried(scene: Scene, wanted: Collection[str]) -> list[str]:
    changes = _deploy(scene)
    for scenario in SCENARIOS:
        if not wanted or scenario.__name__ in wanted:
            scenario(scene)
    return changes


def _updated(scene: Scene, revision: str) -> list[str]:
    before = update.deploy_before(revision, scene.folder, scene.emulated, scene.config)
    scene.service = Deployed(STACK)
    opened, was = update.leave_open(scene, before), scene.service.outputs
    changes = _deploy(scene)
    update.kept(scene, opened, was)
    nothing_left(scene)
    return changes


def _watched(folder: Path) -> Watched:
    watched = Watched(folder)
    watched.synthesise()
    prepare(watched.assembly())
    watched.deploy()
    watched.admit()
    return watched


def _described(folder: Path, emulated: Emulated, watched: Watched, table: Table) -> Scene:
    """With the configuration to deploy, and nothing of the monitor deployed."""
    shop, vault = (watched.url(emulated, name) for name in ("Shop", "Vault"))
    site = watched.in_front(emulated, "Site")
    wide = urlsplit(watched.url(emulated, "Wide")).netloc
    text = configured.text(watched.outputs, shop=shop, vault=vault, site=site, wide=wide)
    scene = Scene(emulated, watched, table, text, shop, folder)
    scene.config.write_text(text, encoding="utf-8")
    trouble.open_channel()
    return scene


def _deploy(scene: Scene) -> list[str]:
    """The monitor; how it differs from what `app.py` describes."""
    assembly = scene.folder / "cdk.out"
    cdk("synth", "--quiet", "--output", assembly, "--context", f"config={scene.config}")
    changes = fit(assembly, STACK, INTERPRETER, scene.world.authority)
    cdk("deploy", STACK, "--app", assembly, "--require-approval", "never")
    scene.table.done("monitor deployed by the CDK's command line", "template of app.py, fitted")
    scene.service = Deployed(STACK)
    scene.service.show_again_after(trouble.RETRY_SECONDS)
    scene.service.hurry()
    return changes


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ.get("FROM") or None))
