"""The command as users run it: what it prints, how it ends, and that it shows no secret."""

from __future__ import annotations

import inspect
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gatewatch import __version__
from gatewatch.cli.exits import gravest
from gatewatch.cli.main import app, main
from gatewatch.sandbox import orders
from gatewatch.sandbox.api import Authorization, Method
from gatewatch.sandbox.faults import FAULTS
from gatewatch.sandbox.server import Running, Sandbox, running
from tests.support import CORPUS
from tests.transcripts.test_transcripts import CURL, RAW, ROW

URL = f"https://{orders.API_ID}.execute-api.{orders.REGION}.amazonaws.com/prod"


class Cli:
    """Runs commands in this process; keeps what they printed."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.out = self.err = ""

    def __call__(self, *arguments: object) -> int:
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        self.out, self.err = self._capsys.readouterr()
        return int(ended.value.code or 0)


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cli:
    monkeypatch.chdir(tmp_path)
    for name, value in orders.SECRETS.items():
        monkeypatch.setenv(name, value)
    return Cli(capsys)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[tuple[Sandbox, Running]]:
    sandbox = Sandbox(orders.world())
    with running(sandbox, tmp_path) as where:
        (tmp_path / "gatewatch.yaml").write_text(orders.configuration(*where))
        yield sandbox, where


def at(place: tuple[Sandbox, Running]) -> tuple[str, ...]:
    where = place[1]
    return ("--connect-to", where.connect_to, "--ca-file", where.ca_file)


# check


def test_check_of_a_route_that_answers(cli: Cli, place: tuple[Sandbox, Running]) -> None:
    assert cli("check", f"{URL}/health", *at(place)) == 0
    assert "ok: nothing stopped the request" in cli.out
    assert "came through" in cli.out


def test_check_of_a_dead_stage_asks_a_control(cli: Cli, place: tuple[Sandbox, Running]) -> None:
    assert cli("check", f"{URL.replace('prod', 'v9')}/health", *at(place)) == 1
    assert "stage_missing_from_url" in cli.out
    assert "gatewatch-no-such-route  (control)" in cli.out
    assert "aws apigateway get-stages --rest-api-id a1b2c3d4e5 --region us-east-1" in cli.out


def test_check_in_json(cli: Cli, place: tuple[Sandbox, Running]) -> None:
    assert cli("check", f"{URL}/nope", *at(place), "--format", "json") == 1
    found = json.loads(cli.out)
    assert found["diagnosis"]["cause"] == "route_not_found"
    assert found["exchanges"][0]["response"]["status"] == 403


def test_check_with_a_credential_of_each_kind(cli: Cli, place: tuple[Sandbox, Running]) -> None:
    assert cli("check", f"{URL}/orders", "--as", "bearer=env:SANDBOX_USER_TOKEN", *at(place)) == 0
    assert cli("check", f"{URL}/partners", "--as", "api_key=env:SANDBOX_API_KEY", *at(place)) == 0


def test_check_signs_with_the_environments_keys_only_when_told(
    cli: Cli, place: tuple[Sandbox, Running], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", orders.ACCESS_KEY_ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", orders.SECRET_ACCESS_KEY)
    assert cli("check", f"{URL}/reports", *at(place)) == 1
    assert cli("check", f"{URL}/reports", "--as", "sigv4=own", *at(place)) == 0


def test_check_of_a_configured_route(cli: Cli, place: tuple[Sandbox, Running]) -> None:
    assert cli("check", "GET /orders") == 0
    place[0].change(FAULTS["authorizer_denies"].apply)
    assert cli("check", "orders:GET /orders") == 1
    assert "authorizer_denied" in cli.out


def test_check_of_a_configured_route_knows_what_run_knows(
    cli: Cli, place: tuple[Sandbox, Running]
) -> None:
    place[0].change(FAULTS["route_deleted"].apply)
    told: dict[str, object] = {}
    for command in (["run"], ["check", "GET /orders/{id}"]):
        assert cli(*command, "--format", "json") == 1
        found = json.loads(cli.out)
        verdicts = found if isinstance(found, list) else found["verdicts"]
        told[command[0]] = [
            (one["as"], one["layer"], one["layer_confidence"], one["candidates"])
            for one in verdicts
            if one["route"] == "GET /orders/{id}"
        ]
    assert told["run"] == told["check"]


def test_check_of_a_configured_route_keeps_nothing(
    cli: Cli, place: tuple[Sandbox, Running]
) -> None:
    cli("check", "GET /orders")
    assert not Path(".gatewatch").exists()


def test_check_holds_back_a_write_that_got_through(
    cli: Cli, place: tuple[Sandbox, Running]
) -> None:
    sandbox = place[0]
    api = sandbox.world.apis[orders.API_ID]
    opened = api.with_method("/orders", "POST", Method(Authorization.NONE)).deployed("prod")
    sandbox.change(lambda world: world.having(opened))
    assert cli("run") == 1
    before = sandbox.requests
    assert cli("check", "POST /orders") == 1
    assert sandbox.requests == before


@pytest.mark.parametrize("command", [["run"], ["check", "POST /a"]])
def test_a_look_that_is_never_taken_decides_nothing(cli: Cli, command: list[str]) -> None:
    Path("gatewatch.yaml").write_text(
        "apis: {a: {url: 'https://h.example.com', routes: [POST /a: public]}}\n"
    )
    assert cli(*command) == 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["ftp://x"], '"ftp://x": expected a URL such as https://api.example.com/orders'),
        (["https://"], '"https://": expected a URL'),
        (["https://h/x", "-X", "BREW"], '-X: "BREW": expected one of GET, HEAD'),
        (["https://h/x", "--as", "bearer=s3cr3t"], "--as bearer=…: expected a reference"),
        (["https://h/x", "--as", "magic=env:A"], "--as: no kind of credential; expected bearer="),
        (["https://h/x", "--as", "s3cr3t-token=="], "--as: no kind of credential"),
        (["https://h/x", "--as", "bearer=env:s3cr3t.token"], "--as: expected env:NAME"),
        (["https://h/x", "--as", "basic:me=s3cr3t"], "--as basic=…: expected a reference"),
        (["https://h/x", "--as", "header:X Y=env:A"], "--as: expected header:X-NAME"),
        (["https://h/x", "--as", "sigv4=role:caller"], "--as: expected role:ARN"),
        (["https://h/x", "--connect-to", "here"], '--connect-to: "here": expected HOST:PORT'),
        (
            ["https://h/x", "--connect-to", "192.0.2.1:1", "--as", "bearer=env:A"],
            "--connect-to: with a credential, only a loopback address",
        ),
        (["https://h/x", "--ca-file", "nowhere.pem"], "--ca-file: nowhere.pem: no such file"),
        (["https://h/x", "-X", "POST", "--as", "bearer=env:A"], "add --invoke"),
        (["GET /nowhere"], "gatewatch.yaml: No such file or directory"),
        (["https://h/x", "--nonsense"], "No such option"),
        (["https://h/x", "--config", "c.yaml"], "--config: this goes with a configured route"),
        (["https://h/x", "--state", "s"], "--state: this goes with a configured route"),
        (["https://h/x", "--timeout", "inf"], "3600"),
        (["GET /x", "-X", "POST"], "-X: a configured route brings its own"),
        (["GET /x", "--as", "bearer=env:A", "--invoke"], "--as, --invoke: a configured route"),
        (["GET /x", "--connect-to", "127.0.0.1:1"], "--connect-to: a configured route"),
        (["GET /x", "--timeout", "3"], "--timeout: a configured route"),
        (["GET /x", "--ca-file", "x"], "--ca-file: a configured route"),
    ],
)
def test_check_refuses_in_one_clear_line(cli: Cli, arguments: list[str], told: str) -> None:
    assert cli("check", *arguments) == 3
    assert told in cli.err
    assert "s3cr3t" not in cli.err
    assert "Traceback" not in cli.err


@pytest.mark.parametrize(
    "url",
    [
        "http://alice:pa55word99@127.0.0.1:1/x",
        "http://alice:pa55word99@127.0.0.1:99999/x",
        "http://alice:pa55word99@[zz/x",
        "https://alice:pa55word99@api.example.com/x?q= y",
    ],
)
def test_check_takes_no_credential_out_of_a_url_and_shows_none(cli: Cli, url: str) -> None:
    assert cli("check", url) == 3
    assert "expected a URL" in cli.err
    assert "pa55word" not in cli.out + cli.err


def test_check_without_a_secret_says_what_was_not_sent(
    cli: Cli, place: tuple[Sandbox, Running]
) -> None:
    status = cli("check", f"{URL}/health", "--as", "bearer=env:NOT_SET", *at(place))
    assert status == 2
    because = (
        "credential bearer=env:NOT_SET cannot be read: the environment variable NOT_SET is not"
    )
    assert f"not sent as bearer=env:NOT_SET: {because}" in " ".join(cli.out.split())


# run, incidents, ack, watch


def test_run_of_a_healthy_api(cli: Cli, place: tuple[Sandbox, Running]) -> None:
    assert cli("run") == 0
    assert "17 looks due: 17 passed, 0 failed, 0 unknown, 0 skipped; 17 requests" in cli.out


@pytest.mark.parametrize("time", ["yesterday", "2026-11-22T09:00:00"])
def test_a_time_of_deployment_needs_its_zone(
    cli: Cli, place: tuple[Sandbox, Running], time: str
) -> None:
    assert cli("run", "--deployed-at", time) == 3
    assert "expected a time such as 2026-11-22T09:00:00Z" in cli.err


def test_a_failure_after_a_deployment_names_it_and_an_older_one_does_not(
    cli: Cli, place: tuple[Sandbox, Running]
) -> None:
    place[0].change(FAULTS["key_rotated"].apply)
    cli("run")
    deployed = datetime.now(UTC).isoformat()
    place[0].change(FAULTS["route_deleted"].apply)
    cli("run", "--deployed-at", deployed)
    cli("run", "--deployed-at", deployed, "--format", "json")
    named = [one["preceded_by"] for one in json.loads(cli.out)["incidents"]]
    assert sorted(named, key=str) == [None, f"deployment at {deployed[:19]}Z"]
    cli("incidents", "--format", "json")
    [new] = [one for one in json.loads(cli.out) if one["preceded_by"]]
    cli("incidents", new["id"])
    assert re.search(rf"began: +\d+s after deployment at {deployed[:10]} .* UTC", cli.out)


def test_run_in_json_keeps_the_contract(cli: Cli, place: tuple[Sandbox, Running]) -> None:
    place[0].change(FAULTS["key_rotated"].apply)
    cli("run", "--format", "json")
    assert cli("run", "--format", "json") == 1
    report = json.loads(cli.out)
    assert set(report) == {"summary", "verdicts", "incidents"}
    keys = {"api", "route", "entrance", "as", "outcome", "finding", "layer", "cause"}
    keys |= {"confidence", "owner", "evidence"}
    assert all(keys <= set(one) for one in report["verdicts"])
    [bad] = [one for one in report["verdicts"] if one["outcome"] == "fail"]
    assert (bad["as"], bad["finding"], bad["owner"]) == ("partner-key", "refused", "caller")
    [incident] = report["incidents"]
    contract = {"id", "api", "stage", "state", "opened_at", "resolved_at", "layer", "cause"}
    contract |= {"candidates", "scope", "finding", "owner", "severity", "members"}
    contract |= {"preceded_by", "updates"}
    assert contract <= set(incident)
    assert set(incident["members"][0]) >= {"route", "as", "since", "until"}


def test_incidents_are_listed_and_shown_in_full(cli: Cli, place: tuple[Sandbox, Running]) -> None:
    file = Path("gatewatch.yaml")
    owned = "owner: team-orders\n    runbook: https://wiki.example.com/orders"
    file.write_text(file.read_text().replace("owner: team-orders", owned))
    assert cli("incidents") == 0
    assert cli.out == "no incidents\n"
    place[0].change(FAULTS["route_deleted"].apply)
    cli("run")
    assert cli("run") == 1
    cli("incidents", "--format", "json")
    [incident] = json.loads(cli.out)
    assert cli("incidents") == 0
    assert incident["id"][:14] in cli.out
    assert cli("incidents", incident["id"][:14].lower()) == 0
    assert "aws apigateway get-stage" in cli.out
    assert "the API's team (team-orders)" in cli.out
    assert "https://wiki.example.com/orders" in cli.out
    assert incident["evidence"][0]["response"]["headers"]["x-amzn-RequestId"] in cli.out
    assert cli("incidents", "ZZZ") == 3
    assert "no incident with an id that begins with ZZZ" in cli.err


def test_what_another_configuration_watches_has_not_left(
    cli: Cli, place: tuple[Sandbox, Running]
) -> None:
    place[0].change(FAULTS["route_deleted"].apply)
    cli("run")
    cli("run")
    Path("staging.yaml").write_text(Path("gatewatch.yaml").read_text().replace("orders:", "other:"))
    assert cli("run", "--config", "staging.yaml") == 1
    cli("incidents", "--open", "--format", "json")
    assert [one["api"] for one in json.loads(cli.out)] == ["orders"]
    Path("gatewatch.yaml").write_text(Path("staging.yaml").read_text())
    cli("run")
    cli("incidents", "--api", "orders", "--format", "json")
    assert [one["state"] for one in json.loads(cli.out)] == ["resolved"]


@pytest.mark.parametrize("command", [["incidents"], ["ack", "orders", "POST /orders"]])
def test_a_mistyped_path_is_not_all_well(cli: Cli, command: list[str]) -> None:
    assert cli(*command, "--config", "nope/typo.yaml") == 3
    assert "nope/typo.yaml: no such file" in cli.err
    assert cli(*command, "--state", "nope.sqlite3") == 3
    assert not Path("nope").exists()
    assert not Path("nope.sqlite3").exists()


def test_ack_of_a_route_that_is_not_held_back(cli: Cli, place: tuple[Sandbox, Running]) -> None:
    assert cli("ack", "orders", "POST /orders") == 3
    assert "orders POST /orders: this route is not held back" in cli.err


def test_watch_prints_a_line_for_each_tick(cli: Cli, place: tuple[Sandbox, Running]) -> None:
    assert cli("watch", "--ticks", 2, "--tick", 0.1, "--format", "json") == 0
    lines = [json.loads(line) for line in cli.out.splitlines()]
    assert len(lines) == 2
    trials = 5
    assert lines[0]["summary"]["due"] == 12 + trials


def test_watch_ends_as_its_gravest_tick(
    cli: Cli, place: tuple[Sandbox, Running], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SANDBOX_API_KEY")
    assert cli("watch", "--ticks", 2, "--tick", 0.1, "--format", "json") == 2


@pytest.mark.parametrize(
    ("codes", "code"),
    [((0, 2, 0), 2), ((2, 1, 2), 1), ((1, 3, 0), 3), ((0, 0), 0)],
)
def test_the_gravest_exit_code(codes: tuple[int, ...], code: int) -> None:
    assert gravest(*codes) == code


def test_a_request_that_was_not_sent_is_not_counted(
    cli: Cli, place: tuple[Sandbox, Running], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in orders.SECRETS:
        monkeypatch.delenv(name)
    assert cli("run", "--format", "json") == 2
    assert json.loads(cli.out)["summary"]["requests"] == place[0].requests


def test_what_many_looks_lack_is_said_once_and_first(
    cli: Cli, place: tuple[Sandbox, Running], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in orders.SECRETS:
        monkeypatch.delenv(name)
    assert cli("run") == 2
    first, *others = cli.out.split("GET /health")
    assert " ".join(first.split()).startswith("5 looks not sent for want of credential user (")
    assert "credential service (the environment variable SANDBOX_ACCESS_KEY_ID is not" in " ".join(
        first.split()
    )
    assert "cannot be read" not in "".join(others)


def test_a_dead_host_is_one_line(cli: Cli, tmp_path: Path) -> None:
    routes = ", ".join(f"GET /r{n}: public" for n in range(49))
    url = "https://nowhere.invalid"
    (tmp_path / "gatewatch.yaml").write_text(
        f'apis: {{orders: {{url: "{url}", routes: [{routes}]}}}}'
    )
    assert cli("run", "--config", tmp_path / "gatewatch.yaml") == 1
    words = " ".join(cli.out.split())
    assert words.startswith("49 looks did not reach host nowhere.invalid:443 (dns: no address for")
    assert len(cli.out.splitlines()) == 3


def test_watch_shows_a_table(cli: Cli, place: tuple[Sandbox, Running]) -> None:
    assert cli("watch", "--ticks", 1) == 0
    assert "GET /orders/{id}" in cli.out
    assert "no open incidents" in cli.out


# explain


@pytest.mark.parametrize(("text", "cause"), [(CURL, "route_not_found"), (RAW, "api_key_missing")])
def test_explain_a_paste(cli: Cli, tmp_path: Path, text: str, cause: str) -> None:
    file = tmp_path / "paste.txt"
    file.write_text(text)
    assert cli("explain", file) == 0
    assert cause in cli.out
    assert "sEcReT" not in cli.out


def test_explain_json_lines_keep_order_and_contract(cli: Cli) -> None:
    assert cli("explain", CORPUS, "--format", "jsonl") == 0
    said = [json.loads(line) for line in cli.out.splitlines()]
    rows = [json.loads(line)["id"] for line in CORPUS.read_text().splitlines()]
    assert [one["id"] for one in said] == rows
    keys = ["id", "layer", "layer_confidence", "cause", "confidence", "candidates", "ruled_out"]
    assert all(list(one) == [*keys, "next_probe"] for one in said)


def test_explain_reads_standard_input(cli: Cli, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "gatewatch", "explain", "-", "--format", "json"]
    done = subprocess.run(
        command, input=json.dumps(ROW), capture_output=True, text=True, check=False
    )
    assert (done.returncode, json.loads(done.stdout)[0]["id"]) == (0, "a")


def test_the_next_command_is_about_the_look_in_question(cli: Cli, tmp_path: Path) -> None:
    def said(status: int, name: str, message: str, request_id: str) -> dict[str, object]:
        headers = {"x-amzn-requestid": request_id, "x-amz-apigw-id": "a", "x-amzn-errortype": name}
        return {"status": status, "headers": headers, "body": json.dumps({"message": message})}

    request = {"method": "GET", "url": f"{URL}/orders"}
    credentials = [{"kind": "bearer", "validity": "valid"}]
    group = [
        {
            "request": {**request, "credential": "none"},
            "response": said(401, "UnauthorizedException", "Unauthorized", "first"),
        },
        {
            "request": {**request, "credentials": credentials},
            "response": said(
                504, "InternalServerErrorException", "Endpoint request timed out", "second"
            ),
        },
    ]
    file = tmp_path / "group.jsonl"
    file.write_text(json.dumps({"id": "g", "exchanges": group}))
    assert cli("explain", file) == 0
    assert r"--filter-pattern \"second\"" in cli.out


def test_explain_ends_with_2_when_nothing_is_known(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "odd.http"
    file.write_text("HTTP/1.1 418 teapot\nDate: x\nServer: nginx\n\nshort and stout\n")
    assert cli("explain", file) == 2


def test_explain_names_what_it_cannot_read(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "mixed.jsonl"
    file.write_text(f"{json.dumps(ROW)}\nnot json\n")
    assert cli("explain", file, "--format", "jsonl") == 3
    assert json.loads(cli.out)["id"] == "a"
    assert "mixed.jsonl:2: not JSON" in cli.err
    assert cli("explain", "nowhere.txt") == 3
    assert "nowhere.txt: No such file or directory" in cli.err


# configuration


def test_init_writes_a_file_that_validates_and_leaves_an_existing_one_alone(cli: Cli) -> None:
    assert cli("init") == 0
    assert cli("validate") == 0
    assert "1 API, 3 routes" in cli.out
    assert cli("init") == 3
    assert "exists already" in cli.err


def test_validate_tells_every_problem(cli: Cli) -> None:
    Path("gatewatch.yaml").write_text("apis: {a: {ulr: x, routes: [{GET /: publc}]}}\n")
    assert cli("validate") == 3
    assert (
        cli.err.splitlines()
        == [
            "gatewatch.yaml:1: apis.a.routes[0].GET /: expected one of protected, public "
            'or a mapping: "publc"',
            "gatewatch.yaml:1: apis.a.ulr: unknown key",
            "gatewatch.yaml:1: apis.a.url: missing",
        ]
        or len(cli.err.splitlines()) == 3
    )


def test_schema_is_json(cli: Cli) -> None:
    assert cli("schema") == 0
    assert json.loads(cli.out)["$schema"].startswith("https://json-schema.org/")


def test_plan_tells_the_load_and_the_refusals(cli: Cli, place: tuple[Sandbox, Running]) -> None:
    assert cli("plan") == 0
    assert "orders: 12.08 requests a minute, of them 6.08 refused on purpose" in cli.out
    before = place[0].requests
    assert cli("plan", "--format", "json") == 0
    assert json.loads(cli.out)["load"][0]["requests_per_minute"] == 12.08
    assert place[0].requests == before


@pytest.mark.parametrize("columns", [80, 120])
def test_plan_keeps_a_look_in_one_piece(
    cli: Cli, place: tuple[Sandbox, Running], monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    cli("plan")
    assert f"orders at {URL}" in cli.out.splitlines()
    assert re.search(r"^ GET /orders/42 +user +1 ", cli.out, re.MULTILINE)


def test_an_interval_that_is_not_kept_is_said(cli: Cli) -> None:
    Path("gatewatch.yaml").write_text(
        "apis: {a: {url: 'https://h.example.com', routes: [GET /x: "
        "{access: public, every: 30s}]}}\n"
    )
    assert cli("validate") == 0
    assert "GET /x: looks are taken by the minute: `every: 30s` is kept as 1m" in cli.out
    cli("plan", "--format", "json")
    assert json.loads(cli.out)["looks"][0]["per_minute"] == 1
    assert "is kept as 1m" in json.loads(cli.out)["looks"][0]["note"]


@pytest.mark.parametrize("output", ["text", "json"])
def test_plan_hides_what_a_query_should_not_show(cli: Cli, output: str) -> None:
    Path("gatewatch.yaml").write_text(
        "apis: {a: {url: 'https://h.example.com', routes: [GET /x: "
        "{access: public, query: {token: querysecret1}}]}}\n"
    )
    assert cli("plan", "--format", output) == 0
    assert "/x?token=" in cli.out
    assert "querysecret1" not in cli.out


def test_plan_says_what_stays_unproven(cli: Cli) -> None:
    Path("gatewatch.yaml").write_text(
        "apis: {a: {url: 'https://h.example.com', routes: "
        "[{POST /x: {access: protected, guarded_by: iam}}, {POST /y: public}]}}\n"
    )
    cli("plan", "--format", "json")
    notes = [one["note"] for one in json.loads(cli.out)["looks"]]
    assert "its protection stays unknown" in notes[0]
    assert notes[1].startswith("skipped: a public write")


# maintenance windows


def opened_now(name: str = "gatewatch.yaml") -> str:
    """Adds a window that is open for an hour; what `plan` says of it."""
    now = datetime.now(UTC).replace(second=0)
    written = f"{now:%Y-%m-%dT%H:%M}"
    with Path(name).open("a") as file:
        file.write(f"\nmaintenance:\n  - {{from: {written}, for: 1h, apis: [orders]}}\n")
    until = f"{now + timedelta(hours=1):%Y-%m-%d %H:%M UTC}"
    return f"maintenance of orders: open until {until} ({written})"


@pytest.mark.parametrize(
    "command", [["run"], ["watch", "--ticks", "1"], ["plan"], ["validate"]], ids=" ".join
)
def test_an_open_window_is_told(
    cli: Cli, place: tuple[Sandbox, Running], command: list[str]
) -> None:
    line = opened_now()
    assert cli(*command) == 0
    assert line in " ".join(cli.out.split())


@pytest.mark.parametrize("command", ["run", "plan", "validate"])
def test_a_window_that_is_not_open_is_told_before_it_is(
    cli: Cli, place: tuple[Sandbox, Running], command: str
) -> None:
    with Path("gatewatch.yaml").open("a") as file:
        file.write("\nmaintenance:\n")
        file.write("  - {from: 2099-02-01T02:00, for: 2h, timezone: Europe/Berlin}\n")
        file.write("  - {from: 2026-01-01T00:00, for: 1h, apis: [orders]}\n")
    assert cli(command) == 0
    words = " ".join(cli.out.split())
    for line in (
        "maintenance of all APIs: next at 2099-02-01 02:00 CET (2099-02-01T02:00)",
        "maintenance of orders: over (2026-01-01T00:00)",
    ):
        assert (line in words) is (command != "run")


def test_programs_are_told_of_windows(cli: Cli, place: tuple[Sandbox, Running]) -> None:
    opened_now()
    assert cli("plan", "--format", "json") == 0
    [window] = json.loads(cli.out)["maintenance"]
    assert window["apis"] == ["orders"]
    assert window["open_until"].endswith("Z")
    assert window["next_start"] is None


def test_an_incident_in_a_window_is_shown_as_held(cli: Cli, place: tuple[Sandbox, Running]) -> None:
    opened_now()
    before = place[0].world
    place[0].change(FAULTS["route_deleted"].apply)
    assert cli("run") == 1
    assert cli("run") == 1
    assert "held until" in cli.out
    assert cli("incidents") == 0
    assert re.search(r"^  held until [\d-]{10} [\d:]{8} UTC: maintenance$", cli.out, re.M)
    cli("incidents", "--format", "json")
    [incident] = json.loads(cli.out)
    assert incident["held_until"]
    place[0].change(lambda _: before)
    cli("run")
    cli("run")
    cli("incidents")
    assert "not announced: maintenance" in cli.out


def test_what_a_run_opens_is_taken_over_with_the_options_of_that_run(
    cli: Cli, place: tuple[Sandbox, Running]
) -> None:
    Path("gatewatch.yaml").rename("other.yaml")
    place[0].change(FAULTS["route_deleted"].apply)
    cli("run", "--config", "other.yaml")
    cli("run", "--config", "other.yaml")
    [command] = re.findall(r"^    gatewatch (ack \S+ --config other.yaml)$", cli.out, re.M)
    assert cli(*command.split()) == 0
    assert "acknowledged by" in cli.out


# demo


def test_the_demo_tells_five_stories_from_open_to_resolved(cli: Cli) -> None:
    assert cli("demo") == 0
    assert cli.out.count(" OPEN ") == 5
    assert cli.out.count(" RESOLVED ") == 5
    told = [
        "GET /orders/{id} refused at routing (route_not_found or 2 look-alikes)",
        "all 7 routes refused at routing or auth (stage_not_found or 3 look-alikes)",
        "our credential user, used for 2 routes, refused at auth (authorizer_denied or 1 ",
        "GET /partners refused at auth (api_key_invalid or 1 look-alike)",
        "GET /reports open to everybody",
    ]
    words = " ".join(cli.out.split())
    assert [words.count(one) >= 2 for one in told] == [True] * 5
    assert "aws apigateway get-stages --rest-api-id a1b2c3d4e5" in cli.out


@pytest.mark.parametrize("command", ["demo", "sandbox"])
def test_without_the_sandbox_it_says_how_to_get_it(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setitem(sys.modules, "trustme", None)
    assert cli(command) == 3
    said = "gatewatch: the sandbox is not installed; pip install 'gatewatch[sandbox]'\n"
    assert (cli.out, cli.err) == ("", said)


# every command


COMMANDS = {str(one.name): inspect.getdoc(one.callback) or "" for one in app.registered_commands}


@pytest.mark.parametrize("command", COMMANDS)
def test_help_shows_examples_that_can_be_copied(
    cli: Cli, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    _, _, after = COMMANDS[command].partition("**Example")
    examples = [line.strip() for line in after.splitlines() if "gatewatch " in line]
    assert examples
    assert cli(command, "--help") == 0
    printed = [line.strip() for line in cli.out.splitlines()]
    for example in examples:
        assert example in printed
        told = shlex.split(re.split(r"[|>]", example.rpartition("| ")[2])[0])
        assert told[:2] == ["gatewatch", command]
        assert cli(*told[1:], "--help") == 0


def in_bash(line: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {line.replace('gatewatch', GATEWATCH, 1)}"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )


GATEWATCH = f"{sys.executable} -m gatewatch"
REFUSED = "gatewatch check http://127.0.0.1:9/x"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (f"gatewatch explain {CORPUS} --format jsonl | head -1", 0),
        (f"{REFUSED} | true", 1),
        (f"{REFUSED} --format json | true", 1),
    ],
)
def test_a_closed_pipe_changes_no_exit_code(line: str, code: int) -> None:
    done = in_bash(line)
    assert (done.returncode, done.stderr) == (code, "")


@pytest.mark.parametrize("line", [REFUSED, f"{REFUSED} -f json", f"gatewatch explain {CORPUS}"])
def test_output_that_cannot_be_written_is_said_in_one_line(line: str) -> None:
    done = in_bash(f"{line} > /dev/full")
    assert done.returncode == 3
    assert done.stderr == "gatewatch: [Errno 28] No space left on device\n"


def test_a_terminal_without_the_signs_gets_others() -> None:
    done = in_bash(REFUSED, PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (1, "")
    assert "connect_failure" in done.stdout


def test_a_window_without_a_width_gets_everything(
    cli: Cli, place: tuple[Sandbox, Running], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "0")
    assert cli("plan") == 0
    assert "GET /orders/42" in cli.out


def test_an_unknown_command_is_bad_usage(cli: Cli) -> None:
    assert cli("nonsense") == 3
    assert cli.err == "gatewatch: No such command 'nonsense'. See gatewatch --help.\n"


def test_version(cli: Cli) -> None:
    assert cli("--version") == 0
    assert cli.out == f"gatewatch {__version__}\n"


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ("HTTP/1.1 403 Forbidden\n\n" + '{"message":"Missing Authentication Token"}', True),
        ("HTTP/1.1 504 Gateway Timeout\n\n" + '{"message": "Endpoint request timed out"}', False),
    ],
)
def test_explain_says_where_the_consoles_test_proves_nothing(
    cli: Cli, tmp_path: Path, answer: str, *, says: bool
) -> None:
    file = tmp_path / "answer.txt"
    file.write_text(answer)
    cli("explain", str(file))
    assert ("test-invoke proves nothing" in " ".join(cli.out.split())) is says


def test_validate_takes_many_files_and_tells_of_all(cli: Cli, tmp_path: Path) -> None:
    good, bad, worse = (tmp_path / f"{name}.yaml" for name in ("good", "bad", "worse"))
    good.write_text("apis: {a: {url: 'https://api.example.com', routes: [GET /x: public]}}\n")
    bad.write_text("apis: {}\n")
    worse.write_text("apis: [\n")
    assert cli("validate", bad, good, worse) == 3
    assert cli.out == f"{good}: in order; 1 API, 1 route\n"
    assert [line.partition(":")[0] for line in cli.err.splitlines()] == [str(bad), str(worse)]
    assert cli("validate", good, bad, "--format", "json") == 3
    told = [json.loads(line) for line in cli.out.splitlines()]
    assert [(one["file"], bool(one["problems"])) for one in told] == [
        (str(good), False),
        (str(bad), True),
    ]
    assert cli("validate", good, "--config", str(bad)) == 3
    assert cli.err == "gatewatch: FILE and --config: give one of them\n"


def test_validate_tells_programs_every_problem(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "gatewatch.yaml"
    file.write_text("apis: {a: {url: ftp://x, routes: [GET /x: publik]}}\n")
    assert cli("validate", "--config", str(file), "--format", "json") == 3
    told = json.loads(cli.out)
    assert [one["path"] for one in told["problems"]] == ["apis.a.routes[0].GET /x", "apis.a.url"]
    file.write_text("apis: {a: {url: 'https://api.example.com', routes: [GET /x: public]}}\n")
    assert cli("validate", "--config", str(file), "--format", "json") == 0
    assert json.loads(cli.out)["problems"] == []
