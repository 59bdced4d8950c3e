"""Messages to any other receiver: for programs, or as a template makes them; signed."""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from msgspec.structs import replace

from gatewatch.config.canonical import HookKind, SecretRef
from gatewatch.config.template import FIELDS
from gatewatch.delivery.deliver import deliver
from gatewatch.delivery.outcome import Later, Outcome, Refused, Taken
from gatewatch.delivery.parcel import Parcel, card
from gatewatch.delivery.shapes.webhook import fields
from gatewatch.notices.machine import schema
from gatewatch.probe.posting import Poster
from tests.receivers import KEY, KEY_REF, SIGN, SIGN_REF, Receiver, answers, echoes, receiving

from .said import EXPOSED, OPENED, ORIGIN, bulletin, notice, resolved

NOW = 1_795_000_000.9
POSTER = Poster(is_local=True, now=lambda: NOW)


@pytest.fixture(params=[True, False], ids=["tls", "plain"])
def hook(request: pytest.FixtureRequest) -> Iterator[Receiver]:
    with receiving(HookKind.WEBHOOK, is_secure=request.param) as one:
        yield one


def sent(one: Parcel, to: Receiver) -> Outcome:
    return deliver(one, ORIGIN, to.reveal, POSTER.send)


def templated(to: Receiver, template: str, content_type: str | None = None) -> Parcel:
    hook = replace(to.hook, template=template, content_type=content_type)
    return notice(replace(to.channel, hook=hook))


@pytest.mark.parametrize("make", [notice, resolved, bulletin])
def test_a_receiver_gets_the_json_for_programs(hook: Receiver, make: object) -> None:
    one = make(hook.channel)  # type: ignore[operator]
    assert sent(one, hook) == Taken()
    (got,) = hook.got
    jsonschema.validate(got.json, schema())
    assert got.json["message_id"] == one.id
    assert got.headers["content-type"] == "application/json"
    assert got.headers["authorization"] == f"Bearer {KEY}"
    assert got.headers["idempotency-key"] == got.headers["x-gatewatch-message-id"] == one.id


def test_a_receiver_can_tell_who_sent_it_and_when(hook: Receiver) -> None:
    sent(notice(hook.channel), hook)
    (got,) = hook.got
    moment = got.headers["x-gatewatch-timestamp"]
    assert moment == "1795000000"
    signed = hmac.new(SIGN.encode(), f"{moment}.".encode() + got.body, "sha256").hexdigest()
    assert got.headers["x-gatewatch-signature"] == f"v1={signed}"


def test_the_documented_check_tells_ours_from_others(hook: Receiver) -> None:
    page = (Path(__file__).parents[2] / "docs" / "on-call.md").read_text()
    found = re.search(r"```python\n(def is_genuine.*?)```", page, re.DOTALL)
    assert found is not None
    known: dict[str, Any] = {"hmac": hmac}
    exec(found[1], known)  # noqa: S102 - ours
    sent(notice(hook.channel), hook)
    (got,) = hook.got
    headers = {name.title(): value for name, value in got.headers.items()}
    cases = {
        "ours": (SIGN.encode(), got.body, NOW + 299),
        "another secret": (b"x", got.body, NOW),
        "another body": (SIGN.encode(), got.body + b" ", NOW),
        "an old one": (SIGN.encode(), got.body, NOW + 301),
    }
    told = [name for name, (key, body, now) in cases.items()
            if known["is_genuine"](key, headers, body, now)]  # fmt: skip
    assert told == ["ours"]


def test_whoever_names_no_secret_sends_none(hook: Receiver) -> None:
    bare = replace(hook.hook, key=None, sign=None)
    sent(notice(replace(hook.channel, hook=bare)), hook)
    names = {"authorization", "x-gatewatch-signature", "x-gatewatch-timestamp"}
    assert not names & set(hook.got[0].headers)


@pytest.mark.parametrize("ref", [KEY_REF, SIGN_REF], ids=["key", "sign"])
def test_an_empty_secret_is_no_secret(hook: Receiver, ref: SecretRef) -> None:
    def reveal(asked: SecretRef) -> str:
        return "" if asked == ref else hook.reveal(asked)

    assert isinstance(deliver(notice(hook.channel), ORIGIN, reveal, POSTER.send), Later)
    assert hook.got == []


def test_a_template_makes_the_body(hook: Receiver) -> None:
    template = '{"text": {{ title|tojson }}, "api": {{ incident.api|tojson }}}'
    assert sent(templated(hook, template), hook) == Taken()
    assert hook.got[0].json["api"] == "orders"
    assert hook.got[0].json["text"].startswith("HIGH OPENED: ")


def test_a_template_makes_a_body_of_another_type(hook: Receiver) -> None:
    template = "{% for one in facts %}{{ one.label }}={{ one.value }}\n{% endfor %}"
    assert sent(templated(hook, template, "text/plain; charset=utf-8"), hook) == Taken()
    assert hook.got[0].headers["content-type"] == "text/plain; charset=utf-8"
    assert "seen=403 Missing Authentication Token\n" in hook.got[0].body.decode()


@pytest.mark.parametrize(
    ("template", "because"),
    [
        pytest.param('{"text": "{{ title }}\n"}', "its output is no JSON", id="no json"),
        pytest.param("\n{{ members|join }}", "line 2 of the template: TypeError", id="wrong type"),
    ],
)
def test_what_a_template_cannot_make_is_refused_with_its_line(
    hook: Receiver, template: str, because: str
) -> None:
    outcome = sent(templated(hook, template), hook)
    assert isinstance(outcome, Refused)
    assert outcome.because.startswith(f"its template cannot be filled in: {because}")
    assert "orders" not in outcome.because
    assert hook.got == []


def test_a_body_that_is_too_long_is_made_of_the_shortest_form(hook: Receiver) -> None:
    assert sent(templated(hook, "{{ text }}" * 300, "text/plain"), hook) == Taken()
    assert len(hook.got[0].body) < 262_144


def test_an_exposure_gives_a_template_nothing_to_repeat_it_with(hook: Receiver) -> None:
    whole = replace(
        hook.hook, template="{{ incident|tojson }}{{ text }}", content_type="text/plain"
    )
    assert sent(notice(replace(hook.channel, hook=whole), EXPOSED), hook) == Taken()
    told = hook.got[0].body.decode()
    assert json.loads(told[: told.index("}CRITICAL") + 1])["evidence"] == []
    assert "MissingAuthenticationToken" not in told
    assert "curl" not in told


@pytest.mark.parametrize("make", [notice, bulletin])
def test_every_field_is_known_when_the_template_is_checked(hook: Receiver, make: object) -> None:
    said = card(make(hook.channel), ORIGIN)  # type: ignore[operator]
    assert said is not None
    assert set(fields(said)) <= FIELDS


def test_what_others_wrote_commands_nobody_through_a_template(hook: Receiver) -> None:
    evil = "<!channel> [x](https://evil.example) @everyone \u202e\x1b[31m"
    one = notice(hook.channel, replace(OPENED, api=evil, because=evil, team=evil))
    said = card(one, ORIGIN)
    assert said is not None
    told = repr([value for name, value in fields(said).items() if name != "links"])
    for word in ("<!channel>", "](https", " @everyone", "\\u202e", "\\x1b"):
        assert word not in told


def test_a_refused_document_is_sent_once_more_shortened(hook: Receiver) -> None:
    hook.moods.append(answers(413))
    assert sent(notice(hook.channel), hook) == Taken()
    whole, short = hook.got
    assert short.json["shortened"] is True
    assert len(short.body) < len(whole.body) / 2
    jsonschema.validate(short.json, schema())
    assert short.headers["x-gatewatch-message-id"] == whole.headers["x-gatewatch-message-id"]


@pytest.mark.parametrize("status", [301, 400, 401, 500])
def test_no_secret_is_repeated(hook: Receiver, status: int) -> None:
    hook.moods.extend([echoes(status)] * 2)
    outcome = repr(sent(notice(hook.channel), hook))
    assert not [one for one in (KEY, SIGN, hook.place) if one in outcome]
