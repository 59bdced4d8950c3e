"""The GitHub action's environment: what its own step installs, by hash, is this checkout."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gatewatch import __version__
from tests.github_action import Runner

pytestmark = pytest.mark.timeout(600)  # an environment is made and filled


def test_the_action_installs_its_own_version(tmp_path: Path) -> None:
    runner = Runner(tmp_path, tmp_path, outputs={"python": {"python-path": sys.executable}})
    assert runner.run("install", {}) == 0, runner.log
    command = runner.outputs["install"]["gatewatch"]
    done = subprocess.run([command, "--version"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, f"gatewatch {__version__}\n")
    assert runner.run("verify", {"config": "none.yaml"}) == 3
    assert "none.yaml: No such file" in runner.log
