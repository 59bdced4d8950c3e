"""Texts of servers and of other people that would command a chat, a terminal or a reader of mail,
and secrets that an error would repeat."""

from __future__ import annotations

import json
import re
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gatewatch.adapters.aws.sns import fitting, shortest
from gatewatch.cli import show
from gatewatch.cli.main import main
from gatewatch.cli.screen import Screen
from gatewatch.config.problems import masked
from gatewatch.model import Candidate, Incident, Layer, Update
from gatewatch.notices.message import subject
from gatewatch.notices.visible import may_be_typed
from tests.attack.test_messages import AT, INCIDENT, NOTICE, ORIGIN

HOSTILE = {
    "everybody": "<!channel>",
    "those_here": "<!here|here>",
    "a_group": "<!subteam^S1|team>",
    "a_person": "<@U12345>",
    "a_room": "<#C12345>",
    "a_link": "<https://evil.example|your console>",
    "markdown": "[your console](https://evil.example)",
    "an_image": "![x](https://evil.example/p.png)",
    "plain_everybody": "@everyone",
    "plain_channel": "@Channel",
    "html": "<a href='https://evil.example'>x</a>",
    "script": "<script>alert(1)</script>",
    "a_closed_tag": "</td></tr>",
    "ansi": "\x1b[31mred\x1b[0m",
    "a_title": "\x1b]0;owned\x07",
    "csi": "\x9b31m",
    "bidi": "\u202egnp.exe",
    "isolate": "\u2066x\u2069",
    "marks": "\u200e\u200f\u061c",
    "tags": "\U000e0041\U000e0042",
    "a_line": "x\nCRITICAL OPENED: all of it",
    "a_separator": "x\u2028CRITICAL",
    "a_return": "x\rCRITICAL",
    "nul": "\x00",
}
OBEYED = re.compile(r"<[!@#/a-zA-Z]|\]\(\S|@(channel|here|everyone)\b", re.IGNORECASE)
STEERS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def hostile(text: str) -> Incident:
    member = replace(INCIDENT.members[0], route=f"GET /{text}", caller=text, entrance=text)
    return replace(
        INCIDENT,
        api=text,
        stage=text,
        scope=text,
        team=text,
        runbook=text,
        because=text,
        cause=text,
        candidates=(Candidate(text, Layer.ROUTING),),
        members=(member,),
        updates=(Update(at=AT, text=text),),
    )


def _commands_left_out(text: str) -> str:
    """Lines of ours to be typed, with placeholders."""
    return re.sub(r"(?m)^    (aws|curl|openssl|gatewatch|  )[^\n]*", "", text)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("shape", [fitting, shortest], ids=["full", "shortest"])
@pytest.mark.parametrize("state", ["open", "resolved"])
def test_nothing_in_a_message_is_obeyed(text: str, shape: object, state: str) -> None:
    ended = AT if state == "resolved" else None
    incident = replace(hostile(text), state=state, resolved_at=ended)
    notice = replace(NOTICE, incident=incident, news=(f"joined: {text}",))
    plain = json.loads(shape(notice, ORIGIN))["default"]  # type: ignore[operator]
    assert not OBEYED.search(_commands_left_out(plain))
    assert not STEERS.search(plain)
    assert "\nCRITICAL" not in plain
    line = subject("opened", incident)
    assert not OBEYED.search(line)
    assert line.isprintable()


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_no_text_at_all_is_obeyed(text: str) -> None:
    plain = json.loads(fitting(replace(NOTICE, incident=hostile(text)), ORIGIN))["default"]
    assert not OBEYED.search(_commands_left_out(plain))
    assert not STEERS.search(plain)


@pytest.mark.parametrize(
    "command",
    ["gatewatch ack orders 'GET /<!channel>'", "curl 'https://h/[x](https://evil)'", "x '<@U1>'"],
)
def test_a_command_that_a_chat_would_obey_is_not_shown(command: str) -> None:
    assert not may_be_typed(command)


@pytest.mark.parametrize(
    "command", ["aws x --region <region>", "openssl s_client </dev/null", "gatewatch ack 01KAGR"]
)
def test_our_own_commands_are_shown(command: str) -> None:
    assert may_be_typed(command)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_nothing_steers_a_terminal(text: str) -> None:
    out = StringIO()
    console = Screen(file=out, force_terminal=False, markup=False, emoji=False, width=200)
    show.put(console, show.incident(hostile(text)))
    console.print(show.incident_list([hostile(text)]))
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", out.getvalue())


def test_markup_of_a_terminal_is_shown_as_it_is() -> None:
    out = StringIO()
    console = Screen(file=out, force_terminal=False, markup=False, emoji=False, width=200)
    console.print(show.incident_list([hostile("[red]x[/red] :bomb:")]))
    assert "[red]x[/red] :bomb:" in out.getvalue()


SECRET = "SUPERSECRET12345"
ROUTES = {
    "a_query": f"GET /orders?token={SECRET}: public",
    "a_query_and_a_bad_key": f"GET /orders?sig={SECRET}: {{acess: public}}",
    "a_fragment": f'"GET /x#access_token={SECRET}": {{access: publik}}',
    "several": f'"GET /x?a=1&api_key={SECRET}&b=2": {{access: publik}}',
    "a_url_for_a_route": f'"GET https://u:{SECRET}@h/x?token={SECRET}": public',
}


@pytest.mark.parametrize("route", ROUTES.values(), ids=ROUTES)
@pytest.mark.parametrize("command", ["validate", "run", "watch", "plan"])
def test_an_error_repeats_no_secret_of_a_route(
    tmp_path: Path, route: str, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "gatewatch.yaml"
    url = "http://127.0.0.1:1/prod"
    file.write_text(f"apis:\n  orders:\n    url: {url}\n    routes:\n      - {route}\n")
    with pytest.raises(SystemExit) as ended:
        main([command, "--config", str(file)])
    assert ended.value.code == 3
    out, said = capsys.readouterr()
    assert SECRET not in out + said
    assert "apis.orders.routes[0]" in said


@pytest.mark.parametrize(
    "words",
    [
        ("check", f"GET /q?token={SECRET}"),
        ("ack", "orders", f"GET /q?token={SECRET}\x1b[31m"),
        ("incidents", "--api", f"x/y?token={SECRET}"),
        ("run", "--deployed-at", f"https://u:{SECRET}@h/"),
    ],
    ids=["check", "ack", "incidents", "run"],
)
def test_an_error_repeats_no_secret_of_the_command_line(
    tmp_path: Path, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "gatewatch.yaml"
    file.write_text(
        "apis:\n  orders:\n    url: http://127.0.0.1:1\n    routes:\n      - GET /x: public\n"
    )
    with pytest.raises(SystemExit) as ended:
        main([*words, "--config", str(file)])
    assert ended.value.code == 3
    out, said = capsys.readouterr()
    assert SECRET not in out + said
    assert "\x1b" not in out + said


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("GET /x?token=abc: no such route", "GET /x?…: no such route"),
        ("is it /x?", "is it /x?"),
        ("GET /x: unknown (is it GET /y?)", "GET /x: unknown (is it GET /y?)"),
        ("GET /x (or /y?token=abc)", "GET /x (or /y?…)"),
        ("https://u:p@h/x?y=z", "https://…h/x?…"),
        ("expected a path such as /orders", "expected a path such as /orders"),
    ],
)
def test_what_is_masked(text: str, shown: str) -> None:
    assert masked(text) == shown


@pytest.mark.parametrize("command", ["validate", "plan", "run"])
def test_a_route_turns_no_line_around(
    tmp_path: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "gatewatch.yaml"
    route = '"POST /\u202egnp.exe": {access: protected, guarded_by: iam}'
    url = "http://127.0.0.1:1"
    file.write_text(f"apis:\n  orders:\n    url: {url}\n    routes:\n      - {route}\n")
    with pytest.raises(SystemExit):
        main([command, "--config", str(file)])
    out, said = capsys.readouterr()
    assert "\u202e" not in out + said
