"""How changes become one deployment, and which looks each brings at once."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import permutations

import msgspec
import pytest
from msgspec.structs import replace

from gatewatch.config.author import load
from gatewatch.config.canonical import Config
from gatewatch.incidents.deployments import Deployment, in_words, preceding
from gatewatch.service.changes.deployed import (
    DeployedApi,
    DeployedLooks,
    Rounds,
    deployed_looks,
    packed_deployments,
    unpacked,
    with_deployment,
)
from gatewatch.service.dispatch import about
from gatewatch.service.ledger import WriterContext
from tests.deployed import START

BY = "role/deployer"


def second(number: float) -> str:
    return (START + timedelta(seconds=number)).isoformat()


def made(at: float, what: str = "UpdateRoute", stage: str | None = None) -> Deployment:
    when = second(at)
    return Deployment(began=when, ended=when, what=what, at=when, stage=stage, by=BY)


def after(*changes: Deployment, now: float = 600) -> tuple[Deployment, ...]:
    found: tuple[Deployment, ...] = ()
    for one in changes:
        found = with_deployment(found, one, START + timedelta(seconds=now))
    return found


ONE_DEPLOYMENT = (
    made(0, "PutMethod"),
    made(10, "CreateDeployment dep123"),
    made(15, "UpdateStage dep123", "prod"),
    made(80, "UpdateUsagePlan"),
)


@pytest.mark.parametrize("order", list(permutations(range(4))), ids=str)
def test_the_calls_of_one_deployment_are_one_in_whatever_order(order: tuple[int, ...]) -> None:
    [found] = after(*(ONE_DEPLOYMENT[at] for at in order))
    assert in_words(found) == (
        "CreateDeployment dep123 of stage prod at 2026-11-22T09:00:10Z by role/deployer"
    )
    assert (found.began, found.ended) == (second(0), second(80))


def test_where_nothing_was_deployed_the_first_change_counts() -> None:
    [found] = after(made(20), made(0, "DeleteRoute"), made(40))
    assert (found.what, found.at, found.ended) == ("DeleteRoute", second(0), second(40))


def test_a_definition_that_nobody_deployed_explains_nothing() -> None:
    drafts = tuple(replace(made(at, "PutMethod"), takes_effect=False) for at in (0, 20))
    assert preceding(second(60), after(*drafts)) is None
    [found] = after(*drafts, made(30, "UpdateStage"))
    assert preceding(second(60), [found]) == in_words(made(30, "UpdateStage"))
    assert preceding(second(29), [found]) is None


def test_an_event_that_comes_twice_changes_nothing() -> None:
    known = after(*ONE_DEPLOYMENT, made(200, "CreateDeployment dep124"))
    assert [after(*ONE_DEPLOYMENT, known[-1], one) for one in ONE_DEPLOYMENT] == [known] * 4


def whats(found: tuple[Deployment, ...]) -> list[str]:
    return [one.what for one in found]


def test_two_deployments_are_two_however_close() -> None:
    found = after(made(0, "CreateDeployment a"), made(20, "CreateDeployment b"), made(30))
    assert whats(found) == ["CreateDeployment a", "CreateDeployment b"]
    assert [one.ended for one in found] == [second(0), second(30)]


@pytest.mark.parametrize(("gap", "count"), [(90, 1), (91, 2)])
def test_what_comes_later_is_another(gap: float, count: int) -> None:
    assert len(after(made(0), made(gap))) == count


def test_changes_that_never_cease_become_several_and_few_are_kept() -> None:
    found = after(*(made(at) for at in range(0, 3600, 20)))
    assert len(found) == 5
    spans = [datetime.fromisoformat(one.ended) - datetime.fromisoformat(one.began) for one in found]
    assert max(spans) <= timedelta(minutes=5)


def test_a_deployment_from_the_future_gives_way() -> None:
    ahead = made(7200, "CreateDeployment wrong")
    assert whats(after(ahead, made(0), now=10)) == ["UpdateRoute"]
    behind = after(made(7200), made(7230), now=0)
    assert len(behind) == 1, "it is our own clock that is behind"


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["in order", "not in order"])
@pytest.mark.parametrize("now", [-7200, 0, 7200], ids=["behind", "right", "ahead"])
def test_whatever_our_clock_says_no_change_is_lost(order: tuple[int, ...], now: float) -> None:
    changes = (made(0), made(80))
    [found] = after(*(changes[at] for at in order), now=now)
    assert (found.began, found.ended) == (second(0), second(80))


CONFIG = load(
    """
apis:
  small: {url: https://a.example.com, routes: [GET /1: public, GET /2: public]}
  large:
    url: https://b.example.com
    also_at: [https://c.example.com]
    routes: [GET /1: public, GET /2: public, GET /3: public, GET /4: public, GET /5: public]
""",
    "test",
)


def looks(
    known: dict[str, DeployedApi], minute: float, room: int = 500, config: Config = CONFIG
) -> DeployedLooks:
    return deployed_looks(known, config, START + timedelta(minutes=minute), room)


def lived(known: dict[str, DeployedApi], minutes: range, room: int = 500) -> list[set[str]]:
    """The routes that are looked at in each of these minutes."""
    found = []
    for minute in minutes:
        now = looks(known, minute, room)
        assert looks(known, minute, room) == now
        for api, rounds in now.rounds.items():
            known[api] = replace(known[api], rounds=rounds)
        assert looks(known, minute, room).routes == now.routes, "a repeated tick does the same"
        found.append({f"{api} {route.split()[1]}" for api, route in now.routes})
    return found


def deployed(*changes: Deployment, api: str = "small") -> dict[str, DeployedApi]:
    return {api: DeployedApi(api=api, deployments=after(*changes))}


BOTH = {"small /1", "small /2"}


@pytest.mark.parametrize(
    ("at", "first"),
    [(20, 1), (21, 2), (59, 2), (80, 2), (81, 3)],
    ids=["settled at the tick", "just not", "before the tick", "settled later", "just not later"],
)
def test_two_rounds_once_the_answers_are_settled(at: float, first: int) -> None:
    found = lived(deployed(made(at)), range(8))
    assert found == [BOTH if minute in (first, first + 1) else set() for minute in range(8)]


def test_an_event_that_comes_late_brings_two_rounds_from_then_on() -> None:
    assert lived(deployed(made(0)), range(20, 25)) == [BOTH, BOTH, set(), set(), set()]


@pytest.mark.parametrize(("minute", "is_looked_at"), [(30, True), (31, False)])
def test_what_is_long_over_brings_none(minute: int, is_looked_at: bool) -> None:
    assert bool(looks(deployed(made(0)), minute).routes) is is_looked_at


def test_a_change_after_the_first_round_begins_anew() -> None:
    known = deployed(made(0))
    assert lived(known, range(1, 2)) == [BOTH]
    known["small"] = replace(known["small"], deployments=after(made(0), made(61)))
    assert lived(known, range(2, 6)) == [set() if minute == 4 else BOTH for minute in (2, 3, 4, 4)]


def test_looks_do_not_wait_for_changes_that_never_cease() -> None:
    known: dict[str, DeployedApi] = {"small": DeployedApi(api="small")}
    counted = []
    for minute in range(1, 31):
        for second_ in range(0, 60, 20):
            change = made((minute - 1) * 60 + second_)
            kept = with_deployment(known["small"].deployments, change, START)
            known["small"] = replace(known["small"], deployments=kept)
        counted.append(len(lived(known, range(minute, minute + 1))[0]))
    assert sum(counted[:10]) > 0
    assert 8 <= sum(counted) <= 2 * 2 * (30 // 5 + 1)


def test_a_large_api_is_looked_at_in_turn_and_a_small_one_first() -> None:
    known = deployed(made(0)) | deployed(made(0), api="large")
    found = lived(known, range(1, 8), room=8)
    assert found == [
        {*BOTH, "large /1", "large /2", "large /3"},
        {*BOTH, "large /4", "large /5"},
        {"large /1", "large /2", "large /3", "large /4"},
        {"large /5"},
        set(),
        set(),
        set(),
    ]


def test_without_room_they_wait() -> None:
    assert lived(deployed(made(0)), range(1, 3), room=0) == [set(), set()]


def test_an_api_that_is_paused_or_gone_is_left_out() -> None:
    [_, large] = CONFIG.apis
    without = msgspec.structs.replace(CONFIG, apis=(large,))
    assert looks(deployed(made(0)), 1, config=without).routes == frozenset()


def test_an_api_without_routes_is_not_looked_at() -> None:
    bare = msgspec.structs.replace(CONFIG.apis[0], routes=())
    assert not looks(deployed(made(0)), 1, config=Config(apis=(bare,), credentials=())).routes


@pytest.mark.parametrize("number", [-3, 0, 3, 10**9], ids=str)
def test_whatever_number_is_stored_it_ends(number: int) -> None:
    known = deployed(made(0))
    spoilt = Rounds(of=second(0), tick=second(60), first=number, next=number)
    known["small"] = replace(known["small"], rounds=spoilt)
    assert set().union(*lived(known, range(2, 8))) <= BOTH
    assert lived(known, range(8, 9)) == [set()]


def test_what_is_stored_is_read_as_it_was() -> None:
    whole = DeployedApi(api="small", version=3, deployments=after(*ONE_DEPLOYMENT))
    rounds = Rounds(of=second(0), tick=second(60), first=0, next=2)
    read = unpacked("small", 3, packed_deployments(whole), msgspec.json.encode(rounds))
    assert read == replace(whole, rounds=rounds)


GOOD = msgspec.to_builtins(made(0))
SPOILT: dict[str, bytes] = {
    "nothing": b"",
    "no JSON": b"\xff{",
    "no list": b"{}",
    "no time": msgspec.json.encode([{**GOOD, "ended": "yesterday"}]),
    "a time without a zone": msgspec.json.encode([{**GOOD, "at": "2026-11-22T09:00:00"}]),
    "an unprintable text": msgspec.json.encode([{**GOOD, "what": "a\nb"}]),
    "a long text": msgspec.json.encode([{**GOOD, "by": "x" * 501}]),
}


@pytest.mark.parametrize("packed", SPOILT.values(), ids=SPOILT)
def test_what_is_not_in_order_is_left_out(packed: bytes) -> None:
    assert unpacked("small", 3, packed, packed) == DeployedApi(api="small", version=3)


def test_of_very_many_only_the_last_are_read() -> None:
    packed = msgspec.json.encode([GOOD] * 1000)
    assert len(unpacked("small", 1, packed, None).deployments) == 5


def test_a_writers_context_is_read_by_the_version_of_before_and_of_after() -> None:
    """Neither knows the other's fields; whatever is missing has its default."""

    class Before(msgspec.Struct, frozen=True, kw_only=True):
        team: str | None = None
        maintenance: tuple[str, ...] = ()
        channels: tuple[object, ...] = ()

    whole = msgspec.structs.replace(WriterContext(team="a"), deployments=(made(0),))
    assert msgspec.json.decode(msgspec.json.encode(whole), type=Before).team == "a"
    assert msgspec.json.decode(msgspec.json.encode(whole), type=WriterContext) == whole
    assert b"deployments" not in msgspec.json.encode(WriterContext(team="a"))
    written = b'{"team":"a","runbook":null,"maintenance":[],"paused":null,"channels":[]}'
    assert msgspec.json.decode(written, type=WriterContext).deployments == ()


def test_an_api_of_which_no_deployment_is_known_has_none() -> None:
    assert about(CONFIG.apis[0], CONFIG, START).deployments == ()
