"""What every report tells of one look is of this look, and no more than is known."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from gatewatch.model import (
    ANONYMOUS,
    Candidate,
    Confidence,
    Exchange,
    Finding,
    Layer,
    Outcome,
    Purpose,
    Verdict,
)
from gatewatch.release.baseline import of_verdict
from gatewatch.release.checked import Checked
from gatewatch.reports.look import expected, facts, got, seconds, subject, what
from tests.builders import verdict
from tests.reports.releases import EARLIER, NEW, SEEN


def seen(status: int, purpose: Purpose = Purpose.LOOK, **changes: object) -> Exchange:
    response = replace(SEEN.response, status=status, elapsed_ms=float(status), **changes)
    return replace(SEEN, request=replace(SEEN.request, purpose=purpose), response=response)


def failing(one: Verdict, before: Verdict | None = None) -> Checked:
    known = None if before is None else of_verdict(before, EARLIER)
    return replace(NEW, verdict=one, before=known, caller=one.caller)


@pytest.mark.parametrize(
    ("evidence", "status"),
    [
        pytest.param([seen(500)], "500", id="alone"),
        pytest.param([seen(500), seen(401), seen(403)], "500", id="beside_other_callers"),
        pytest.param([seen(500), seen(404, Purpose.CONTROL)], "500", id="beside_a_control"),
        pytest.param([seen(0)], "no answer", id="no_answer"),
        pytest.param([seen(0, status_told=False)], "", id="not_told"),
        pytest.param([], "", id="no_evidence"),
    ],
)
def test_the_status_is_the_callers_own(evidence: list[Exchange], status: str) -> None:
    look = failing(verdict(evidence=tuple(evidence)))
    assert got(look) == status
    assert seconds(look) == (int(status) / 1000 if status.isdigit() else 0.0)


OPEN = verdict(caller=ANONYMOUS, finding=Finding.PROTECTED_ROUTE_OPEN, layer=Layer.OK)
LOST = verdict(caller=ANONYMOUS)


@pytest.mark.parametrize(
    ("one", "before", "told"),
    [
        pytest.param(OPEN, None, "a refusal", id="exposure"),
        pytest.param(verdict(), None, "an answer", id="a_member_is_refused"),
        pytest.param(LOST, None, "", id="a_stranger_and_nothing_is_known"),
        pytest.param(
            LOST,
            verdict(Outcome.PASS, layer=Layer.AUTH),
            "a refusal by its guard",
            id="a_stranger_who_was_refused",
        ),
        pytest.param(LOST, verdict(Outcome.PASS), "", id="a_stranger_who_was_let_in"),
        pytest.param(verdict(finding=Finding.UNEXPECTED_STATUS), None, "", id="a_status"),
    ],
)
def test_what_was_expected_is_told_where_it_is_known(
    one: Verdict, before: Verdict | None, told: str
) -> None:
    assert expected(failing(one, before)) == told


AMBIGUOUS = verdict(
    layer=Layer.AMBIGUOUS,
    candidates=(Candidate("route_not_found", Layer.ROUTING), Candidate("iam_unsigned", Layer.AUTH)),
)


@pytest.mark.parametrize(
    ("one", "about", "told"),
    [
        pytest.param(verdict(), "routing", "route_not_found or 1 look-alike", id="look_alikes"),
        pytest.param(
            AMBIGUOUS, "routing or auth", "refused at routing or auth", id="several_layers"
        ),
        pytest.param(
            verdict(cause="unknown", layer=Layer.UNKNOWN, candidates=()),
            "an unknown layer",
            "refused at an unknown layer: unknown",
            id="unknown_layer",
        ),
        pytest.param(
            verdict(candidates=(), confidence=Confidence.LIKELY),
            "routing",
            "refused at routing: route_not_found, likely",
            id="likely",
        ),
        pytest.param(
            verdict(candidates=(), confidence=Confidence.CERTAIN),
            "routing",
            "refused at routing: route_not_found",
            id="certain",
        ),
    ],
)
def test_no_layer_or_cause_is_told_more_surely_than_it_is_known(
    one: Verdict, about: str, told: str
) -> None:
    look = failing(one)
    assert subject(look) == about
    assert told in what(look)
    assert f"layer: {about}" in [f"{name}: {value}" for name, value in facts(look)]
