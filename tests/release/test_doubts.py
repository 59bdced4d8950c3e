"""A baseline that is worth less than it looks is told, in each form of a release."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from gatewatch.cli import show, show_release
from gatewatch.config.lines import NOWHERE
from gatewatch.model import Outcome
from gatewatch.release.baseline import Baseline, Before
from gatewatch.release.doubts import doubts
from gatewatch.release.words import told
from gatewatch.reports import Format, write
from tests.builders import URL
from tests.reports.releases import NEW, release

NOW = "2026-11-28T12:00:00+00:00"
YESTERDAY = "2026-11-27T12:30:00+00:00"


def before(outcome: Outcome = Outcome.PASS, last_good: str | None = YESTERDAY) -> Before:
    return Before(
        api="orders",
        route="GET /x",
        entrance=URL,
        caller="user",
        outcome=outcome,
        last_good=last_good,
    )


GOOD, BAD = before(), before(Outcome.FAIL, None)
NOT_KNOWN = before(Outcome.UNKNOWN, None)


@pytest.mark.parametrize(
    ("found", "at", "words"),
    [
        pytest.param([GOOD, GOOD, None], NOW, [], id="good"),
        pytest.param([GOOD, BAD], NOW, [], id="half_fails"),
        pytest.param([], NOW, [], id="nothing_is_due"),
        pytest.param([GOOD, BAD, BAD], NOW, ["2 of 3 looks failed in the"], id="most_fail"),
        pytest.param([BAD], NOW, ["1 of 1 looks failed in the baseline"], id="forged"),
        pytest.param([None, NOT_KNOWN], NOW, ["knows none of these looks"], id="of_others"),
        pytest.param([GOOD], "2026-11-28T12:04:00+00:00", [], id="clocks_differ"),
        pytest.param(
            [before(last_good="2099-01-01")], "2099-01-01", ["has not come yet"], id="future"
        ),
        pytest.param(
            [before(last_good="2024-11-28T12:00:00Z")],
            "2024-11-28T12:00:00Z",
            ["is 730 days old"],
            id="of_years_ago",
        ),
        pytest.param(
            [before(last_good="2026-11-25T12:00:00Z")],
            NOW,
            ["the last pass in the baseline was at 2026-11-25 12:00:00 UTC: was the monitor"],
            id="a_monitor_was_paused",
        ),
        pytest.param([before(last_good=None)], NOW, [], id="nobody_knows_when"),
    ],
)
def test_doubts(found: Sequence[Before | None], at: str, words: Sequence[str]) -> None:
    told = doubts(Baseline(source="a file", at=at), found, NOW)
    assert len(told) == len(words)
    assert all(phrase in one for phrase, one in zip(words, told, strict=True))


def test_without_a_baseline_there_is_nothing_to_doubt() -> None:
    assert doubts(Baseline(), [None], NOW) == ()


DOUBT = "the baseline is 730 days old"
DOUBTED = release(NEW, doubts=(DOUBT,))


def test_a_doubt_is_told_to_pipelines_and_in_a_terminal() -> None:
    assert f"- beware: {DOUBT}" in told(DOUBTED).splitlines()
    console = show.console()
    with console.capture() as captured:
        show.put(console, show_release.release(DOUBTED))
    assert f"beware: {DOUBT}" in captured.get()


@pytest.mark.parametrize("form", [Format.GITHUB, Format.MARKDOWN, Format.JUNIT])
def test_a_doubt_is_told_in_reports(form: Format) -> None:
    assert DOUBT in write(form, DOUBTED, NOWHERE)
