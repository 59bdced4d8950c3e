"""`gatewatch incidents` and `ack`: the same on this machine and in an emulated account."""

from __future__ import annotations

import contextlib
import json
import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from msgspec.structs import replace

from gatewatch.adapters.aws.dynamodb import DynamoTable
from gatewatch.adapters.local.sqlite import SqliteStore
from gatewatch.cli import waiting
from gatewatch.cli.main import main
from gatewatch.incidents.acknowledge import Ack
from gatewatch.incidents.correlate import OPEN
from gatewatch.model import Acknowledgement, Finding, Incident
from gatewatch.service import incidents as writing
from gatewatch.service.ledger import Ledger
from gatewatch.service.ports import Table
from handlers import incidents as writers
from handlers import probe as probes
from handlers import wiring
from tests.builders import verdict
from tests.deployed import CONFIG, Account, Gateway, monitor_outputs, stack_with, table, using
from tests.service.test_ledger import PASS, heard, looked
from tests.support import look

SEEN = look("GET HOST/prod/x with none -> rest 403 MissingAuthenticationTokenException | Missing")
FAIL = verdict(evidence=(SEEN,))
PAGE = Path(__file__).parent.parent.parent / "docs" / "account.md"


class Command:
    """Runs commands in this process; keeps what they printed."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.out = self.err = ""

    def __call__(self, *arguments: str) -> int:
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        self.out, self.err = self._capsys.readouterr()
        return int(ended.value.code or 0)


@pytest.fixture
def command(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Command:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    return Command(capsys)


def stack_of(store: DynamoTable) -> str:
    """The name of a deployed stack whose table this is."""
    return stack_with(monitor_outputs(StateTable=store._name))


def some_incidents() -> list[Incident]:
    """One that ended, one that is open, one of another API; the oldest first."""
    [ended] = heard(looked(FAIL, PASS)).incidents
    [later] = heard(looked(PASS, FAIL)).incidents
    [other] = heard(looked(PASS, PASS, FAIL)).incidents
    return [ended, later, replace(other, api="others")]


def kept_here(known: list[Incident], folder: Path) -> list[str]:
    """The options that name where they are kept."""
    file = folder / "state.sqlite3"
    store = SqliteStore(file)
    for one in known:
        with store.open(one.api) as memory:
            memory.keep([], [one], {})
    store.latch("orders", "GET /x", "https://a", Finding.PROTECTED_ROUTE_OPEN)
    store.close()
    return ["--state", str(file)]


def kept_in_the_account(known: list[Incident], folder: Path) -> list[str]:
    store = table()
    for one in known:
        store.file(one)
        if one.state == OPEN:
            store.add_news(one.api)
            store.save_ledger(Ledger(api=one.api, incidents=(one,)))
    store.latch("orders", "GET /x", "https://a", Finding.PROTECTED_ROUTE_OPEN)
    return ["--stack", stack_of(store)]


PLACES = pytest.mark.parametrize("place", [kept_here, kept_in_the_account])


@pytest.mark.parametrize(
    "asked",
    [
        [],
        ["--open"],
        ["--api", "orders"],
        ["--last", "0"],
        ["--format", "json"],
        ["--open", "--api", "others", "--format", "json"],
        ["ONE"],
        ["ONE", "--format", "json"],
    ],
    ids=" ".join,
)
def test_the_account_answers_as_this_machine_does(
    aws: None, command: Command, tmp_path: Path, asked: list[str]
) -> None:
    known = some_incidents()
    asked = [known[1].id[:16].lower() if one == "ONE" else one for one in asked]
    said = []
    for place in (kept_here, kept_in_the_account):
        where = place(known, tmp_path)
        assert command("incidents", *asked, *where) == 0
        said.append(command.out.replace(shlex.join(where), "WHERE"))
    assert said[0] == said[1] != ""


@PLACES
def test_incidents_are_listed_the_newest_first_with_their_length(
    aws: None, command: Command, tmp_path: Path, place: Callable[..., list[str]]
) -> None:
    ended, later, other = some_incidents()
    where = place([ended, later, other], tmp_path)
    command("incidents", *where)
    shown = [line.split()[0] for line in command.out.splitlines() if "2026-" in line]
    assert shown == [one.id[:14] for one in (other, later, ended)]
    [over] = [line for line in command.out.splitlines() if "resolved" in line]
    assert over.endswith("lasted 1m 0s")
    command("incidents", "--open", "--format", "json", *where)
    assert [one["id"] for one in json.loads(command.out)] == [other.id, later.id]
    command("incidents", "--api", "orders", "--format", "json", *where)
    assert [one["id"] for one in json.loads(command.out)] == [later.id, ended.id]
    command("incidents", "--last", "0", "--format", "json", *where)
    assert [one["id"] for one in json.loads(command.out)] == [other.id, later.id]


@PLACES
def test_one_in_full_shows_its_evidence_even_when_it_is_over(
    aws: None, command: Command, tmp_path: Path, place: Callable[..., list[str]]
) -> None:
    known = some_incidents()
    where = place(known, tmp_path)
    for one in known:
        assert command("incidents", one.id, *where) == 0
        assert "x-amzn-errortype: MissingAuthenticationTokenException" in command.out
        assert "aws apigateway" in command.out


@PLACES
@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["incidents", "ZZZ"], "no incident with an id that begins with ZZZ\n"),
        (["incidents", "TYPO"], "begins with TYPO; the nearest: ID"),
        (["incidents", "--api", "oders"], "nothing is known of such an API (did you mean orders?)"),
        (["ack", "OVER"], "OVER: it is over since 2026-11-22 09:02:00 UTC"),
        (["ack", "orders", "GET /y"], "orders GET /y: this route is not held back"),
        (["ack", "TYPO"], "begins with TYPO; the nearest: ID"),
        (["ack", ""], '"": expected the id of an incident, or its beginning'),
        (["ack", "0"], "2 incidents with an id that begins with 0: "),
        (["ack", "ID", "--why", "x" * 501], "--why: 501 characters; expected at most 500"),
        (["ack", "ID", "--why", "\x1b[2J"], "--why: expected text without control characters"),
    ],
)
def test_what_cannot_be_meant_is_said(
    aws: None,
    command: Command,
    tmp_path: Path,
    place: Callable[..., list[str]],
    asked: list[str],
    said: str,
) -> None:
    over, known, _ = some_incidents()
    names = {"ID": known.id, "TYPO": f"{known.id[:14]}ZZ", "OVER": over.id}
    for name, value in names.items():
        asked = [value if one == name else one for one in asked]
        said = said.replace(name, value)
    where = place([over, known], tmp_path)
    assert command(*asked, *where) == 3
    assert said in command.err


@PLACES
def test_one_in_full_says_since_when_and_how_to_take_it_over(
    aws: None, command: Command, tmp_path: Path, place: Callable[..., list[str]]
) -> None:
    ended, later, _ = known = some_incidents()
    where = place(known, tmp_path)
    command("incidents", later.id, *where)
    assert "    since:       2026-11-22 09:02:00 UTC\n" in command.out
    assert f"    gatewatch ack {later.id} {shlex.join(where)}\n" in command.out
    command("incidents", ended.id, *where)
    assert "    lasted:      1m 0s\n" in command.out
    assert "gatewatch ack" not in command.out
    command("incidents", *where)
    assert not re.search(r"T\d\d:\d\d|\d\d:\d\d  ", command.out)


def test_a_stack_is_found_in_the_region_that_a_message_names(
    aws: None, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, known, _ = some_incidents()
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("AWS_DEFAULT_REGION", "eu-west-1")
        store = DynamoTable(table()._name, "eu-west-1")
        where = ["--stack", stack_of(store)]
    store.add_news(known.api)
    store.file(known)
    store.save_ledger(Ledger(api=known.api, incidents=(known,)))
    assert command("incidents", "--open", *where, "--region", "eu-west-1") == 0
    assert known.id[:14] in command.out
    assert command("ack", known.id, *where, "--region", "us-east-1") == 3
    assert "there is none in us-east-1" in command.err
    assert command("incidents", "--region", "eu-west-1") == 3
    assert "--region: only with --stack" in command.err


def test_an_acknowledgement_here_is_there_at_once(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "alice")
    _, known, other = some_incidents()
    where = kept_here([known, other], tmp_path)
    assert command("ack", known.id[:20], "--why", "rolling\nback", *where) == 0
    assert command.out.splitlines() == [
        f"{known.id}: acknowledged by alice",
        "GET /x is held back until it is closed: "
        f"gatewatch ack orders 'GET /x' {shlex.join(where)}",
    ]
    command("incidents", known.id, *where)
    assert "acknowledged by alice: rolling back" in command.out
    command("incidents", *where)
    assert command.out.count("acknowledged by alice") == 1
    assert SqliteStore(tmp_path / "state.sqlite3").latched()


def test_a_write_that_is_released_here_is_sent_again(command: Command, tmp_path: Path) -> None:
    _, known, other = some_incidents()
    where = kept_here([known, other], tmp_path)
    assert command("ack", "orders", "GET /x", *where) == 0
    assert command.out == "orders GET /x: will be sent again\n"
    store = SqliteStore(tmp_path / "state.sqlite3")
    assert store.latched() == {}
    assert [one.id for one in store.incidents() if one.acknowledged] == [known.id]


@pytest.fixture
def account(aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    monkeypatch.setattr(wiring, "CLOCK", type(wiring.CLOCK)())
    monkeypatch.setattr(probes, "CLOCK", wiring.CLOCK)
    gateway = Gateway()
    found = Account(gateway, monkeypatch)
    often = (CONFIG % {"place": gateway.place}).replace("owner:", "remind_every: 5m\n    owner:")
    found.publish(often)
    yield found
    gateway.close()


def broken(account: Account) -> dict[str, Any]:
    """An incident that has just been told."""
    account.gateway.broken.add("/items")
    account.minutes(2)
    [opened] = account.messages()
    return dict(opened["incident"])


def listed(command: Command, stack: str, *more: str) -> list[dict[str, Any]]:
    assert command("incidents", "--stack", stack, "--format", "json", *more) == 0
    return list(json.loads(command.out))


def test_whoever_acknowledges_is_named_and_nobody_is_reminded(
    account: Account, command: Command
) -> None:
    stack, incident = stack_of(account.table), broken(account)
    assert command("ack", incident["id"], "--stack", stack, "--why", "mine") == 0
    assert "; the service applies it within its next minute" in command.out
    account.minutes(1)
    [known] = listed(command, stack)
    assert known["acknowledged"]["why"] == "mine"
    assert known["acknowledged"]["by"].startswith("user/")
    account.minutes(6)
    assert account.said() == []
    account.gateway.broken.clear()
    account.minutes(2)
    [resolved] = account.messages()
    assert resolved["kind"] == "resolved"
    assert resolved["incident"]["acknowledged"] == known["acknowledged"]
    assert account.table.acknowledged() == frozenset()
    assert [one["state"] for one in listed(command, stack)] == ["resolved"]


def test_a_write_that_is_released_in_the_account_is_sent_again(
    account: Account, command: Command
) -> None:
    stack, incident = stack_of(account.table), broken(account)
    entrance = f"http://{account.gateway.place}/prod"
    account.table.latch("orders", "GET /items", entrance, Finding.PROTECTED_ROUTE_OPEN)
    assert command("ack", "orders", "GET /items", "--stack", stack) == 0
    assert account.table.records()["orders"].latched
    account.minutes(1)
    assert not account.table.records()["orders"].latched
    [known] = listed(command, stack)
    assert (known["id"], bool(known["acknowledged"])) == (incident["id"], True)


def test_looks_that_were_dealt_out_before_a_release_do_not_undo_it(
    account: Account, command: Command
) -> None:
    """In each minute the writers and the probes go to work side by side."""
    often = CONFIG.replace("orders:", "orders:\n    anonymous_every: 1m", 1)
    write = "      - POST /items: {access: protected, guarded_by: api_key}\n"
    account.publish(often % {"place": account.gateway.place} + write)
    account.minutes(1)
    account.table.latch(
        "orders",
        "POST /items",
        f"http://{account.gateway.place}/prod",
        Finding.PROTECTED_ROUTE_OPEN,
    )
    stack = stack_of(account.table)
    assert command("ack", "orders", "POST /items", "--stack", stack) == 0
    account.dispatch()
    assert account.drain(account.changes, writers.handler) == 0
    assert account.drain(account.work, probes.handler) == 0
    assert not account.table.records()["orders"].latched


def test_a_write_without_an_incident_is_released_too(account: Account, command: Command) -> None:
    account.minutes(3)
    account.table.latch("orders", "GET /items", "https://a", Finding.PROTECTED_ROUTE_OPEN)
    assert command("ack", "orders", "GET /items", "--stack", stack_of(account.table)) == 0
    account.minutes(1)
    assert not account.table.records()["orders"].latched


def test_who_acknowledges_while_the_writer_writes_is_not_forgotten(
    account: Account, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack, incident = stack_of(account.table), broken(account)
    release = writing._release

    def slow(acks: list[Ack], store: Table) -> None:
        assert command("ack", incident["id"], "--stack", stack, "--why", "second") == 0
        release(acks, store)

    assert command("ack", incident["id"], "--stack", stack, "--why", "first") == 0
    with monkeypatch.context() as patch:
        patch.setattr(writing, "_release", slow)
        account.minutes(1)
    [known] = listed(command, stack)
    assert known["acknowledged"]["why"] == "first"
    account.minutes(1)
    [known] = listed(command, stack)
    assert known["acknowledged"]["why"] == "second"


def test_a_writer_that_dies_over_an_acknowledgement_takes_it_up_once_more(
    account: Account, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack, incident = stack_of(account.table), broken(account)
    assert command("ack", incident["id"], "--stack", stack) == 0

    def dies(*_: object) -> None:
        raise RuntimeError("the process died here")

    account.dispatch()
    with monkeypatch.context() as patch:
        patch.setattr(writing, "_release", dies)
        account.drain(account.work, probes.handler)
        assert account.drain(account.changes, writers.handler) > 0
    account.minutes(2)
    [known] = listed(command, stack)
    assert [one["text"].startswith("acknowledged") for one in known["updates"]].count(True) == 1
    assert account.table.acknowledged() == frozenset()


@pytest.mark.parametrize(
    "document",
    [
        "no JSON",
        '{"api": 1}',
        '{"api": "orders", "who": {"by": "me", "at": "then"}, "release": ["GET /items"]}',
        None,
    ],
)
def test_what_somebody_wrote_by_hand_stops_nobody(
    account: Account, command: Command, document: str | None
) -> None:
    incident = broken(account)
    item: dict[str, Any] = {"pk": {"S": "ack"}, "sk": {"S": "api#orders\nnow\nme"}}
    if document is not None:
        item["document"] = {"S": document}
    boto3.client("dynamodb").put_item(TableName=account.table._name, Item=item)
    account.table.latch("orders", "GET /items", "https://a", Finding.PROTECTED_ROUTE_OPEN)
    account.gateway.broken.clear()
    account.minutes(2)
    [resolved] = account.messages()
    assert (resolved["kind"], resolved["incident"]["id"]) == ("resolved", incident["id"])
    assert account.table.records()["orders"].latched


@pytest.mark.parametrize(
    "changed",
    [{"why": "x" * 300_000}, {"why": "\x1b]0;mine\x07"}, {"by": "me\u202e"}, {"at": "then"}],
    ids=["too long", "steers a terminal", "turns its direction", "no moment"],
)
def test_what_would_harm_others_is_no_acknowledgement(
    account: Account, command: Command, changed: dict[str, str]
) -> None:
    incident = broken(account)
    who = Acknowledgement(**{"by": "me", "at": "2026-11-22T09:03:00+00:00", **changed})
    account.table.add_ack(Ack(api="orders", who=who, incidents=(incident["id"],)))
    account.minutes(1)
    [known] = listed(command, stack_of(account.table))
    assert "acknowledged" not in known or known["acknowledged"] is None


def test_nobody_else_steers_the_terminal_of_whoever_reads(command: Command, tmp_path: Path) -> None:
    """Neither a server, nor what was acknowledged on a machine of before."""
    [known] = heard(looked(FAIL)).incidents
    who = Acknowledgement(by="me", at=known.opened_at, why="\x1b[2J\x9b2J\u202eback")
    where = kept_here([replace(known, acknowledged=who, runbook="\x1b]0;x\x07")], tmp_path)
    assert command("incidents", known.id, *where) == 0
    assert "␛[2J�2J�back" in command.out
    assert not set(command.out) & set("\x1b\x07\x9b\u202e")


def test_incidents_are_in_one_place(command: Command) -> None:
    assert command("incidents", "--stack", "Gatewatch", "--state", "here.sqlite3") == 3
    assert "--stack and --state: one of them" in command.err


def test_a_stack_that_is_not_there_is_said_with_its_region(aws: None, command: Command) -> None:
    assert command("incidents", "--stack", "elsewhere") == 3
    assert command.err == "gatewatch: stack elsewhere: there is none in us-east-1\n"


def test_what_a_person_needs_is_what_the_page_allows(
    account: Account, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "CLOCK", wiring.CLOCK)
    monkeypatch.setattr(waiting, "sleep", lambda _: account.minutes(1))
    [written] = re.findall(r"```json\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    incident = broken(account)
    stack = stack_with(
        monitor_outputs(
            StateTable=account.table._name,
            ConfigBucket=account.objects._bucket,
            IncidentsTopic=account.topic,
        )
    )
    account.table.latch("orders", "GET /items", "https://a", Finding.PROTECTED_ROUTE_OPEN)
    with using(monkeypatch) as used:
        for asked in (
            ["incidents"],
            ["incidents", incident["id"]],
            ["incidents", "--api", "orders"],
            ["status"],
        ):
            assert command(*asked, "--stack", stack) in (0, 1)
        read = {one for one in used if not one.startswith("sts:")}
    with people_only(monkeypatch) as used:
        for asked in (
            ["ack", incident["id"]],
            ["ack", "orders", "GET /items"],
            ["send-test"],
            ["probe-now"],
            ["pause", "--for", "1h"],
            ["resume"],
        ):
            assert command(*asked, "--stack", stack) in (0, 1), command.err
    *reading, writing = json.loads(written)["Statement"]
    assert actions(*reading) == {_ACTIONS.get(one, one) for one in read}
    assert actions(writing) == used - read - {"sts:GetCallerIdentity"}
    partitions = set(writing["Condition"]["ForAllValues:StringEquals"]["dynamodb:LeadingKeys"])
    assert partitions == {"ack", "errand"}


_ACTIONS = {"s3:ListObjectsV2": "s3:ListBucket"}
"""What an operation is called in a policy, where its name differs."""


@contextlib.contextmanager
def people_only(monkeypatch: pytest.MonkeyPatch) -> Iterator[set[str]]:
    """What commands ask of AWS, without what the service asks that works meanwhile. What is written
    names its partition."""
    with using(monkeypatch) as used:
        counted: set[str] = set()
        minutes = waiting.sleep

        def working(seconds: float) -> None:
            counted.update(used)
            minutes(seconds)
            used.clear()

        monkeypatch.setattr(waiting, "sleep", working)
        yield counted
        counted |= used


def actions(*statements: dict[str, Any]) -> set[str]:
    listed = (one["Action"] for one in statements)
    return {each for one in listed for each in ([one] if isinstance(one, str) else one)}
