"""What an answer of a channel means."""

from __future__ import annotations

import math

import pytest

from gatewatch.config.canonical import HookKind
from gatewatch.delivery.backoff import wait_seconds
from gatewatch.delivery.outcome import Answered, Later, Outcome, Refused, Taken, outcome_of

NOW = "Sat, 28 Nov 2026 12:00:00 GMT"
PAGERDUTY = b'{"status":"success","message":"Event processed","dedup_key":"k"}'
OPSGENIE = b'{"result":"Request will be processed","took":0.3,"requestId":"43a29c5c"}'
INCIDENT_IO = b'{"deduplication_key":"k","message":"Event accepted","status":"success"}'
PAGE = b"<html>Welcome to the hotel</html>"


def meant(kind: HookKind | None, status: int, body: bytes = b"") -> Outcome:
    return outcome_of(kind, Answered(status=status, body=body))


@pytest.mark.parametrize(
    ("kind", "status", "body"),
    [
        pytest.param(HookKind.PAGERDUTY, 202, PAGERDUTY, id="pagerduty"),
        pytest.param(HookKind.OPSGENIE, 202, OPSGENIE, id="opsgenie"),
        pytest.param(HookKind.INCIDENT_IO, 202, INCIDENT_IO, id="incident.io"),
        pytest.param(HookKind.SLACK, 200, b"ok", id="slack"),
        pytest.param(HookKind.TEAMS, 200, b"1", id="teams, connector"),
        pytest.param(HookKind.TEAMS, 202, b"", id="teams, workflow"),
        pytest.param(HookKind.WEBHOOK, 204, b"", id="webhook"),
        pytest.param(HookKind.WEBHOOK, 200, PAGE, id="webhook, whatever it says"),
        pytest.param(None, 200, PAGE, id="heartbeat"),
    ],
)
def test_it_has_it(kind: HookKind | None, status: int, body: bytes) -> None:
    assert meant(kind, status, body) == Taken()


@pytest.mark.parametrize(
    "kind", [one for one in HookKind if one is not HookKind.WEBHOOK], ids=lambda one: one.value
)
def test_a_page_that_says_200_has_not_taken_it(kind: HookKind) -> None:
    outcome = meant(kind, 200, PAGE)
    assert isinstance(outcome, Later)
    assert outcome.because.startswith("answered 200, but not as ")


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        pytest.param(
            b"Webhook message delivery failed with error: Microsoft Teams endpoint returned "
            b"HTTP error 429 with ContextId x",
            Later(because="answered 429: it has had too many requests"),
            id="too many",
        ),
        pytest.param(
            b"Webhook message delivery failed with error: Microsoft Teams endpoint returned "
            b"HTTP error 413 with ContextId x",
            Refused(because="answered 413"),
            id="too large",
        ),
    ],
)
def test_teams_says_no_with_200(body: bytes, outcome: Outcome) -> None:
    assert meant(HookKind.TEAMS, 200, body) == outcome


@pytest.mark.parametrize("status", [400, 413, 422])
@pytest.mark.parametrize("kind", list(HookKind), ids=lambda one: one.value)
def test_a_message_is_refused(kind: HookKind, status: int) -> None:
    assert meant(kind, status, b"secret-echoed") == Refused(because=f"answered {status}")


@pytest.mark.parametrize(
    ("status", "because"),
    [
        pytest.param(301, "it redirects, so its address is another one", id="moved"),
        pytest.param(307, "it redirects, so its address is another one", id="sent elsewhere"),
        pytest.param(401, "its key is not accepted", id="key revoked"),
        pytest.param(403, "its key is not accepted, or may not do this", id="forbidden"),
        pytest.param(404, "nothing takes messages at its address", id="no such hook"),
        pytest.param(405, "nothing takes messages at its address", id="no POST"),
        pytest.param(410, "its hook was removed", id="hook deleted"),
        pytest.param(429, "it has had too many requests", id="too many"),
    ],
)
def test_what_a_person_mends_or_time_does_loses_no_message(status: int, because: str) -> None:
    assert meant(HookKind.WEBHOOK, status) == Later(because=f"answered {status}: {because}")


@pytest.mark.parametrize("status", [402, 408, 409, 425, 431, 451, 500, 502, 503, 504, 599, 100])
def test_any_other_answer_loses_no_message(status: int) -> None:
    assert meant(HookKind.PAGERDUTY, status) == Later(because=f"answered {status}")


@pytest.mark.parametrize(
    "error",
    ["timeout: the deadline passed in phase tls", "dns: no address for hook.example.com", None],
)
def test_no_answer_loses_no_message(error: str | None) -> None:
    assert outcome_of(HookKind.SLACK, Answered(error=error)) == Later(
        because=error or "no answer came"
    )


@pytest.mark.parametrize(
    ("kind", "status", "body"),
    [
        pytest.param(
            HookKind.PAGERDUTY,
            400,
            b'{"status":"invalid event","errors":["Invalid routing key"]}',
            id="pagerduty",
        ),
        pytest.param(
            HookKind.OPSGENIE, 422, b'{"message":"Key format is not valid!"}', id="opsgenie"
        ),
    ],
)
def test_a_key_that_is_none_is_no_fault_of_the_message(
    kind: HookKind, status: int, body: bytes
) -> None:
    because = f"answered {status}: its key is not accepted"
    assert meant(kind, status, body) == Later(because=because)


@pytest.mark.parametrize(
    ("status", "body", "because"),
    [
        pytest.param(404, b"no_service", "answered 404 no_service", id="known"),
        pytest.param(
            410, b"channel_is_archived", "answered 410 channel_is_archived", id="archived"
        ),
        pytest.param(404, b"https://hooks.slack.com/services/T/B/s", "answered 404:", id="echoed"),
    ],
)
def test_slack_says_why_in_words_that_are_known(status: int, body: bytes, because: str) -> None:
    outcome = meant(HookKind.SLACK, status, body)
    assert isinstance(outcome, Later)
    assert outcome.because.startswith(because)
    assert "services" not in outcome.because


@pytest.mark.parametrize(
    ("asked", "date", "seconds"),
    [
        pytest.param("30", None, 30.0, id="seconds"),
        pytest.param("0", None, 0.0, id="at once"),
        pytest.param("Sat, 28 Nov 2026 12:01:30 GMT", NOW, 90.0, id="moment"),
        pytest.param("Sat, 28 Nov 2026 11:00:00 GMT", NOW, 0.0, id="moment that has passed"),
        pytest.param("Sat, 28 Nov 2026 12:01:30 GMT", None, None, id="moment of an unknown clock"),
        pytest.param("-5", NOW, None, id="negative"),
        pytest.param("1e9", NOW, None, id="no digits alone"),
        pytest.param("9" * 400, NOW, None, id="endless"),
        pytest.param("soon", NOW, None, id="word"),
        pytest.param("٣٠", NOW, None, id="digits of others"),
        pytest.param("Sat, 99 Nov 2026 99:99:99 GMT", NOW, None, id="no moment"),
        pytest.param("Sat, 28 Nov 99999999 12:00:00 GMT", NOW, None, id="no year"),
        pytest.param("", NOW, None, id="empty"),
        pytest.param(None, NOW, None, id="none"),
    ],
)
def test_how_long_it_asks_to_wait(
    asked: str | None, date: str | None, seconds: float | None
) -> None:
    outcome = outcome_of(HookKind.SLACK, Answered(status=429, retry_after=asked, date=date))
    assert isinstance(outcome, Later)
    assert outcome.after_seconds == seconds


@pytest.mark.parametrize(
    ("tries", "asked", "seconds"),
    [
        pytest.param(0, None, 5, id="none yet"),
        pytest.param(1, None, 5, id="first"),
        pytest.param(2, None, 10, id="second"),
        pytest.param(5, None, 80, id="fifth"),
        pytest.param(6, None, 120, id="at most"),
        pytest.param(10**9, None, 120, id="for ever"),
        pytest.param(1, 30, 30, id="asked"),
        pytest.param(6, 30, 120, id="asked for less"),
        pytest.param(1, 900, 900, id="asked for a quarter of an hour"),
        pytest.param(1, 10**9, 900, id="asked for ever"),
        pytest.param(1, -5, 5, id="negative"),
        pytest.param(1, math.inf, 900, id="infinite"),
        pytest.param(1, math.nan, 5, id="no number"),
    ],
)
def test_when_it_is_sent_again(tries: int, asked: float | None, seconds: float) -> None:
    assert wait_seconds(tries, asked) == seconds
