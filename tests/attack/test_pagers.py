"""Texts of servers and of other people in pagers: taken whatever they are, and obeyed by none."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from msgspec.structs import replace

from gatewatch.config.canonical import HookKind
from gatewatch.delivery.parcel import Parcel, card
from gatewatch.delivery.post import Post
from gatewatch.delivery.shapes import shape_of
from gatewatch.delivery.shortest import shortest
from gatewatch.model import Incident
from gatewatch.notices.card import Card, card_of
from gatewatch.notices.notice import Notice
from tests.attack.test_hostile_text import HOSTILE, OBEYED, STEERS, hostile
from tests.attack.test_messages import AT, NOTICES, ORIGIN
from tests.notices.test_message import WIDE
from tests.receivers import KEY, Got, Receiver

PAGERS = (HookKind.PAGERDUTY, HookKind.OPSGENIE, HookKind.INCIDENT_IO)
PATHS = {HookKind.PAGERDUTY: "/v2/enqueue", HookKind.OPSGENIE: "/v2/alerts"}


def posts(kind: HookKind, said: Card) -> Iterator[Post]:
    receiver = Receiver(kind, url=f"https://pager.example.com{PATHS.get(kind, '/v2/x')}")
    receiver.url = receiver.url.replace(".com", ".com:443")
    one = shape_of(kind)(said, receiver.hook, receiver.reveal)
    while one is not None:
        yield one
        one = one.then


def status(kind: HookKind, post: Post) -> int:
    headers = {name.lower(): value for name, value in post.headers.items()}
    target = post.url.removeprefix("https://pager.example.com:443")
    return Receiver(kind).answer(Got("POST", target, headers, post.body)).status


def texts(found: Any) -> Iterator[str]:
    if isinstance(found, str):
        yield found
    elif isinstance(found, dict):
        for name, value in found.items():
            yield from (name, *texts(value))
    elif isinstance(found, list):
        for one in found:
            yield from texts(one)


def _said(incident: Incident, kind: str = "opened", **more: Any) -> Card:
    return card_of("m", kind, AT, incident, origin=ORIGIN, **more)


@pytest.mark.parametrize("kind", PAGERS, ids=lambda one: one.value)
@given(NOTICES)
@settings(max_examples=40)
def test_any_incident_makes_a_message_that_a_pager_takes(kind: HookKind, notice: Notice) -> None:
    said = card(Parcel(notice=notice), ORIGIN)
    assert said is not None
    for one in (said, shortest(said)):
        assert {status(kind, post) for post in posts(kind, one)} <= {202}


@pytest.mark.parametrize("kind", PAGERS, ids=lambda one: one.value)
@pytest.mark.parametrize("turn", ["opened", "acknowledged", "resolved"])
@pytest.mark.parametrize("name", WIDE)
def test_a_message_fits_however_much_there_is_to_say(kind: HookKind, turn: str, name: str) -> None:
    wide = replace(WIDE[name], team="€" * 3000, api="€" * 3000, id="i" * 3000)
    if turn == "resolved":
        wide = replace(wide, state="resolved", resolved_at=AT)
    for post in posts(kind, _said(wide, turn, news=("€" * 3000,) * 99)):
        assert status(kind, post) == 202
        assert len(post.url) < 1_000


@pytest.mark.parametrize("kind", PAGERS, ids=lambda one: one.value)
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_nobody_is_called_and_nothing_is_drawn(kind: HookKind, text: str) -> None:
    (post,) = posts(kind, _said(hostile(text), news=(text,)))
    assert status(kind, post) == 202
    found = [re.sub(r"</dev/null|<[a-z_]+>", "", one) for one in texts(json.loads(post.body))]
    assert [one for one in found if OBEYED.search(one)] == []
    assert [one for one in found if STEERS.search(one)] == []


def test_a_text_ends_no_fence_of_markdown() -> None:
    text = "```\n[x](https://evil.example)\n````"
    (post,) = posts(HookKind.INCIDENT_IO, _said(hostile(text)))
    description = json.loads(post.body)["description"]
    fence = description.partition("\n")[0]
    assert set(fence) == {"`"}
    assert description.count(fence) == 2
    assert description.endswith(f"\n{fence}")


@pytest.mark.parametrize("kind", PAGERS, ids=lambda one: one.value)
def test_a_key_is_where_it_belongs_and_nowhere_else(kind: HookKind) -> None:
    for post in posts(kind, _said(WIDE["10,000 routes"])):
        if kind is HookKind.PAGERDUTY:
            event = json.loads(post.body)
            assert event.pop("routing_key") == KEY
            assert KEY not in json.dumps(event)
        else:
            assert KEY not in post.body.decode()
        assert KEY not in post.url
        assert KEY not in repr(post)
