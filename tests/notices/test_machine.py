"""What programs get: a document that its published schema describes, in ever shorter forms."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator
from msgspec.structs import replace

from gatewatch.cli.main import main
from gatewatch.model import EXPOSURES, Finding
from gatewatch.notices import machine
from gatewatch.notices.notice import Notice
from gatewatch.notices.shapes import event
from tests.attack.test_hostile_text import HOSTILE, hostile
from tests.attack.test_messages import NOTICE, NOTICES
from tests.notices.shown import NAMES, card, card_of_notice
from tests.notices.test_message import EXPOSED, OPENED, WIDE

PUBLISHED = Path(__file__).parents[2] / "docs" / "message.schema.json"
EVENTBRIDGE_TAKES = 256 * 1024


@cache
def validator() -> Draft202012Validator:
    found = json.loads(PUBLISHED.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(found)
    return Draft202012Validator(found)


def problems(document: str) -> list[str]:
    return [error.message for error in validator().iter_errors(json.loads(document))]


@pytest.mark.parametrize("name", NAMES)
def test_a_message_is_as_its_published_schema_says(name: str) -> None:
    for form in machine.forms(card(name).message):
        assert problems(form) == []


@given(NOTICES)
@settings(max_examples=30)
def test_any_message_is_as_its_published_schema_says(notice: Notice) -> None:
    for form in machine.forms(card_of_notice(notice).message):
        assert problems(form) == []


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_message_with_hostile_text_is_as_its_schema_says(text: str) -> None:
    told = card_of_notice(replace(NOTICE, incident=hostile(text)))
    assert problems(event.body(told)) == []
    assert json.loads(event.body(told))["incident"]["api"] == text


def test_the_schema_refuses_what_is_no_message() -> None:
    whole = json.loads(machine.written(card("opened").message))
    for wrong in ({**whole, "version": 2}, {**whole, "incident": 1}, {"version": 1}):
        assert problems(json.dumps(wrong))


def test_the_schema_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["schema", "--message"])
    assert ended.value.code in (None, 0)
    assert capsys.readouterr().out == PUBLISHED.read_text(encoding="utf-8")


# The fields of version 1 as they were first sent: none is ever taken away.
ALWAYS = {"version", "message_id", "kind", "at", "account", "region", "deployment", "incident"}
OF_AN_INCIDENT = {"news", "members"}
OF_THE_MONITOR = {
    "test", "gatewatch", "by", "why", "apis", "until", "ended_by", "still_paused",
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_no_field_was_taken_away(name: str) -> None:
    told = card(name)
    found = json.loads(machine.written(told.message))
    mine, others = OF_THE_MONITOR, OF_AN_INCIDENT
    if told.incident is not None:
        mine, others = others, mine
    assert found.keys() >= ALWAYS | mine
    assert not found.keys() & others
    assert found["version"] == 1


def commands(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(machine.written(card(name).message))["commands"]
    return found


def test_a_program_gets_what_a_person_would_do() -> None:
    found = json.loads(machine.written(card("opened").message))
    assert found["title"] == "HIGH OPENED: GET /orders refused at routing or auth, orders prod"
    assert found["expected"] == "an answer as user"
    assert found["stopped_at"] == "route or sign"
    place = "--stack Gatewatch --region eu-west-1"
    confirm = found["commands"].pop("confirm")
    assert confirm.startswith("aws apigateway get-stage --rest-api-id abc123")
    assert found["commands"] == {
        "repeat": "curl -gi https://abc123.execute-api.us-east-1.amazonaws.com/prod/orders"
        ' -H "authorization: Bearer $TOKEN"',
        "acknowledge": f"gatewatch ack {OPENED.id} {place}",
        "mute": f"gatewatch mute orders 'GET /orders' --for 2h {place}",
        "in_full": f"gatewatch incidents {OPENED.id} {place}",
    }


def test_what_is_taken_over_or_over_is_not_offered() -> None:
    assert commands("reminder")["acknowledge"] is None
    over = commands("resolved")
    assert {name for name, one in over.items() if one is not None} == {"in_full"}


@pytest.mark.parametrize("finding", sorted(EXPOSURES))
def test_an_exposure_carries_nothing_to_repeat_it_with(finding: Finding) -> None:
    for incident in (replace(OPENED, finding=finding), replace(EXPOSED, finding=finding)):
        for form in machine.forms(card_of_notice(replace(NOTICE, incident=incident)).message):
            found = json.loads(form)
            assert "MissingAuthenticationToken" not in form
            assert "curl" not in form
            assert found["incident"]["evidence"] == []
            assert found["incident"]["next_probe"] is None
            named = found.get("commands") or {}
            assert named.get("confirm") is named.get("repeat") is named.get("mute") is None


@pytest.mark.parametrize("name", WIDE)
def test_an_event_fits_however_much_there_is_to_say(name: str) -> None:
    told = card_of_notice(replace(NOTICE, incident=WIDE[name]))
    found = event.body(told)
    assert len(found.encode()) + 1024 <= EVENTBRIDGE_TAKES
    whole = json.loads(found)
    assert whole["members"] == len(WIDE[name].members)
    assert whole["incident"]["members"]


@given(NOTICES)
@settings(max_examples=30)
def test_any_event_fits(notice: Notice) -> None:
    assert len(event.body(card_of_notice(notice)).encode()) + 1024 <= EVENTBRIDGE_TAKES


@pytest.mark.parametrize(
    ("name", "detail_type"),
    [
        ("opened", "Gatewatch Incident Opened"),
        ("joined", "Gatewatch Incident Changed"),
        ("reminder", "Gatewatch Incident Reminder"),
        ("resolved", "Gatewatch Incident Resolved"),
        ("test", "Gatewatch Test"),
        ("paused", "Gatewatch Paused"),
        ("resumed", "Gatewatch Resumed"),
    ],
)
def test_a_rule_matches_by_what_happened(name: str, detail_type: str) -> None:
    assert event.detail_type(card(name)) == detail_type


def test_an_event_names_the_stage_where_it_is_known() -> None:
    stage = "arn:aws:apigateway:us-east-1::/restapis/abc123/stages/prod"
    assert event.resources(card("opened")) == (stage,)
    assert event.resources(card("exposed")) == ()
    assert event.resources(card("undecided")) == ()
    assert event.resources(card("test")) == ()
