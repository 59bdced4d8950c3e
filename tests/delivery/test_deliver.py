"""Messages to real servers that behave as the services do, and worse."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import pytest

from gatewatch.config.canonical import Channel, HookKind, SecretRef
from gatewatch.delivery.deliver import deliver
from gatewatch.delivery.outcome import Answered, Later, Outcome, Refused, Taken
from gatewatch.delivery.parcel import Parcel
from gatewatch.delivery.post import Post
from gatewatch.incidents.announce import AnnouncementKind
from gatewatch.notices.card import Card
from gatewatch.ports import SecretError
from gatewatch.probe.posting import Poster
from tests.receivers import (
    KEY,
    SIGN,
    Mood,
    Receiver,
    answers,
    babbles,
    drips,
    echoes,
    floods,
    hangs,
    receiving,
    redirects,
    resets,
)

from .said import EXPOSED, OPENED, ORIGIN, acknowledged, beat, bulletin, changed, notice, resolved

PAGERS = (HookKind.PAGERDUTY, HookKind.OPSGENIE, HookKind.INCIDENT_IO)
POSTER = Poster(is_local=True)
HASTY = Poster(is_local=True, seconds=0.3)


@pytest.fixture(params=PAGERS, ids=lambda one: one.value)
def pager(request: pytest.FixtureRequest) -> Iterator[Receiver]:
    with receiving(request.param, is_secure=True) as one:
        yield one


def sent(one: Parcel, to: Receiver, poster: Poster = POSTER) -> Outcome:
    return deliver(one, ORIGIN, to.reveal, poster.send)


def test_an_incident_is_one_page_from_its_beginning_to_its_end(pager: Receiver) -> None:
    to, key, seen = pager.channel, OPENED.id, []
    for one in (notice(to), changed(to), acknowledged(to), resolved(to)):
        assert sent(one, pager) == Taken()
        seen.append(pager.pages[key])
    taken = "triggered" if pager.kind is HookKind.INCIDENT_IO else "acknowledged"
    assert seen == ["triggered", "triggered", taken, "resolved"]
    assert list(pager.pages) == [key]


@pytest.mark.parametrize("kind", [AnnouncementKind.REMINDER, AnnouncementKind.ESCALATED])
def test_what_still_fails_keeps_its_page_open(pager: Receiver, kind: AnnouncementKind) -> None:
    assert sent(notice(pager.channel, kind=kind), pager) == Taken()
    assert pager.pages == {OPENED.id: "triggered"}


def test_a_test_goes_the_whole_way_and_leaves_no_page(pager: Receiver) -> None:
    assert sent(bulletin(pager.channel), pager) == Taken()
    assert pager.pages == {"test-1": "resolved"}


@pytest.mark.parametrize("kind", ["paused", "resumed"])
def test_a_pause_pages_nobody(pager: Receiver, kind: str) -> None:
    assert sent(bulletin(pager.channel, kind), pager) == Taken()
    assert pager.got == []


def test_the_same_message_sent_twice_is_one_page(pager: Receiver) -> None:
    for _ in range(2):
        assert sent(notice(pager.channel), pager) == Taken()
    assert pager.pages == {OPENED.id: "triggered"}


def test_who_posts_says_so(pager: Receiver) -> None:
    sent(notice(pager.channel), pager)
    assert re.fullmatch(
        r"Gatewatch/\S+ \(synthetic monitoring, notification\)", pager.got[0].headers["user-agent"]
    )


def test_an_exposure_is_told_without_its_evidence(pager: Receiver) -> None:
    assert sent(notice(pager.channel, EXPOSED), pager) == Taken()
    told = pager.got[0].body
    assert not [one for one in (b"MissingAuthenticationToken", b"curl", b"abc123") if one in told]


LATER_ANSWERS: dict[str, tuple[Mood, str]] = {
    "too many": (answers(429, Retry_After="7"), "answered 429: it has had too many requests"),
    "unwell": (answers(503), "answered 503"),
    "key revoked": (answers(401), "answered 401: its key is not accepted"),
    "hook deleted": (answers(404), "answered 404: nothing takes messages at its address"),
    "reset": (resets, "reset: closed without a complete response in phase first_byte"),
    "hang": (hangs, "timeout: the deadline passed in phase first_byte"),
    "slow drip": (drips, "timeout: the deadline passed in phase first_byte"),
    "huge answer": (floods, "answered 500"),
    "no http": (babbles, "garbage: the answer is not HTTP"),
    "echo": (echoes(500), "answered 500"),
}


@pytest.mark.parametrize("name", LATER_ANSWERS)
def test_a_message_that_was_not_taken_is_not_lost(pager: Receiver, name: str) -> None:
    mood, because = LATER_ANSWERS[name]
    pager.moods.append(mood)
    outcome = sent(notice(pager.channel), pager, HASTY if "deadline" in because else POSTER)
    assert isinstance(outcome, Later)
    assert outcome.because.startswith(because)
    assert outcome.after_seconds == (7.0 if name == "too many" else None)
    assert pager.accepted == {}
    assert sent(notice(pager.channel), pager) == Taken()
    assert list(pager.accepted) == [OPENED.id]


def test_no_redirect_is_followed(pager: Receiver) -> None:
    with receiving(pager.kind, is_secure=True) as elsewhere:
        pager.moods.append(redirects(elsewhere.url))
        outcome = sent(notice(pager.channel), pager)
        assert outcome == Later(because="answered 307: it redirects, so its address is another one")
        assert elsewhere.got == []


@pytest.mark.parametrize("status", [202, 302, 400, 401, 403, 422, 500])
def test_what_a_server_repeats_is_repeated_to_nobody(pager: Receiver, status: int) -> None:
    pager.moods.extend([echoes(status)] * 2)
    outcome = sent(notice(pager.channel), pager)
    assert not isinstance(outcome, Taken)
    assert KEY not in repr(outcome)
    assert pager.place not in repr(outcome)


def test_a_certificate_of_a_stranger_gets_nothing() -> None:
    with receiving(HookKind.PAGERDUTY, is_secure=True) as one:
        one.authority = None
        outcome = sent(notice(one.channel), one)
        assert isinstance(outcome, Later)
        assert outcome.because.startswith("tls: certificate not accepted")
        assert one.got == []


def test_a_refused_message_is_sent_once_more_in_its_shortest_form(pager: Receiver) -> None:
    pager.moods.append(answers(413))
    assert sent(notice(pager.channel), pager) == Taken()
    whole, short = (len(one.body) for one in pager.got)
    assert short < whole / 2
    assert list(pager.accepted) == [OPENED.id]


def test_what_is_refused_twice_is_refused(pager: Receiver) -> None:
    pager.moods.extend([answers(400)] * 3)
    assert sent(notice(pager.channel), pager) == Refused(because="answered 400")
    assert len(pager.got) == 2


def test_a_short_form_may_wait_too(pager: Receiver) -> None:
    pager.moods.extend([answers(413), answers(429, Retry_After="3")])
    assert sent(notice(pager.channel), pager) == Later(
        because="answered 429: it has had too many requests", after_seconds=3.0
    )


def test_a_wrong_key_loses_no_message(pager: Receiver) -> None:
    def wrong(_: SecretRef) -> str:
        return "f" * 32

    outcome = deliver(notice(pager.channel), ORIGIN, wrong, POSTER.send)
    assert isinstance(outcome, Later)
    assert "key is not accepted" in outcome.because


@pytest.mark.parametrize(
    "value", ["", " ", "a key", "a\nkey", "k\u00e4y", "x" * 5000], ids=lambda one: repr(one[:9])
)
def test_a_key_that_no_request_carries_is_sent_nowhere(pager: Receiver, value: str) -> None:
    outcome = deliver(notice(pager.channel), ORIGIN, lambda _: value, POSTER.send)
    because = "its key is empty, or holds a space or a character that no header carries"
    assert outcome == Later(because=because)
    assert pager.got == []


def test_a_secret_that_cannot_be_read_is_named_with_what_to_do(pager: Receiver) -> None:
    def unreadable(ref: SecretRef) -> str:
        raise SecretError(f"{ref}: denied", "permit it")

    outcome = deliver(notice(pager.channel), ORIGIN, unreadable, POSTER.send)
    assert outcome == Later(
        because=f"its secret cannot be read: {pager.hook.key}: denied; next: permit it"
    )


def test_our_own_fault_while_a_secret_is_read_loses_no_message(pager: Receiver) -> None:
    def broken(_: SecretRef) -> str:
        raise RuntimeError(KEY)

    outcome = deliver(notice(pager.channel), ORIGIN, broken, POSTER.send)
    assert outcome == Later(
        because=f"its secret cannot be read: {pager.hook.key}: internal error: RuntimeError"
    )


def test_our_own_fault_while_it_is_sent_loses_no_message(pager: Receiver) -> None:
    def broken(_: Post) -> Answered:
        raise MemoryError(KEY)

    outcome = deliver(notice(pager.channel), ORIGIN, pager.reveal, broken)
    assert outcome == Later(because="internal error: MemoryError")


@pytest.mark.parametrize("make", [changed, resolved])
def test_a_message_that_cannot_be_made_goes_in_its_shortest_form(
    pager: Receiver, make: Callable[[Channel], Parcel], monkeypatch: pytest.MonkeyPatch
) -> None:
    module = import_module(f"gatewatch.delivery.shapes.{pager.kind.value}")
    whole = module.post

    def failing(said: Card, *more: Any) -> Post | None:
        if said.blocks:
            raise IndexError("a fault of ours")
        made: Post | None = whole(said, *more)
        return made

    monkeypatch.setattr(module, "post", failing)
    assert sent(make(pager.channel), pager) == Taken()
    assert list(pager.accepted) == [OPENED.id]


def test_loopback_is_reached_from_the_command_line_alone(pager: Receiver) -> None:
    outcome = sent(notice(pager.channel), pager, Poster())
    assert isinstance(outcome, Later)
    assert "127.0.0.1 may not be connected to" in outcome.because
    assert pager.got == []


@pytest.mark.parametrize(
    "host", ["10.0.0.1", "169.254.169.254", "192.168.1.1", "[::ffff:10.0.0.1]", "0.0.0.0"]
)
def test_no_private_address_is_reached_even_from_the_command_line(host: str) -> None:
    url = f"http://{host}:80/"
    outcome = deliver(beat(url, f"{host.strip('[]')}:80"), ORIGIN, str, POSTER.send)
    assert isinstance(outcome, Later)


def test_nothing_is_taken_from_the_environment(
    pager: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    with receiving(HookKind.WEBHOOK) as proxy:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"):
            monkeypatch.setenv(name, f"http://{proxy.place}")
        assert sent(notice(pager.channel), pager) == Taken()
        assert proxy.got == []


@pytest.mark.parametrize(
    ("mood", "outcome"),
    [
        pytest.param(answers(200), Taken(), id="200"),
        pytest.param(answers(204), Taken(), id="204"),
        pytest.param(answers(400), Later(because="answered 400"), id="refused"),
        pytest.param(answers(503), Later(because="answered 503"), id="unwell"),
    ],
)
def test_a_beat_is_a_small_post(mood: Mood, outcome: Outcome) -> None:
    with receiving(HookKind.WEBHOOK) as one:
        one.moods.append(mood)
        assert sent(beat(one.url, one.place), one) == outcome
        assert len(one.got) == 1
        assert one.got[0].method == "POST"
        assert one.got[0].json["kind"] == "heartbeat"
        assert SIGN not in one.got[0].body.decode()
