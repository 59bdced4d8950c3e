"""How a minute's looks are dealt out: each once, none too heavy, few at one host."""

from __future__ import annotations

import dataclasses
from collections import Counter, defaultdict
from datetime import timedelta

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from gatewatch.adapters.local.clock import SystemClock
from gatewatch.attempt import Probe
from gatewatch.config.canonical import Api, Channel, Config, Entrance
from gatewatch.config.windows import Opening
from gatewatch.gateway.url import host_of
from gatewatch.model import Access, Finding, Held
from gatewatch.plan import NO_LATCHES, Latches, plan
from gatewatch.probe.credentials import CredentialError, Keyring
from gatewatch.probe.vault import Vault
from gatewatch.service.ledger import WriterContext
from gatewatch.service.shards import Bounds, Shard, fresh, shards
from gatewatch.service.state_slices import ROUTES_PER_SLICE, slice_count, slice_name
from tests.builders import config
from tests.deployed import START

BASE = config("GET /x: {access: protected, as: [user]}").apis[0]
CREDENTIALS = config("GET /x: {access: protected, as: [user]}").credentials
MINUTE = int(START.timestamp() // 60)


def api(name: str, routes: int, hosts: list[str], timeout: float = 10.0, every: float = 60) -> Api:
    one = BASE.routes[0]
    return replace(
        BASE,
        name=name,
        entrances=tuple(Entrance(url=f"https://{host}/prod", closed=False) for host in hosts),
        routes=tuple(
            replace(
                one,
                name=f"GET /{n}",
                target=f"/{n}",
                timeout_seconds=timeout,
                every_seconds=every,
                anonymous_every_seconds=every,
            )
            for n in range(routes)
        ),
    )


def dealt(
    *apis: Api,
    bounds: Bounds | None = None,
    about: WriterContext | None = None,
    latched: Latches = NO_LATCHES,
) -> list[Shard]:
    whole = Config(apis=apis, credentials=CREDENTIALS)
    probes = plan(whole, range(MINUTE, MINUTE + 1), latched)
    told = {one.name: about or WriterContext() for one in apis}
    counts = {one.name: slice_count(one) for one in apis}
    return shards(whole, probes, START, told, counts, bounds=bounds)


def looks(shard: Shard) -> list[tuple[str, str, str, str, float]]:
    return [
        (one.api.name, one.route.name, one.entrance.url, attempt.caller, attempt.timeout_seconds)
        for one in shard.probes()
        for attempt in one.attempts
    ]


Drawn = list[tuple[int, list[str], float, float]]


def made(drawn: Drawn) -> list[Api]:
    return [
        api(f"a{n}", routes, sorted(set(hosts)), timeout, every)
        for n, (routes, hosts, timeout, every) in enumerate(drawn)
    ]


APIS = st.lists(
    st.tuples(
        st.integers(1, 60),
        st.lists(st.sampled_from([f"h{n}.example.com" for n in range(5)]), min_size=1, max_size=2),
        st.sampled_from([0.5, 10.0, 39.0]),
        st.sampled_from([60.0, 120.0]),
    ),
    min_size=1,
    max_size=8,
)


@given(APIS)
def test_every_look_that_is_due_is_dealt_out_once(drawn: Drawn) -> None:
    apis = made(drawn)
    whole = Config(apis=tuple(apis), credentials=CREDENTIALS)
    due = Counter(
        (one.api.name, one.route.name, one.entrance.url, attempt.caller, attempt.timeout_seconds)
        for one in plan(whole, range(MINUTE, MINUTE + 1))
        for attempt in one.attempts
    )
    assert Counter(look for shard in dealt(*apis) for look in looks(shard)) == due


@given(APIS)
@example([(1, ["h0.example.com"], 0.5, 60.0), (4, ["h1.example.com"], 39.0, 60.0)])
def test_a_shard_ends_in_time_even_if_every_look_times_out(drawn: Drawn) -> None:
    bounds = Bounds()
    apis = made(drawn)
    for shard in dealt(*apis, bounds=bounds):
        if _is_one_piece(shard):
            continue
        by_host: dict[str, float] = defaultdict(float)
        for _, _, entrance, _, timeout in looks(shard):
            by_host[host_of(entrance)] += timeout
        assert sum(by_host.values()) / bounds.threads <= bounds.seconds
        assert max(by_host.values()) / bounds.per_host <= bounds.seconds


def _is_one_piece(shard: Shard) -> bool:
    cut = {
        (one.name, one.entrances[0].url, slice_name(route.name, shard.slices[one.name]))
        for one in shard.apis
        for route in one.routes
    }
    return len(cut) == 1


@given(APIS)
def test_few_shards_of_one_host_are_under_way_at_once(drawn: Drawn) -> None:
    lanes: dict[str, set[str]] = defaultdict(set)
    apis = made(drawn)
    for shard in dealt(*apis):
        for _, _, entrance, _, _ in looks(shard):
            lanes[host_of(entrance)].add(shard.lane)
    assert all(len(found) <= Bounds().lanes for found in lanes.values())


def test_small_hosts_share_a_shard() -> None:
    apis = [api(f"a{n}", 2, [f"h{n}.example.com"], timeout=1.0) for n in range(20)]
    assert len(dealt(*apis)) == 1


def test_hosts_of_two_sizes_fill_shards_together() -> None:
    """Looks of 230 and 170 seconds at worst; a shard has 40 seconds for each of 16 threads."""
    large = [api(f"a{n}", 23, [f"h{n}.example.com"], timeout=5.0) for n in range(4)]
    small = [api(f"b{n}", 17, [f"i{n}.example.com"], timeout=5.0) for n in range(2)]
    assert len(dealt(*large, *small)) == 2


def test_what_is_connected_to_is_one_host_whatever_it_is_called() -> None:
    """Twelve names that are all connected to one place, each with 160 seconds of looks at worst."""
    apis = [
        replace(api(f"a{n}", 8, [f"h{n}.example.com"]), connect_to="198.51.100.7:443")
        for n in range(12)
    ]
    found = dealt(*apis)
    assert len({one.lane for one in found}) == Bounds().lanes
    for shard in found:
        assert sum(timeout for *_, timeout in looks(shard)) <= 240


def test_a_busy_host_is_cut_into_lanes() -> None:
    found = dealt(api("busy", 200, ["h.example.com"]))
    assert len(found) > 4
    assert len({one.lane for one in found}) == 4


def test_the_same_tick_is_dealt_out_in_the_same_way() -> None:
    one = api("orders", 100, ["h.example.com"])
    assert msgspec.json.encode(dealt(one)) == msgspec.json.encode(dealt(one))


def test_a_shard_names_only_the_credentials_of_its_routes() -> None:
    [shard] = dealt(api("orders", 1, ["h.example.com"]))
    assert [one.name for one in shard.credentials] == ["user"]


def test_a_message_is_no_longer_than_a_queue_takes() -> None:
    wide = api("wide", 60, ["h.example.com"], timeout=0.1)
    heavy = replace(wide.routes[0], headers={"X-Long": "x" * 8_000})
    routes = tuple(replace(heavy, name=one.name) for one in wide.routes)
    found = dealt(replace(wide, routes=routes))
    assert max(len(msgspec.json.encode(one)) for one in found) < 250_000


def test_a_message_has_room_for_authorities() -> None:
    most = "x" * 16_384
    apis = [
        replace(api(f"a{n}", 2, [f"h{n}.example.com"], timeout=1.0), authority=most)
        for n in range(40)
    ]
    found = dealt(*apis)
    assert max(len(msgspec.json.encode(one)) for one in found) < 250_000
    assert len(found) < 10


def test_a_message_has_room_for_what_is_told_of_each_api() -> None:
    """As when 400 small APIs have 20 channels and some windows."""
    apis = [api(f"a{n}", 1, [f"h{n}.example.com"], timeout=0.5) for n in range(400)]
    windows = tuple(Opening(since=START, until=START + timedelta(hours=n)) for n in range(1, 10))
    channels = tuple(Channel(topic=f"arn:aws:sns:eu-west-1:1111:{n}") for n in range(20))
    found = dealt(*apis, about=WriterContext(channels=channels, maintenance=windows))
    assert max(len(msgspec.json.encode(one)) for one in found) < 250_000
    assert sum(len(one.apis) for one in found) == 400


def test_a_shard_bears_the_latches_of_its_own_routes_alone() -> None:
    """As when 5,000 writes of an API let strangers in."""
    [url] = [one.url for one in api("a", 1, ["h.example.com"]).entrances]
    latched = {("a", f"GET /{n}", url): Finding.GUARD_WEAKENED for n in range(5_000)}
    found = dealt(api("a", 5_000, ["h.example.com"]), latched=latched)
    assert max(len(msgspec.json.encode(one)) for one in found) < 250_000
    for shard in found:
        held = {one.route.name for one in shard.probes() for skip in one.skipped if skip.finding}
        assert held == {route.name for one in shard.apis for route in one.routes}


@pytest.mark.parametrize(
    ("every", "age", "left"),
    [(60, 60, 3), (60, 61, 0), (300, 61, 3), (300, 300, 3), (300, 301, 0)],
)
def test_a_route_whose_next_look_is_due_is_left_to_it(every: float, age: int, left: int) -> None:
    [shard] = dealt(api("orders", 3, ["h.example.com"]))
    [due] = shard.due
    routes = tuple(replace(one, every_seconds=every) for one in due.api.routes)
    shard = replace(shard, due=(replace(due, api=replace(due.api, routes=routes)),))
    kept, stale = fresh(shard, START + timedelta(seconds=age))
    assert (sum(len(one.routes) for one in kept.apis), stale) == (left, 3 - left)


@given(st.integers(1, 20_000))
def test_slices_stay_small_and_few(routes: int) -> None:
    count = slice_count(replace(BASE, routes=BASE.routes * routes))
    assert count & (count - 1) == 0
    assert ROUTES_PER_SLICE / 2 < routes / count <= ROUTES_PER_SLICE or count == 1


WRITTEN = config(
    "GET /a: {access: protected, guarded_by: [cognito], as: [user]}},"
    "{POST /b: {access: protected, guarded_by: [cognito, api_key], as: [user + key]}},"
    "{POST /c: public}, {GET /d: public"
)


HELD = st.sampled_from([None, Finding.GUARD_WEAKENED])


@given(st.sampled_from(range(120)), st.booleans(), st.dictionaries(st.sampled_from("ab"), HELD))
def test_what_was_planned_arrives_as_it_was_planned(
    minute: int, is_known: bool, latched: dict[str, Held]
) -> None:
    [api_] = WRITTEN.apis
    [url] = [one.url for one in api_.entrances]
    held = {(api_.name, f"POST /{name}", url): one for name, one in latched.items()}
    entered = frozenset({(api_.name, url)} if is_known else set())
    planned = plan(WRITTEN, range(minute, minute + 1), held, entered)
    counts, about = {api_.name: 1}, {api_.name: WriterContext()}
    found = shards(WRITTEN, planned, START, about, counts, let_in=entered)
    sent = msgspec.json.decode(msgspec.json.encode(found), type=list[Shard])
    assert [_fields(one) for shard in sent for one in shard.probes()] == [
        _fields(one) for one in planned
    ]


def _fields(probe: Probe) -> tuple[object, ...]:
    attempts = [
        [dataclasses.astuple(one) for one in found] for found in (probe.attempts, probe.trials)
    ]
    return probe.route, probe.entrance, attempts, probe.skipped


SIGNING = config("GET /x: {access: protected, guarded_by: iam, as: [signer]}")


@pytest.mark.parametrize("hosts", [1, 1_000, 3_000])
def test_a_credential_brings_the_hosts_of_the_shard_however_many_it_has(hosts: int) -> None:
    """Of 640 hosts, each shard would else carry all: 40 MB a minute at 32,000 routes."""
    apis = [api(f"a{n:04}", 2, [f"h{n:04}.example.com"], timeout=1.0) for n in range(hosts)]
    everywhere = tuple(f"h{n:04}.example.com:443" for n in range(hosts))
    user = CREDENTIALS[0]
    whole = Config(apis=tuple(apis), credentials=(replace(user, hosts=everywhere),))
    probes = plan(whole, range(MINUTE, MINUTE + 1))
    told = {one.name: WriterContext() for one in apis}
    found = shards(whole, probes, START, told, dict.fromkeys(told, 1))
    for shard in found:
        [carried] = shard.credentials
        assert set(carried.hosts) == {host_of(one.entrance.url) for one in shard.probes()}
    a_route = sum(len(msgspec.json.encode(one)) for one in found) / (2 * hosts)
    assert a_route < 1_500


def test_a_shard_gives_a_credential_no_host_that_is_not_its_own() -> None:
    """Whatever is planned: one that may go nowhere of these is refused where it would be sent."""
    one = api("orders", 1, ["h.example.com"])
    user = CREDENTIALS[0]
    elsewhere = replace(user, hosts=("other.example.com:443",))
    whole = Config(apis=(one,), credentials=(elsewhere,))
    [shard] = shards(
        whole,
        plan(whole, range(MINUTE, MINUTE + 1)),
        START,
        {"orders": WriterContext()},
        {"orders": 1},
    )
    [carried] = shard.credentials
    assert carried == replace(user, hosts=())
    keyring = Keyring(shard.credentials, Vault(lambda _: "secret", SystemClock()))
    [attempt] = [one for probe in shard.probes() for one in probe.attempts if one.callers]
    with pytest.raises(CredentialError, match=r"user may not be sent to h\.example\.com:443"):
        keyring.present(attempt, attempt.url, START)


def test_a_credential_that_signs_controls_goes_where_they_go() -> None:
    """Even where no look of the shard presents it."""
    [one] = SIGNING.apis
    public = replace(one.routes[0], name="GET /p", target="/p", access=Access.PUBLIC, callers=())
    one = replace(one, routes=(*one.routes, public))
    places = [Entrance(url=f"https://h{n}.example.com", closed=False) for n in range(3)]
    [own] = [found for found in SIGNING.credentials if found.name == "signer"]
    apis = [replace(one, name=f"a{n}", entrances=(place,)) for n, place in enumerate(places)]
    hosts = tuple(host_of(place.url) for place in places)
    whole = Config(apis=tuple(apis), credentials=(replace(own, hosts=hosts),))
    told = {api.name: WriterContext() for api in apis}
    open_ones = [probe for probe in plan(whole) if probe.route.name == "GET /p"]
    narrow = Bounds(seconds=1)
    found = shards(whole, open_ones, START, told, dict.fromkeys(told, 1), bounds=narrow)
    for shard in found:
        assert shard.signers == dict.fromkeys(shard.slices, "signer")
        [carried] = shard.credentials
        assert set(carried.hosts) == {host_of(probe.entrance.url) for probe in shard.probes()}
    assert len(found) == 3


def test_of_the_entrances_that_let_us_in_a_shard_has_its_own() -> None:
    many = [f"h{n}.example.com" for n in range(30)]
    one = api("orders", 20, many)
    whole = Config(apis=(one,), credentials=CREDENTIALS)
    entered = frozenset(("orders", entrance.url) for entrance in one.entrances)
    found = shards(
        whole,
        plan(whole, range(MINUTE, MINUTE + 1)),
        START,
        {"orders": WriterContext()},
        {"orders": 4},
        let_in=entered,
    )
    assert len(found) > 1
    for shard in found:
        assert set(shard.let_in) == {
            (probe.api.name, probe.entrance.url) for probe in shard.probes()
        }


def test_shards_of_this_version_and_of_the_last_are_read_by_either() -> None:
    """In the minutes of an update, either may deal out what the other looks at. The last version's
    had every host of a credential, and every entrance that let us in; it refuses unknown keys."""
    [shard] = dealt(api("orders", 1, ["h.example.com"]))
    found = msgspec.to_builtins(shard)
    assert found.keys() <= {
        "at", "lane", "due", "credentials", "slices", "about", "signers", "let_in", "networks",
        "contact",
    }  # fmt: skip
    found["credentials"][0]["hosts"] = ["elsewhere.example.com:443", "h.example.com:443"]
    found["let_in"] = [["orders", "https://elsewhere.example.com/prod"]]
    old = msgspec.json.decode(msgspec.json.encode(found), type=Shard)
    assert looks(old) == looks(shard)
    assert old.credentials[0].hosts == ("elsewhere.example.com:443", "h.example.com:443")
