"""A small deployment: what is left out, that nothing is which tells somebody, and what it costs."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from gatewatch.cost.bill import bill
from gatewatch.cost.counted import counted
from gatewatch.pages.cost import example
from tests.infra.conftest import CONFIG, PRIVATE, synthesised
from tests.infra.templates import Resource, named, read, resources
from tests.infra.test_alarms import ALARM, ROUTES, tells, watched

COMPOSITE = "AWS::CloudWatch::CompositeAlarm"
WINDOW = 'maintenance: [{cron: "0 2 * * SUN", for: 2h}]'


@pytest.fixture(scope="module", params=["layer", "route"])
def acting(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def small(acting: str, tmp_path_factory: pytest.TempPathFactory) -> Resource:
    file = tmp_path_factory.mktemp("small") / "gatewatch.yaml"
    file.write_text(f"{CONFIG}\nsmall: true\nalarms: {acting}\n{WINDOW}\n")
    return synthesised(file)


def _alarms(template: Resource, part: str) -> set[str]:
    return {name for name in resources(template, ALARM) if part in name}


def test_every_alarm_of_the_monitors_health_stays(template: Resource, small: Resource) -> None:
    health = _alarms(template, "HealthAlarms")
    assert _alarms(small, "HealthAlarms") == health
    [unwell] = resources(small, COMPOSITE).values()
    rule = read(unwell["AlarmRule"])
    assert all(f"<{name[len('Monitor') : -8]}.Arn>" in rule for name in health)
    assert [read(one) for one in unwell["AlarmActions"]] == ["<TopicsAlarms>"]


def test_every_layer_has_its_alarm_and_none_only_shows(small: Resource, acting: str) -> None:
    kept, left = ("Route", "Layer") if acting == "route" else ("Layer", "Route")
    assert not _alarms(small, f"{left}Alarms")
    assert len(_alarms(small, f"{kept}Alarms")) == len(ROUTES)
    for layer in ROUTES:
        assert tells(small, f"{kept}Alarms{layer}") == {"<TopicsAlarms>"}


def test_a_window_mutes_what_acts(small: Resource) -> None:
    [rule] = resources(small, "AWS::CloudWatch::AlarmMuteRule").values()
    assert len(rule["MuteTargets"]["AlarmNames"]) == len(ROUTES) - 1


def test_no_alarm_names_a_dashboard_that_is_not_there(small: Resource) -> None:
    assert resources(small, "AWS::CloudWatch::Dashboard") == {}
    alarms = [one for kind in (ALARM, COMPOSITE) for one in resources(small, kind).values()]
    assert not any("dashboard" in read(one["AlarmDescription"]) for one in alarms)
    functions = resources(small, "AWS::Lambda::Function").values()
    assert not any("GATEWATCH_DASHBOARD" in str(one.get("Environment")) for one in functions)
    acting = [read(one["AlarmDescription"]) for one in alarms if "AlarmActions" in one]
    names = "the messages of the topic <TopicsIncidents.TopicName>, or gatewatch incidents --open "
    assert sum(names in one for one in acting) == len(ROUTES) + 1


def test_that_nobody_listens_is_told_here_too(small: Resource) -> None:
    assert tells(small, "ListenersAlarmNobodyListens") == {"<TopicsIncidents>", "<TopicsAlarms>"}


def test_every_probe_is_told_and_only_in_a_small_deployment(
    private_template: Resource, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("twin") / "gatewatch.yaml"
    file.write_text(f"{PRIVATE}\nsmall: true\n")
    assert _told(private_template) == 0
    assert _told(synthesised(file)) == len(("Probe", "Twin"))


def _told(template: Resource) -> int:
    functions = resources(template, "AWS::Lambda::Function").values()
    variables = [one.get("Environment", {}).get("Variables", {}) for one in functions]
    return sum("GATEWATCH_SMALL" in one for one in variables)


ONLY_ABOVE_ZERO = (
    "HealthAlarmsConfigRejected",
    "HealthAlarmsApisStopped",
    "HealthAlarmsClockAhead",
    "HealthAlarmsLooksDropped",
    "HealthAlarmsCredentialsUnreadable",
    *(f"LayerAlarms{one}" for one in ROUTES),
)


@pytest.mark.parametrize("name", ONLY_ABOVE_ZERO)
def test_an_alarm_ends_without_a_metric_that_is_written_only_above_zero(
    template: Resource, name: str
) -> None:
    """CloudWatch takes a minute without it as a good one."""
    assert named(template, ALARM, name)["TreatMissingData"] == "notBreaching"


def test_ten_routes_cost_less_than_eight_dollars(template: Resource, small: Resource) -> None:
    """With the alarms and keys of the templates; `tests/service/test_series.py` counts what the
    functions write."""
    ten = example(10)
    whole, less = bill(counted(ten)), bill(counted(replace(ten, small=True)))
    assert less.ours_usd < 8
    assert 12 < whole.ours_usd < 14
    for found, priced in ((template, whole), (small, less)):
        items = {one.name: one.usd for one in priced.ours}
        alarms = sum(map(watched, resources(found, ALARM).values()))
        assert items["alarms"] >= round(alarms * 0.10 + 0.50, 2)
        assert items["keys"] == len(resources(found, "AWS::KMS::Key"))
        assert items["dashboard"] == 3 * len(resources(found, "AWS::CloudWatch::Dashboard"))
