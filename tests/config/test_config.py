"""Configurations: good ones as values, bad ones as every problem at once, in exact words."""

from __future__ import annotations

import contextlib
from pathlib import Path

import msgspec
import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from gatewatch.config import authored
from gatewatch.config.author import load
from gatewatch.config.canonical import Bearer, Config, Route, Window
from gatewatch.config.problems import ConfigError
from gatewatch.model import Access, Action, Concern, Guard, Severity

REFUSED = Path(__file__).parent / "refused"
GOOD = """
defaults: {every: 1m, anonymous_every: 5m, timeout: 10s, open_after: 3}
credentials:
  user: {bearer: {env: TOKEN}}
  partner-key: {api_key: {file: key.txt}}
  service:
    sigv4: {access_key_id: {env: ID}, secret_access_key: {env: SECRET}, region: eu-west-1}
    for: [abc.execute-api.us-east-1.amazonaws.com, api.example.com]
apis:
  orders:
    url: https://abc.execute-api.us-east-1.amazonaws.com/prod/
    also_at: [https://api.example.com/orders]
    closed_at: [https://old.execute-api.us-east-1.amazonaws.com/prod]
    severity: high
    routes:
      - GET /health: public
      - GET /orders/{id}:
          access: protected
          guarded_by: [lambda, api_key]
          as: [user + partner-key, service]
          path: {id: "a/b c"}
          query: {expand: true}
          timeout: 800ms
          expect: {status: [200, 206], json: {"$.ok": true}, within: 1.5s}
      - GET /files/{path+}: {access: public, path: {path: a/b c}}
      - POST /orders: {access: protected, guarded_by: iam}
"""


def good() -> Config:
    return load(GOOD, "good.yaml")


def route(name: str) -> Route:
    return next(one for one in good().apis[0].routes if one.name == name)


def test_defaults_reach_the_routes_and_routes_have_the_last_word() -> None:
    assert (route("GET /health").every_seconds, route("GET /health").open_after) == (60, 3)
    assert route("GET /health").resolve_after == 2
    assert route("GET /orders/{id}").timeout_seconds == 0.8


def test_templates_are_filled_and_quoted() -> None:
    assert route("GET /orders/{id}").target == "/orders/a%2Fb%20c?expand=true"
    assert route("GET /files/{path+}").target == "/files/a/b%20c"


def test_a_bare_word_is_short_for_access() -> None:
    assert route("GET /health").access is Access.PUBLIC


def test_guards_and_callers() -> None:
    found = route("GET /orders/{id}")
    assert found.guarded_by == (Guard.LAMBDA, Guard.API_KEY)
    assert found.callers == (("user", "partner-key"), ("service",))


def test_entrances_lose_their_last_slash_and_know_which_must_be_closed() -> None:
    assert [(one.url, one.closed) for one in good().apis[0].entrances] == [
        ("https://abc.execute-api.us-east-1.amazonaws.com/prod", False),
        ("https://api.example.com/orders", False),
        ("https://old.execute-api.us-east-1.amazonaws.com/prod", True),
    ]


def test_a_credential_belongs_to_the_hosts_of_the_apis_that_name_it() -> None:
    user = next(one for one in good().credentials if one.name == "user")
    assert isinstance(user.source, Bearer)
    assert user.hosts == ("abc.execute-api.us-east-1.amazonaws.com:443", "api.example.com:443")


def test_canonical_json_is_read_back_as_the_same_values() -> None:
    assert msgspec.json.decode(msgspec.json.encode(good()), type=Config) == good()


@pytest.mark.parametrize("file", sorted(REFUSED.glob("*.yaml")), ids=lambda file: file.stem)
def test_a_refused_configuration_tells_every_problem(file: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        load(file.read_text(), file.name)
    assert str(refused.value) == file.with_suffix(".txt").read_text().rstrip("\n")


def test_a_secret_in_the_wrong_place_is_not_repeated() -> None:
    text = (
        "credentials: {k: {api_key: hunter2hunter2}}\napis: {a: {url: 'https://x.y', routes: []}}"
    )
    with pytest.raises(ConfigError) as refused:
        load(text, "f")
    assert "hunter2" not in str(refused.value)
    assert "credentials.k.api_key: expected a reference to a secret" in str(refused.value)


@pytest.mark.parametrize(
    "credentials",
    [
        "{k: {hunter2hunter2: x}}",
        "{k: {bearer: {env: K, hunter2hunter2: 1}}}",
        "{k: {bearer: {hunter2hunter2: 1, hunter2hunter2: 1}}}",
        "{k: {bearer: *hunter2hunter2}}",
        "{k: {bearer: 'hunter2hunter2}}",
        "{k: {bearer: {env: [hunter2hunter2]}}}",
        "{k: {bearer: hunter2hunter2",
    ],
)
def test_no_place_among_the_credentials_is_repeated(credentials: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load(f"credentials: {credentials}\napis: {{}}", "f")
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        'a: "\\UFFFFFFFF"',
        '"\\UFFFFFFFF": 1',
        GOOD.replace('{id: "a/b c"}', '{id: "\\ud800"}'),
        GOOD.replace("within: 1.5s", f"body: '{'(' * 3000}'"),
        GOOD.replace("within: 1.5s", "body: 'a{99999999999}'"),
        GOOD.replace("$.ok", f"$[?{'(' * 5000}"),
    ],
)
def test_what_a_library_chokes_on_is_a_problem_too(text: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load(text, "f")
    assert str(refused.value).isprintable()


def test_an_alias_bomb_is_refused_quickly() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    with pytest.raises(ConfigError, match="less repeated or nested content"):
        load("\n".join(lines), "bomb.yaml")


def test_deep_nesting_is_refused() -> None:
    with pytest.raises(ConfigError):
        load("[" * 5000, "deep.yaml")


_KEYS = st.sampled_from(
    ["apis", "defaults", "credentials", "url", "routes", "GET /x", "access", "as", "every", "x"]
)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(_VALUES)
@example({"apis": {"credentials": {"defaults": None}}})
@example({"apis": {"slack": {"slack": None}}, "notify": [{"slack": {"x": {}}}], "heartbeat": {}})
def test_no_value_makes_it_fail_otherwise(value: object) -> None:
    with contextlib.suppress(ConfigError):
        assert isinstance(load(yaml.safe_dump(value), "f"), Config)


@given(st.text(max_size=200))
def test_no_text_makes_it_fail_otherwise(text: str) -> None:
    with contextlib.suppress(ConfigError):
        assert isinstance(load(text, "f"), Config)


def test_the_schema_knows_every_key_and_accepts_no_other() -> None:
    described = authored.schema()["$defs"]
    assert described["Api"]["additionalProperties"] is False
    assert set(described["Api"]["required"]) == {"url", "routes"}
    assert "guarded_by" in described["Route"]["properties"]


def test_reminders_are_a_matter_of_each_api() -> None:
    other = "  others: {url: 'https://x.y', remind_every: never, routes: [GET /: public]}"
    found = load(f"{GOOD}{other}\n".replace("open_after: 3", "remind_every: 1d"), "test").apis
    assert [one.remind_every_seconds for one in found] == [86_400, None]
    assert good().apis[0].remind_every_seconds == 4 * 3600


def test_a_topic_may_be_the_security_route() -> None:
    topic = "arn:aws:sns:us-east-1:111122223333:security"
    text = f"{GOOD}\nnotify: [{{sns: '{topic}', only: exposures}}]\n"
    assert [one.only for one in load(text, "test").notify] == ["exposures"]


def test_a_topic_takes_the_severities_that_it_names() -> None:
    topic = "arn:aws:sns:us-east-1:111122223333:on-call"
    text = f"{GOOD}\nnotify: [{{sns: '{topic}', severity: high}}, {{sns: '{topic}'}}]\n"
    assert [(one.topic, one.severities) for one in load(text, "test").notify] == [
        (topic, (Severity.HIGH,)),
        (topic, ()),
    ]


def test_a_window_is_complete_and_without_sugar() -> None:
    text = """
maintenance:
  - {cron: "0  2 * * sun", for: 2.3h, timezone: Europe/Berlin, apis: [orders]}
  - {from: 2026-12-01T02:00, for: 1d}
"""
    assert load(GOOD + text, "test").maintenance == (
        Window(cron="0 2 * * SUN", for_seconds=8280, timezone="Europe/Berlin", apis=("orders",)),
        Window(start="2026-12-01T02:00", for_seconds=86_400, timezone="UTC"),
    )


def test_so_many_windows_are_a_mistake() -> None:
    with pytest.raises(ConfigError, match="expected at most 100 windows, not 101"):
        load(GOOD + "maintenance:\n" + '  - {cron: "0 2 * * *", for: 1h}\n' * 101, "test")


@pytest.mark.parametrize(("text", "acting"), [("", "layer"), ("alarms: route\n", "route")])
def test_the_owner_says_which_alarms_act(text: str, acting: str) -> None:
    assert load(GOOD + text, "test").alarms == acting


@pytest.mark.parametrize(
    ("text", "is_small"), [("", False), ("small: false\n", False), ("small: true\n", True)]
)
def test_the_owner_says_whether_a_deployment_is_small(text: str, is_small: bool) -> None:
    config = load(GOOD + text, "test")
    assert config.is_small is is_small
    # An earlier version's service knows no such key, and reads every other configuration.
    assert (b'"small"' in msgspec.json.encode(config)) is is_small


@pytest.mark.parametrize("routes", [100, 101])
def test_a_small_deployment_is_for_a_hundred_routes(routes: int) -> None:
    lines = "\n".join(f"      - GET /{n}: public" for n in range(routes))
    text = f"small: true\napis:\n  a:\n    url: https://a.example\n    routes:\n{lines}\n"
    if routes == 100:
        assert load(text, "test").is_small
        return
    with pytest.raises(ConfigError, match="small: 101: expected at most 100 routes at entrances"):
        load(text, "test")


@pytest.mark.parametrize(
    ("text", "settles", "every", "deadline"),
    [
        ("", 90, 5, 300),
        ("verify: {for: 10m}\n", 600, 5, 1200),
        ("verify: {for: 10s, every: 1s, deadline: 20s}\n", 10, 1, 20),
        ("verify: {for: 9s}\n", 9, 0.5, 300),
    ],
)
def test_releases_are_verified_for_a_while(
    text: str, settles: float, every: float, deadline: float
) -> None:
    made = load(GOOD + text, "test")
    one = made.verification
    assert (one.for_seconds, one.every_seconds, one.deadline_seconds) == (settles, every, deadline)
    # An earlier version's service knows no such key, and reads every other configuration.
    assert (b'"verify"' in msgspec.json.encode(made)) is bool(text)


def test_a_deadline_is_not_before_the_end_of_the_window() -> None:
    with pytest.raises(ConfigError, match="expected at least `for`, which is 600s"):
        load(GOOD + "verify: {for: 10m, deadline: 5m}\n", "test")


def test_a_word_for_a_route_is_for_everything_but_exposures() -> None:
    text = (
        "apis: {a: {url: 'https://a.example', routes: [{GET /x: {access: public, verify: warn}}]}}"
    )
    actions = load(text, "test").apis[0].routes[0].verify
    assert actions == {one: Action.WARN for one in Concern if one is not Concern.EXPOSURE}


@pytest.mark.parametrize("value", ["1", "'yes'", "[]"])
def test_small_is_yes_or_no(value: str) -> None:
    with pytest.raises(ConfigError, match=r"small: .*: expected"):
        load(f"{GOOD}small: {value}\n", "test")


@pytest.mark.parametrize("key", ["contact", "alarm_runbook"])
def test_a_link_is_the_owners_or_none(key: str) -> None:
    page = "https://wiki.example.com/gatewatch?view=1#top"
    assert getattr(load(GOOD, "test"), key) is None
    assert getattr(load(f"{GOOD}{key}: {page}\n", "test"), key) == page


def test_a_contact_may_be_a_mail_address() -> None:
    text = GOOD + "contact: api-watch@example.com\n"
    assert load(text, "test").contact == "api-watch@example.com"


@pytest.mark.parametrize(
    "value",
    [
        "wiki",
        "https://",
        "ftp://x",
        "'https://x/ y'",
        "https://x/)(",
        '"https://x/\\n"',
        "[]",
        "1",
        "ä@b",
    ],
)
@pytest.mark.parametrize("key", ["contact", "alarm_runbook"])
def test_what_no_header_and_no_link_can_carry_is_refused(key: str, value: str) -> None:
    with pytest.raises(ConfigError, match=f"{key}: .*: expected a URL"):
        load(f"{GOOD}{key}: {value}\n", "test")
