"""What is installed is pinned and hashed, and nothing says from which index it comes."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
SOURCES: dict[str, tuple[str, ...]] = {
    "requirements/core.txt": ("pyproject.toml[sandbox]",),
    "requirements/run.txt": (),
    "requirements/build.txt": ("requirements/build.in",),
    "requirements/dev.txt": ("requirements/dev.in",),
    "requirements/e2e.txt": ("requirements/e2e.in",),
    "requirements/site.txt": ("requirements/site.in",),
    "requirements/mutants.txt": ("requirements/mutants.in",),
    "lambdas/requirements.txt": ("requirements/lambdas.in",),
    "requirements.txt": ("pyproject.toml[sandbox,cdk]", "requirements/cdk.in"),
}
_PINNED = re.compile(
    r"(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;]+)(?P<marker> ;[^\\]*)?"
    r"(?P<hashes>( \\\n    --hash=sha256:[0-9a-f]{64})+)\n"
)


def locked(name: str) -> dict[str, str]:
    """The version of each package; whatever else stands in the file is left over."""
    text = (ROOT / name).read_text()
    assert _PINNED.sub("", text) == ""
    return {_plain(one["name"]): one["version"] for one in _PINNED.finditer(text)}


def asked(name: str) -> list[Requirement]:
    """What people wrote; of a project, with the named extras."""
    file, _, extras = name.rstrip("]").partition("[")
    if not file.endswith(".toml"):
        return [Requirement(line) for line in (ROOT / file).read_text().splitlines()]
    more = (project()["optional-dependencies"][one] for one in extras.split(","))
    return [Requirement(one) for ones in (project()["dependencies"], *more) for one in ones]


def project() -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return found


def _plain(name: str) -> str:
    return re.sub(r"[._-]+", "-", name).lower()


@pytest.mark.parametrize("name", SOURCES)
def test_every_requirement_has_a_version_and_hashes(name: str) -> None:
    assert locked(name)


@pytest.mark.parametrize("name", SOURCES)
def test_a_lock_has_what_its_sources_ask_for(name: str) -> None:
    found = locked(name)
    wanted = [one for source in SOURCES[name] for one in asked(source)]
    assert [
        str(one) for one in wanted if found.get(_plain(one.name), "none") not in one.specifier
    ] == []


def test_whoever_installs_it_beside_something_else_is_asked_for_no_version() -> None:
    assert [str(one) for one in asked("pyproject.toml[sandbox,cdk]") if "==" in str(one)] == []


def test_a_container_runs_what_was_tested_without_the_sandbox() -> None:
    tested, contained = locked("requirements/core.txt"), locked("requirements/run.txt")
    assert contained.items() <= tested.items()
    plain = {_plain(Requirement(one).name) for one in project()["dependencies"]}
    assert plain <= contained.keys()
    assert "trustme" not in contained


def test_the_functions_run_what_was_tested() -> None:
    tested = locked("requirements/core.txt") | locked("requirements/dev.txt")
    deployed = locked("lambdas/requirements.txt")
    assert {one: tested.get(one) for one in deployed} == deployed


@pytest.mark.parametrize("name", [*SOURCES, "package-lock.json"])
def test_no_lock_names_an_index(name: str) -> None:
    text = (ROOT / name).read_text()
    assert "://" not in text
    assert "index-url" not in text


@pytest.mark.parametrize("file", ["Makefile", "Dockerfile", "infra/gatewatch_cdk/asset.py"])
def test_nothing_is_installed_without_its_hash(file: str) -> None:
    text = (ROOT / file).read_text()
    assert "--require-hashes" in text
    assert not re.search(
        r"(-r|--requirement) \S*requirements\S*\.txt",
        text.replace("--require-hashes --requirement", ""),
    )
