"""The GitHub action: its steps as a runner runs them, against a real gateway that gets releases.

The step that installs it runs in `make package`; here it is this checkout's own environment.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatewatch.sandbox import orders
from gatewatch.sandbox.faults import FAULTS
from gatewatch.sandbox.server import Sandbox, running
from tests.github_action import ACTION, STEPS, Runner
from tests.reports.schema import parsed, problems_of_junit, problems_of_sarif
from tests.reports.test_github import read

SOON = {"for": "1s", "deadline": "90s"}
"""It ends as soon as answers have settled, however slow this machine is."""


class Job(Runner):
    sandbox: Sandbox

    def verify(self, **inputs: str) -> int:
        return self.run(
            "verify", SOON | {key.replace("_", "-"): one for key, one in inputs.items()}
        )


@pytest.fixture
def job(tmp_path: Path) -> Iterator[Job]:
    """A repository with a configuration in a folder, after a release that passed."""
    sandbox = Sandbox(orders.world())
    workspace, temporary = tmp_path / "work space", tmp_path / "temp"
    (workspace / "api").mkdir(parents=True)
    temporary.mkdir()
    job = Job(workspace, temporary, secrets=orders.SECRETS)
    job.sandbox = sandbox
    job.outputs["install"] = {"gatewatch": str(Path(sys.executable).with_name("gatewatch"))}
    with running(sandbox, tmp_path) as where:
        (workspace / "api" / "gatewatch.yaml").write_text(orders.configuration(*where))
        assert job.verify(working_directory="api", save="known.json") == 0, job.log
        yield job


def test_a_release_that_passes(job: Job) -> None:
    code = job.verify(working_directory="api", baseline="known.json")
    assert (code, job.output("decision")) == (0, "passed")
    assert job.summary.startswith("## ✅ Release passed\n")
    assert "::notice title=Release passed::" in job.log


def test_a_release_that_is_stopped_fails_the_job_with_its_reports(job: Job) -> None:
    job.sandbox.change(FAULTS["route_deleted"].apply)
    code = job.verify(working_directory="api", baseline="known.json", junit="found.xml")
    assert (code, job.output("decision")) == (1, "stopped")
    assert job.summary.startswith("## ❌ Release stopped\n")
    assert "| `GET /orders/{id}` | `user` | routing | `route_not_found`" in job.summary
    told = next(read(job.log))
    assert (told[0], told[1]["file"]) == ("error", "api/gatewatch.yaml")
    line = (job.workspace / "api/gatewatch.yaml").read_text().splitlines()[int(told[1]["line"]) - 1]
    assert "GET /orders/{id}" in line
    assert job.output("junit") == "found.xml"
    junit = (job.workspace / "api" / job.output("junit")).read_text()
    sarif = Path(job.output("sarif")).read_text()
    assert problems_of_junit(junit) == problems_of_sarif(sarif) == []
    assert int(parsed(junit).attrib["failures"]) > 0
    assert json.loads(sarif)["runs"][0]["invocations"][0]["exitCode"] == 1
    assert Path(job.output("markdown")).read_text() == job.summary


def test_inputs_narrow_what_is_looked_at(job: Job) -> None:
    job.sandbox.change(FAULTS["route_deleted"].apply)
    code = job.verify(
        working_directory="api",
        baseline="known.json",
        api="orders\n",
        route="GET /health\nGET /orders\n",
        markdown="summary.md",
    )
    assert (code, job.output("decision")) == (0, "passed")
    assert "GET /orders/{id}" not in job.summary
    assert (job.workspace / "api" / "summary.md").read_text() == job.summary


@pytest.mark.parametrize(
    ("inputs", "told"),
    [
        pytest.param({"config": "none.yaml"}, "none.yaml: No such file", id="no_configuration"),
        pytest.param({"for": "soon"}, "--for", id="no_time"),
        pytest.param({"baseline": "none.json"}, "none.json", id="no_baseline"),
        pytest.param({"sarif": "none/x.sarif"}, "no such folder", id="no_folder"),
    ],
)
def test_what_cannot_be_verified_is_an_error(job: Job, inputs: dict[str, str], told: str) -> None:
    assert job.run("verify", SOON | {"working-directory": "api"} | inputs) == 3
    assert job.output("decision") == "error"
    assert told in job.log
    assert "::error title=Gatewatch::nothing was verified; exit code 3" in job.log
    assert job.summary == ""


def test_a_command_that_dies_is_no_pass_and_leaves_no_old_files(job: Job) -> None:
    for code, told in ((0, 2), (1, 1), (137, 137)):
        dying = job.temporary / f"dies-{code}"
        dying.write_text(f"#!/bin/sh\nexit {code}\n")
        dying.chmod(0o755)
        job.outputs["install"]["gatewatch"] = str(dying)
        assert job.verify(working_directory="api") == told
        assert (job.output("decision"), job.output("sarif")) == ("error", "")


HOSTILE = (
    "$(touch pwned)",
    "`touch pwned`",
    "'; touch pwned; '",
    '"; touch pwned; "',
    "x && touch pwned",
    "--help",
    "-h",
    "*",
    "a b  c",
    "${GITHUB_OUTPUT}",
    "$'\\ntouch pwned'",
    "x\ntouch pwned",
    "x\n::error::forged",
    "decision=passed",
    "x\ndecision=passed",
    "x\r\ndecision=passed",
)
INPUTS = [name for name in ACTION["inputs"] if name not in ("working-directory", "python-version")]


@pytest.mark.parametrize("name", [one for one in INPUTS if one != "version"])
def test_an_input_is_a_value_and_never_a_command(tmp_path: Path, name: str) -> None:
    """The command is one that notes its arguments: each value arrives as it is, in one of them."""
    noting = tmp_path / "gatewatch"
    noting.write_text('#!/bin/sh\nfor one in "$@"; do printf "%s\\\\0" "$one"; done >arguments\n')
    noting.chmod(0o755)
    for value in HOSTILE:
        (tmp_path / "arguments").unlink(missing_ok=True)
        runner = Runner(tmp_path, tmp_path, outputs={"install": {"gatewatch": str(noting)}})
        assert runner.run("verify", {name: value}) != 0
        assert runner.output("decision") == "error"
        assert not (tmp_path / "pwned").exists()
        assert "::error::forged" not in runner.log
        assert _arrived(tmp_path / "arguments") == _expected(name, value)


def _arrived(file: Path) -> list[str] | None:
    """Without those of every run, and without the reports in the runner's folder."""
    if not file.exists():
        return None
    given = file.read_text().split("\0")[:-1]
    assert given[:3] == ["verify", "--format", "github"]
    reports = [one for one in given[4:9:2] if "/gatewatch." not in one]
    return [*reports, *given[9:]]


def _expected(name: str, value: str) -> list[str] | None:
    """None where it is refused."""
    if name in ("api", "route"):
        return [f"--{name}={line}" for line in re.split("\r?\n", value)]
    if "\n" in value:
        return None
    if name == "markdown":
        return [f"--report=markdown={value}"]
    return [f"{name}={value}"] if name in ("junit", "sarif") else [f"--{name}={value}"]


def test_a_version_is_a_value_too(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\nmkdir -p "$3/bin"\ncp "$0" "$3/bin/python"\nexit 0\n')
    python.chmod(0o755)
    for value in HOSTILE:
        runner = Runner(
            tmp_path, tmp_path, outputs={"python": {"python-path": str(python)}, "install": {}}
        )
        runner.run("install", {"version": value})
        assert not (tmp_path / "pwned").exists()
        assert set(runner.outputs["install"]) == {"gatewatch"}


def test_no_expression_stands_in_a_script() -> None:
    assert [name for name, step in STEPS.items() if "${{" in step.get("run", "")] == []


def test_every_input_is_used_and_explained() -> None:
    text = json.dumps(ACTION["runs"])
    assert [name for name in ACTION["inputs"] if f"inputs.{name} " not in text] == []
    assert all(one["description"] for one in ACTION["inputs"].values())
