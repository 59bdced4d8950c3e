"""`gatewatch run --notify`, `watch --notify` and `notify`: channels told from one machine, at
servers that behave as the real ones do."""

from __future__ import annotations

import hmac
import json
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import boto3
import pytest
from msgspec.structs import replace

from gatewatch.adapters.local.alone import Alone
from gatewatch.adapters.local.sqlite import SqliteStore
from gatewatch.cli import notifying
from gatewatch.config.canonical import HookKind
from gatewatch.model import Incident
from tests.adapters.test_outbox import INCIDENT
from tests.cli.test_cli import Cli
from tests.deployed import _arn_of, _sqs, received
from tests.receivers import (
    KEY,
    SIGN,
    Got,
    Mood,
    Receiver,
    answers,
    echoes,
    hangs,
    receiving,
    redirects,
    resets,
)
from tests.servers import RawServer, serving


class Api:
    """One route, which is public or refuses."""

    server: RawServer

    def __init__(self) -> None:
        self.status = 403

    def handle(self, connection: socket.socket, _: bytes) -> None:
        told = f"HTTP/1.1 {self.status} X\r\nContent-Length: 2\r\n\r\n{{}}"
        connection.sendall(told.encode())


@pytest.fixture
def api() -> Iterator[Api]:
    found = Api()
    with serving(found.handle) as found.server:
        yield found


@pytest.fixture
def pager() -> Iterator[Receiver]:
    with receiving(HookKind.PAGERDUTY) as receiver:
        yield receiver


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cli:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PAGER_KEY", KEY)
    monkeypatch.setattr(notifying, "SOON_SECONDS", 2.0)
    return Cli(capsys)


def configured(api: Api, *channels: str, more: str = "") -> None:
    Path("gatewatch.yaml").write_text(
        f"defaults: {{open_after: 1, resolve_after: 1}}\n{more}\n"
        + "".join(["notify:\n", *(f"  - {one}\n" for one in channels)] if channels else [])
        + f"apis: {{orders: {{url: http://{api.server.place}/prod, routes: [GET /a: public]}}}}\n"
    )


def paged(receiver: Receiver, more: str = "") -> str:
    return f"{{pagerduty: {{env: PAGER_KEY, url: '{receiver.url}'}}{more}}}"


def incident(cli: Cli) -> str:
    cli("incidents", "--format", "json")
    return str(json.loads(cli.out)[0]["id"])


def standing(cli: Cli, name: str = "pagerduty") -> dict[str, object]:
    cli("notify", "--format", "json")
    return next(one for one in json.loads(cli.out)["channels"] if one["name"] == name)


# run --notify


def test_an_incident_opens_and_resolves_a_page(cli: Cli, api: Api, pager: Receiver) -> None:
    configured(api, paged(pager))
    assert cli("run", "--notify") == 1
    assert pager.pages == {incident(cli): "triggered"}
    assert cli("run", "--notify") == 1
    assert len(pager.got) == 1
    api.status = 200
    assert cli("run", "--notify") == 0
    assert pager.pages == {incident(cli): "resolved"}


def test_without_it_nobody_is_told_and_nothing_waits(cli: Cli, api: Api, pager: Receiver) -> None:
    configured(api, paged(pager))
    assert cli("run") == 1
    assert cli("run", "--notify") == 1
    assert len(pager.got) == 1, "what is still open is told once somebody asks for it"
    api.status = 200
    assert cli("run") == 0
    assert standing(cli)["waiting"] == 0


@pytest.mark.parametrize(
    ("mood", "because"),
    [
        pytest.param(answers(503), "503", id="answers 503"),
        pytest.param(answers(429, Retry_After="600"), "429", id="asks to wait"),
        pytest.param(answers(403), "403", id="knows no such key"),
        pytest.param(redirects("http://127.0.0.1:1/"), "redirect", id="redirects"),
        pytest.param(resets, "", id="resets"),
        pytest.param(echoes(500), "500", id="repeats what it was sent"),
    ],
)
def test_what_is_not_taken_is_said_and_goes_with_a_later_run(
    cli: Cli, api: Api, pager: Receiver, mood: Mood, because: str
) -> None:
    configured(api, paged(pager))
    pager.moods.append(mood)
    api.status = 403
    assert cli("run", "--notify") == 1
    assert "1 message for pagerduty undelivered: " in cli.err
    assert because in cli.err
    assert KEY not in cli.err + cli.out
    stands = standing(cli)
    assert (stands["waiting"], stands["delivered_at"]) == (1, None)
    assert stands["failing_since"] is not None
    in_rest_no_more()
    assert cli("run", "--notify") == 1
    assert pager.pages == {incident(cli): "triggered"}
    assert standing(cli)["failing_since"] is None


def in_rest_no_more() -> None:
    """As if the time had passed that the channel asked for."""
    with sqlite3.connect(".gatewatch/gatewatch.yaml.sqlite3") as raw:
        raw.execute(
            "UPDATE channel SET next_at = NULL, document ="
            " CAST(json_remove(CAST(document AS TEXT), '$.asked_until') AS BLOB)"
        )
    raw.close()


def test_a_resolve_that_failed_is_tried_as_an_opening_is(
    cli: Cli, api: Api, pager: Receiver
) -> None:
    configured(api, paged(pager))
    cli("run", "--notify")
    api.status = 200
    pager.moods.append(answers(503))
    assert cli("run", "--notify") == 2
    assert pager.pages == {incident(cli): "triggered"}
    assert cli("run", "--notify") == 0
    assert pager.pages == {incident(cli): "resolved"}


def test_a_refused_message_is_said_and_holds_up_nothing(
    cli: Cli, api: Api, pager: Receiver
) -> None:
    configured(api, paged(pager))
    pager.moods += [answers(400), answers(400)]
    assert cli("run", "--notify") == 1
    assert "notify: pagerduty refused a message for good" in cli.err
    stands = standing(cli)
    assert (stands["waiting"], stands["refused"]) == (0, 1)


def test_only_what_stays_raises_the_exit_code(cli: Cli, api: Api, pager: Receiver) -> None:
    configured(api, paged(pager))
    cli("run", "--notify")
    api.status = 200
    pager.moods.append(answers(503))
    assert cli("run", "--notify") == 2
    assert cli("run", "--notify") == 0


def test_a_channel_that_left_is_named_once(cli: Cli, api: Api, pager: Receiver) -> None:
    configured(api, paged(pager, ", name: old"), paged(pager, ", name: new"))
    pager.moods += [answers(503), answers(503)]
    cli("run", "--notify")
    configured(api, paged(pager, ", name: new"))
    cli("run", "--notify")
    assert "notify: 1 message to old dropped: the channel left notify:" in cli.err
    cli("run", "--notify")
    assert "old" not in cli.err


def test_over_tls_an_authority_must_be_known(
    cli: Cli, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    with receiving(HookKind.SLACK, is_secure=True) as chat:
        configured(api, f"{{slack: {{env: CHAT, host: '{chat.place}'}}}}")
        monkeypatch.setenv("CHAT", chat.url)
        assert cli("notify", "--test", "slack") == 1
        assert "tls" in cli.out.lower()
        assert urlsplit(chat.url).path not in cli.out + cli.err


@pytest.mark.parametrize("command", [["run", "--notify"], ["watch", "--notify", "--ticks", "1"]])
def test_nobody_to_tell_is_bad_usage(cli: Cli, api: Api, command: list[str]) -> None:
    configured(api)
    assert cli(*command) == 3
    assert "--notify: the configuration names nobody to tell; expected notify:" in cli.err
    assert api.server.requests == []


def test_a_secret_that_is_not_there_is_named_and_nothing_is_lost(
    cli: Cli, api: Api, pager: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    configured(api, paged(pager))
    monkeypatch.delenv("PAGER_KEY")
    assert cli("run", "--notify") == 1
    assert "PAGER_KEY is not set" in cli.err
    monkeypatch.setenv("PAGER_KEY", KEY)
    cli("run", "--notify")
    assert pager.pages == {incident(cli): "triggered"}


def test_a_run_tries_at_once_what_waits_and_says_why_it_is_not_taken_now(
    cli: Cli, api: Api, pager: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    configured(api, paged(pager))
    monkeypatch.delenv("PAGER_KEY")
    for _ in range(3):
        cli("run", "--notify")
    monkeypatch.setenv("PAGER_KEY", KEY)
    pager.moods.append(answers(503))
    assert cli("run", "--notify") == 1
    assert "PAGER_KEY" not in cli.err
    assert "1 message for pagerduty undelivered: answered 503; whoever runs next" in cli.err
    assert len(pager.got) == 1


def test_a_run_waits_as_long_as_the_channel_asked(cli: Cli, api: Api, pager: Receiver) -> None:
    configured(api, paged(pager))
    pager.moods.append(answers(429, Retry_After="600"))
    cli("run", "--notify")
    assert "; it asked to wait until " in cli.err
    assert cli("run", "--notify") == 1
    assert "answered 429: it has had too many requests; it asked to wait until " in cli.err
    assert len(pager.got) == 1


def test_no_secret_is_in_the_state(cli: Cli, api: Api, pager: Receiver) -> None:
    configured(api, paged(pager))
    pager.moods.append(echoes(500))
    cli("run", "--notify")
    kept = [one.read_bytes() for one in Path(".gatewatch").iterdir()]
    assert not any(KEY.encode() in one for one in kept)


# watch --notify


def test_a_watch_without_it_says_that_nobody_is_told(cli: Cli, api: Api, pager: Receiver) -> None:
    configured(api, paged(pager))
    assert cli("watch", "--ticks", "1") == 1
    assert cli.err.count("notify: nobody is told from here; --notify does") == 1
    assert pager.got == []


def test_a_watch_tells_and_a_hanging_channel_holds_up_no_look(
    cli: Cli, api: Api, pager: Receiver
) -> None:
    """Five ticks pass while one channel answers nothing, and the other is told."""
    with receiving(HookKind.OPSGENIE) as other:
        configured(
            api,
            paged(pager),
            f"{{opsgenie: {{env: PAGER_KEY, url: '{other.url}'}}}}",
        )
        pager.moods += [hangs] * 20
        assert cli("watch", "--notify", "--ticks", "5", "--tick", "0.1") == 1
    assert len(api.server.requests) >= 1
    assert list(other.pages.values()) == ["triggered"]
    assert "1 message for pagerduty undelivered" in cli.err


def test_a_heart_beats_while_ticks_succeed(cli: Cli, api: Api) -> None:
    with receiving(HookKind.WEBHOOK) as monitor:
        configured(api, more=f"heartbeat: {{every: 1m, url: '{monitor.url}'}}")
        assert cli("watch", "--notify", "--ticks", "1") == 1
        [beat] = monitor.got
    told = json.loads(beat.body)
    assert told["kind"] == "heartbeat"
    assert standing(cli, "the heartbeat")["delivered_at"] is not None


def test_a_heart_stands_still_where_ticks_cannot_be_stored(cli: Cli, api: Api) -> None:
    with receiving(HookKind.WEBHOOK) as monitor:
        configured(api, more=f"heartbeat: {{every: 1m, url: '{monitor.url}'}}")
        cli("run")
        with sqlite3.connect(".gatewatch/gatewatch.yaml.sqlite3") as raw:
            raw.execute(
                "CREATE TRIGGER full BEFORE INSERT ON state BEGIN SELECT RAISE (FAIL, 'full'); END"
            )
        raw.close()
        assert cli("watch", "--notify", "--ticks", "1") == 3
        assert monitor.got == []


# Processes


def test_a_watch_that_is_interrupted_says_what_is_left(api: Api, cli: Cli, pager: Receiver) -> None:
    configured(api, paged(pager))
    pager.moods += [answers(503)] * 50
    command = [sys.executable, "-m", "gatewatch", "watch", "--notify", "--format", "json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        while b"takes nothing" not in process.stderr.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert b"1 message for pagerduty undelivered" in err


def test_runs_at_the_same_time_tell_once(api: Api, cli: Cli, pager: Receiver) -> None:
    configured(api, paged(pager))
    command = [sys.executable, "-m", "gatewatch", "run", "--notify"]
    running = [
        subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(4)
    ]
    assert [one.wait(120) for one in running] == [1, 1, 1, 1]
    assert len(pager.got) == 1


def test_what_another_process_is_to_deliver_and_does_not_is_said(
    cli: Cli, api: Api, pager: Receiver
) -> None:
    """It may know neither this channel nor one that left."""
    configured(api, paged(pager, ", name: old"))
    pager.moods.append(answers(503))
    cli("run", "--notify")
    configured(api, paged(pager, ", name: new"))
    other = Alone(Path(".gatewatch/gatewatch.yaml.sqlite3-notify"))
    assert other.is_ours()
    assert cli("run", "--notify") == 1
    other.release()
    for name in ("old", "new"):
        assert f"notify: 1 message for {name} undelivered" in cli.err
    assert len(pager.got) == 1


def test_a_run_that_is_killed_while_it_tells_doubles_at_most_that(
    api: Api, cli: Cli, pager: Receiver
) -> None:
    """Each time after the pager accepted and before we could mark it."""
    configured(api, paged(pager))
    arrived = threading.Event()

    def accepted_and_hanging(connection: socket.socket, got: Got) -> None:
        arrived.set()
        hangs(connection, got)

    command = [sys.executable, "-m", "gatewatch", "run", "--notify"]
    for _ in range(3):
        arrived.clear()
        pager.moods.append(accepted_and_hanging)
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            assert arrived.wait(60)
            process.kill()
    assert cli("run", "--notify") == 1
    assert len(pager.got) == 4
    assert len({one.body for one in pager.got}) == 1
    assert pager.pages == {incident(cli): "triggered"}


def test_on_a_full_disk_nothing_is_lost_and_nothing_doubled(
    api: Api, cli: Cli, pager: Receiver
) -> None:
    """What waits is delivered and marked in the room that the state has; what is found then is not
    remembered, and so is found and told again by the next run."""
    configured(api, paged(pager))
    pager.moods.append(answers(503))
    cli("run", "--notify")
    room = Path(".gatewatch/gatewatch.yaml.sqlite3").stat().st_size
    command = [sys.executable, "-c", FULL, str(room)]
    subprocess.run(command, check=False, capture_output=True, timeout=120)
    assert cli("run", "--notify") == 1
    assert pager.pages == {incident(cli): "triggered"}
    assert len(pager.got) == 2, "the one that was not taken, and once more"
    api.status = 200
    subprocess.run(command, check=False, capture_output=True, timeout=120)
    assert cli("run", "--notify") == 0
    assert pager.pages == {incident(cli): "resolved"}
    assert len(pager.got) == 3


FULL = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))
from gatewatch.cli.main import main
main(["run", "--notify"])
"""


def test_a_webhook_behind_an_authority_of_ones_own_is_signed(
    api: Api, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its address and what signs it are secrets, of the environment and of a file."""
    with receiving(HookKind.WEBHOOK, is_secure=True) as hook:
        monkeypatch.setenv("HOOK", hook.url)
        Path("sign.txt").write_text(f"{SIGN}\n")
        Path("ca.pem").write_text(hook.authority or "")
        configured(
            api,
            "{name: tickets, webhook: {url: {env: HOOK}, host: '" + hook.place + "',"
            " sign: {file: sign.txt}, ca_file: ca.pem}}",
        )
        assert cli("run", "--notify") == 1
        assert cli.err == ""
        [[got]] = hook.accepted.values()
    stamp, signature = (got.headers[f"x-gatewatch-{name}"] for name in ("timestamp", "signature"))
    expected = hmac.new(SIGN.encode(), f"{stamp}.".encode() + got.body, sha256).hexdigest()
    assert signature == f"v1={expected}"
    assert got.json["incident"]["id"] == incident(cli)


# notify


def test_channels_are_listed_with_all_that_concerns_them(
    cli: Cli, api: Api, pager: Receiver
) -> None:
    configured(
        api,
        paged(pager, ", severity: [critical, high], owner: payments, layer: auth, after: 15m"),
        "{name: mail, sns: 'arn:aws:sns:us-east-1:123456789012:oncall', finding: refused,"
        " apis: [orders], quiet: {cron: '0 22 * * *', for: 8h, severity: low}}",
        "{slack: {env: CHAT}, only: exposures}",
        "{event_bus: ops}",
    )
    assert cli("notify") == 0
    assert cli.out.splitlines() == [
        f"pagerduty: pagerduty, to {pager.place}",
        "    takes           severity critical, high; owner payments; layer auth; what nobody has "
        "acknowledged for 15m",
        "    last delivered  never",
        "mail: sns, to arn:aws:sns:us-east-1:123456789012:oncall",
        '    takes           finding refused; API orders; quiet for low: "0 22 * * *" for 8h, UTC',
        "    last delivered  never",
        "slack: slack, to hooks.slack.com:443",
        "    takes           only exposures",
        "    last delivered  never",
        "event_bus: event_bus, to ops",
        "    takes           everything",
        "    last delivered  never",
    ]


def test_a_failing_channel_is_a_finding(cli: Cli, api: Api, pager: Receiver) -> None:
    configured(api, paged(pager))
    pager.moods.append(answers(503))
    cli("run", "--notify")
    assert cli("notify") == 1
    assert "failing since" in cli.out
    cli("run", "--notify")
    assert cli("notify") == 0
    assert "failing since" not in cli.out


@pytest.mark.parametrize(
    ("mood", "code", "told"),
    [
        pytest.param(None, 0, "taken", id="taken"),
        pytest.param(answers(503), 1, "not taken: ", id="not taken"),
        pytest.param(answers(403), 1, "not taken: ", id="no such key"),
    ],
)
def test_a_test_says_what_came_of_it(
    cli: Cli, api: Api, pager: Receiver, mood: Mood | None, code: int, told: str
) -> None:
    configured(api, paged(pager, ", severity: critical"))
    if mood is not None:
        pager.moods.append(mood)
    assert cli("notify", "--test", "pagerduty") == code
    assert f"pagerduty (pagerduty, to {pager.place}): {told}" in cli.out
    assert "TEST" in pager.got[0].json["payload"]["summary"]
    assert (standing(cli)["delivered_at"] is not None) is (code == 0)


def test_a_test_that_was_taken_makes_what_waits_due(cli: Cli, api: Api, pager: Receiver) -> None:
    configured(api, paged(pager))
    pager.moods.append(answers(429, Retry_After="600"))
    cli("run", "--notify")
    assert cli("notify", "--test", "pagerduty") == 0
    stands = standing(cli)
    assert (stands["failing_since"], stands["waiting"]) == (None, 1)
    cli("run", "--notify")
    assert pager.pages[incident(cli)] == "triggered"


def test_a_test_that_cannot_be_noted_was_taken_all_the_same(
    cli: Cli, api: Api, pager: Receiver
) -> None:
    configured(api, paged(pager))
    Path(".gatewatch").write_text("no folder")
    assert cli("notify", "--test", "pagerduty") == 0
    assert "pagerduty (pagerduty, to" in cli.out
    assert "; that a test was taken is not noted" in cli.err


def test_a_test_of_all_goes_to_each_once(cli: Cli, api: Api, pager: Receiver) -> None:
    configured(api, paged(pager, ", name: one"), paged(pager, ", name: two"))
    pager.moods.append(answers(503))
    assert cli("notify", "--test", "all", "--format", "json") == 1
    tests = json.loads(cli.out)["tests"]
    assert [(one["name"], one["outcome"]) for one in tests] == [
        ("one", "not taken"),
        ("two", "taken"),
    ]


@pytest.mark.parametrize(
    ("channels", "name", "told"),
    [
        pytest.param(["{name: pager, event_bus: ops}"], "pagr", "(did you mean pager?)", id="near"),
        pytest.param(["{event_bus: ops}"], "x", "(there are event_bus)", id="far"),
        pytest.param(["{event_bus: ops}"], "", '"": there is no such channel', id="empty"),
        pytest.param([], "x", "the configuration names no channel; expected notify:", id="none"),
    ],
)
def test_no_such_channel_is_bad_usage(
    cli: Cli, api: Api, channels: list[str], name: str, told: str
) -> None:
    configured(api, *channels)
    assert cli("notify", "--test", name) == 3
    assert told in cli.err


# Topics, with the rights of whoever runs it


@pytest.mark.usefixtures("aws")
def test_a_topic_gets_its_messages_too(cli: Cli, api: Api) -> None:
    topic = boto3.client("sns").create_topic(Name=f"n-{uuid4().hex[:8]}")["TopicArn"]
    inbox = _sqs().create_queue(QueueName=f"i-{uuid4().hex[:8]}")["QueueUrl"]
    boto3.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=_arn_of(inbox))
    configured(api, f"{{sns: '{topic}'}}")
    assert cli("notify", "--test", topic) == 0
    assert cli("run", "--notify") == 1
    bodies = [json.loads(json.loads(one["Body"])["Message"]) for one in received(inbox)]
    assert [one["kind"] for one in bodies] == ["test", "opened"]


@pytest.mark.usefixtures("aws")
def test_a_topic_that_is_gone_waits(cli: Cli, api: Api) -> None:
    configured(api, "{sns: 'arn:aws:sns:us-east-1:123456789012:gone'}")
    assert cli("run", "--notify") == 1
    assert "1 message for gone undelivered" in cli.err
    assert standing(cli, "gone")["waiting"] == 1


@pytest.mark.usefixtures("aws")
def test_a_bus_gets_events(cli: Cli, api: Api) -> None:
    """The emulator takes events of buses that exist; what is in them, the adapter's tests say."""
    bus = f"b-{uuid4().hex[:8]}"
    boto3.client("events").create_event_bus(Name=bus)
    configured(api, f"{{event_bus: {bus}}}")
    assert cli("notify", "--test", "event_bus") == 0, cli.out
    assert cli("run", "--notify") == 1
    assert standing(cli, "event_bus")["delivered_at"] is not None


@pytest.mark.usefixtures("aws")
def test_a_heart_beats_at_a_topic_too(cli: Cli, api: Api) -> None:
    topic = boto3.client("sns").create_topic(Name=f"n-{uuid4().hex[:8]}")["TopicArn"]
    inbox = _sqs().create_queue(QueueName=f"i-{uuid4().hex[:8]}")["QueueUrl"]
    boto3.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=_arn_of(inbox))
    configured(api, more=f"heartbeat: {{every: 1m, sns: '{topic}'}}")
    assert cli("watch", "--notify", "--ticks", "1") == 1
    [beat] = received(inbox)
    assert json.loads(json.loads(beat["Body"])["Message"])["kind"] == "heartbeat"


# History


def ids(cli: Cli, *arguments: str) -> list[str]:
    assert cli("incidents", "--format", "json", *arguments) == 0, cli.err
    return [one["id"] for one in json.loads(cli.out)]


def test_incidents_are_chosen_by_state_and_time(cli: Cli, api: Api) -> None:
    configured(api)
    now = datetime.now(UTC)
    ended = {"3": timedelta(hours=1), "2": timedelta(days=3), "1": timedelta(days=30)}
    over = [
        replace(INCIDENT, id=name, state="resolved", resolved_at=(now - ago).isoformat())
        for name, ago in ended.items()
    ]
    file = Path(".gatewatch/gatewatch.yaml.sqlite3")
    with SqliteStore(file).open("orders") as memory:
        memory.keep([], [replace(INCIDENT, id="4"), *over], {})
    assert ids(cli) == ["4", "3", "2", "1"]
    assert ids(cli, "--resolved") == ["3", "2", "1"]
    assert ids(cli, "--open") == ["4"]
    assert ids(cli, "--since", now.isoformat()) == ["4"]
    assert ids(cli, "--since", "7d") == ["4", "3", "2"]
    assert ids(cli, "--since", "7d", "--resolved", "--last", "1") == ["3"]
    assert ids(cli, "--last", "1") == ["4", "3"]


def test_each_has_all_that_is_known_of_it(cli: Cli, api: Api) -> None:
    configured(api)
    cli("run")
    cli("incidents", "--format", "json")
    [told] = json.loads(cli.out)
    assert set(told) >= set(Incident.__struct_fields__)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--open", "--resolved"], "--open and --resolved: expected at most one of them"),
        (["--since", "soon"], '--since: "soon": expected a time such as 2026-11-22T09:00:00Z'),
        (["--since", "2026-11-22"], "expected a time such as 2026-11-22T09:00:00Z"),
        (["--since", "999999d"], '--since: "999999d": expected a duration such as 30m or 2h'),
        (["--since", ""], '--since: "": expected a time such as'),
    ],
)
def test_what_cannot_be_chosen_is_bad_usage(
    cli: Cli, api: Api, arguments: list[str], said: str
) -> None:
    configured(api)
    assert cli("incidents", *arguments) == 3
    assert said in cli.err
    assert cli.out == ""


def test_the_last_500_that_are_over_are_kept_and_all_that_are_open(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "state.sqlite3")
    known = [replace(INCIDENT, id=f"{number:026}") for number in range(510)]
    over = [replace(one, state="resolved") for one in known]
    with store.open("orders") as memory:
        memory.keep([], [*over, replace(INCIDENT, id="0")], {})
    with store.open("users") as memory:
        memory.keep([], [replace(over[0], id="9", api="users")], {})
    kept = [one.id for one in store.incidents()]
    assert len(kept) == 502
    assert {"0", "9", f"{10:026}", f"{509:026}"} <= set(kept)
    assert f"{9:026}" not in kept
