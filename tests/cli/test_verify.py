"""`gatewatch verify` as a pipeline runs it, against a real gateway that gets releases."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gatewatch.cli.main import main
from gatewatch.sandbox import orders
from gatewatch.sandbox.faults import FAULTS
from gatewatch.sandbox.server import Sandbox, running

SOON = ("--for", "1s", "--deadline", "90s")
"""Over as soon as the answers agree, however busy the machine is."""
ORDERS = ("--api", "orders", *SOON)


class Pipeline:
    """Runs commands beside the configuration of a sandbox; keeps what they printed."""

    def __init__(self, folder: Path, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.sandbox, self._capsys = folder, sandbox, capsys
        self.out = self.err = ""

    def __call__(self, *arguments: object) -> int:
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        self.out, self.err = self._capsys.readouterr()
        return int(ended.value.code or 0)

    def release(self, fault: str) -> None:
        self.sandbox.change(FAULTS[fault].apply)

    def run(self, file: str = "before.json") -> None:
        assert self("run", "--format", "json") in (0, 1)
        (self.folder / file).write_text(self.out)

    def looks(self, *arguments: object) -> tuple[int, dict[str, dict[str, Any]]]:
        """The exit code, and each look by its name."""
        code = self("verify", *arguments, "--format", "json")
        looks = json.loads(self.out)["looks"]
        return code, {f"{one['api']}: {one['route']} as {one['as']}": one for one in looks}


@pytest.fixture
def pipeline(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Pipeline]:
    monkeypatch.chdir(tmp_path)
    for name, value in orders.SECRETS.items():
        monkeypatch.setenv(name, value)
    sandbox = Sandbox(orders.world())
    with running(sandbox, tmp_path) as where:
        (tmp_path / "gatewatch.yaml").write_text(orders.configuration(*where))
        yield Pipeline(tmp_path, sandbox, capsys)


def test_a_good_release_passes(pipeline: Pipeline) -> None:
    pipeline.run()
    assert pipeline("verify", "--baseline", "before.json", *SOON) == 0
    assert "PASSED" in pipeline.out
    assert "compared with before.json" in pipeline.out


@pytest.mark.parametrize(
    ("fault", "look", "layer", "cause"),
    [
        ("route_deleted", "orders: GET /orders/{id} as user", "routing", "route_not_found"),
        ("authorizer_broken", "orders: GET /orders as user", "auth", "authorizer_failure"),
        ("route_opened", "orders: GET /reports as anonymous", "ok", "ok"),
    ],
)
def test_a_bad_release_is_stopped_with_its_layer_and_cause(
    pipeline: Pipeline, fault: str, look: str, layer: str, cause: str
) -> None:
    pipeline.run()
    pipeline.release(fault)
    code, looks = pipeline.looks("--baseline", "before.json", *ORDERS)
    one = looks[look]
    assert (code, one["standing"], one["stops"]) == (1, "new_failure", True)
    assert (one["verdict"]["layer"], one["verdict"]["cause"]) == (layer, cause)


def test_an_older_failure_is_listed_and_does_not_stop_it(pipeline: Pipeline) -> None:
    pipeline.release("route_deleted")
    pipeline.run()
    code, looks = pipeline.looks("--baseline", "before.json", *ORDERS)
    assert code == 0
    assert looks["orders: GET /orders/{id} as user"]["standing"] == "older_failure"
    pipeline("verify", "--baseline", "before.json", *ORDERS)
    assert "older failure, listed" in pipeline.out


def test_the_local_state_is_the_baseline_and_stays_as_it_is(pipeline: Pipeline) -> None:
    pipeline.run()
    state = pipeline.folder / ".gatewatch" / "gatewatch.yaml.sqlite3"
    before = _content(state)
    pipeline.release("authorizer_broken")
    code, looks = pipeline.looks(*ORDERS)
    assert (code, looks["orders: GET /orders as user"]["standing"]) == (1, "new_failure")
    assert _content(state) == before
    assert pipeline("incidents") == 0
    assert "authorizer" not in pipeline.out


def _content(state: Path) -> list[str]:
    with sqlite3.connect(f"file:{state}?mode=ro", uri=True) as opened:
        return list(opened.iterdump())


def test_what_a_monitor_saw_after_the_deployment_is_not_older(pipeline: Pipeline) -> None:
    pipeline.run()
    pipeline.release("authorizer_broken")
    pipeline.run()
    pipeline.run()
    code, looks = pipeline.looks(*ORDERS)
    assert (code, looks["orders: GET /orders as user"]["standing"]) == (1, "new_failure")
    later = ("--deployed-at", datetime.now(UTC).isoformat())
    code, looks = pipeline.looks(*ORDERS, *later)
    assert (code, looks["orders: GET /orders as user"]["standing"]) == (2, "older_failure")


def test_without_a_baseline_every_failure_stops_it(pipeline: Pipeline) -> None:
    pipeline.release("route_deleted")
    code, looks = pipeline.looks(*ORDERS)
    assert (code, looks["orders: GET /orders/{id} as user"]["standing"]) == (1, "first_failure")
    assert not (pipeline.folder / ".gatewatch").exists()


def test_only_a_release_that_passed_becomes_the_next_ones_baseline(pipeline: Pipeline) -> None:
    kept = ("--save", "kept.json", "--baseline", "kept.json")
    assert pipeline("verify", "--save", "kept.json", *SOON) == 0
    before = (pipeline.folder / "kept.json").read_bytes()
    pipeline.release("route_deleted")
    assert pipeline("verify", *kept, *ORDERS) == 1
    assert "kept.json: not written, as the release was stopped" in pipeline.err
    assert (pipeline.folder / "kept.json").read_bytes() == before
    pipeline.sandbox.change(lambda _: orders.world())
    assert pipeline("verify", *kept, *ORDERS, "--route", "GET /orders") == 0
    saved = json.loads((pipeline.folder / "kept.json").read_text())["looks"]
    assert {(one["api"], one["route"]) for one in saved} >= {
        ("orders", "GET /orders/{id}"),
        ("orders", "GET /health"),
    }


def test_a_stage_that_is_not_live_yet_is_compared_with_the_live_one(pipeline: Pipeline) -> None:
    pipeline.run()
    url = f"https://{orders.API_ID}.execute-api.{orders.REGION}.amazonaws.com/next"
    code, looks = pipeline.looks(*ORDERS, "--baseline", "before.json", "--url", url)
    one = looks["orders: GET /health as anonymous"]
    assert (code, one["entrance"], one["standing"]) == (1, url, "new_failure")
    assert {one["entrance"] for one in looks.values()} == {url}


def test_reports_are_written_beside_what_is_printed(pipeline: Pipeline) -> None:
    pipeline.release("authorizer_broken")
    named = ("--report", "junit=verify.xml", "--report", "sarif=verify.sarif")
    assert pipeline("verify", *ORDERS, *named, "--format", "github") == 1
    assert pipeline.out.startswith("::error file=gatewatch.yaml,line=")
    assert "authorizer_failure" in (pipeline.folder / "verify.xml").read_text()
    assert json.loads((pipeline.folder / "verify.sarif").read_text())["version"] == "2.1.0"


def test_a_result_is_told_even_where_its_report_cannot_be_written(pipeline: Pipeline) -> None:
    (pipeline.folder / "taken").mkdir()
    assert pipeline("verify", *ORDERS, "--report", "junit=taken") == 3
    assert "PASSED" in pipeline.out
    assert "--report: taken: Is a directory" in pipeline.err


def test_a_url_says_of_which_api_it_is(pipeline: Pipeline) -> None:
    route = "{url: 'https://a.example', routes: [GET /x: public]}"
    (pipeline.folder / "two.yaml").write_text(f"apis: {{a: {route}, b: {route}}}")
    assert pipeline("verify", "--config", "two.yaml", "--url", "https://b.example") == 3
    assert "--url: expected --api NAME beside it: which of a, b?" in pipeline.err


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["--api", "ordrs"], "--api: ordrs: there is no such API (did you mean orders?)"),
        (
            ["--route", "GET /order"],
            "--route: GET /order: there is no such route (did you mean GET /orders?)",
        ),
        (["--for", "soon"], '--for: "soon": expected a duration such as 90s or 5m'),
        (["--for", "2h"], '--for: "2h": expected a duration such as 90s or 5m, from 1s to 3600s'),
        (["--for", "60s", "--deadline", "10s"], "--deadline: 10s: expected at least the window"),
        (["--api", "orders", "--url", "nowhere"], "apis.orders.url"),
        (["--baseline", "none.json"], "--baseline: none.json: No such file"),
        (["--baseline", "gatewatch.yaml"], "--baseline: gatewatch.yaml: expected a file of"),
        (["--report", "pdf=a"], '--report: "pdf=a": expected FORMAT=FILE, with a format of json'),
        (["--report", "junit=no/a.xml"], "--report: no/a.xml: there is no such folder"),
        (["--save", "no/b.json"], "--save: no/b.json: there is no such folder"),
        (["--save", "."], "--save: .: Is a directory"),
        (["--region", "eu-west-1"], "--region: eu-west-1: expected --stack NAME beside it"),
        (["--monitor", "Shop"], "--monitor: Shop: expected --stack NAME beside it"),
        (["--stack", "Gatewatch", "--state", "a"], "--state: expected no --stack beside it"),
        (["--deployed-at", "today"], '--deployed-at: "today": expected a time such as'),
        (
            ["--deployed-at", "2099-01-01T00:00:00Z"],
            '--deployed-at: "2099-01-01T00:00:00Z": expected a time that has come; now it is 20',
        ),
    ],
)
def test_bad_input_gets_one_clear_error(
    pipeline: Pipeline, arguments: list[str], error: str
) -> None:
    assert pipeline("verify", *arguments) == 3
    assert error in pipeline.err
    assert "Traceback" not in pipeline.err


@pytest.mark.parametrize("at", ["yester\x1b[31mday", "9999-12-31T23:59:59-14:00"])
@pytest.mark.parametrize("field", ["at", "since", "last_good"])
def test_a_time_that_cannot_be_told_makes_no_baseline(
    pipeline: Pipeline, field: str, at: str
) -> None:
    assert pipeline("verify", "--save", "kept.json", *SOON) == 0
    saved = json.loads((pipeline.folder / "kept.json").read_text())
    (saved if field == "at" else saved["looks"][0])[field] = at
    (pipeline.folder / "kept.json").write_text(json.dumps(saved))
    assert pipeline("verify", "--baseline", "kept.json", *SOON) == 3
    assert "--baseline: kept.json: expected a file of" in pipeline.err
    assert "\x1b" not in pipeline.err


CLOSED = "apis: {a: {url: 'http://127.0.0.1:9', routes: [GET /x: public]}}"


@pytest.mark.parametrize("closed", ["2>&1 | true", "2>/dev/full", "| true"])
def test_a_stopped_release_is_one_whoever_listens(tmp_path: Path, closed: str) -> None:
    (tmp_path / "gatewatch.yaml").write_text(CLOSED)
    line = f"{sys.executable} -m gatewatch verify {' '.join(SOON)} --save kept.json {closed}"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", line], cwd=tmp_path, check=False, capture_output=True
    )
    assert done.returncode == 1


def test_two_verifications_at_once_leave_one_whole_file(pipeline: Pipeline) -> None:
    """Another one has begun to write, and goes on once this one has ended."""
    kept = pipeline.folder / "kept.json"
    unfinished = pipeline.folder / ".kept.json.new"
    with unfinished.open("w") as other:
        assert pipeline("verify", "--save", "kept.json", *SOON) == 0
        other.write("half of anoth")
    assert json.loads(kept.read_text())["gatewatch"] == "baseline"
    assert {one.name for one in pipeline.folder.glob(".kept*")} == {unfinished.name}


def test_what_is_no_file_is_never_replaced_by_one(pipeline: Pipeline) -> None:
    (pipeline.folder / "full").symlink_to("/dev/full")
    assert pipeline("verify", "--save", "full", *SOON) == 3
    assert "PASSED" in pipeline.out
    assert "--save: full: No space left on device" in pipeline.err
    assert (pipeline.folder / "full").is_symlink()
    assert not list(pipeline.folder.glob(".full*"))


def test_a_baseline_that_is_kept_elsewhere_stays_there(pipeline: Pipeline) -> None:
    (pipeline.folder / "shared").mkdir()
    (pipeline.folder / "kept.json").symlink_to("shared/kept.json")
    assert pipeline("verify", "--save", "kept.json", *SOON) == 0
    assert (pipeline.folder / "kept.json").is_symlink()
    assert (pipeline.folder / "shared" / "kept.json").is_file()


@pytest.mark.parametrize(
    ("fault", "step"),
    [
        ("authorizer_broken", "next: gatewatch causes authorizer_failure  (how to confirm"),
        (
            "route_deleted",
            "next: gatewatch causes route_not_found  (how to confirm and fix it, and",
        ),
        ("route_opened", "next: roll back, or give it its guard again"),
    ],
)
def test_a_stopped_release_says_what_to_do_next(pipeline: Pipeline, fault: str, step: str) -> None:
    pipeline.run()
    pipeline.release(fault)
    assert pipeline("verify", "--baseline", "before.json", *ORDERS) == 1
    assert step in pipeline.out.replace("\n", " ")


def test_a_baseline_of_another_configuration_is_told(pipeline: Pipeline) -> None:
    pipeline.run()
    before = (
        (pipeline.folder / "before.json").read_text().replace('"api":"orders"', '"api":"other"')
    )
    (pipeline.folder / "before.json").write_text(before)
    assert pipeline("verify", "--baseline", "before.json", *ORDERS) == 0
    assert "beware: the baseline knows none of these looks" in pipeline.out
