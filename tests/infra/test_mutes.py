"""CloudWatch's mute rules: which windows have one, and which alarms it silences."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.infra.conftest import CONFIG, synthesised
from tests.infra.templates import Resource, read, resources

RULE = "AWS::CloudWatch::AlarmMuteRule"
WINDOWS = """
maintenance:
  - {cron: "0 2 * * sun", for: 90m, timezone: Europe/Berlin}
  - {cron: "0 3 * * *", for: 1h, apis: [orders]}
  - {cron: "0 2 * * SUN", for: 1.5h, timezone: Europe/Berlin}
  - {from: 2026-12-01T02:00, for: 15d}
"""


@pytest.fixture(scope="module")
def muting(tmp_path_factory: pytest.TempPathFactory) -> Resource:
    file = tmp_path_factory.mktemp("config") / "gatewatch.yaml"
    file.write_text(CONFIG + WINDOWS)
    return synthesised(file)


def test_each_window_of_all_apis_has_a_rule(muting: Resource) -> None:
    schedules = [one["Rule"]["Schedule"] for one in resources(muting, RULE).values()]
    assert sorted(schedules, key=str) == [
        {"Duration": "P15D", "Expression": "at(2026-12-01T02:00)", "Timezone": "UTC"},
        {
            "Duration": "PT1H30M",
            "Expression": "cron(0 2 * * SUN)",
            "Timezone": "Europe/Berlin",
        },
    ]


def test_a_rule_mutes_the_layers_but_no_exposure_and_not_the_monitors_own_health(
    muting: Resource,
) -> None:
    for rule in resources(muting, RULE).values():
        assert [read(one) for one in rule["MuteTargets"]["AlarmNames"]] == [
            "<LayerAlarmsRouting>",
            "<LayerAlarmsAuth>",
            "<LayerAlarmsAmbiguous>",
            "<LayerAlarmsOther>",
        ]


def test_the_order_of_windows_changes_no_rule(muting: Resource, tmp_path: Path) -> None:
    file = tmp_path / "gatewatch.yaml"
    lines = WINDOWS.strip().splitlines()
    file.write_text("\n".join([CONFIG, lines[0], *reversed(lines[1:])]))
    assert resources(synthesised(file), RULE) == resources(muting, RULE)


def test_without_windows_there_is_no_rule(template: Resource) -> None:
    assert resources(template, RULE) == {}
