"""What the commands say of more routes than anybody reads."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gatewatch.cli.main import app, main


def configuration(folder: Path, routes: int) -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / "gatewatch.yaml"
    listed = "".join(f"      - GET /r{n}: public\n" for n in range(routes))
    file.write_text(f"apis:\n  orders:\n    url: https://api.example.com\n    routes:\n{listed}")
    return file


@pytest.mark.parametrize(("routes", "left_out"), [(2_000, None), (2_100, "100")])
def test_a_plan_lists_two_thousand_looks_and_counts_the_others(
    tmp_path: Path, routes: int, left_out: str | None
) -> None:
    file = configuration(tmp_path, routes)
    found = CliRunner().invoke(app, ["plan", "--config", str(file)])
    told = f"and {left_out} more looks, which --format json prints in full\n"
    assert (told in found.output) is (left_out is not None)
    assert found.output.count("GET /r") == 2_000
    assert f"orders: {routes} requests a minute" in found.output
    whole = CliRunner().invoke(app, ["plan", "--config", str(file), "--format", "json"])
    assert len(json.loads(whole.output)["looks"]) == routes


def test_of_thousands_of_problems_some_are_told_and_the_others_counted(tmp_path: Path) -> None:
    file = configuration(tmp_path, 1_500)
    file.write_text(file.read_text().replace("public", "pubic"))
    found = CliRunner().invoke(app, ["validate", "--config", str(file), "--format", "json"])
    assert found.exit_code == 3
    answer = json.loads(found.output)
    assert (len(answer["problems"]), answer["more"]) == (1_000, 500)


def test_a_problem_of_an_included_file_names_it(tmp_path: Path) -> None:
    file = tmp_path / "gatewatch.yaml"
    file.write_text("include: [team.yaml]\ncontakt: x\n")
    team = configuration(tmp_path / "team", 1).rename(tmp_path / "team.yaml")
    team.write_text(team.read_text().replace("public", "pubic"))
    found = CliRunner().invoke(app, ["validate", "--config", str(file), "--format", "json"])
    answer = json.loads(found.output)
    places = [(one["file"], one["line"], one["path"]) for one in answer["problems"]]
    assert places == [
        (str(file), 2, "contakt"),
        (str(team), 5, "apis.orders.routes[0].GET /r0"),
    ]


COMMANDS = ("validate", "plan", "run", "watch", "check")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_reads_the_included_files(
    tmp_path: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "gatewatch.yaml"
    file.write_text("include: [gone.yaml]\n")
    route = ["orders GET /r0"] if command == "check" else []
    with pytest.raises(SystemExit) as ended:
        main([command, *route, "--config", str(file)])
    assert ended.value.code == 3
    assert f'{file}:1: include[0]: "gone.yaml": matches no file' in capsys.readouterr().err
