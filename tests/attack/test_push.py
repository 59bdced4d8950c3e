"""Configurations that somebody pushes who may write the bucket and deploy nothing: what they ask
for is refused, the last good version goes on, and no value of theirs stops the service."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from urllib3.util import parse_url

from gatewatch.config.author import load
from gatewatch.config.canonical import Config
from gatewatch.config.problems import ConfigError
from gatewatch.gateway.url import (
    AmbiguousUrlError,
    host_of,
    joined_url,
    tidied,
    tidied_base,
    with_root,
)
from gatewatch.plan import plan
from gatewatch.probe.exchange import prepare
from gatewatch.service.changes.deployed import DeployedApi
from gatewatch.service.dispatch import dispatch
from gatewatch.service.errands import Answer, Tick, Waiting
from gatewatch.service.ports import ApiRecord, Message
from gatewatch.service.published import (
    Allowed,
    RejectedError,
    Twin,
    api_ids,
    encoded,
    hosts_of,
    made_of,
    pointer_to,
    read_published,
    writes_of,
)
from gatewatch.service.shards import Shard
from gatewatch.service.source import ConfigSource, Holding

TEXT = """
credentials:
  partner: {api_key: {secret: gatewatch/partner}}
apis:
  orders:
    url: https://api.example.com/prod
    closed_at: [https://abc123.execute-api.us-east-1.amazonaws.com/prod]
    routes:
      - GET /health: public
      - GET /orders: {access: protected, as: [partner], expect: {json: {"$.ok": true}, body: ok}}
      - POST /orders: {access: protected, guarded_by: api_key}
  stock:
    url: https://vpce-0a1b2c3d-4e5f6a7b.execute-api.us-east-1.vpce.amazonaws.com/prod
    private: true
    api_id: abc123
    routes: [GET /stock: public]
maintenance: [{cron: "0 2 * * SUN", for: 2h}]
network: {subnets: [subnet-0a1b2c3d], security_groups: [sg-0a1b2c3d], ranges: [10.0.0.0/16]}
"""
DEPLOYED = load(TEXT, "deployed")
MADE = {one.name: made_of(one.source) for one in DEPLOYED.credentials}
OUTSIDE, INSIDE = (
    msgspec.structs.replace(DEPLOYED, apis=(api,), credentials=()) for api in DEPLOYED.apis
)
assert DEPLOYED.network is not None
ALLOWED = Allowed(
    secrets=("gatewatch/partner",),
    credentials={one.name: one.hosts for one in DEPLOYED.credentials},
    sources=MADE,
    hosts=hosts_of(OUTSIDE),
    writes=writes_of(OUTSIDE),
    twin=Twin(
        network=DEPLOYED.network,
        hosts=hosts_of(INSIDE),
        writes=writes_of(INSIDE),
        api_ids=api_ids(INSIDE),
    ),
)
START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
GOOD = "config/versions/" + pointer_to(encoded(DEPLOYED)).version + ".json"


def plain() -> Any:
    """What was deployed, as plain values to spoil."""
    return json.loads(encoded(DEPLOYED))


class Bucket:
    """The objects that a tick reads."""

    def __init__(self, body: bytes) -> None:
        pointer = pointer_to(body)
        self.kept = {
            "current": msgspec.json.encode(pointer),
            "allowed": msgspec.json.encode(ALLOWED),
            GOOD: encoded(DEPLOYED),
            pointer.key: body,
        }

    def read(self, key: str) -> bytes:
        return self.kept[key]


class Memory:
    """A table in which nothing has happened, and the last good version is what was deployed."""

    def __init__(self) -> None:
        self.good: str | None = GOOD

    def records(self) -> dict[str, ApiRecord]:
        return {}

    def acknowledged(self) -> frozenset[str]:
        return frozenset()

    def errands(self) -> Waiting:
        return Waiting()

    def answer(self, _: str) -> Answer | None:
        return None

    def deployed_apis(self) -> dict[str, DeployedApi]:
        return {}

    def set_tick(self, tick: Tick) -> None:
        pass

    def set_slices(self, api: str, count: int) -> None:
        pass

    def good_version(self) -> str | None:
        return self.good

    def set_good_version(self, key: str) -> None:
        self.good = key


class Lanes:
    def __init__(self) -> None:
        self.sent: list[Message] = []

    def send(self, messages: Any) -> None:
        self.sent += messages


def ticked(body: bytes, minute: int = 0) -> tuple[tuple[str, ...], list[Shard]]:
    """What a tick says of a pushed text, and what it deals out."""
    memory, outside, inside = Memory(), Lanes(), Lanes()
    source = ConfigSource(Bucket(body), memory, "current", "allowed")  # type: ignore[arg-type]
    at = START + timedelta(minutes=minute)
    done = dispatch(at, source, memory, outside, Lanes(), twin=inside)  # type: ignore[arg-type]
    assert done.stopped == {}
    sent = [*outside.sent, *inside.sent]
    return done.rejected, [msgspec.json.decode(one.body, type=Shard) for one in sent]


def is_deployed(shards: list[Shard]) -> bool:
    """Whether what is looked at is what was deployed."""
    known = {(api.name, route.name) for api in DEPLOYED.apis for route in api.routes}
    found = {(api.name, route.name) for one in shards for api in one.apis for route in api.routes}
    return bool(found) and found <= known


Spoil = Callable[[Any], object]


def route(**values: Any) -> Spoil:
    return lambda config: config["apis"][0]["routes"][0].update(values)


def api(**values: Any) -> Spoil:
    return lambda config: config["apis"][0].update(values)


def entrance(url: str, number: int = 0) -> Spoil:
    return lambda config: config["apis"][0]["entrances"][number].update(url=url)


def inner(**values: Any) -> Spoil:
    return lambda config: config["apis"][1].update(values)


def method(name: str, **values: Any) -> Spoil:
    return route(method=name, name=f"{name} /health", access="protected", **values)


SPOILT: dict[str, Spoil] = {
    # Where it goes.
    "another host": entrance("https://victim.example.com/prod"),
    "another port": entrance("https://api.example.com:8443/prod"),
    "another closed host": entrance("https://victim.example.com/prod", 1),
    "a private address": entrance("https://10.0.0.7/prod"),
    "metadata": entrance("http://169.254.169.254/latest"),
    "plain http": entrance("http://api.example.com/prod"),
    "a number for an address": entrance("https://2130706433/prod"),
    "octal": entrance("https://0177.0.0.1/prod"),
    "hexadecimal": entrance("https://0x7f.1/prod"),
    "a short address": entrance("https://127.1/prod"),
    "user info": entrance("https://api.example.com@victim.example.com/prod"),
    "user info and a backslash": entrance("https://victim.example.com\\@api.example.com/prod"),
    "a backslash for a slash": entrance("https:\\\\api.example.com/prod"),
    "a percent in the host": entrance("https://api%2eexample.com/prod"),
    "a fullwidth dot": entrance("https://api\uff0eexample.com/prod"),
    "an ideographic full stop": entrance("https://api\u3002example.com/prod"),
    "a soft hyphen": entrance("https://api\u00ad.example.com/prod"),
    "an umlaut": entrance("https://\u00e4pi.example.com/prod"),
    "a trailing dot": entrance("https://api.example.com./prod"),
    "upper case": entrance("https://API.example.com/prod"),
    "an upper-case scheme": entrance("HTTPS://api.example.com/prod"),
    "another scheme": entrance("file:///etc/passwd"),
    "no scheme": entrance("//victim.example.com/prod"),
    "a blank in front": entrance(" https://api.example.com/prod"),
    "a tab in the host": entrance("https://api.exa\tmple.com/prod"),
    "a line end": entrance("https://api.example.com/prod\n"),
    "a line end and a header": entrance("https://api.example.com/prod HTTP/1.1\r\nHost: victim"),
    "an open bracket": entrance("http://["),
    "an empty bracket": entrance("https://[]/prod"),
    "a zone": entrance("https://[fe80::1%25eth0]/prod"),
    "a zone in the clear": entrance("https://[fe80::1%eth0]/prod"),
    "an address of IPv6": entrance("https://[::ffff:10.0.0.7]/prod"),
    "a port of letters": entrance("http://h:abc"),
    "a port too large": entrance("http://h:99999"),
    "port zero": entrance("https://api.example.com:0/prod"),
    "an empty port": entrance("https://api.example.com:/prod"),
    "a plus before the port": entrance("https://api.example.com:+443/prod"),
    "a query": entrance("https://api.example.com/prod?x="),
    "a fragment": entrance("https://api.example.com/prod#"),
    "an empty URL": entrance(""),
    "a host of 300 characters": entrance(f"https://{'a' * 64}.{'b' * 240}.com/prod"),
    "a URL of 100 kB": entrance("https://api.example.com/" + "a" * 100_000),
    "target with a port": route(target=":x/"),
    "target with another port": route(target=":8443/health"),
    "target with user info": route(target="@10.0.0.7:80/admin"),
    "target that goes on with the host": route(target=".victim.example.com/"),
    "target that is a host": route(target="//victim.example.com/"),
    "target that is a URL": route(target="https://victim.example.com/"),
    "target without a slash": route(target="health"),
    "target empty": route(target=""),
    "target a query": route(target="?x=1"),
    "target a fragment": route(target="/health#x"),
    "target with a backslash": route(target="\\\\victim.example.com/"),
    "target with dots": route(target="/../admin"),
    "target with dots at its end": route(target="/orders/.."),
    "target with encoded dots": route(target="/%2e%2e/admin"),
    "target with encoded dots in upper case": route(target="/%2E%2E/admin"),
    "target with a blank": route(target="/health HTTP/1.1"),
    "target with a line end": route(target="/health\r\nHost: victim"),
    "target with a null": route(target="/health\x00"),
    "target with an umlaut": route(target="/h\u00e4lth"),
    "target with a lone percent": route(target="/100%"),
    "target of 20 kB": route(target="/" + "a" * 20_000),
    "entrance and target together": lambda config: (
        entrance("https://api.example.com")(config),
        route(target="@victim.example.com/")(config),
    ),
    "connect_to": api(connect_to="10.0.0.7:443"),
    "connect_to on this machine": api(connect_to="127.0.0.1:443"),
    "another API at the endpoint": inner(api_id="evil99"),
    "no API at the endpoint": inner(api_id=None),
    "an API at a public host": api(api_id="evil99"),
    "a public API inside": api(private=True),
    "a private API outside": inner(private=False),
    "a host of another's inside": inner(
        entrances=[{"url": "https://api.example.com/prod", "closed": False}]
    ),
    # How.
    "CONNECT": method("CONNECT"),
    "TRACE": method("TRACE"),
    "lower case": method("get"),
    "a method and a line end": method("GET\r\nX: y"),
    "an empty method": method(""),
    "a new write": method("DELETE"),
    "a write in earnest": lambda config: config["apis"][0]["routes"][2].update(invoke=True),
    "a new write in earnest": method("DELETE", invoke=True),
    "a write inside": lambda config: config["apis"][1]["routes"][0].update(
        method="DELETE", name="DELETE /stock", access="protected"
    ),
    **{
        f"header {name}": route(headers={name: "x"})
        for name in (
            "Host",
            "host",
            "Authorization",
            "Cookie",
            "x-api-key",
            "X-Amz-Security-Token",
            "Content-Length",
            "Transfer-Encoding",
            "Transfer-Encoding ",
            " Host",
            "Host:",
            "Connection",
            "Keep-Alive",
            "Proxy-Authorization",
            "Proxy-Connection",
            "TE",
            "Trailer",
            "Upgrade",
            "Expect",
            "x-apigw-api-id",
            "X-Forwarded-Host",
            "X-HTTP-Method-Override",
            "Forwarded",
            "X-Original-URL",
            "X-Rewrite-URL",
            "",
            "a\nb",
            "\u00e4",
            "x" * 300,
        )
    },
    "a header of two lines": route(headers={"X-A": "b\r\nHost: victim"}),
    "a header of 100 kB": route(headers={"X-A": "b" * 100_000}),
    # What it is called.
    **{
        f"API name {told}": api(name=name)
        for told, name in {
            "empty": "",
            "blank": " ",
            "of 1,100 characters": "a" * 1_100,
            "with a line end": "orders\n",
            "with a null": "or\x00ders",
            "with an umlaut": "b\u00fccher",
            "that begins with a colon": ":orders",
        }.items()
    },
    "two APIs of one name": inner(name="orders"),
    "a route twice": lambda config: config["apis"][0]["routes"].append(
        config["apis"][0]["routes"][0]
    ),
    "an entrance twice": lambda config: config["apis"][0]["entrances"].append(
        config["apis"][0]["entrances"][0]
    ),
    "a route of another method's name": route(name="POST /health"),
    "a route name of 2,000 characters": route(name="GET /" + "a" * 2_000),
    "an owner of 1 MB": api(owner="a" * 1_000_000),
    "a runbook with an escape": api(runbook="\x1b[2J"),
    # How much, how long.
    "no APIs": lambda config: config.update(apis=[]),
    "no entrances": api(entrances=[]),
    "1,000 entrances": api(
        entrances=[
            {"url": f"https://api.example.com/{number}", "closed": False} for number in range(1_000)
        ]
    ),
    "an expectation of 1.2 MB": route(expect={"json": {"$.a": "b" * 1_200_000}}),
    "an expectation 900 levels deep": route(
        expect={"json": {"$.a": json.loads("[" * 900 + "]" * 900)}}
    ),
    "1,000 expectations": route(expect={"json": {f"$.a{number}": 1 for number in range(1_000)}}),
    "status 42": route(expect={"status": [42]}),
    "status 10**30": route(expect={"status": [10**30]}),
    **{
        f"{name} {value}": route(**{name: value})
        for name in ("every_seconds", "anonymous_every_seconds", "timeout_seconds")
        for value in (0, -1, 1e9, 1e308, None, "60", True, 10**400)
    },
    "within nothing": route(expect={"within_seconds": 0}),
    "within ever": route(expect={"within_seconds": 1e9}),
    **{
        f"{name} {value}": route(**{name: value})
        for name in ("open_after", "resolve_after")
        for value in (0, -1, 10**9, 10**30, 1.5)
    },
    "4 of 3": route(open_share=[4, 3]),
    "0 of 3": route(open_share=[0, 3]),
    "1 of 10**6": route(open_share=[1, 10**6]),
    "a reminder each second": api(remind_every_seconds=1),
    # Texts that are programs.
    "no pattern": route(expect={"body": "["}),
    "a pattern of 10 kB": route(expect={"body": "a?" * 5_000}),
    "a pattern that calls itself": route(expect={"body": "(a|(?R))*b"}),
    "a pattern that calls its group": route(expect={"body": "(a|(?1))*b"}),
    "a pattern that calls a name": route(expect={"body": "(?P<x>a|(?&x))*b"}),
    "a pattern that repeats repeats": route(expect={"body": "(((a{999}){999}){999}){999}"}),
    "a pattern in a header": route(expect={"headers": {"x": "(?R)"}}),
    "no path": route(expect={"json": {"$[": 1}}),
    "a path of 10 kB": route(expect={"json": {"$" + ".a" * 5_000: 1}}),
    "a path of 500 selectors": route(expect={"json": {"$[" + ",".join(["::1"] * 120) + "]": 1}}),
    "a path that descends twice": route(expect={"json": {"$..a..b": 1}}),
    "a path with a pattern": route(expect={"json": {"$[?search(@.a, '(a+)+$')]": 1}}),
    "a path that begins anew for each value": route(expect={"json": {"$[?$..a == @.b]": 1}}),
    # Who.
    "a caller that is none": route(access="protected", callers=[["stranger"]]),
    "a caller of nobody": route(access="protected", callers=[[]]),
    "a caller twice in one": route(access="protected", callers=[["partner", "partner"]]),
    "a guard of a public route": route(guarded_by=["iam"]),
    "a credential twice": lambda config: config["credentials"].append(config["credentials"][0]),
    "a credential for another host": lambda config: config["credentials"][0].update(
        hosts=["victim.example.com:443"]
    ),
    "a credential in another header": lambda config: config["credentials"][0]["source"].update(
        header="Host"
    ),
    "a credential named as strangers are": lambda config: config["credentials"][0].update(
        name="anonymous"
    ),
    # When.
    "a window of an API that is none": lambda config: config["maintenance"][0].update(
        apis=["nobody"]
    ),
    "a cron field of 5,000 digits": lambda config: config["maintenance"][0].update(
        cron="1" * 5_000 + " 2 * * SUN"
    ),
    "a cron field of 400 digits": lambda config: config["maintenance"][0].update(
        cron="1" * 400 + " 2 * * SUN"
    ),
    "a window of a year": lambda config: config["maintenance"][0].update(for_seconds=3e7),
    "a window of less than nothing": lambda config: config["maintenance"][0].update(
        for_seconds=-60
    ),
    "a window without end": lambda config: config["maintenance"][0].update(
        cron="* * * * *", for_seconds=3600
    ),
    "a time zone that is a file": lambda config: config["maintenance"][0].update(
        timezone="../../etc/passwd"
    ),
    "10,000 windows": lambda config: config.update(maintenance=config["maintenance"] * 10_000),
    "a topic of another's": lambda config: config.update(notify=[{"topic": "arn:aws:sns:x"}]),
    "another network": lambda config: config["network"].update(ranges=["0.0.0.0/0"]),
    # What is no configuration at all.
    "another version": lambda config: config.update(version=2),
    "an unknown field": lambda config: config.update(networks=["0.0.0.0/0"]),
    "half of a pair in a name": api(owner="\ud800"),
}
BYTES: dict[str, bytes] = {
    "nothing": b"",
    "a null": b"\x00",
    "null": b"null",
    "a list": b"[]",
    "half of it": encoded(DEPLOYED)[:-100],
    "UTF-16": encoded(DEPLOYED).decode().encode("utf-16"),
    "no UTF-8": encoded(DEPLOYED).replace(b"orders", b"ord\xff\xfe"),
    "100,000 brackets": b"[" * 100_000,
    "100,000 objects": b'{"apis":' * 100_000,
    "NaN": encoded(DEPLOYED).replace(b'"timeout_seconds":10.0', b'"timeout_seconds":NaN'),
    "Infinity": encoded(DEPLOYED).replace(b'"timeout_seconds":10.0', b'"timeout_seconds":Infinity'),
    "1e999": encoded(DEPLOYED).replace(b'"timeout_seconds":10.0', b'"timeout_seconds":1e999'),
    "5,000 digits": encoded(DEPLOYED).replace(
        b'"timeout_seconds":10.0', b'"timeout_seconds":' + b"9" * 5_000
    ),
    "YAML": TEXT.encode(),
}


@pytest.mark.parametrize("told", SPOILT)
def test_a_spoilt_value_is_rejected_and_the_last_good_version_goes_on(told: str) -> None:
    config = plain()
    SPOILT[told](config)
    rejected, shards = ticked(json.dumps(config).encode())
    assert rejected
    assert is_deployed(shards)


@pytest.mark.parametrize("told", BYTES)
def test_what_is_no_configuration_is_rejected(told: str) -> None:
    rejected, shards = ticked(BYTES[told])
    assert rejected
    assert is_deployed(shards)


def test_what_was_deployed_is_not() -> None:
    rejected, shards = ticked(encoded(DEPLOYED))
    assert rejected == ()
    assert is_deployed(shards)


FREE: dict[str, Spoil] = {
    "another path": route(target="/other?x=1", name="GET /other"),
    "a path with an address in it": route(target="/users/a@b.example.com:80/"),
    "a longer interval": route(every_seconds=3600.0),
    "one route less": lambda config: config["apis"][0]["routes"].pop(),
    "one API less": lambda config: config["apis"].pop(),
    "another base path": entrance("https://api.example.com/v2"),
    "a header": route(headers={"X-Tenant": "a b"}),
    "the same write elsewhere": lambda config: config["apis"][0]["routes"][2].update(
        name="POST /other", target="/other"
    ),
}


@pytest.mark.parametrize("told", FREE)
def test_what_needs_no_deployment_is_taken(told: str) -> None:
    config = plain()
    FREE[told](config)
    body = json.dumps(config).encode()
    assert read_published(body, pointer_to(body).version, ALLOWED)


# Whatever is put into the bucket.

_NASTY = st.sampled_from(
    [
        *(None, True, -1, 0, 1, 10**19, 1e308, [], {}, [[]], "", "x" * 3_000, "\n", "@", "//"),
        *("..", "\x00", "GET", "http://[", "https://api.example.com", "$..a", "(?R)", "*"),
        *("anonymous", "+"),
    ]
)


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Each container inside with each of its keys."""
    keys = value if isinstance(value, dict) else range(len(value))
    for key in list(keys):
        yield value, key
        if isinstance(value[key], (dict, list)):
            yield from _places(value[key])


@st.composite
def _mutated(draw: st.DrawFn) -> Any:
    config = plain()
    for _ in range(draw(st.integers(1, 3))):
        if not (places := list(_places(config))):
            break
        holder, key = places[draw(st.integers(0, len(places) - 1))]
        match draw(st.sampled_from(["set", "drop", "twice", "swap", "add"])):
            case "set":
                holder[key] = draw(_NASTY)
            case "drop":
                del holder[key]
            case "twice" if isinstance(holder, list):
                holder.append(holder[key])
            case "swap":
                other, at = places[draw(st.integers(0, len(places) - 1))]
                holder[key] = json.loads(json.dumps(other[at]))
            case _ if isinstance(holder, dict):
                holder[draw(st.text(max_size=5))] = draw(_NASTY)
    return config


@given(_mutated(), st.integers(0, 100))
def test_whatever_is_pushed_a_tick_deals_out_what_can_be_looked_at(
    config: Any, minute: int
) -> None:
    rejected, shards = ticked(json.dumps(config).encode(), minute)
    if rejected:
        assert is_deployed(shards) or minute
    for one in shards:
        assert all(api.routes for api in one.apis)
        hosts = {*hosts_of(OUTSIDE), *hosts_of(INSIDE)}
        sent = [each for probe in plan(one.config) for each in probe.attempts]
        assert {host_of(each.url) for each in sent} <= hosts


@given(st.binary(max_size=200), st.integers(0, 3_000), st.integers(0, 3_000))
def test_whatever_bytes_stand_in_the_bucket_a_tick_goes_on(
    noise: bytes, start: int, length: int
) -> None:
    body = encoded(DEPLOYED)
    rejected, shards = ticked(body[:start] + noise + body[start + length :])
    assert rejected == () or is_deployed(shards)


@given(st.recursive(_NASTY, lambda inner: st.dictionaries(st.text(max_size=9), inner, max_size=3)))
def test_whatever_the_pointer_is_the_last_good_version_goes_on(pointer: Any) -> None:
    bucket, memory, outside = Bucket(encoded(DEPLOYED)), Memory(), Lanes()
    bucket.kept["current"] = json.dumps(pointer).encode()
    source = ConfigSource(bucket, memory, "current", "allowed")  # type: ignore[arg-type]
    done = dispatch(START, source, memory, outside, Lanes(), twin=Lanes())  # type: ignore[arg-type]
    assert done.rejected
    assert outside.sent


@given(_mutated())
def test_what_people_may_write_is_what_may_be_pushed(config: Any) -> None:
    """Whatever passes as canonical JSON can be published again: one rule for both."""
    try:
        body = json.dumps(config).encode()
        found = read_published(body, pointer_to(body).version, ALLOWED)
    except RejectedError:
        return
    again = encoded(found)
    assert read_published(again, pointer_to(again).version, ALLOWED) == found


# The URL that is checked is the URL that is sent.

_PART = st.text(
    alphabet="aA0.-_~!$&'()*+,;=:@/?#%\\[]|<>{}^`\" \t\r\n\x00\u00e4\u3002\uff0e2fFeE", max_size=12
)
_HOSTS = st.sampled_from(
    ["api.example.com", "127.0.0.1", "[::1]", "[2001:db8::7]", "localhost", "a.b:8443", ""]
)


@given(st.sampled_from(["https://", "http://", ""]), _HOSTS, _PART, _PART)
def test_the_sender_reads_a_url_as_whoever_checked_it(
    scheme: str, host: str, path: str, target: str
) -> None:
    try:
        url = joined_url(f"{scheme}{host}{path}", target)
    except AmbiguousUrlError:
        return
    prepared = prepare("GET", url, {})
    read = parse_url(str(prepared.url))
    assert prepared.url == with_root(url)
    assert host_of(url) == f"{(read.host or '').strip('[]')}:{read.port or _port(read.scheme)}"
    assert urlsplit(url).netloc == urlsplit(str(prepared.url)).netloc == read.netloc
    assert "\n" not in prepared.path_url
    assert read.auth is None


@given(_HOSTS, _PART, _PART, _PART)
def test_what_is_in_order_after_one_base_is_after_any(
    host: str, path: str, other: str, target: str
) -> None:
    """So each base and each target is checked once."""
    bases = [f"https://{host}{path}", f"https://api.example.com{other}"]
    try:
        for base in bases:
            joined_url(base, "")
        joined_url(bases[0], f"/{target}")
    except AmbiguousUrlError:
        return
    assert joined_url(bases[1], f"/{target}") == f"{bases[1]}/{target}"


def _port(scheme: str | None) -> int:
    return 80 if scheme == "http" else 443


@given(_HOSTS, _PART, _PART)
def test_what_is_tidied_is_sent_as_before(host: str, path: str, query: str) -> None:
    """What people write is brought into the form in which a sender would send it."""
    text = f"/{path.replace('?', '').replace('#', '')}?{query.replace('#', '')}"
    try:
        url = joined_url(tidied_base(f"https://{host}"), tidied(text))
    except AmbiguousUrlError:
        return
    before = requests.Request("GET", f"https://{host}{text.strip()}").prepare()
    if "%" not in text and text == text.strip() and text.isprintable():
        assert before.url == url


@pytest.mark.parametrize(
    "url",
    [
        "http://victim\\@127.0.0.1/",
        "http://127.0.0.1/../x",
        "http://127.0.0.1/%2e%2e/x",
        "http://127.0.0.1 /",
        "http://127.0.0.1/\t",
        "http://EXAMPLE.com/",
    ],
)
def test_the_sender_refuses_what_it_would_send_otherwise(url: str) -> None:
    with pytest.raises((ValueError, requests.RequestException)):
        prepare("GET", url, {})


# One API's fault stops that API only.


def test_an_api_that_cannot_be_dealt_out_stops_no_other() -> None:
    """Nothing that is accepted does this; a fault of ours would."""
    orders, stock = DEPLOYED.apis
    bad = msgspec.structs.replace(orders.routes[0], every_seconds=float("nan"))
    config = msgspec.structs.replace(
        DEPLOYED, apis=(msgspec.structs.replace(orders, routes=(bad,)), stock)
    )
    outside, inside = Lanes(), Lanes()
    memory = Memory()
    source = _Holding(config)
    done = dispatch(START, source, memory, outside, Lanes(), twin=inside)  # type: ignore[arg-type]
    assert list(done.stopped) == ["orders"]
    assert outside.sent == []
    [sent] = inside.sent
    assert [one.name for one in msgspec.json.decode(sent.body, type=Shard).apis] == ["stock"]


def test_a_shard_that_no_message_carries_stops_its_api_only() -> None:
    orders, stock = DEPLOYED.apis
    large = msgspec.structs.replace(orders, runbook="x" * 300_000)
    config = msgspec.structs.replace(DEPLOYED, apis=(large, stock))
    outside, inside = Lanes(), Lanes()
    source = _Holding(config)
    done = dispatch(START, source, Memory(), outside, Lanes(), twin=inside)  # type: ignore[arg-type]
    assert list(done.stopped) == ["orders"]
    assert len(inside.sent) == 1


class _Holding:
    """A source whose configuration nobody has checked."""

    def __init__(self, config: Config) -> None:
        self.config = config

    def current(self) -> tuple[Holding, None]:
        return Holding(self.config, GOOD, ALLOWED), None


def test_large_routes_of_one_slice_are_dealt_out_in_several_messages() -> None:
    routes = "".join(
        f"      - GET /{number}: {{access: public, expect: {{json: {_LARGE}}}}}\n"
        for number in range(20)
    )
    text = f"apis:\n  orders:\n    url: https://api.example.com\n    routes:\n{routes}"
    outside = Lanes()
    source = _Holding(load(text, "f"))
    done = dispatch(START, source, Memory(), outside, Lanes())  # type: ignore[arg-type]
    assert done.stopped == {}
    found = [msgspec.json.decode(one.body, type=Shard) for one in outside.sent]
    assert sum(len(api.routes) for one in found for api in one.apis) == done.due


_LARGE = json.dumps({f"$.a{number}": "b" * 400 for number in range(40)})


# What is refused in the account is refused when it is written.

AUTHORED: dict[str, tuple[str, str]] = {
    "an empty name": ("  orders:", '  "":'),
    "a name of 1,100 characters": ("  orders:", f"  {'a' * 1_100}:"),
    "a name with an umlaut": ("  orders:", "  bücher:"),
    "a name with a blank at its end": ("  orders:", '  "orders ":'),
    "a large expectation": ('{"$.ok": true}', json.dumps({"$.a": "b" * 30_000})),
    "many expectations": (
        '{"$.ok": true}',
        json.dumps({f"$.a{number}": 1 for number in range(100)}),
    ),
    "a pattern that calls itself": ("body: ok", "body: (a|(?R))*b"),
    "a pattern that repeats repeats": ("body: ok", 'body: "(((a{999}){999}){999}){999}"'),
    "a path of many selectors": ('{"$.ok": true}', json.dumps({"$[" + "::1," * 9 + "0]": 1})),
    "dots in a path": ("GET /health", "GET /../health"),
    "two slashes in front": ("GET /health", "GET //victim.example.com"),
    "a credential in the Host header": (
        "{api_key: {secret: gatewatch/partner}}",
        "{header: {name: Host, value: {secret: gatewatch/partner}}}",
    ),
    "a number for an address": ("https://api.example.com", "https://2130706433"),
    "an umlaut in the host": ("https://api.example.com", "https://äpi.example.com"),
    "a trailing dot": ("https://api.example.com", "https://api.example.com."),
    "a backslash": ("https://api.example.com", "https://victim\\@api.example.com"),
    "no APIs": (TEXT[TEXT.index("apis:") :], "apis: {}"),
    "a number of 400 digits": (
        "access: protected, as",
        f"open_after: {'9' * 400}, access: public, as",
    ),
}


@pytest.mark.parametrize("told", AUTHORED)
def test_it_is_refused_when_it_is_written(told: str) -> None:
    before, after = AUTHORED[told]
    assert before in TEXT
    with pytest.raises(ConfigError):
        load(TEXT.replace(before, after, 1), "f")
