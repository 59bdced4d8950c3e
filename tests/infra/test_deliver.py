"""What posts to pagers, chats and webhooks: there only where something is posted, and granted no
more than that."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from gatewatch.config.author import load
from gatewatch.config.lookups import Lookups, Placeholders
from gatewatch.config.problems import ConfigError
from gatewatch.cost.measured import POSTING_ALARMS
from gatewatch.service.published import Allowed
from gatewatch_cdk.configuration import allowed_by
from gatewatch_cdk.needs import Deliveries, Needs, needs
from tests.infra.conftest import CONFIG, SECRETS_KEY, TOPICS_KEY, synthesised
from tests.infra.templates import Resource, granted, leading_keys, named, read, resources, short
from tests.infra.test_alarms import ALARM, watched
from tests.infra.test_grants import ARN, BUCKET, consumes, logs, table

_OWN = f"{ARN}:secretsmanager:<AWS::Region>:<AWS::AccountId>:secret"
POSTED = CONFIG.replace(
    "notify:\n",
    """heartbeat: {sns: "arn:aws:sns:us-east-1:111122223333:pulse"}
notify:
  - {name: night, pagerduty: {secret: gatewatch/pager, acknowledge: {secret: gatewatch/back}}}
  - {name: room, slack: {ssm: /gatewatch/slack}}
  - {name: own, webhook: {url: "https://hooks.example.com/in", sign: {secret: gatewatch/sign}}}
  - {name: events, event_bus: "arn:aws:events:eu-west-1:111122223333:event-bus/ops"}
  - {name: near, event_bus: default}
""",
)


@pytest.fixture(scope="module")
def posting(tmp_path_factory: pytest.TempPathFactory) -> Resource:
    file = tmp_path_factory.mktemp("posting") / "gatewatch.yaml"
    file.write_text(POSTED)
    return synthesised(file)


def _needs(text: str) -> Needs:
    return needs(load(text, "f", Lookups(Placeholders())), "f")


def _deliveries(text: str) -> Deliveries:
    found = _needs(text).deliveries
    assert found is not None
    return found


def test_needs_are_what_is_sent_and_not_what_comes_back() -> None:
    found = _deliveries(POSTED)
    assert found.secrets == ("gatewatch/pager", "gatewatch/sign")
    assert found.parameters == ("/gatewatch/slack",)
    assert found.topics == ("arn:aws:sns:us-east-1:111122223333:pulse",)
    assert set(found.hooks) == {"night", "room", "own"}


def test_topics_and_buses_are_told_apart_from_what_is_posted() -> None:
    found = _needs(POSTED)
    assert found.topics == ("arn:aws:sns:us-east-1:111122223333:on-call",)
    assert found.buses == ("arn:aws:events:eu-west-1:111122223333:event-bus/ops", "default")


def test_a_deployment_writes_down_what_may_be_posted_where() -> None:
    found = msgspec.json.decode(allowed_by(_needs(POSTED)), type=Allowed)
    config = load(POSTED, "f")
    assert found.hooks == {one.key: one.hook for one in config.notify if one.hook}
    assert found.heartbeat == config.heartbeat
    assert found.buses == _needs(POSTED).buses


_ELSEWHERE = "is not there in the account; expected a secret of Secrets Manager"
REFUSED = {
    "a variable": (
        "notify: [{pagerduty: {env: KEY}}]",
        f"notify[0].pagerduty: env {_ELSEWHERE}",
    ),
    "a file": ("notify: [{slack: {file: url.txt}}]", f"notify[0].slack: file {_ELSEWHERE}"),
    "a variable for what comes back": (
        "notify: [{pagerduty: {secret: k, acknowledge: {env: BACK}}}]",
        f"notify[0].pagerduty: env {_ELSEWHERE}",
    ),
    "many secrets": (
        'notify: [{slack: {secret: "*"}}]',
        'notify[0].slack: "*": expected one name, without * and ?',
    ),
    "in the clear": (
        'notify: [{webhook: {url: "http://127.0.0.1:8080/in"}}]',
        'notify[0].webhook: "127.0.0.1:8080": expected a public host in the account',
    ),
    "to itself": (
        'notify: [{webhook: {url: "https://localhost/in"}}]',
        'notify[0].webhook: "localhost:443": expected a public host in the account',
    ),
    "into its network": (
        'notify: [{webhook: {url: "https://10.0.0.7/in"}}]',
        'notify[0].webhook: "10.0.0.7:443": expected a public host in the account',
    ),
    "to the machine's credentials": (
        'notify: [{webhook: {url: {secret: u}, host: "169.254.169.254"}}]',
        'notify[0].webhook: "169.254.169.254:443": expected a public host in the account',
    ),
    "a heartbeat from a variable": (
        "heartbeat: {url: {env: BEAT}, host: hc.example.com}",
        f"heartbeat.url: env {_ELSEWHERE}",
    ),
    "a heartbeat to itself": (
        'heartbeat: {url: "https://127.0.0.1/beat"}',
        'heartbeat.url: "127.0.0.1:443": expected a public host in the account',
    ),
}
_APIS = "apis: {a: {url: 'https://a.example', routes: [GET /x: public]}}\n"


@pytest.mark.parametrize(("written", "told"), REFUSED.values(), ids=REFUSED)
def test_what_no_function_could_or_should_post_is_refused(written: str, told: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        _needs(f"{_APIS}{written}\n")
    assert told in str(refusal.value)


def test_the_deliverer_may_do_this_and_nothing_else(posting: Resource) -> None:
    assert granted(posting, "FunctionsDeliver") == {
        *logs("FunctionsDeliver"),
        ("s3:GetObject", f"{BUCKET}/config/allowed.json"),
        ("s3:ListBucket", BUCKET),
        *table("GetItem", "PutItem", "UpdateItem"),
        *consumes("FunctionsDeliveriesQueue"),
        ("sqs:SendMessage", "<FunctionsDeliveriesDead.Arn>"),
        ("secretsmanager:GetSecretValue", f"{_OWN}:gatewatch/pager-??????"),
        ("secretsmanager:GetSecretValue", f"{_OWN}:gatewatch/sign-??????"),
        (
            "ssm:GetParameter",
            f"{ARN}:ssm:<AWS::Region>:<AWS::AccountId>:parameter/gatewatch/slack",
        ),
        ("kms:Decrypt", SECRETS_KEY),
        ("sns:Publish", "arn:aws:sns:us-east-1:111122223333:pulse"),
        ("kms:Decrypt", TOPICS_KEY),
        ("kms:GenerateDataKey", TOPICS_KEY),
    }
    assert {key for _, key in leading_keys(posting, "FunctionsDeliver")} == {"channel", "delivered"}


def test_the_writer_sends_events_to_its_buses_and_hands_on_the_rest(
    template: Resource, posting: Resource
) -> None:
    more = granted(posting, "FunctionsIncidents") - granted(template, "FunctionsIncidents")
    assert more == {
        ("sqs:SendMessage", "<FunctionsDeliveriesQueue.Arn>"),
        ("events:PutEvents", "arn:aws:events:eu-west-1:111122223333:event-bus/ops"),
        (
            "events:PutEvents",
            f"{ARN}:events:<AWS::Region>:<AWS::AccountId>:event-bus/default",
        ),
    }


def test_dispatch_sends_beats_and_asks_who_hears_them(
    template: Resource, posting: Resource
) -> None:
    more = granted(posting, "FunctionsDispatch") - granted(template, "FunctionsDispatch")
    assert more == {
        ("sqs:SendMessage", "<FunctionsDeliveriesQueue.Arn>"),
        ("sns:GetTopicAttributes", "arn:aws:sns:us-east-1:111122223333:pulse"),
    }


def test_without_a_heartbeat_dispatch_needs_no_more(template: Resource, tmp_path: Path) -> None:
    file = tmp_path / "gatewatch.yaml"
    file.write_text(POSTED.replace("heartbeat:", "# heartbeat:"))
    found = synthesised(file)
    assert granted(found, "FunctionsDispatch") == granted(template, "FunctionsDispatch")


def test_functions_find_the_deliveries(posting: Resource) -> None:
    def environment(name: str) -> dict[str, str]:
        function = named(posting, "AWS::Lambda::Function", f"Functions{name}Function")
        return {key: read(one) for key, one in function["Environment"]["Variables"].items()}

    assert environment("Deliver") == {
        "GATEWATCH_DEPLOYMENT": "Gatewatch",
        "GATEWATCH_TABLE": "<StateTable>",
        "POWERTOOLS_METRICS_NAMESPACE": "Gatewatch",
        "POWERTOOLS_SERVICE_NAME": "gatewatch-deliver",
        "GATEWATCH_ALLOWED": "config/allowed.json",
        "GATEWATCH_BUCKET": "<ConfigurationBucket>",
        "GATEWATCH_DEAD_URL": "<FunctionsDeliveriesDead>",
        "GATEWATCH_INCIDENTS_TOPIC": "<TopicsIncidents>",
        "GATEWATCH_QUEUE_URL": "<FunctionsDeliveriesQueue>",
        "GATEWATCH_STACK": "Gatewatch",
        "GATEWATCH_DASHBOARD": "Gatewatch-<AWS::Region>",
    }
    for name in ("Incidents", "Dispatch"):
        assert environment(name)["GATEWATCH_DELIVERIES_URL"] == "<FunctionsDeliveriesQueue>"


def test_the_queue_keeps_order_and_outlives_its_tries(posting: Resource) -> None:
    queue = named(posting, "AWS::SQS::Queue", "FunctionsDeliveriesQueue")
    function = named(posting, "AWS::Lambda::Function", "FunctionsDeliverFunction")
    tries = queue["RedrivePolicy"]["maxReceiveCount"]
    assert queue["FifoQueue"] is True
    assert queue["VisibilityTimeout"] >= 6 * function["Timeout"]
    # A day of tries, one every two minutes.
    assert tries >= 24 * 60 / 2
    assert queue["MessageRetentionPeriod"] > tries * queue["VisibilityTimeout"]
    feeds = resources(posting, "AWS::Lambda::EventSourceMapping").values()
    [feed] = [one for one in feeds if "Deliver" in read(one["FunctionName"])]
    assert feed["BatchSize"] == 1
    assert feed["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_its_alarms_ring_with_the_others(posting: Resource) -> None:
    alarms = {short(name) for name in resources(posting, "AWS::CloudWatch::Alarm")}
    mine = {f"HealthAlarms{one}" for one in ("DeliverErrors", "DeliveriesLate", "DeliveriesDead")}
    assert mine <= alarms
    [unwell] = resources(posting, "AWS::CloudWatch::CompositeAlarm").values()
    assert all(f"<{one}.Arn>" in read(unwell["AlarmRule"]) for one in mine)


def test_where_nothing_is_posted_nothing_stands_there(template: Resource) -> None:
    assert not [name for name in template["Resources"] if "Deliver" in name]
    assert _needs(CONFIG).deliveries is None


def test_the_bill_counts_its_alarms(posting: Resource) -> None:
    own = [one for name, one in resources(posting, ALARM).items() if "Deliver" in name]
    assert sum(map(watched, own)) == POSTING_ALARMS
