"""`make e2e`: deploys APIs and their monitor, breaks them, troubles it, and hears what it says."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Collection
from pathlib import Path
from urllib.parse import urlsplit

from e2e import breakage, configured, pushes, trouble
from e2e.account import INTERPRETER, STACK, WORK, Deployed, Emulated, cdk, emulator, prepare
from e2e.fitted import fit
from e2e.leftovers import nothing_left
from e2e.scene import Scene
from e2e.table import Table
from e2e.watched import Watched

FIRST = (pushes.push_refused, breakage.schedule_fires)
SCENARIOS = (*FIRST, *breakage.SCENARIOS, *trouble.SCENARIOS, *pushes.SCENARIOS, nothing_left)


def main(wanted: Collection[str]) -> int:
    """`wanted`: the names of scenarios; none: all."""
    folder = WORK / "run"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    table = Table()
    with emulator(folder) as emulated:
        watched = _watched(folder)
        table.done("APIs deployed by the CDK's command line", "Shop, Site, Vault, Wide")
        scene, changes = _deploy(folder, emulated, watched, table)
        for scenario in SCENARIOS:
            if not wanted or scenario.__name__ in wanted:
                scenario(scene)
    table.show(changes)
    return 0 if table.is_good else 1


def _watched(folder: Path) -> Watched:
    watched = Watched(folder)
    watched.synthesise()
    prepare(watched.assembly())
    watched.deploy()
    watched.admit()
    return watched


def _deploy(
    folder: Path, emulated: Emulated, watched: Watched, table: Table
) -> tuple[Scene, list[str]]:
    """The monitor, and how it differs from what `app.py` describes."""
    shop, vault = (watched.url(emulated, name) for name in ("Shop", "Vault"))
    site = watched.in_front(emulated, "Site")
    wide = urlsplit(watched.url(emulated, "Wide")).netloc
    text = configured.text(watched.outputs, shop=shop, vault=vault, site=site, wide=wide)
    config, assembly = folder / "gatewatch.yaml", folder / "cdk.out"
    config.write_text(text, encoding="utf-8")
    trouble.open_channel()
    cdk("synth", "--quiet", "--output", assembly, "--context", f"config={config}")
    changes = fit(assembly, STACK, INTERPRETER, emulated.world.authority)
    cdk("deploy", STACK, "--app", assembly, "--require-approval", "never")
    table.done("monitor deployed by the CDK's command line", "template of app.py, fitted")
    service = Deployed(STACK)
    service.show_again_after(trouble.RETRY_SECONDS)
    service.hurry()
    return Scene(emulated, service, watched, table, text, shop, folder), changes


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
