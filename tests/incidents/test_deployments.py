"""Which deployment an incident names: the last before its first failing look, and none by guess."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from gatewatch.incidents.deployments import (
    Deployment,
    after,
    deployment_at,
    in_words,
    meanwhile,
    precedes,
    preceding,
)
from gatewatch.incidents.states import tracked
from gatewatch.incidents.story import ApiContext, Story
from gatewatch.incidents.track import Patience, RouteState
from gatewatch.model import Incident, Outcome
from tests.builders import verdict
from tests.deployed import START

HALF_AN_HOUR = 1800


def second(number: float) -> str:
    return (START + timedelta(seconds=number)).isoformat()


def made(at: float, ended: float | None = None, what: str = "CreateDeployment dep1") -> Deployment:
    last = second(at if ended is None else ended)
    return Deployment(began=second(at), ended=last, what=what, at=second(at))


def words(at: str, what: str = "CreateDeployment dep1") -> str:
    return f"{what} at 2026-11-22T{at}Z"


CASES: dict[str, tuple[list[Deployment], float, str | None]] = {
    "none is known": ([], 60, None),
    "just after": ([made(60)], 60, words("09:01:00")),
    "just before": ([made(60)], 59, None),
    "just within half an hour": ([made(0)], HALF_AN_HOUR, words("09:00:00")),
    "just not": ([made(0)], HALF_AN_HOUR + 1, None),
    "half an hour after its last change": ([made(0, 300)], HALF_AN_HOUR + 300, words("09:00:00")),
    "the last of several": (
        [made(0), made(120, what="UpdateRoute"), made(60)],
        180,
        words("09:02:00", "UpdateRoute"),
    ),
    "the last before it": ([made(0), made(120)], 90, words("09:00:00")),
    "one ahead of time": ([made(0), made(10**8)], 60, words("09:00:00")),
}


@pytest.mark.parametrize(("known", "failed", "named"), CASES.values(), ids=CASES)
def test_which_deployment_preceded_a_failure(
    known: list[Deployment], failed: float, named: str | None
) -> None:
    assert preceding(second(failed), known) == named


MENDED: dict[str, tuple[list[Deployment], str | None]] = {
    "none is known": ([], None),
    "the one that broke it": ([made(60)], None),
    "one before and one meanwhile": (
        [made(60), made(240, what="CreateDeployment dep2")],
        words("09:04:00", "CreateDeployment dep2"),
    ),
    "the last meanwhile": ([made(180), made(240)], words("09:04:00")),
    "one after the end": ([made(180), made(301)], words("09:03:00")),
    "one at the end": ([made(300)], words("09:05:00")),
}


@pytest.mark.parametrize(("known", "named"), MENDED.values(), ids=MENDED)
def test_which_deployment_may_have_mended_it(known: list[Deployment], named: str | None) -> None:
    assert meanwhile(second(60), second(300), known) == named
    assert meanwhile(second(60), second(300 + HALF_AN_HOUR * 2), known[:1]) is None


def test_zones_make_no_difference_and_none_is_utc() -> None:
    local = deployment_at(datetime.fromisoformat("2026-11-22T10:00:30+01:00"))
    assert preceding("2026-11-22T09:01:00", [local]) == words("09:00:30", "deployment")


def test_a_deployment_in_words() -> None:
    whole = Deployment(
        began=second(0), ended=second(9), what="CreateDeployment a", at=second(5.9), stage="prod",
        by="role/ci",
    )  # fmt: skip
    assert in_words(whole) == "CreateDeployment a of stage prod at 2026-11-22T09:00:05Z by role/ci"
    assert after(second(45), in_words(whole)) == (
        "40s after CreateDeployment a of stage prod at 2026-11-22 09:00:05 UTC by role/ci"
    )


@pytest.mark.parametrize(
    ("told", "is_before"),
    [
        (words("09:00:05"), True),
        (words("09:00:40"), True),
        (words("09:00:41"), False),
        ("a deployment that another version named", True),
    ],
    ids=["before", "at", "after", "in other words"],
)
def test_whether_it_is_still_before_the_first_failure(told: str, is_before: bool) -> None:
    assert precedes(told, second(40)) is is_before
    assert after(second(40), "one in other words") == "after one in other words"


PATIENCE = {"GET /x": Patience(2, 2), "GET /y": Patience(4, 2)}


class Telling:
    """A story of two routes, of which the second needs twice as many failures to count."""

    def __init__(self) -> None:
        self.states: list[RouteState] = []
        self.incidents: dict[str, Incident] = {}

    def look(self, minute: int, *known: Deployment, x: Outcome, y: Outcome) -> list[str | None]:
        at = second(minute * 60)
        seen = [verdict(x, route="GET /x"), verdict(y, route="GET /y")]
        self.states, turns = tracked(self.states, seen, PATIENCE, at)
        about = ApiContext(deployments=known)
        story = Story("orders", about, self.incidents.values(), {})
        story.go_on({one.key: one for one in self.states}, turns, at)
        self.incidents = story.incidents
        return [one.preceded_by for one in self.incidents.values()]


FAIL, PASS = Outcome.FAIL, Outcome.PASS


def test_it_is_kept_until_the_incident_is_over_whatever_is_deployed_meanwhile() -> None:
    telling, first, second_ = Telling(), made(30), made(150, what="CreateDeployment dep2")
    assert telling.look(1, first, x=FAIL, y=PASS) == []
    assert telling.look(2, first, x=FAIL, y=PASS) == [words("09:00:30")]
    for minute, outcome in ((3, FAIL), (4, PASS), (5, PASS)):
        assert telling.look(minute, first, second_, x=outcome, y=PASS) == [words("09:00:30")]
    [over] = telling.incidents.values()
    assert over.state == "resolved"
    assert over.ended_after == words("09:02:30", "CreateDeployment dep2")


def test_an_incident_that_is_open_was_mended_by_nothing_yet() -> None:
    telling = Telling()
    for minute in (1, 2, 3):
        telling.look(minute, made(30), made(150), x=FAIL, y=PASS)
    assert [one.ended_after for one in telling.incidents.values()] == [None]


def test_a_route_that_failed_before_takes_it_back() -> None:
    telling, known = Telling(), made(90)
    assert telling.look(1, known, x=PASS, y=FAIL) == []
    assert telling.look(2, known, x=FAIL, y=FAIL) == []
    assert telling.look(3, known, x=FAIL, y=FAIL) == [words("09:01:30")]
    assert telling.look(4, known, x=FAIL, y=FAIL) == [None]


def test_one_that_becomes_known_later_is_named_then() -> None:
    telling = Telling()
    telling.look(1, x=FAIL, y=PASS)
    assert telling.look(2, x=FAIL, y=PASS) == [None]
    assert telling.look(3, made(30), x=FAIL, y=PASS) == [words("09:00:30")]


def test_an_older_incident_whose_routes_all_failed_anew_names_none() -> None:
    telling, known = Telling(), made(7 * 60 + 30)
    for minute in range(1, 6):
        telling.look(minute, x=FAIL, y=PASS)
    for minute in range(6, 11):
        telling.look(minute, known, x=FAIL, y=PASS if minute < 8 else FAIL)
    for minute in range(11, 16):
        told = telling.look(minute, known, x=PASS if minute < 13 else FAIL, y=FAIL)
    assert told == [None]
    [incident] = telling.incidents.values()
    assert {one.since for one in incident.members} == {second(8 * 60), second(13 * 60)}
