"""Each route is found at its line, in the file in which it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from gatewatch.cli.setting import read_places
from gatewatch.config.lines import NOWHERE, Place, places
from gatewatch.config.lookups import Lookups

MAIN = """\
include: [teams/*.yaml]
apis:
  orders:
    url: https://api.example.com/orders
    routes:
      - GET /health: public
      - GET   /orders/{id}: {access: public}
        POST /orders:
          access: public
"""
TEAM = "apis:\n  users:\n    url: https://api.example.com\n    routes: [GET /users: public]\n"


def _written(folder: Path) -> Path:
    (folder / "teams").mkdir(parents=True)
    (folder / "teams" / "users.yaml").write_text(TEAM)
    (folder / "gatewatch.yaml").write_text(MAIN)
    return folder / "gatewatch.yaml"


@pytest.mark.parametrize(
    ("api", "route", "place"),
    [
        pytest.param("orders", "GET /health", Place("gatewatch.yaml", 6), id="short"),
        pytest.param("orders", "GET /orders/{id}", Place("gatewatch.yaml", 7), id="spaces"),
        pytest.param("orders", "POST /orders", Place("gatewatch.yaml", 8), id="long"),
        pytest.param("users", "GET /users", Place("teams/users.yaml", 4), id="included"),
        pytest.param("orders", "GET /gone", Place("gatewatch.yaml", 3), id="its_api"),
        pytest.param("stock", "GET /gone", Place("gatewatch.yaml", 1), id="the_file"),
    ],
)
def test_a_route_stands_at_a_line_of_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, api: str, route: str, place: Place
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    _written(tmp_path)
    assert read_places(Path("gatewatch.yaml")).of(api, route) == place


@pytest.mark.parametrize(
    ("workspace", "started", "file"),
    [
        pytest.param(".", ".", "service/teams/users.yaml", id="from_the_top"),
        pytest.param(".", "service", "service/teams/users.yaml", id="from_a_folder"),
        pytest.param("elsewhere", "service", "teams/users.yaml", id="outside_the_repository"),
    ],
)
def test_files_are_named_as_seen_from_the_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workspace: str, started: str, file: str
) -> None:
    config = _written(tmp_path / "service")
    monkeypatch.chdir(tmp_path / started)
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path / workspace))
    assert read_places(config).of("users", "GET /users") == Place(file, 4)


def test_a_file_beside_the_working_folder_is_named_without_dots(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _written(tmp_path / "service")
    (tmp_path / "deploy").mkdir()
    monkeypatch.chdir(tmp_path / "deploy")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    found = read_places(Path("../service/gatewatch.yaml"))
    assert found.of("users", "GET /users") == Place("service/teams/users.yaml", 4)
    assert found.of("orders", "GET /health") == Place("service/gatewatch.yaml", 6)


def test_a_file_that_is_wrong_elsewhere_has_its_lines_all_the_same() -> None:
    found = places(
        "apis:\n  orders: {routes: [3, GET /x: {}, {}]}\n  bad: 7\n", "g.yaml", Lookups()
    )
    assert found.of("orders", "GET /x") == Place("g.yaml", 2)


def test_without_a_file_there_is_no_place() -> None:
    assert NOWHERE.of("orders", "GET /x") is None
