"""The bill: what is counted of a configuration, what follows from it, and what `plan` tells."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from gatewatch.cli.main import main
from gatewatch.config.author import load
from gatewatch.config.canonical import Config
from gatewatch.cost.at_once import MOST, AtOnce, at_once
from gatewatch.cost.bill import bill, shard_seconds, tiered
from gatewatch.cost.counted import Counted, counted
from gatewatch.cost.outage import How, Outage, healthy_hour, outages
from gatewatch.cost.prices import REST_REQUESTS
from gatewatch.cost.quotas import touched
from gatewatch.cost.written import written_share
from gatewatch.pages.cost import SIZES, example
from gatewatch.service.shards import Bounds

FOUND = {size: counted(example(size)) for size in SIZES[:3]}


def test_looks_are_those_of_the_plan_and_slices_are_touched_once() -> None:
    ten = FOUND[10]
    assert (ten.apis, ten.routes, ten.looks, ten.timeout_seconds) == (1, 10, 12, 120)
    assert (ten.shards, ten.slices) == (1, 2)


def test_few_of_the_touched_slices_are_written() -> None:
    """Strangers' looks come at five minutes of a slice, each written once in thirty."""
    for found in FOUND.values():
        assert found.slices / 15 < found.written < found.slices / 5


@pytest.mark.parametrize(
    ("every", "share"), [("1m", 1 / 30), ("5m", 1 / 6), ("30m", 1.0), ("60m", 1.0)]
)
def test_the_seldomer_the_looks_the_more_of_them_are_written(every: str, share: float) -> None:
    route = f"GET /x: {{access: public, every: {every}}}"
    config = load(f"apis: {{a: {{url: 'https://a.example', routes: [{route}]}}}}", "x")
    assert written_share(config) == pytest.approx(share)


def test_what_is_due_once_an_hour_costs_a_sixtieth() -> None:
    hourly = load(
        "apis: {a: {url: 'https://a.example', routes: [GET /x: {access: public, every: 60m}]}}", "x"
    )
    assert counted(hourly).looks == pytest.approx(1 / 60)


@pytest.mark.parametrize(
    ("requests", "usd"),
    [(0, 0), (1e6, 3.5), (333e6, 1165.5), (334e6, 1168.3), (1_001e6, 3035.48), (30_000e6, 72053.1)],
)
def test_a_tier_has_its_own_price(requests: float, usd: float) -> None:
    assert tiered(requests, REST_REQUESTS) == pytest.approx(usd)


def test_the_sum_is_that_of_its_items() -> None:
    found = bill(FOUND[1_000])
    assert found.ours_usd == pytest.approx(sum(one.usd for one in found.ours), abs=0.01)


def test_metrics_and_alarms_cost_the_same_whatever_is_watched() -> None:
    fixed = {one.usd for size in FOUND for one in bill(FOUND[size]).ours if "alarms" in one.name}
    assert len(fixed) == 1


def test_ten_times_the_routes_cost_no_more_than_ten_times() -> None:
    small, large = bill(FOUND[1_000]), bill(FOUND[10_000])
    assert small.ours_usd < large.ours_usd <= 10 * small.ours_usd


def test_nothing_to_look_at_costs_what_stands_there_anyway() -> None:
    nothing = Counted(
        apis=0, routes=0, looks=0, shards=0, message_bytes=0, slices=0, written=0, timeout_seconds=0
    )
    assert shard_seconds(nothing) == 0
    assert bill(nothing).watched_rest_usd == 0
    assert 0 < bill(nothing).ours_usd < 20


def test_a_heartbeat_costs_less_than_two_dollars() -> None:
    """With the function, the queue and the alarms that it brings, all of which are in the bill."""
    without, posting = (counted(_fleet(1, more=more)) for more in ("", _POSTED))
    assert (without.posts, posting.posts, posting.beats) == (False, True, 1)
    more = bill(posting).ours_usd - bill(without).ours_usd
    assert 0.6 < more < 2
    items = {one.name for one in bill(posting).ours}
    for name in ("Lambda", "SQS", "DynamoDB", "alarms"):
        before, after = (
            next(one.usd for one in bill(found).ours if one.name == name)
            for found in (without, posting)
        )
        assert name in items
        assert after > before


def test_healthy_shards_end_long_before_their_bound() -> None:
    assert shard_seconds(FOUND[10_000]) < Bounds().seconds / 10


def test_no_quota_is_exceeded_at_the_size_that_we_promise() -> None:
    assert [one.quota for one in touched(counted(example(50_000))) if one.needed > one.given] == []


def test_plan_tells_the_bill_of_both_sides(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "gatewatch.yaml"
    file.write_text("apis: {a: {url: 'https://a.example', routes: [GET /x: public]}}")

    def told_as(form: str) -> str:
        with pytest.raises(SystemExit):
            main(["plan", "--config", str(file), "--format", form])
        return capsys.readouterr().out

    told = json.loads(told_as("json"))["bill"]
    assert told["watched_rest_usd"] == pytest.approx(43_800 * 3.5e-6, abs=0.01)
    text = told_as("text")
    assert f"about ${told['ours_usd']:.2f} (Lambda" in text
    assert f"${told['watched_http_usd']:.2f} if HTTP APIs" in text


_ROUTE = "GET /x: public"


_POSTED = """notify: [{pagerduty: {secret: key}}]
heartbeat: {url: "https://hc.example.com/beat", every: 1m}
"""
_MANY = "notify:\n" + "".join(f"  - {{name: p{one}, slack: {{secret: s}}}}\n" for one in range(50))


def _fleet(apis: int, *, private: bool = False, more: str = "") -> Config:
    """So many hosts; `private`: one API of another is inside a VPC."""
    written = "".join(
        f"  a{number}: {{url: 'https://a{number}.example', routes: [{_ROUTE}]}}\n"
        for number in range(apis)
    )
    inside = f"  p: {{url: 'https://p.example', private: true, routes: [{_ROUTE}]}}\n"
    return load(f"apis:\n{written}{inside if private else ''}{more}", "x")


@pytest.mark.parametrize(
    ("config", "most"),
    [
        (_fleet(1), AtOnce(probes=2, twins=0, writers=2)),
        (_fleet(1, private=True), AtOnce(probes=2, twins=2, writers=2)),
        (_fleet(600), AtOnce(probes=2, twins=0, writers=10)),
        (_fleet(1, more=_POSTED), AtOnce(probes=2, twins=0, writers=2, deliverers=2)),
        (_fleet(1, more=_MANY), AtOnce(probes=2, twins=0, writers=2, deliverers=5)),
    ],
    ids=["one API", "one inside a VPC beside it", "600 APIs", "a pager", "50 pagers"],
)
def test_at_once_run_as_many_as_a_silent_minute_needs(config: Config, most: AtOnce) -> None:
    found = at_once(config)
    assert (found.twins, found.writers) == (most.twins, most.writers)
    assert found.deliverers == most.deliverers
    assert found.probes >= most.probes
    assert at_once(config, counted(config)) == found


def test_more_than_a_poller_takes_is_not_asked_for() -> None:
    silent = Counted(
        apis=1,
        routes=0,
        looks=1,
        shards=1e6,
        message_bytes=0,
        written=0,
        slices=0,
        timeout_seconds=10,
    )
    assert at_once(_fleet(1), silent).probes == MOST


def test_plan_tells_how_many_functions_run_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "gatewatch.yaml"
    file.write_text(f"apis: {{a: {{url: 'https://a.example', routes: [{_ROUTE}]}}}}")
    with pytest.raises(SystemExit):
        main(["plan", "--config", str(file)])
    assert (
        "while no API answers: 5 (2 probes, 2 writers of incidents, dispatch); a new account may "
        "run 10 in all"
    ) in " ".join(capsys.readouterr().out.split())


@pytest.fixture(scope="module")
def failing() -> dict[How, Outage]:
    config = example(1_000)
    return {one.how: one for one in outages(config, FOUND[1_000])}


@pytest.mark.parametrize("how", How)
def test_an_outage_costs_more_than_an_hour_without_on_both_sides(
    failing: dict[How, Outage], how: How
) -> None:
    ours, rest, http = healthy_hour(bill(FOUND[1_000]))
    assert failing[how].ours_usd > 5 * ours
    # Strangers look as often as others: two requests a route instead of 1.2.
    assert failing[how].watched_rest_usd == pytest.approx(rest * 2 / 1.2, rel=0.01)
    assert failing[how].watched_http_usd == pytest.approx(http * 2 / 1.2, rel=0.01)


def test_failing_routes_are_metered_by_the_hour_and_until_ten_minutes_after(
    failing: dict[How, Outage],
) -> None:
    """One metric of each route, and twelve of each API, in two hours."""
    metrics = 1_000 + 20 * 12
    usd = metrics * 0.30 / 730 * 2
    assert f"{metrics:,} metrics of routes and APIs ${usd:.2f}," in failing[How.REFUSED].why


def test_silence_costs_the_time_until_the_timeouts(failing: dict[How, Outage]) -> None:
    """2,000 looks of ten seconds, six at once: as long as 512 MB cost for an hour of minutes."""
    waited = 2_000 * 10 / 6 * 0.5 * 13.3334e-6 * 60
    more = failing[How.SILENT].ours_usd - failing[How.REFUSED].ours_usd
    assert more == pytest.approx(waited, rel=0.1)


def test_a_reminder_every_ten_minutes_is_six_messages_more() -> None:
    route = "remind_every: 10m, routes: [GET /x: public]"
    config = load(f"apis: {{a: {{url: 'https://a.example', {route}}}}}", "x")
    refused, _ = outages(config, counted(config))
    assert refused.why.endswith("8 messages")


def test_a_small_deployment_meters_no_api_in_an_outage() -> None:
    config = replace(example(10), small=True)
    refused, _ = outages(config, counted(config))
    assert refused.why.startswith("10 metrics")


def test_what_is_due_seldom_costs_little_in_an_outage() -> None:
    hourly = load(
        "apis: {a: {url: 'https://a.example', routes: [GET /x: {access: public, every: 60m}]}}", "x"
    )
    for one in outages(hourly, counted(hourly)):
        assert 0 < one.ours_usd < 0.05
        assert one.watched_rest_usd == 0


def test_where_no_route_has_a_look_an_outage_costs_what_stands_there() -> None:
    """A public write is never sent."""
    writes = load("apis: {a: {url: 'https://a.example', routes: [POST /x: public]}}", "x")
    found = counted(writes)
    ours, _, _ = healthy_hour(bill(found))
    for one in outages(writes, found):
        assert one.ours_usd == pytest.approx(ours, abs=0.002)
        assert one.watched_rest_usd == 0


@pytest.mark.parametrize("route", ["GET /x", "POST /x"])
def test_plan_tells_what_an_outage_costs(
    route: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "gatewatch.yaml"
    file.write_text(f"apis: {{a: {{url: 'https://a.example', routes: [{route}: public]}}}}")
    with pytest.raises(SystemExit):
        main(["plan", "--config", str(file)])
    told = capsys.readouterr().out
    assert "an hour, with at API Gateway if REST or HTTP APIs: all is well $0.0" in told
    assert "every route is refused $0.0" in told
    assert "no API answers $0.0" in told
