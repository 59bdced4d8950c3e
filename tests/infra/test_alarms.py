"""When somebody is told: thresholds, silence, and whom."""

from __future__ import annotations

import json

import pytest

from gatewatch.cost.measured import ALARMS, KEYS
from gatewatch.model import Layer
from gatewatch.service.failure import Failure, counts_as, possible
from tests.builders import candidates, verdict
from tests.infra.conftest import CONFIG, synthesised
from tests.infra.templates import ROOT, Resource, named, read, resources

ALARM = "AWS::CloudWatch::Alarm"

# Name: metric, statistic, comparison and threshold, minutes that must breach of those looked at.
POLICIES = {
    "LayerAlarmsRouting": ("RoutingFailures", "Sum", ">= 1", "2 of 10", "notBreaching"),
    "LayerAlarmsAuth": ("AuthFailures", "Sum", ">= 1", "2 of 10", "notBreaching"),
    "LayerAlarmsExposure": ("Exposed", "Sum", ">= 1", "1 of 10", "notBreaching"),
    "LayerAlarmsAmbiguous": ("AmbiguousFailures", "Sum", ">= 1", "2 of 10", "notBreaching"),
    "LayerAlarmsOther": ("OtherFailures", "Sum", ">= 1", "2 of 10", "notBreaching"),
    "HealthAlarmsNoTick": ("RoutesDue", "SampleCount", "< 1", "3 of 3", "breaching"),
    "HealthAlarmsDispatchErrors": ("Errors", "Sum", ">= 1", "2 of 3", "notBreaching"),
    "HealthAlarmsProbeErrors": ("Errors", "Sum", ">= 1", "2 of 3", "notBreaching"),
    "HealthAlarmsIncidentsErrors": ("Errors", "Sum", ">= 1", "2 of 3", "notBreaching"),
    "HealthAlarmsShardsLate": (
        "ApproximateAgeOfOldestMessage", "Maximum", ">= 150", "3 of 3", "notBreaching"
    ),
    "HealthAlarmsChangesLate": (
        "ApproximateAgeOfOldestMessage", "Maximum", ">= 150", "3 of 3", "notBreaching"
    ),
    "HealthAlarmsShardsDead": (
        "ApproximateNumberOfMessagesVisible", "Maximum", ">= 1", "1 of 1", "notBreaching"
    ),
    "HealthAlarmsChangesDead": (
        "ApproximateNumberOfMessagesVisible", "Maximum", ">= 1", "1 of 1", "notBreaching"
    ),
    "HealthAlarmsTicksDead": (
        "ApproximateNumberOfMessagesVisible", "Maximum", ">= 1", "1 of 1", "notBreaching"
    ),
    "HealthAlarmsApiChangesDead": (
        "ApproximateNumberOfMessagesVisible", "Maximum", ">= 1", "1 of 1", "notBreaching"
    ),
    # A stopped release is an error of the function, and no fault of ours.
    "HealthAlarmsVerifyUnanswered": (
        "AsyncEventsDropped", "Sum", ">= 1", "1 of 1", "notBreaching"
    ),
    "HealthAlarmsConfigRejected": ("ConfigRejected", "Sum", ">= 1", "1 of 1", "notBreaching"),
    "HealthAlarmsApisStopped": ("ApisStopped", "Sum", ">= 1", "1 of 1", "notBreaching"),
    "HealthAlarmsCredentialsUnreadable": (
        "CredentialsUnreadable", "Sum", ">= 1", "1 of 10", "notBreaching"
    ),
    "HealthAlarmsNoticesRefused": ("NoticesRefused", "Sum", ">= 1", "1 of 1", "notBreaching"),
    "HealthAlarmsClockAhead": ("ClockAhead", "Sum", ">= 1", "1 of 1", "notBreaching"),
    "HealthAlarmsLooksDropped": ("LooksDropped", "Sum", ">= 1", "3 of 5", "notBreaching"),
    "HealthAlarmsNoticesUndelivered": (
        "NoticesUndelivered", "Sum", ">= 1", "1 of 1", "notBreaching"
    ),
}  # fmt: skip
_SIGNS = {"GreaterThanOrEqualToThreshold": ">=", "LessThanThreshold": "<"}


@pytest.mark.parametrize("name", POLICIES)
def test_an_alarm_follows_its_policy(template: Resource, name: str) -> None:
    alarm = named(template, ALARM, name)
    assert alarm["Period"] == 60
    assert (
        alarm["MetricName"],
        alarm["Statistic"],
        f"{_SIGNS[alarm['ComparisonOperator']]} {alarm['Threshold']:g}",
        f"{alarm['DatapointsToAlarm']} of {alarm['EvaluationPeriods']}",
        alarm["TreatMissingData"],
    ) == POLICIES[name]


def test_a_monitor_that_judges_too_little_is_unwell_even_where_it_says_nothing(
    template: Resource,
) -> None:
    alarm = named(template, ALARM, "HealthAlarmsNotJudged")
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("LessThanThreshold", 0.9)
    assert (alarm["EvaluationPeriods"], alarm["TreatMissingData"]) == (3, "breaching")
    metrics = {one["Id"]: one for one in alarm["Metrics"]}
    watched = {
        name: metrics[name]["MetricStat"]["Metric"]["MetricName"] for name in ("due", "judged")
    }
    assert watched == {"due": "RoutesDue", "judged": "RoutesJudged"}


ROUTES = {
    "Routing": "RoutingFailures",
    "Auth": "AuthFailures",
    "Exposure": "Exposed",
    "Ambiguous": "AmbiguousFailures",
    "Other": "OtherFailures",
}


@pytest.mark.parametrize(("layer", "metric"), ROUTES.items())
def test_an_alarm_names_the_routes_of_a_layer(template: Resource, layer: str, metric: str) -> None:
    alarm = named(template, ALARM, f"RouteAlarms{layer}")
    [query] = alarm["Metrics"]
    assert query["Expression"] == (
        f'SELECT MAX({metric}) FROM SCHEMA("Gatewatch", api, deployment, route) '
        "WHERE deployment = 'Gatewatch' GROUP BY api, route ORDER BY MAX() DESC"
    )
    assert (query["Period"], alarm["TreatMissingData"]) == (60, "notBreaching")


def test_that_nobody_listens_to_a_topic_is_told_to_the_other(template: Resource) -> None:
    """Dispatch asks once an hour, and sends the metric only while it counts."""
    alarm = named(template, ALARM, "ListenersAlarmNobodyListens")
    assert (alarm["MetricName"], alarm["Statistic"], alarm["Period"]) == (
        "TopicsUnheard",
        "Sum",
        3_600,
    )
    assert (alarm["DatapointsToAlarm"], alarm["EvaluationPeriods"]) == (1, 2)
    assert (alarm["Threshold"], alarm["TreatMissingData"]) == (1, "notBreaching")
    assert tells(template, "ListenersAlarmNobodyListens") == {"<TopicsIncidents>", "<TopicsAlarms>"}
    [board] = resources(template, "AWS::CloudWatch::Dashboard").values()
    assert "<ListenersAlarmNobodyListens.Arn>" in read(board["DashboardBody"])


def test_no_alarm_is_without_its_policy(template: Resource) -> None:
    tested = [*POLICIES, *ROUTES, "HealthAlarmsNotJudged", "ListenersAlarmNobodyListens"]
    assert len(resources(template, ALARM)) == len(tested)


def test_our_metrics_are_those_of_this_deployment(template: Resource) -> None:
    own = [
        one for one in resources(template, ALARM).values() if one.get("Namespace") == "Gatewatch"
    ]
    dimensions = [one["Dimensions"] for one in own]
    assert dimensions == [[{"Name": "deployment", "Value": "Gatewatch"}]] * len(own)


def test_every_failure_has_its_alarm() -> None:
    assert set(ROUTES.values()) == {one.value for one in Failure}


_FAILS_AT = [one for one in Layer if one is not Layer.OK]


@pytest.mark.parametrize("layer", _FAILS_AT)
def test_a_failure_at_any_layer_rings_somebody(template: Resource, layer: Layer) -> None:
    """Also at the network, the integration and the backend, or where it is not known."""
    metric = counts_as(possible(verdict(layer=layer, candidates=candidates("waf_blocked"))))
    [alarm] = [name for name, counted in ROUTES.items() if counted == metric]
    assert tells(template, f"LayerAlarms{alarm}") == {"<TopicsAlarms>"}


def tells(template: Resource, name: str) -> set[str]:
    """Whom an alarm tells, of its beginning and of its end."""
    alarm = named(template, ALARM, name)
    begins, ends = (
        {read(one) for one in alarm.get(when, [])} for when in ("AlarmActions", "OKActions")
    )
    assert begins == ends
    return begins


PAGE = "https://wiki.example.com/gatewatch"


@pytest.fixture(scope="module")
def by_route(tmp_path_factory: pytest.TempPathFactory) -> Resource:
    file = tmp_path_factory.mktemp("config") / "gatewatch.yaml"
    window = 'maintenance: [{cron: "0 2 * * SUN", for: 2h}]'
    file.write_text(f"{CONFIG}\nalarms: route\nalarm_runbook: {PAGE}\n{window}\n")
    return synthesised(file)


@pytest.mark.parametrize("layer", ROUTES)
def test_layers_tell_of_beginning_and_end(template: Resource, layer: str) -> None:
    assert tells(template, f"LayerAlarms{layer}") == {"<TopicsAlarms>"}
    assert tells(template, f"RouteAlarms{layer}") == set()


@pytest.mark.parametrize("layer", ROUTES)
def test_routes_tell_instead_where_the_owner_says_so(by_route: Resource, layer: str) -> None:
    assert tells(by_route, f"RouteAlarms{layer}") == {"<TopicsAlarms>"}
    assert tells(by_route, f"LayerAlarms{layer}") == set()


def test_a_window_mutes_the_alarms_that_act(by_route: Resource) -> None:
    [rule] = resources(by_route, "AWS::CloudWatch::AlarmMuteRule").values()
    muted = {read(one) for one in rule["MuteTargets"]["AlarmNames"]}
    assert muted == {f"<RouteAlarms{one}>" for one in ROUTES if one != "Exposure"}


NAMED = (
    "the dashboard Gatewatch-<AWS::Region>, the messages of the topic <TopicsIncidents.TopicName>, "
    "or gatewatch incidents --open --stack Gatewatch --region <AWS::Region>. Runbook: "
)


@pytest.mark.parametrize("written", ["template", "by_route"])
def test_an_alarm_that_acts_says_where_the_routes_are_named(
    written: str, request: pytest.FixtureRequest
) -> None:
    found: Resource = request.getfixturevalue(written)
    kinds = (ALARM, "AWS::CloudWatch::CompositeAlarm")
    alarms = [one for kind in kinds for one in resources(found, kind).values()]
    acting = [read(one["AlarmDescription"]) for one in alarms if "AlarmActions" in one]
    assert len([one for one in acting if NAMED in one]) == len(ROUTES) + 1
    assert [one for one in acting if NAMED not in one] == [
        read(named(found, ALARM, "ListenersAlarm")["AlarmDescription"])
    ]


@pytest.mark.parametrize("written", ["template", "by_route"])
def test_the_dashboard_shows_every_alarm_of_layers_and_routes(
    written: str, request: pytest.FixtureRequest
) -> None:
    found: Resource = request.getfixturevalue(written)
    [board] = resources(found, "AWS::CloudWatch::Dashboard").values()
    body = read(board["DashboardBody"])
    for layer in ROUTES:
        assert f"<LayerAlarms{layer}.Arn>" in body
        assert f"<RouteAlarms{layer}.Arn>" in body
    assert read(board["DashboardName"]) == "Gatewatch-<AWS::Region>"


def test_the_monitors_health_is_told_once_whatever_it_lacks(template: Resource) -> None:
    [unwell] = resources(template, "AWS::CloudWatch::CompositeAlarm").values()
    rule = read(unwell["AlarmRule"])
    own = [name for name in resources(template, ALARM) if "HealthAlarms" in name]
    assert all(f"<{name[len('Monitor') : -8]}.Arn>" in rule for name in own)
    assert rule.count(" OR ") == len(own) - 1
    assert [read(one) for one in unwell["AlarmActions"]] == ["<TopicsAlarms>"]
    assert all("AlarmActions" not in named(template, ALARM, name[:-8]) for name in own)


@pytest.mark.parametrize(
    ("written", "runbook"), [("template", "docs/runbook.md"), ("by_route", PAGE)]
)
def test_every_alarm_says_what_it_means_and_where_to_read_on(
    written: str, runbook: str, request: pytest.FixtureRequest
) -> None:
    found: Resource = request.getfixturevalue(written)
    kinds = (ALARM, "AWS::CloudWatch::CompositeAlarm")
    for one in (one for kind in kinds for one in resources(found, kind).values()):
        meaning, _, page = read(one["AlarmDescription"]).partition(". Runbook: ")
        assert len(meaning) > 20
        assert page.partition("#")[0] == runbook
        assert page.partition("#")[2] in _sections()


def _sections() -> set[str]:
    lines = (ROOT / "docs" / "runbook.md").read_text().splitlines()
    return {line.lstrip("# ").lower() for line in lines if line.startswith("###")}


def test_the_dashboard_finds_new_apis_by_itself(template: Resource) -> None:
    [board] = resources(template, "AWS::CloudWatch::Dashboard").values()
    body = read(board["DashboardBody"])
    for metric in ROUTES.values():
        assert f'{{Gatewatch,deployment,api,stage}} MetricName=\\"{metric}\\"' in body.replace(
            "\\\\", "\\"
        )


def test_a_count_of_many_shards_is_their_sum_by_the_minute(template: Resource) -> None:
    """500 failing routes of one API are 21 values a minute, none above 24."""
    [board] = resources(template, "AWS::CloudWatch::Dashboard").values()
    body = json.loads(read(board["DashboardBody"]))
    assert body["periodOverride"] == "inherit"
    searches = [
        each[0]["expression"]
        for widget in body["widgets"]
        for each in widget["properties"].get("metrics", [])
        if "expression" in each[0]
    ]
    assert len(searches) == len(ROUTES)
    assert all(one.endswith("'Sum', 60)") for one in searches)
    shown = [
        (each[-1]["stat"], each[-1]["period"], each[1])
        for widget in body["widgets"]
        for each in widget["properties"].get("metrics", [])
        if "expression" not in each[0]
    ]
    assert {period for _, period, _ in shown} == {60}
    counts = {"RoutesUp", "RoutesDown", "RoutesDue", "RoutesJudged", "RoutesUnknown"}
    assert {stat for stat, _, name in shown if name in counts} == {"Sum"}


def watched(alarm: Resource) -> int:
    """The metrics that an alarm is charged for; a query of routes finds none while none fails."""
    parts = alarm.get("Metrics", [{"MetricStat": {}}])
    return sum("MetricStat" in one for one in parts)


def test_the_bill_counts_these_alarms_and_keys(template: Resource) -> None:
    assert sum(map(watched, resources(template, ALARM).values())) == ALARMS
    assert len(resources(template, "AWS::KMS::Key")) == KEYS
