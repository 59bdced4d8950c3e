"""What was known before a release excuses a failure only if it was that failure, there, before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from msgspec.structs import replace

from gatewatch.incidents.ahead import state_believed
from gatewatch.incidents.track import Patience, RouteState, track
from gatewatch.model import (
    ANONYMOUS,
    OK,
    Candidate,
    Finding,
    Layer,
    Outcome,
    Verdict,
)
from gatewatch.release.baseline import (
    Before,
    Key,
    Matched,
    at_another_url,
    is_same_failure,
    key_of,
    matched,
    of_states,
    of_verdict,
    of_verdicts,
)
from tests.builders import URL, verdict

RELEASED = datetime(2026, 11, 28, 12, tzinfo=UTC)
PATIENCE = Patience(open_after=2, resolve_after=2)
PASSES = verdict(Outcome.PASS)
LOST = verdict()
DENIED = verdict(
    layer=Layer.AUTH,
    cause="authorizer_denied",
    candidates=(Candidate("authorizer_denied", Layer.AUTH),),
)
UNDECIDED = verdict(Outcome.UNKNOWN)
UNREADABLE = verdict(Outcome.UNKNOWN, finding=Finding.CREDENTIAL_UNREADABLE, layer=Layer.UNKNOWN)
OPEN = verdict(finding=Finding.PROTECTED_ROUTE_OPEN, layer=Layer.OK, candidates=())
REFUSED = verdict(Outcome.PASS, layer=Layer.AUTH, cause="iam_unsigned")
OTHER_URL = "https://xyz789.execute-api.us-east-1.amazonaws.com/v2"


def state(before: Sequence[Verdict], after: Sequence[Verdict] = ()) -> RouteState:
    """Of looks a minute apart, up to a minute before the release and from a minute after it."""
    known: RouteState | None = None
    looks = [*((at - len(before), one) for at, one in enumerate(before)), *enumerate(after, 1)]
    for minutes, one in looks:
        at = (RELEASED + timedelta(minutes=minutes)).isoformat()
        known, _ = track(known, one, PATIENCE, at)
    assert known is not None
    return known


def known_of(one: RouteState) -> Before:
    [before] = of_states({"orders": [one]}, "the state", RELEASED).looks
    return before


def standing(before: Before, now: Verdict) -> str:
    if before.outcome is not Outcome.FAIL:
        return "first" if before.outcome is Outcome.UNKNOWN else "new"
    return "older" if is_same_failure(before, now) else "new"


@pytest.mark.parametrize(
    ("before", "after", "now", "expected"),
    [
        pytest.param([PASSES], [], LOST, "new", id="it_passed"),
        pytest.param([], [LOST], LOST, "first", id="never_looked_at_before"),
        pytest.param([LOST] * 3, [], LOST, "older", id="never_passed"),
        pytest.param([PASSES, LOST, LOST], [], LOST, "older", id="failing"),
        pytest.param([PASSES, LOST, LOST], [LOST] * 3, LOST, "older", id="failing_still"),
        pytest.param([PASSES], [LOST] * 3, LOST, "new", id="failing_since_the_release"),
        pytest.param([PASSES, LOST], [LOST] * 3, LOST, "older", id="failing_since_just_before"),
        pytest.param([PASSES, LOST], [], LOST, "new", id="suspected_and_not_counting_yet"),
        pytest.param([PASSES, DENIED, DENIED], [], LOST, "new", id="failing_otherwise"),
        pytest.param(
            [PASSES, DENIED, DENIED], [LOST] * 3, LOST, "new", id="failing_otherwise_since_then"
        ),
        pytest.param(
            [PASSES, LOST, LOST], [DENIED, LOST], LOST, "new", id="otherwise_and_back_since_then"
        ),
        pytest.param(
            [PASSES, LOST, LOST, DENIED], [DENIED], DENIED, "older", id="otherwise_before_it"
        ),
        pytest.param([PASSES, DENIED], [LOST] * 2, LOST, "new", id="otherwise_while_suspected"),
        pytest.param(
            [DENIED, PASSES, PASSES],
            [LOST, PASSES, LOST, PASSES],
            LOST,
            "new",
            id="comes_and_goes_otherwise_since_then",
        ),
        pytest.param([LOST] * 3 + [PASSES], [], LOST, "new", id="recovering"),
        pytest.param([LOST] * 3 + [PASSES] * 2, [], LOST, "new", id="recovered"),
        pytest.param([LOST] * 3, [PASSES] * 2, LOST, "new", id="mended_by_the_release"),
        pytest.param(
            [LOST, LOST, PASSES, LOST, PASSES, LOST, PASSES], [], LOST, "older", id="comes_and_goes"
        ),
        pytest.param(
            [LOST, LOST, PASSES, LOST, PASSES, LOST, *[PASSES] * 11],
            [],
            LOST,
            "new",
            id="came_and_went_long_ago",
        ),
        pytest.param([UNDECIDED] * 6, [], LOST, "first", id="undecided_incident"),
        pytest.param([PASSES, *[UNDECIDED] * 6], [], LOST, "new", id="undecided_that_passed_once"),
        pytest.param([UNDECIDED] * 6, [LOST] * 3, LOST, "new", id="undecided_till_the_release"),
        pytest.param([UNREADABLE], [], LOST, "first", id="a_retired_credential"),
        pytest.param([PASSES, UNREADABLE], [], LOST, "new", id="a_credential_that_went"),
        pytest.param([REFUSED, OPEN], [], OPEN, "older", id="open_already"),
        pytest.param([REFUSED, OPEN, REFUSED], [], OPEN, "new", id="it_was_open_and_is_closing"),
        pytest.param([REFUSED], [OPEN], OPEN, "new", id="opened_since"),
    ],
)
def test_only_a_failure_that_was_known_to_be_that_one_is_older(
    before: Sequence[Verdict], after: Sequence[Verdict], now: Verdict, expected: str
) -> None:
    assert standing(known_of(state(before, after)), now) == expected


def test_what_a_clock_ahead_stored_began_after_the_release() -> None:
    ahead = replace(state([PASSES]), seen_at="2027-01-01T00:00:00+00:00")
    failing, _ = track(ahead, LOST, Patience(1, 1), "2027-01-01T00:01:00+00:00")
    for one in (failing, state_believed(failing, RELEASED + timedelta(minutes=5))):
        assert standing(known_of(one), LOST) == "new"


def test_that_a_failure_came_to_show_something_else_is_read_both_ways() -> None:
    one = state([PASSES, DENIED, DENIED], [LOST])
    written = msgspec.json.encode(one)
    assert msgspec.json.decode(written, type=RouteState) == one
    older = msgspec.to_builtins(one)
    assert older.pop("otherwise_since") == "2026-11-28T12:01:00+00:00"
    assert msgspec.convert(older, RouteState).otherwise_since is None


@pytest.mark.parametrize(
    ("before", "now", "is_same"),
    [
        pytest.param(LOST, LOST, True, id="the_same"),
        pytest.param(LOST, DENIED, False, id="other_causes"),
        pytest.param(LOST, OPEN, False, id="another_finding"),
        pytest.param(
            verdict(finding=Finding.UNEXPECTED_STATUS, candidates=(Candidate(OK, Layer.OK),)),
            verdict(
                finding=Finding.UNEXPECTED_STATUS,
                candidates=(Candidate("backend_error", Layer.BACKEND),),
            ),
            False,
            id="a_wrong_status_that_became_an_error",
        ),
        pytest.param(
            verdict(finding=Finding.PUBLIC_ROUTE_CLOSED, candidates=DENIED.candidates),
            verdict(finding=Finding.PUBLIC_ROUTE_CLOSED, candidates=LOST.candidates),
            False,
            id="closed_by_another_guard",
        ),
        pytest.param(PASSES, LOST, False, id="it_passed"),
        pytest.param(UNDECIDED, LOST, False, id="it_was_undecided"),
        pytest.param(UNREADABLE, LOST, False, id="it_was_not_looked_at"),
    ],
)
def test_failures_are_the_same_if_one_cause_may_explain_both(
    before: Verdict, now: Verdict, is_same: bool
) -> None:
    assert is_same_failure(of_verdict(before, None), now) is is_same


def compared(known: Iterable[Verdict], now: Iterable[Verdict]) -> Matched:
    return matched(of_verdicts(known, "a file", None), [key_of(one) for one in now])


def of_route(route: str, one: Verdict = PASSES) -> Verdict:
    return replace(one, route=route)


@pytest.mark.parametrize(
    ("known", "now", "found", "renamed", "gone"),
    [
        pytest.param([PASSES], [PASSES], 1, {}, [], id="the_same"),
        pytest.param([], [PASSES], 0, {}, [], id="an_empty_file"),
        pytest.param(
            [of_route("GET /a/{x}")],
            [of_route("GET /a/{y}")],
            1,
            {"GET /a/{y}": "it was GET /a/{x}"},
            [],
            id="renamed_variable",
        ),
        pytest.param(
            [of_route("GET /a/{x+}")],
            [of_route("GET /a/{y}")],
            0,
            {},
            ["GET /a/{x+}"],
            id="greedy_is_another_route",
        ),
        pytest.param(
            [of_route("GET /a")], [of_route("GET /b")], 0, {}, ["GET /a"], id="renamed_path"
        ),
        pytest.param(
            [of_route("GET /a")], [of_route("POST /a")], 0, {}, ["GET /a"], id="another_method"
        ),
        pytest.param([PASSES], [replace(PASSES, api="shop")], 0, {}, ["GET /x"], id="renamed_api"),
        pytest.param(
            [PASSES], [replace(PASSES, caller="user2")], 0, {}, ["GET /x"], id="another_caller"
        ),
        pytest.param(
            [PASSES],
            [PASSES, replace(PASSES, entrance=OTHER_URL)],
            1,
            {},
            [],
            id="an_additional_entrance",
        ),
        pytest.param(
            [PASSES],
            [replace(PASSES, entrance=OTHER_URL)],
            1,
            {"GET /x": f"it was {URL}"},
            [],
            id="moved_entrance",
        ),
        pytest.param(
            [PASSES],
            [replace(PASSES, entrance=one) for one in (OTHER_URL, f"{OTHER_URL}/b")],
            0,
            {},
            ["GET /x"],
            id="moved_to_two_entrances",
        ),
        pytest.param(
            [replace(PASSES, caller="invalid token"), UNDECIDED],
            [of_route("GET /b")],
            0,
            {},
            [],
            id="what_is_no_loss_is_not_told",
        ),
        pytest.param(
            [of_route("GET /other", replace(LOST, api="other"))],
            [PASSES],
            0,
            {},
            ["GET /other"],
            id="a_file_of_another_configuration",
        ),
    ],
)
def test_what_is_new_gone_or_renamed_is_told(
    known: list[Verdict],
    now: list[Verdict],
    found: int,
    renamed: dict[str, str],
    gone: list[str],
) -> None:
    account = compared(known, now)
    assert len(account.found) == found
    assert {key.route: told for key, told in account.renamed.items()} == renamed
    assert [one.route for one in account.gone] == gone


def test_what_failed_at_another_url_excuses_nothing_at_this_one() -> None:
    moved = replace(LOST, entrance=OTHER_URL)
    [before] = compared([LOST], [moved]).found.values()
    assert standing(before, moved) == "first"
    [asked_for] = at_another_url(of_verdicts([LOST], "", None), "orders", URL, OTHER_URL).looks
    assert standing(asked_for, moved) == "older"


def test_a_renamed_variable_keeps_what_failed() -> None:
    renamed = of_route("GET /a/{y}", LOST)
    [before] = compared([of_route("GET /a/{x}", LOST)], [renamed]).found.values()
    assert standing(before, renamed) == "older"


def test_the_names_of_variables_are_no_match_where_several_are_alike() -> None:
    known = [of_route("GET /a/{x}"), of_route("GET /a/{y}")]
    account = compared(known, [of_route("GET /a/{z}")])
    assert not account.found
    assert len(account.gone) == 2


def test_a_stranger_who_was_let_in_is_known_to_have_been() -> None:
    public = replace(PASSES, caller=ANONYMOUS)
    assert known_of(state([public])).layer is Layer.OK
    assert known_of(state([replace(REFUSED, caller=ANONYMOUS)])).layer is Layer.UNKNOWN


def test_keys_name_the_look() -> None:
    assert key_of(PASSES) == Key("orders", "GET /x", URL, "user")
