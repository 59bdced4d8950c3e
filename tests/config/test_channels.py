"""Where incidents are told: what is written, and where it leads."""

from __future__ import annotations

import msgspec
import pytest

from gatewatch.config.author import load
from gatewatch.config.canonical import (
    Channel,
    Config,
    Heartbeat,
    Hook,
    HookKind,
    Quiet,
    SecretRef,
    SecretSource,
    Window,
    read_canonical,
)
from gatewatch.config.rules import problems
from gatewatch.model import Finding, Layer, Severity

APIS = """
apis:
  orders:
    url: https://abc123.execute-api.us-east-1.amazonaws.com/prod
    routes: [GET /health: public]
"""
TOPIC = "arn:aws:sns:us-east-1:111122223333:x"
A = SecretRef(source=SecretSource.ENV, name="A")
B = SecretRef(source=SecretSource.SECRET, name="b", key="k")


def channel(line: str) -> Channel:
    (found,) = load(f"notify: [{line}]\n{APIS}", "channels").notify
    return found


HOOKS = {
    "{pagerduty: {env: A}}": Hook(
        kind=HookKind.PAGERDUTY,
        url="https://events.pagerduty.com/v2/enqueue",
        hosts=("events.pagerduty.com:443",),
        key=A,
    ),
    "{pagerduty: {env: A, url: https://events.eu.pagerduty.com/v2/enqueue, "
    "acknowledge: {secret: b, key: k}}}": Hook(
        kind=HookKind.PAGERDUTY,
        url="https://events.eu.pagerduty.com/v2/enqueue",
        hosts=("events.eu.pagerduty.com:443",),
        key=A,
        acknowledge=B,
    ),
    "{slack: {env: A}}": Hook(kind=HookKind.SLACK, url=A, hosts=("hooks.slack.com:443",)),
    "{slack: {env: A, host: Chat.example.com:8443}}": Hook(
        kind=HookKind.SLACK, url=A, hosts=("chat.example.com:8443",)
    ),
    "{teams: {env: A, host: prod-01.westeurope.logic.azure.com}}": Hook(
        kind=HookKind.TEAMS, url=A, hosts=("prod-01.westeurope.logic.azure.com:443",)
    ),
    "{opsgenie: {env: A}}": Hook(
        kind=HookKind.OPSGENIE,
        url="https://api.opsgenie.com/v2/alerts",
        hosts=("api.opsgenie.com:443",),
        key=A,
    ),
    "{incident_io: {env: A, source: 01HZ}}": Hook(
        kind=HookKind.INCIDENT_IO,
        url="https://api.incident.io/v2/alert_events/http/01HZ",
        hosts=("api.incident.io:443",),
        key=A,
    ),
    "{webhook: {url: http://127.0.0.1:8080/hook, sign: {env: A}}}": Hook(
        kind=HookKind.WEBHOOK,
        url="http://127.0.0.1:8080/hook",
        hosts=("127.0.0.1:8080",),
        sign=A,
    ),
    "{webhook: {url: {secret: b, key: k}, host: hooks.example.com, bearer: {env: A}}}": Hook(
        kind=HookKind.WEBHOOK, url=B, hosts=("hooks.example.com:443",), key=A
    ),
}


@pytest.mark.parametrize("line", HOOKS, ids=range(len(HOOKS)))
def test_a_hook_leads_to_its_hosts_alone(line: str) -> None:
    assert channel(line).hook == HOOKS[line]


def test_a_channel_takes_what_it_names() -> None:
    found = channel(
        "{name: night, slack: {env: A}, severity: [low, high], owner: team-orders, "
        "layer: [routing, auth], finding: refused, after: 15m, "
        "quiet: {cron: '0 22 * * *', for: 9h, timezone: Europe/Berlin}}"
    )
    assert found.severities == (Severity.LOW, Severity.HIGH)
    assert found.owners == ("team-orders",)
    assert found.layers == (Layer.ROUTING, Layer.AUTH)
    assert found.findings == (Finding.REFUSED,)
    assert found.after_seconds == 900.0
    assert found.quiet == Quiet(
        window=Window(cron="0 22 * * *", for_seconds=32_400.0, timezone="Europe/Berlin"),
        severities=(Severity.LOW, Severity.MEDIUM),
    )
    assert found.key == found.called == "night"


@pytest.mark.parametrize(
    ("line", "key", "called"),
    [
        ("{slack: {env: A}}", "slack", "slack"),
        ("{event_bus: default}", "event_bus", "event_bus"),
        (f"{{sns: '{TOPIC}'}}", TOPIC, "x"),
        (f"{{sns: '{TOPIC}', name: n}}", TOPIC, "n"),
    ],
)
def test_a_channel_is_told_from_others(line: str, key: str, called: str) -> None:
    found = channel(line)
    assert (found.key, found.called) == (key, called)


def test_a_file_of_yesterday_is_published_as_it_was() -> None:
    """So that the service of yesterday reads it, too."""
    text = f"notify: [{{sns: '{TOPIC}', severity: [high]}}]"
    found = load(text + APIS, "old")
    told = msgspec.json.decode(msgspec.json.encode(found))
    assert told["notify"] == [{"topic": TOPIC, "severities": ["high"], "only": None}]
    assert "heartbeat" not in told


@pytest.mark.parametrize(
    ("text", "beat"),
    [
        (
            "heartbeat: {url: {env: A}, host: hc-ping.com}",
            Heartbeat(every_seconds=300.0, url=A, hosts=("hc-ping.com:443",)),
        ),
        (
            "heartbeat: {url: https://beats.example.com/a, every: 1m}",
            Heartbeat(
                every_seconds=60.0,
                url="https://beats.example.com/a",
                hosts=("beats.example.com:443",),
            ),
        ),
        (
            f"heartbeat: {{sns: '{TOPIC}'}}",
            Heartbeat(every_seconds=300.0, topic=TOPIC),
        ),
    ],
)
def test_a_heartbeat_goes_to_an_address_or_a_topic(text: str, beat: Heartbeat) -> None:
    found = load(text + APIS, "beat")
    assert found.heartbeat == beat
    assert read_canonical(msgspec.json.encode(found)) == found


def test_no_pushed_hook_leads_away_from_its_hosts() -> None:
    found = load("notify: [{opsgenie: {env: A}}]" + APIS, "pushed")
    hook = found.notify[0].hook
    assert isinstance(hook, Hook)
    moved = msgspec.structs.replace(hook, url="https://evil.example.com/v2/alerts")
    told = list(_problems(msgspec.structs.replace(found, notify=(Channel(name="o", hook=moved),))))
    assert told == ["notify[0]: expected the host of its URL"]


def _problems(config: Config) -> list[str]:
    return [str(one) for one in problems(config)]
