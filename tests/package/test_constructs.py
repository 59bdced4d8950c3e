"""The constructs as another team gets them: out of the wheel, in an app that has an infra/ of its
own, far from this checkout."""

from __future__ import annotations

import json
import os
import shutil
import site
import subprocess
import venv
from pathlib import Path
from typing import Any

import pytest

from gatewatch_cdk import asset
from tests.package.test_package import ROOT, WHEEL, pip

pytestmark = pytest.mark.timeout(600)  # an environment is made, and the functions are built


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example's folder after `python app.py`, with `infra` as the name of the team's module."""
    folder = tmp_path_factory.mktemp("team")
    shutil.copytree(ROOT / "examples" / "cdk", folder / "cdk", dirs_exist_ok=True)
    (folder / "cdk" / "infra").mkdir()
    (folder / "cdk" / "infra" / "__init__.py").write_text("OURS = True\n")
    written = (folder / "cdk" / "app.py").read_text()
    (folder / "cdk" / "app.py").write_text(f"{written}\nimport infra\nassert infra.OURS\n")
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv" / "bin" / "python"
    pip(python, "install", "--no-deps", "--no-index", WHEEL)
    _lend_libraries(folder / "venv")
    known = {name: text for name, text in os.environ.items() if not name.startswith("PYTHON")}
    known |= {
        "XDG_CACHE_HOME": str(folder / "cache"),
        "CDK_OUTDIR": str(folder / "cdk.out"),
        "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "20",
    }
    done = subprocess.run(
        [python, "app.py"],
        cwd=folder / "cdk",
        env=known,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


def _lend_libraries(environment: Path) -> None:
    """Half a gigabyte of the CDK's is this environment's; our own code there is not lent: a path
    from a .pth file has its .pth files left alone."""
    [target] = environment.glob("lib/python*/site-packages")
    (target / "lent.pth").write_text("".join(f"{one}\n" for one in site.getsitepackages()))


def test_the_monitor_watches_the_teams_api(app: Path) -> None:
    template = json.loads((app / "cdk.out" / "Orders.template.json").read_text())
    [made] = (
        one["Properties"]
        for one in template["Resources"].values()
        if one["Type"] == "Custom::GatewatchConfiguration"
    )
    key: Any = made["Configuration"]
    held = app / "cdk.out" / f"asset.{key}"
    [orders] = json.loads(held.read_text())["apis"]
    assert [one["name"] for one in orders["routes"]] == [
        "GET /health",
        "GET /orders/{id}",
        "POST /orders",
    ]


def test_the_functions_are_those_of_this_checkout(app: Path, tmp_path: Path) -> None:
    [built] = (app / "cache" / "gatewatch" / "asset").iterdir()
    asset.copy_sources(tmp_path)
    ours = _files(tmp_path)
    assert {name: one for name, one in _files(built).items() if name in ours} == ours
    assert (built / "msgspec").is_dir()


def _files(folder: Path) -> dict[str, bytes]:
    return {
        one.relative_to(folder).as_posix(): one.read_bytes()
        for one in folder.rglob("*")
        if one.is_file() and "__pycache__" not in one.parts
    }
