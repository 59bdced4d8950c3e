"""Diagnosis as a whole: groups, facts, and what must hold for every input."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gatewatch.diagnosis.diagnose import diagnose, next_control, subject_of
from gatewatch.diagnosis.facts import Facts
from gatewatch.model import (
    ApiKind,
    Confidence,
    CredentialKind,
    Diagnosis,
    Exchange,
    Guard,
    Layer,
    Request,
    Response,
)
from tests.support import corpus, look, recorded

G = "GET HOST/prod/x"
MAT = "rest 403 MissingAuthenticationTokenException | Missing Authentication Token"
FORBIDDEN = "rest 403 ForbiddenException | Forbidden"
UNAUTHORIZED = "rest 401 UnauthorizedException | Unauthorized"
NO_METHOD = "rest 404 NotFoundException | No method found matching route x for http method GET."
DENIED = (
    'rest 403 AccessDeniedException | {"Message":"User is not authorized to access this resource '
    'with an explicit deny in an identity-based policy"}'
)
OK = 'rest 200 | {"ok":true}'


def told(*lines: str, facts: Facts | None = None) -> Diagnosis:
    return diagnose([look(line) for line in lines], facts or Facts())


def causes(diagnosis: Diagnosis) -> set[str]:
    return {one.cause for one in diagnosis.candidates}


def test_a_success_is_ok_and_certain() -> None:
    found = told(f"{G} -> {OK}")
    assert (found.layer, found.cause, found.confidence) == ("ok", "ok", "certain")


def test_nothing_known_is_unknown_without_candidates() -> None:
    found = told(f"{G} -> stranger 418 | teapot")
    assert (found.layer, found.cause, found.confidence) == ("unknown", "unknown", "unknown")
    assert found.candidates == ()


def test_causes_in_several_layers_leave_the_layer_ambiguous() -> None:
    found = told(f"{G} -> {MAT}")
    assert (found.layer, found.layer_confidence) == (Layer.AMBIGUOUS, Confidence.AMBIGUOUS)


def test_a_signature_makes_the_layer_certain_though_the_cause_is_not() -> None:
    found = told(f"{G} -> {MAT}", f"{G} with sigv4=valid -> {NO_METHOD}")
    assert (found.layer, found.layer_confidence) == (Layer.ROUTING, Confidence.CERTAIN)
    assert found.confidence is Confidence.AMBIGUOUS
    assert "iam_unsigned" in {one.cause for one in found.ruled_out}


@pytest.mark.parametrize(
    ("place", "layer"), [("HOST/prod/x", Layer.ROUTING), ("https://api.example.com/x", None)]
)
def test_only_on_its_way_to_a_name_of_the_owners_may_our_signature_be_lost(
    place: str, layer: Layer | None
) -> None:
    found = told(f"GET {place} -> {MAT}", f"GET {place} with sigv4=valid -> {MAT}")
    assert ("iam_unsigned" in causes(found)) is (layer is None)
    assert found.layer is (layer or Layer.AMBIGUOUS)


def test_what_is_ruled_out_says_why_and_what_was_seen() -> None:
    found = told(f"{G} -> {MAT}", f"{G} with sigv4=valid -> {OK}")
    part = found.parts[0]
    reasons = {one.cause: one.because for one in part.ruled_out}
    assert reasons["route_not_found"] == (
        "without a matching route, a valid signature is answered with 404 No method found; "
        "a signer without permission is denied before that; here it was a success"
    )


def test_a_guarded_route_that_refuses_strangers_is_ok() -> None:
    found = told(f"{G} -> {UNAUTHORIZED}", f"{G} with bearer=valid -> {OK}")
    assert (found.cause, found.confidence) == ("ok", "certain")
    assert "identity_source_missing" in causes(found.parts[0])


def test_the_subject_is_the_look_with_a_valid_credential() -> None:
    found = told(f"{G} -> {UNAUTHORIZED}", f"{G} with bearer=valid -> {DENIED}")
    assert found.cause == "authorizer_denied"


def test_routes_that_no_cause_explains_together_leave_the_parts() -> None:
    denied = f"GET HOST/prod/y with bearer=valid -> {DENIED}"
    found = told(f"{G} -> {MAT}", denied)
    assert found.cause == "unknown"
    assert {part.cause for part in found.parts} == {"route_not_found", "authorizer_denied"}


def test_transient_answers_refute_nothing() -> None:
    alone = told(f"{G} -> {FORBIDDEN}")
    beside = told(f"{G} -> {FORBIDDEN}", "OPTIONS HOST/prod/x (control) -> none timeout: late")
    assert causes(alone) == causes(beside)


def test_while_settling_one_look_refutes_nothing_and_two_do() -> None:
    control = f"GET HOST/prod/gatewatch-no-such-route (control) -> {MAT}"
    other = f"OPTIONS HOST/prod/x (control) -> {MAT}"
    settling = Facts(settling=True)
    lines = [f"{G} -> {FORBIDDEN}", control]
    assert "stage_not_found" not in causes(told(*lines))
    assert "stage_not_found" in causes(told(*lines, facts=settling))
    assert "stage_not_found" not in causes(told(*lines, other, facts=settling))


def test_declared_intent_tells_which_guard_refused() -> None:
    control = f"GET HOST/prod/gatewatch-no-such-route (control) -> {MAT}"
    lines = (f"{G} -> {FORBIDDEN}", control)
    assert causes(told(*lines)) == {"api_key_missing", "waf_blocked"}
    declared = told(*lines, facts=Facts(guarded_by=frozenset({Guard.API_KEY})))
    assert (causes(declared), declared.confidence) == ({"api_key_missing"}, Confidence.LIKELY)


def test_declared_intent_never_tells_that_a_guard_refused() -> None:
    declared = Facts(guarded_by=frozenset({Guard.IAM}))
    assert causes(told(f"{G} -> {MAT}")) == causes(told(f"{G} -> {MAT}", facts=declared))


@pytest.mark.parametrize(
    ("lines", "credential", "url"),
    [
        ([f"{G} -> {FORBIDDEN}"], "none", "HOST/prod/gatewatch-no-such-route"),
        ([f"{G} -> {MAT}"], "sigv4", "HOST/prod/x"),
    ],
)
def test_the_next_probe_is_the_one_that_splits_best(
    lines: list[str], credential: str, url: str
) -> None:
    probe = told(*lines).next_probe
    assert probe is not None
    assert (probe.credential, probe.url) == (credential, look(f"GET {url} -> {OK}").request.url)
    assert "would mean" in probe.why


def test_a_question_that_was_asked_is_not_asked_again() -> None:
    control = f"GET HOST/prod/gatewatch-no-such-route (control) -> {FORBIDDEN}"
    probe = told(f"{G} -> {FORBIDDEN}", control).next_probe
    assert probe is None or "no-such-route" not in probe.url


def test_a_monitor_asks_with_a_credential_only_where_it_may() -> None:
    exchanges = [look(f"{G} -> {MAT}")]
    assert next_control(exchanges, 0, frozenset()) is None
    signed = next_control(exchanges, 0, frozenset({CredentialKind.SIGV4}))
    assert signed is not None
    assert (signed.method, signed.credential) == ("GET", CredentialKind.SIGV4)


def test_a_monitor_never_asks_with_a_write() -> None:
    exchanges = [look(f"POST HOST/prod/x -> {MAT}")]
    assert next_control(exchanges, 0, frozenset({CredentialKind.SIGV4})) is None


# What holds for every input

ROWS = sorted(corpus())
LINES = [
    f"{G} -> {MAT}",
    f"{G} -> {FORBIDDEN}",
    f"{G} with api_key=valid -> {FORBIDDEN}",
    f"{G} with sigv4=valid -> {NO_METHOD}",
    f"{G} with bearer=valid -> {DENIED}",
    f"{G} -> {UNAUTHORIZED}",
    f"{G} with bearer=valid -> {OK}",
    f"GET HOST/prod/gatewatch-no-such-route (control) -> {MAT}",
    f"GET HOST/prod/gatewatch-no-such-route (control) -> {FORBIDDEN}",
    f"OPTIONS HOST/prod/x (control) -> {OK}",
]


@given(st.lists(st.sampled_from(LINES), min_size=2, max_size=4, unique=True))
def test_the_order_of_looks_changes_nothing(lines: list[str]) -> None:
    exchanges = [look(line) for line in lines]
    found = {
        (d.layer, d.layer_confidence, d.cause, d.confidence, d.candidates, d.ruled_out)
        for order in permutations(exchanges)
        for d in [diagnose(order)]
    }
    assert len(found) == 1


_RANK = {"unknown": 0, "ambiguous": 1, "likely": 2, "certain": 3}


def _without_body(one: Exchange) -> Exchange:
    return replace(one, response=replace(one.response, body=None))


def _without_headers(one: Exchange) -> Exchange:
    return replace(one, response=replace(one.response, headers={}))


def _without_kind(one: Exchange) -> Exchange:
    return replace(one, api_kind=None)


def _without_credential(one: Exchange) -> Exchange:
    unknown = replace(one.request, credential=CredentialKind.UNKNOWN, credentials=(), headers={})
    return replace(one, request=unknown)


@pytest.mark.parametrize("row_id", ROWS)
@pytest.mark.parametrize(
    "remove", [_without_body, _without_headers, _without_kind, _without_credential]
)
def test_less_evidence_never_makes_a_diagnosis_more_certain(row_id: str, remove: object) -> None:
    whole = recorded(row_id)
    less = remove(whole)  # type: ignore[operator]
    before, after = diagnose([whole]), diagnose([less])
    if before.cause == "unknown" or 200 <= whole.response.status < 400:
        # A success is certain by its status alone; only its body could have said otherwise.
        return
    assert _RANK[after.confidence] <= _RANK[before.confidence]


@given(st.data())
def test_fewer_looks_never_make_a_diagnosis_more_certain(data: st.DataObject) -> None:
    lines = data.draw(st.lists(st.sampled_from(LINES), min_size=2, max_size=4, unique=True))
    exchanges = [look(line) for line in lines]
    whole = diagnose(exchanges)
    subject = exchanges[subject_of(exchanges, whole.parts)]
    dropped = data.draw(st.sampled_from([one for one in exchanges if one is not subject]))
    fewer = [one for one in exchanges if one is not dropped]
    if whole.cause != "unknown":
        assert causes(whole) <= causes(diagnose(fewer))


_TEXT = st.text(max_size=60)
_HEADERS = st.dictionaries(
    st.sampled_from(["x-amzn-errortype", "x-amzn-requestid", "apigw-requestid", "via", "Date"])
    | _TEXT,
    _TEXT,
    max_size=5,
)


@given(
    st.sampled_from(["GET", "HEAD", "POST", "X"]),
    _TEXT | st.just("https://a.execute-api.us-east-1.amazonaws.com/p/x"),
    st.sampled_from(list(CredentialKind)),
    st.integers(0, 999),
    _HEADERS,
    st.none() | _TEXT | st.binary(max_size=60).map(lambda raw: raw.decode("latin-1")),
    st.none() | st.sampled_from([kind.value for kind in ApiKind]) | _TEXT,
)
def test_no_exchange_makes_it_fail(
    method: str,
    url: str,
    credential: CredentialKind,
    status: int,
    headers: dict[str, str],
    body: str | None,
    kind: str | None,
) -> None:
    exchange = Exchange(
        api_kind=kind,
        request=Request(method=method, url=url, credential=credential),
        response=Response(status=status, headers=headers, body=body),
    )
    found = diagnose([exchange])
    assert (found.cause == "unknown") == (not found.candidates)


@pytest.mark.parametrize("row_id", ROWS)
def test_header_case_order_and_white_space_change_nothing(row_id: str) -> None:
    whole = recorded(row_id)
    headers = {name.upper(): value for name, value in reversed(whole.response.headers.items())}
    body = whole.response.body and f"  {whole.response.body}\n"
    mutated = replace(whole, response=replace(whole.response, headers=headers, body=body))
    before, after = diagnose([whole]), diagnose([mutated])
    assert (before.cause, before.candidates) == (after.cause, after.candidates)
