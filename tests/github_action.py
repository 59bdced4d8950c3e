"""Runs the steps of action.yml as a runner of GitHub Actions does: https://github.com/actions/runner.

Expressions are filled in where the runner does it (never in a script here: see the test); a script
is a file that `bash --noprofile --norc -eo pipefail` runs; outputs and the summary are files.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text())
STEPS: dict[str, dict[str, Any]] = {one["id"]: one for one in ACTION["runs"]["steps"]}
_EXPRESSION = re.compile(r"\$\{\{ *(inputs|steps)\.([\w.-]+) *\}\}")
_BASH = ("bash", "--noprofile", "--norc", "-eo", "pipefail")


@dataclass
class Runner:
    """A job. `workspace`: the checked-out repository; `outputs`: of the steps so far."""

    workspace: Path
    temporary: Path
    secrets: Mapping[str, str] = field(default_factory=dict)
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    summary: str = ""
    log: str = ""

    def run(self, name: str, inputs: Mapping[str, str]) -> int:
        """The exit code of a step that runs a script."""
        step = STEPS[name]
        given = {key: one.get("default", "") for key, one in ACTION["inputs"].items()} | inputs
        script = self.temporary / f"{name}.sh"
        script.write_text(step["run"])
        output, summary = self.temporary / f"{name}.out", self.temporary / f"{name}.md"
        output.write_text("")
        summary.write_text("")
        done = subprocess.run(
            [*_BASH, script],
            cwd=self.workspace / self._filled(step.get("working-directory", "."), given),
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.temporary),
                "GITHUB_WORKSPACE": str(self.workspace),
                "GITHUB_ACTION_PATH": str(ROOT),
                "GITHUB_OUTPUT": str(output),
                "GITHUB_STEP_SUMMARY": str(summary),
                "RUNNER_TEMP": str(self.temporary),
                **{key: one for key, one in os.environ.items() if key.startswith("PIP_")},
                **self.secrets,
                **{key: self._filled(one, given) for key, one in step.get("env", {}).items()},
            },
            capture_output=True,
            text=True,
            check=False,
        )
        self.log, self.summary = done.stdout + done.stderr, summary.read_text()
        lines = output.read_text().splitlines()
        self.outputs[name] = dict(line.split("=", 1) for line in lines)
        return done.returncode

    def output(self, name: str) -> str:
        """Of the action, for the job that uses it."""
        return self._filled(ACTION["outputs"][name]["value"], {})

    def _filled(self, text: str, inputs: Mapping[str, str]) -> str:
        def value(found: re.Match[str]) -> str:
            if found[1] == "inputs":
                return inputs[found[2]]
            step, _, name = found[2].partition(".outputs.")
            return self.outputs[step].get(name, "")

        return _EXPRESSION.sub(value, text)
