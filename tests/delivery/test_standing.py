"""How a channel fares, outcome by outcome."""

from __future__ import annotations

import pytest

from gatewatch.delivery.outcome import Later, Outcome, Refused, Taken
from gatewatch.delivery.standing import Standing, after

NEW = Standing(channel="pager")
FAILING = Standing(channel="pager", failing_since="08:00", because="HTTP 503", tries=3)


@pytest.mark.parametrize(
    ("before", "outcome", "expected"),
    [
        pytest.param(NEW, Taken(), Standing(channel="pager", delivered_at="09:00"), id="taken"),
        pytest.param(
            FAILING,
            Taken(),
            Standing(channel="pager", delivered_at="09:00"),
            id="taken at last",
        ),
        pytest.param(
            NEW,
            Later(because="HTTP 503"),
            Standing(channel="pager", failing_since="09:00", because="HTTP 503", tries=1),
            id="fails",
        ),
        pytest.param(
            FAILING,
            Later(because="timeout"),
            Standing(channel="pager", failing_since="08:00", because="timeout", tries=4),
            id="goes on failing",
        ),
        pytest.param(
            Standing(channel="pager", delivered_at="07:00", refused=1),
            Refused(because="HTTP 400"),
            Standing(
                channel="pager",
                delivered_at="07:00",
                refused=2,
                refused_at="09:00",
                refused_because="HTTP 400",
            ),
            id="refused",
        ),
        pytest.param(
            FAILING,
            Refused(because="HTTP 400"),
            Standing(channel="pager", refused=1, refused_at="09:00", refused_because="HTTP 400"),
            id="refused at last",
        ),
    ],
)
def test_a_channel_stands_as_its_last_answers_were(
    before: Standing, outcome: Outcome, expected: Standing
) -> None:
    assert after(before, outcome, "09:00") == expected
