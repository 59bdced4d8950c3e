"""One story for routes that share a cause; its id stays from open to resolve."""

from __future__ import annotations

import string

import pytest
from msgspec.structs import replace

from gatewatch.incidents.acknowledge import acknowledge
from gatewatch.incidents.correlate import correlate, incident_id, length
from gatewatch.incidents.learn import StatesNow, learn
from gatewatch.incidents.track import RouteState, Symptom, Transition, Turn
from gatewatch.model import (
    Acknowledgement,
    Candidate,
    Confidence,
    Finding,
    Incident,
    Layer,
    NextProbe,
    Owner,
    RuledOut,
    Severity,
    Update,
)
from gatewatch.notices.words import headline
from tests.builders import URL, candidates
from tests.support import look

T0, T1, T2, T3 = (f"2026-11-22T00:0{minute}:00+00:00" for minute in range(4))


def problem(*names: str, **changes: object) -> Symptom:
    settled = {
        "finding": Finding.REFUSED,
        "layer": Layer.ROUTING,
        "layer_confidence": Confidence.CERTAIN,
        "cause": names[0] if names else "ok",
        "confidence": Confidence.AMBIGUOUS,
        "owner": Owner.API,
        "severity": Severity.MEDIUM,
        "because": "403",
        "candidates": candidates(*names),
        **changes,
    }
    return Symptom(**settled)  # type: ignore[arg-type]


def state(route: str, found: Symptom | None = None, caller: str = "user") -> RouteState:
    return RouteState(
        route=route, entrance=URL, caller=caller, problem=found, is_failing=found is not None
    )


def turn(kind: Turn, one: RouteState, at: str = T0) -> Transition:
    return Transition(kind, one, at, "prod")


def opened(*states: RouteState, at: str = T0) -> list[Incident]:
    return correlate("orders", states, [], [turn(Turn.OPENED, one, at) for one in states])


def routes(incident: Incident) -> set[str]:
    return {member.route for member in incident.members}


def test_a_host_that_is_not_reached_is_one_story_however_it_fails() -> None:
    scope = "host api.example.com:443"
    gone = problem("dns_failure", scope=scope, confidence=Confidence.CERTAIN)
    late = problem("timeout", scope=scope, confidence=Confidence.CERTAIN)
    a, b, c = state("GET /a", gone), state("GET /b", gone), state("GET /c", late)
    [one] = opened(a, b, c)
    assert routes(one) == {"GET /a", "GET /b", "GET /c"}
    assert one.confidence is Confidence.LIKELY
    moved = [replace(a, problem=late), replace(b, problem=late), c]
    [after] = correlate("orders", moved, [one], [turn(Turn.CHANGED, moved[0], T1)])
    assert (after.id, after.state) == (one.id, "open")
    assert all(member.until is None for member in after.members)


def test_another_host_is_another_story() -> None:
    gone = problem("dns_failure", scope="host a.example.com:443")
    late = problem("timeout", scope="host b.example.com:443")
    assert len(opened(state("GET /a", gone), state("GET /b", late))) == 2


def test_routes_that_share_a_possible_cause_are_one_incident() -> None:
    [one] = opened(
        state("GET /a", problem("stage_not_found", "waf_blocked")),
        state("GET /b", problem("stage_not_found", "base_path_not_mapped")),
    )
    assert routes(one) == {"GET /a", "GET /b"}
    assert [one.cause, one.confidence] == ["stage_not_found", "ambiguous"]
    assert [one.cause for one in one.candidates] == ["stage_not_found", "waf_blocked"]


def test_look_alikes_that_neither_is_led_by_are_no_story() -> None:
    found = opened(
        state("GET /a", problem("stage_not_found", "waf_blocked")),
        state("GET /b", problem("api_key_invalid", "waf_blocked")),
    )
    assert sorted(sorted(routes(one)) for one in found) == [["GET /a"], ["GET /b"]]


def test_routes_that_share_none_are_two() -> None:
    found = opened(
        state("GET /a", problem("route_not_found")), state("GET /b", problem("api_key_invalid"))
    )
    assert sorted(sorted(routes(one)) for one in found) == [["GET /a"], ["GET /b"]]


def test_those_with_the_fewest_possible_causes_name_the_story() -> None:
    found = opened(
        state("GET /a", problem("x", "y")),
        state("GET /b", problem("y", "z")),
        state("GET /c", problem("x")),
    )
    assert sorted(sorted(routes(one)) for one in found) == [["GET /a", "GET /c"], ["GET /b"]]


def test_that_nothing_may_be_wrong_is_no_common_cause() -> None:
    found = opened(state("GET /a", problem("x", "ok")), state("GET /b", problem("ok", "y")))
    assert sorted(sorted(routes(one)) for one in found) == [["GET /a"], ["GET /b"]]


def test_an_exposure_is_its_own_story() -> None:
    exposed = problem(finding=Finding.PROTECTED_ROUTE_OPEN, severity=Severity.CRITICAL)
    found = opened(state("GET /a", problem("route_not_found")), state("GET /b", exposed))
    assert {one.finding for one in found} == {Finding.REFUSED, Finding.PROTECTED_ROUTE_OPEN}


@pytest.mark.parametrize("undecided_first", [True, False])
def test_what_is_undecided_is_no_story_that_an_outage_joins(undecided_first: bool) -> None:
    """Each is told, acknowledged and resolved by itself."""
    undecided = problem("x", "y", finding=Finding.UNDECIDED, severity=Severity.LOW)
    pair = [state("POST /a", undecided), state("GET /b", problem("x"))]
    first, second = pair if undecided_first else reversed(pair)
    [before] = opened(first)
    mine = acknowledge(before, Acknowledgement(by="ann", at=T0))
    found = correlate("orders", [first, second], [mine], [turn(Turn.OPENED, second, T1)])
    assert sorted(sorted(routes(one)) for one in found) == [["GET /b"], ["POST /a"]]
    new = next(one for one in found if one.id != before.id)
    assert (new.acknowledged, new.opened_at) == (None, T1)
    healed = state("GET /b")
    ends = turn(Turn.RECOVERED, healed, T2)
    after = correlate("orders", [pair[0], healed], found, [ends])
    assert {one.finding: one.state for one in after} == {"undecided": "open", "refused": "resolved"}


def test_what_is_undecided_for_a_stranger_is_not_told_while_its_route_is() -> None:
    """It is told when that story is over, if it is undecided still."""
    refused = state("GET /a", problem("x"))
    undecided = problem("x", "y", finding=Finding.UNDECIDED)
    stranger = later("GET /a", undecided, T2, caller="anonymous")
    [before] = opened(refused)
    [during] = correlate("o", [refused, stranger], [before], [turn(Turn.OPENED, stranger, T1)])
    assert [one.caller for one in during.members] == ["user"]
    healed = state("GET /a")
    found = correlate("o", [healed, stranger], [during], [turn(Turn.RECOVERED, healed, T2)])
    assert {one.finding: one.state for one in found} == {"refused": "resolved", "undecided": "open"}


def test_credentials_that_cannot_be_read_are_one_story_for_each() -> None:
    def unread(scope: str) -> Symptom:
        return problem(finding=Finding.CREDENTIAL_UNREADABLE, scope=scope)

    found = opened(
        state("GET /a", unread("credential user")),
        state("GET /b", unread("credential user")),
        state("GET /c", unread("credential partner")),
    )
    assert sorted((one.scope, len(routes(one))) for one in found) == [
        ("credential partner", 1),
        ("credential user", 2),
    ]


def test_a_late_route_joins_and_the_id_stays() -> None:
    first = opened(state("GET /a", problem("stage_not_found")))
    late = state("GET /b", problem("stage_not_found"))
    [second] = correlate("orders", [late], first, [turn(Turn.OPENED, late, T1)])
    assert second.id == first[0].id
    assert [member.since for member in second.members] == [T0, T1]


def test_it_resolves_when_the_last_route_has_recovered() -> None:
    a, b = state("GET /a", problem("x")), state("GET /b", problem("x"))
    [incident] = opened(a, b)
    [still] = correlate("orders", [], [incident], [turn(Turn.RECOVERED, state("GET /a"), T1)])
    assert (still.state, still.resolved_at) == ("open", None)
    [done] = correlate("orders", [], [still], [turn(Turn.RECOVERED, state("GET /b"), T3)])
    assert (done.id, done.state, done.resolved_at) == (incident.id, "resolved", T3)
    assert done.updates[-1].text == "resolved after 3m 0s"


def test_a_route_that_fails_again_is_the_same_member() -> None:
    a, b = state("GET /a", problem("x")), state("GET /b", problem("x"))
    [incident] = opened(a, b)
    [one] = correlate("orders", [], [incident], [turn(Turn.RECOVERED, state("GET /a"), T1)])
    [one] = correlate("orders", [], [one], [turn(Turn.OPENED, a, T2)])
    assert [(m.route, m.until) for m in one.members] == [("GET /b", None), ("GET /a", None)]


def test_a_changed_cause_moves_the_route() -> None:
    [before] = opened(state("GET /a", problem("x")))
    changed = state("GET /a", problem("y"))
    found = correlate("orders", [changed], [before], [turn(Turn.CHANGED, changed, T1)])
    by_state = {one.state: one for one in found}
    assert by_state["resolved"].id == before.id
    assert [one.cause for one in by_state["open"].candidates] == ["y"]


def test_a_changed_cause_that_still_fits_stays() -> None:
    [before] = opened(state("GET /a", problem("x", "y")))
    changed = state("GET /a", problem("y"))
    [after] = correlate("orders", [changed], [before], [turn(Turn.CHANGED, changed, T1)])
    assert after.id == before.id
    assert after.members == before.members
    assert not any("fails for another reason" in one.text for one in after.updates)


def test_a_retired_route_ends_its_membership() -> None:
    [before] = opened(state("GET /a", problem("x")))
    gone = turn(Turn.RETIRED, state("GET /a", problem("x")), T1)
    [after] = correlate("orders", [], [before], [gone])
    assert after.state == "resolved"
    assert "left the configuration" in after.updates[-2].text


def test_the_gravest_member_gives_the_severity() -> None:
    [one] = opened(
        state("GET /a", problem("x", severity=Severity.LOW)),
        state("GET /b", problem("x", severity=Severity.HIGH)),
    )
    assert one.severity is Severity.HIGH


@pytest.mark.parametrize(
    ("failing", "healthy", "scope"),
    [
        ([("GET /a", "user")], [("GET /b", "user")], "route"),
        ([("GET /a", "user"), ("GET /b", "user")], [], "api"),
        ([("GET /a", "k"), ("GET /b", "k")], [("GET /c", "user")], "2 routes"),
        ([("GET /a", "u"), ("GET /b", "k")], [("GET /c", "user")], "2 routes"),
        ([("GET /a", "user")], [], "route"),
        ([("GET /a", "k")], [("GET /b", "user")], "route"),
    ],
)
def test_scope(failing: list[tuple[str, str]], healthy: list[tuple[str, str]], scope: str) -> None:
    bad = [state(route, problem("x"), caller) for route, caller in failing]
    good = [state(route, None, caller) for route, caller in healthy]
    transitions = [turn(Turn.OPENED, one) for one in bad]
    [one] = correlate("orders", [*bad, *good], [], transitions)
    assert one.scope == scope


def test_the_same_tick_told_twice_opens_the_same_incident() -> None:
    one = state("GET /a", problem("x"))
    assert opened(one)[0].id == opened(one)[0].id
    assert opened(one)[0].id != opened(one, at=T1)[0].id


def test_an_id_is_a_ulid_that_sorts_by_time() -> None:
    ids = [incident_id("orders", turn(Turn.OPENED, state("GET /a"), at)) for at in (T0, T1, T2)]
    assert ids == sorted(ids)
    crockford = set(string.digits + string.ascii_uppercase) - set("ILOU")
    assert all(len(one) == 26 and set(one) <= crockford and one[0] <= "7" for one in ids)


def test_a_history_is_bounded() -> None:
    [one] = opened(state("GET /a", problem("x")), state("GET /b", problem("x")))
    for _ in range(200):
        [one] = correlate("o", [], [one], [turn(Turn.RECOVERED, state("GET /a"), T1)])
        [one] = correlate("o", [], [one], [turn(Turn.OPENED, state("GET /a", problem("x")), T2)])
    assert len(one.updates) == 100
    assert len(one.members) == 2


@pytest.mark.parametrize(
    ("end", "text"),
    [("00:00:41", "41s"), ("00:06:10", "6m 10s"), ("02:05:59", "2h 5m")],
)
def test_lengths(end: str, text: str) -> None:
    assert length("2026-11-22T00:00:00+00:00", f"2026-11-22T{end}+00:00") == text


# What an incident learns while it lasts


def later(route: str, found: Symptom, at: str = T1, caller: str = "user") -> RouteState:
    return replace(state(route, found, caller), seen_at=at)


CERTAIN = {
    "layer": Layer.AUTH,
    "confidence": Confidence.CERTAIN,
    "owner": Owner.CALLER,
    "ruled_out": (RuledOut("route_not_found", "the route exists"),),
    "evidence": (look("GET HOST/prod/a -> rest 403 | x"),),
}


def test_an_incident_says_what_its_route_shows_now() -> None:
    [before] = opened(state("GET /a", problem("route_not_found", "iam_unsigned")))
    found = later("GET /a", problem("iam_unsigned", **CERTAIN))
    [after] = correlate("orders", [found], [before], [])
    assert (after.id, after.cause, after.layer) == (before.id, "iam_unsigned", Layer.AUTH)
    assert (after.confidence, after.owner) == (Confidence.CERTAIN, Owner.CALLER)
    assert [one.cause for one in after.candidates] == ["iam_unsigned"]
    assert after.ruled_out == CERTAIN["ruled_out"]
    assert after.evidence == CERTAIN["evidence"]
    assert after.updates[-1] == Update(
        at=T1, text="now iam_unsigned (certain); until now route_not_found (ambiguous)"
    )


def test_a_look_that_tells_nothing_new_is_no_update() -> None:
    [before] = opened(state("GET /a", problem("x", "y")))
    [after] = correlate("orders", [later("GET /a", problem("x", "y"))], [before], [])
    assert after.updates == before.updates


def test_a_cause_that_drifts_stays_one_incident_and_is_named_as_it_is_now() -> None:
    [one] = opened(state("GET /a", problem("a", "b")))
    first = one.id
    for at, names in ((T1, "bc"), (T2, "cd")):
        [one] = correlate("orders", [later("GET /a", problem(*names), at)], [one], [])
    assert one.id == first
    assert [candidate.cause for candidate in one.candidates] == ["c", "d"]


def test_a_member_that_shares_the_cause_no_more_becomes_its_own_incident() -> None:
    first, second = state("GET /a", problem("x", "y")), state("GET /b", problem("x", "z"))
    [before] = opened(first, second)
    found = later("GET /b", problem("z"))
    kept, new = correlate("orders", [first, found], [before], [])
    assert (kept.id, new.cause) == (before.id, "z")
    assert [(m.route, m.until) for m in kept.members] == [("GET /a", None), ("GET /b", T1)]
    assert "GET /b as user fails for another reason" in [one.text for one in kept.updates]
    assert [candidate.cause for candidate in kept.candidates] == ["x", "y"]
    assert routes(new) == {"GET /b"}


def test_two_members_that_part_in_the_same_tick_part() -> None:
    one, other = state("GET /a", problem("x", "y")), state("GET /b", problem("x", "y"))
    [before] = opened(one, other)
    now = [later("GET /a", problem("x")), later("GET /b", problem("y"))]
    found = correlate("orders", now, [before], [])
    assert sorted((one.cause, len(one.members)) for one in found) == [("x", 2), ("y", 1)]


@pytest.mark.parametrize(
    ("mine", "other", "confidence", "layer_confidence"),
    [
        (["x"], ["x"], Confidence.CERTAIN, Confidence.CERTAIN),
        (["x"], ["x", "y"], Confidence.LIKELY, Confidence.CERTAIN),
        (["x", "y"], ["x", "y"], Confidence.AMBIGUOUS, Confidence.CERTAIN),
        (["x", "y"], ["x", "z"], Confidence.AMBIGUOUS, Confidence.CERTAIN),
    ],
)
def test_an_incident_is_no_surer_than_its_members(
    mine: list[str], other: list[str], confidence: Confidence, layer_confidence: Confidence
) -> None:
    """What one member rules out is not ruled out for another: nothing is intersected."""

    def shown(names: list[str]) -> Symptom:
        sure = Confidence.CERTAIN if len(names) == 1 else Confidence.AMBIGUOUS
        return problem(*names, confidence=sure)

    [one] = opened(state("GET /a", shown(mine)), state("GET /b", shown(other)))
    assert [each.cause for each in one.candidates] == mine
    assert (one.confidence, one.layer_confidence) == (confidence, layer_confidence)


def test_a_layer_is_no_surer_than_what_the_members_allow() -> None:
    wide = replace(
        problem("x", layer=Layer.AMBIGUOUS),
        candidates=(*candidates("x"), Candidate("y", Layer.AUTH)),
    )
    [one] = opened(
        state("GET /a", problem("x", confidence=Confidence.CERTAIN)), state("GET /b", wide)
    )
    assert (one.layer, one.layer_confidence) == (Layer.ROUTING, Confidence.LIKELY)


def test_what_was_ruled_out_stays_out_when_who_ruled_it_out_has_left() -> None:
    narrow, broad = (state(f"GET /{n}", problem(*c)) for n, c in (("a", "x"), ("b", "xy")))
    [before] = opened(narrow, broad)
    [after] = correlate("o", [broad], [before], [turn(Turn.RECOVERED, state("GET /a"), T1)])
    assert [one.cause for one in after.candidates] == ["x"]
    assert after.confidence is not Confidence.CERTAIN


def test_the_look_that_would_settle_it_is_kept() -> None:
    probe = NextProbe(credential="sigv4", method="GET", url=URL, why="w")
    [one] = opened(state("GET /a", problem("x", "y", next_probe=probe)))
    assert one.next_probe == probe


OTHER = "https://api.example.com/orders"


def test_one_fault_seen_at_several_entrances_is_one_story() -> None:
    """What answers for a stage that is gone differs from entrance to entrance."""
    here = state("GET /a", problem("stage_not_found", "stage_missing_from_url"))
    there = replace(state("GET /a", problem("base_path_not_mapped")), entrance=OTHER)
    [one] = opened(here, there)
    assert {member.entrance for member in one.members} == {URL, OTHER}
    assert one.confidence is not Confidence.CERTAIN
    assert len(opened(here, replace(there, route="GET /b"))) == 2
    auth = replace(there, problem=replace(there.problem, candidates=(AUTHORIZER,)))  # type: ignore[type-var]
    assert len(opened(here, auth)) == 2


def test_all_routes_at_one_of_several_entrances() -> None:
    bad = [replace(state(f"GET /{n}", problem("x")), entrance=OTHER) for n in "ab"]
    good = [state(f"GET /{n}") for n in "ab"]
    [one] = correlate("o", [*bad, *good], [], [turn(Turn.OPENED, each) for each in bad])
    assert one.scope == f"entrance {OTHER}"


AUTHORIZER = Candidate("authorizer_denied", Layer.AUTH)


def denied(*names: str) -> Symptom:
    causes = names or ("authorizer_denied",)
    return problem(
        *causes, layer=Layer.AUTH, candidates=tuple(Candidate(n, Layer.AUTH) for n in causes)
    )


def test_a_credential_refused_wherever_it_is_used_is_one_incident_and_ours_first() -> None:
    bad = [
        state("GET /a", denied("authorizer_denied"), "user"),
        state("GET /b", denied("cognito_token_rejected"), "user"),
    ]
    good = state("GET /c", None, "key")
    [one] = correlate("o", [*bad, good], [], [turn(Turn.OPENED, each) for each in bad])
    assert (one.owner, one.scope, len(one.members)) == (Owner.CALLER, "credential user", 2)


def test_a_credential_that_works_somewhere_is_not_at_fault_everywhere() -> None:
    bad = state("GET /a", denied(), "user")
    good = state("GET /b", None, "user")
    [one] = correlate("o", [bad, good], [], [turn(Turn.OPENED, bad)])
    assert (one.owner, one.scope) == (Owner.API, "route")


@pytest.mark.parametrize(("has_passed", "owner"), [(False, Owner.CALLER), (True, Owner.API)])
def test_a_credential_that_was_never_accepted_is_ours_first(has_passed: bool, owner: Owner) -> None:
    bad = replace(state("GET /a", denied(), "user"), has_passed=has_passed)
    [one] = correlate("o", [bad], [], [turn(Turn.OPENED, bad)])
    assert one.owner is owner


def test_what_is_no_fault_of_a_credential_is_not_put_down_to_it() -> None:
    bad = [state(f"GET /{n}", problem("stage_not_found"), "user") for n in "ab"]
    good = state("GET /c", None, "key")
    [one] = correlate("o", [*bad, good], [], [turn(Turn.OPENED, each) for each in bad])
    assert (one.owner, one.scope) == (Owner.API, "2 routes")


@pytest.mark.parametrize(
    ("after", "is_covered"),
    [
        (problem("x"), True),
        (problem("y"), True),
        (problem("x", severity=Severity.HIGH), False),
    ],
)
def test_an_acknowledgement_covers_what_was_acknowledged(after: Symptom, is_covered: bool) -> None:
    [before] = opened(state("GET /a", problem("x", "y")))
    mine = acknowledge(before, Acknowledgement(by="ann", at=T0))
    late = later("GET /b", after)
    now = [state("GET /a", problem("x", "y")), late]
    [joined] = correlate("orders", now, [mine], [turn(Turn.OPENED, late, T1)])
    assert (joined.acknowledged is not None) is is_covered


def test_that_a_member_comes_and_goes_is_said_once() -> None:
    [before] = opened(state("GET /a", problem("x")))
    flapping = replace(
        later("GET /a", problem("x")), is_flapping=True, recent=("t", "", "t", "", "t")
    )
    [after] = correlate("orders", [flapping], [before], [turn(Turn.FLAPPING, flapping, T1)])
    assert after.flapping
    assert after.updates[-1].text == "GET /a as user comes and goes: 3 of the last 5 looks failed"
    [again] = correlate("orders", [flapping], [after], [])
    assert again == after


def test_who_has_recovered_counts_no_more() -> None:
    bad = [state(f"GET /{name}", problem("x")) for name in "abc"]
    [before] = opened(*bad)
    assert before.scope == "api"
    assert headline(before) == "orders prod: all 3 routes refused at routing (x, ambiguous)"
    good = [state("GET /a"), state("GET /b")]
    ends = [turn(Turn.RECOVERED, one, T1) for one in good]
    [after] = correlate("orders", [*good, bad[2]], [before], ends)
    assert after.scope == "route"
    assert headline(after) == "orders prod: GET /c refused at routing (x, ambiguous)"
    last = state("GET /c")
    [resolved] = correlate("orders", [*good, last], [after], [turn(Turn.RECOVERED, last, T2)])
    assert (resolved.scope, "all 3 routes" in headline(resolved)) == ("api", True)


def test_what_many_routes_show_alike_is_learned_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """To ask all members whenever one joins would take a minute where 1,000 routes fail."""
    asked: list[str] = []

    def counting(incident: Incident, now: StatesNow) -> Incident:
        asked.append(incident.id)
        return learn(incident, now)

    monkeypatch.setattr("gatewatch.incidents.correlate.learn", counting)
    [one] = opened(*(state(f"GET /r{n}", problem("waf_blocked")) for n in range(100)))
    assert len(routes(one)) == 100
    assert len(asked) == 2
