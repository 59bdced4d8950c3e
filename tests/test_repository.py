"""What GitHub, pre-commit and Docker read of this repository."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from gatewatch import __version__

ROOT = Path(__file__).parent.parent
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
ACTION = ROOT / "action.yml"
SCHEMAS = {
    ACTION: "vendor.github-actions",
    **dict.fromkeys(WORKFLOWS, "vendor.github-workflows"),
    **dict.fromkeys(FORMS, "vendor.github-issue-forms"),
    ROOT / ".github" / "ISSUE_TEMPLATE" / "config.yml": "vendor.github-issue-config",
    ROOT / ".github" / "dependabot.yml": "vendor.dependabot",
}


def read(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(file.read_text())
    return found


@pytest.mark.parametrize("file", SCHEMAS, ids=lambda file: file.name)
def test_github_takes_the_file(file: Path) -> None:
    checker = shutil.which("check-jsonschema", path=Path(sys.executable).parent)
    assert checker is not None
    command = [checker, "--builtin-schema", SCHEMAS[file], file]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("file", [*WORKFLOWS, ACTION], ids=lambda file: file.name)
def test_only_what_was_read_is_run(file: Path) -> None:
    used = re.findall(r"^ *(?:- )?uses: (.*)", file.read_text(), re.MULTILINE)
    assert used
    assert [one for one in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v[\d.]+", one)] == []


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_a_workflow_may_do_little(file: Path) -> None:
    assert read(file)["permissions"] in ({}, {"contents": "read"})


def test_only_what_publishes_may_name_itself_to_pypi() -> None:
    jobs = read(ROOT / ".github" / "workflows" / "release.yml")["jobs"]
    assert {name: job["permissions"] for name, job in jobs.items()} == {
        "build": {"contents": "read"},
        "publish": {"id-token": "write"},
    }
    assert jobs["publish"]["environment"] == "pypi"


def test_the_changelog_begins_with_this_version_or_what_comes_next() -> None:
    heading = re.search(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert heading is not None
    assert heading[1] in (__version__, "Unreleased")


@pytest.mark.parametrize(
    ("name", "is_meant"),
    [
        ("gatewatch.yaml", True),
        ("services/orders/gatewatch.yml", True),
        ("my-gatewatch.yaml", False),
        ("gatewatch.yaml.bak", False),
        ("gatewatch.yamlx", False),
    ],
)
def test_the_hook_for_users_is_for_their_configurations(name: str, is_meant: bool) -> None:
    hook, _ = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert hook["entry"] == "gatewatch validate"
    assert bool(re.search(hook["files"], name)) is is_meant


def test_the_hook_for_included_files_checks_the_file_that_includes_them() -> None:
    _, hook = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert (hook["entry"], hook["pass_filenames"]) == ("gatewatch validate", False)
    assert all(re.search(hook["files"], name) for name in ("gatewatch.yaml", "teams/orders.yml"))
