"""Private APIs are verified through the twin, with public ones; what it does not see is unknown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import msgspec
import pytest

from gatewatch.service.releases.hook import serve
from handlers import verifying
from tests.answering import Services, services
from tests.deployed import Gateway
from tests.service.releases.test_hook import SHORT, Answer, Lambda
from tests.service.test_private_apis import Place, place

__all__ = ["place"]


@pytest.fixture
def aside(place: Place, monkeypatch: pytest.MonkeyPatch) -> Iterator[Services]:
    """Both APIs have been seen to work. The outer one may be met from outside here."""
    place.allowed = msgspec.structs.replace(place.allowed, networks=("127.0.0.0/8",))
    place.deploy()
    place.minutes(2)
    monkeypatch.setenv("GATEWATCH_VERIFY_SETTINGS", json.dumps(SHORT))
    monkeypatch.setenv("GATEWATCH_TWIN_VERIFY", "VerifyTwin")
    verifying._source.cache_clear()
    with services(monkeypatch) as found:
        found.invoke = _twin
        yield found


def _twin(event: bytes) -> tuple[bytes, str | None]:
    """The same function, inside."""
    desk = replace(verifying.desk(Lambda()), inside=True)
    return msgspec.json.encode(serve(json.loads(event), desk)), None


def test_public_and_private_apis_are_verified_in_one(place: Place, aside: Services) -> None:
    found = Answer({"report_only": True}, aside).returned
    assert found["decision"] == "passed"
    assert {one["api"] for one in found["looks"]} == {"outer", "inner"}


@pytest.mark.parametrize("side", ["outer", "inner"])
def test_either_side_stops_a_release(place: Place, aside: Services, side: str) -> None:
    (place.gateway if side == "outer" else place.inner).broken |= {"/health", "/orders"}
    answer = Answer({}, aside)
    assert answer.verdict == "ReleaseStoppedError"
    assert f"{side}: GET" in answer.text


def _refuses(_: bytes) -> tuple[bytes, str | None]:
    return b'{"errorType": "Sandbox.Timedout", "errorMessage": "secret-of-the-twin"}', "Unhandled"


def _junk(_: bytes) -> tuple[bytes, str | None]:
    return b'{"taken": "!"}', None


@pytest.mark.parametrize(
    ("twin", "words"),
    [
        pytest.param("missing", "there is no function in the VPC", id="missing"),
        pytest.param("fails", "the twin in the VPC failed: Sandbox.Timedout", id="fails"),
        pytest.param("junk", "the twin's answer cannot be read", id="junk"),
        pytest.param("late", "a round has not ended by the deadline", id="late"),
    ],
)
def test_what_the_twin_does_not_see_is_unknown_and_never_passed(
    place: Place, aside: Services, monkeypatch: pytest.MonkeyPatch, twin: str, words: str
) -> None:
    if twin == "missing":
        monkeypatch.delenv("GATEWATCH_TWIN_VERIFY")
    late = lambda _: (aside.ended.wait(60) and b"{}", None)  # noqa: E731
    aside.invoke = {"fails": _refuses, "junk": _junk, "late": late}.get(twin)
    found = Answer({"report_only": True}, aside, seconds=20).returned
    assert found["decision"] == "undecided"
    inner = [one for one in found["looks"] if one["api"] == "inner"]
    assert {one["standing"] for one in inner} == {"unknown"}
    assert all(words in one["because"] for one in inner)
    assert "secret-of-the-twin" not in json.dumps(found, default=str)


def test_a_twin_that_stops_answering_halfway_leaves_it_undecided(
    place: Place, aside: Services
) -> None:
    """Its earlier passes are of an earlier time."""
    calls = 0

    def first(event: bytes) -> tuple[bytes, str | None]:
        nonlocal calls
        calls += 1
        return _twin(event) if calls <= 4 else _refuses(event)

    aside.invoke = first
    assert Answer({}, aside).verdict == "ReleaseUndecidedError"


def test_the_twin_alone_gets_to_the_private_api(
    place: Place, aside: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GATEWATCH_TWIN_VERIFY")
    del place.inner.asked[:]
    Answer({}, aside)
    assert place.inner.asked == []


def test_the_function_inside_is_told_so_by_its_environment(
    place: Place, aside: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEWATCH_VERIFY_INSIDE", "yes")
    assert Answer({}, aside).verdict == "UnknownCallError"


def test_nobody_may_send_a_credential_elsewhere_by_a_round_of_his_own(
    place: Place, aside: Services
) -> None:
    """Whoever may call the function outside could otherwise have it send credentials anywhere."""
    asked: list[bytes] = []

    def noting(event: bytes) -> tuple[bytes, str | None]:
        asked.append(event)
        return _twin(event)

    aside.invoke = noting
    Answer({}, aside)
    thief = Gateway()
    del place.inner.asked[:]
    assert Answer(json.loads(asked[0]), aside).verdict == "UnknownCallError"
    assert (place.inner.asked, thief.asked) == ([], [])
    thief.close()
