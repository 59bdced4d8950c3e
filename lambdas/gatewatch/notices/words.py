"""The phrases that every output shares: titles, confidence, exchanges in one line."""

from __future__ import annotations

from collections.abc import Sequence

from gatewatch.diagnosis.causes import catalogue
from gatewatch.gateway.url import is_local, parse
from gatewatch.incidents.correlate import OPEN, moment
from gatewatch.incidents.learn import concerned
from gatewatch.model import (
    ANONYMOUS,
    GATES,
    OK,
    Acknowledgement,
    Candidate,
    Confidence,
    CredentialKind,
    Diagnosis,
    Exchange,
    Finding,
    Gate,
    Incident,
    Layer,
    NextProbe,
    Owner,
    Purpose,
    Verdict,
)

_FINDINGS = {
    Finding.PROTECTED_ROUTE_OPEN: "open to everybody",
    Finding.PUBLIC_ROUTE_CLOSED: "public, and asks for a credential",
    Finding.ENTRANCE_NOT_CLOSED: "open at an entrance that must be closed",
    Finding.GUARD_WEAKENED: "no longer guarded",
    Finding.UNEXPECTED_STATUS: "answering with an unexpected status",
    Finding.ASSERTION_FAILED: "answering without what it must bring",
    Finding.CERTIFICATE_EXPIRING: "behind a certificate that expires soon",
    Finding.SLOW: "slower than expected",
    Finding.UNDECIDED: "undecided",
    Finding.CREDENTIAL_UNREADABLE: "not looked at, for want of a credential",
}

_EXPECTED = {
    Finding.PROTECTED_ROUTE_OPEN: "a refusal of everybody without a valid credential",
    Finding.PUBLIC_ROUTE_CLOSED: "an answer without a credential",
    Finding.ENTRANCE_NOT_CLOSED: "a refusal of everybody at this entrance",
    Finding.GUARD_WEAKENED: "a refusal by the guard that gatewatch.yaml declares",
    Finding.UNEXPECTED_STATUS: "the status that gatewatch.yaml expects",
    Finding.ASSERTION_FAILED: "an answer that brings what gatewatch.yaml expects of it",
    Finding.CERTIFICATE_EXPIRING: "a certificate that is valid for longer",
    Finding.SLOW: "an answer in time",
    Finding.UNDECIDED: "a look that decides",
    Finding.CREDENTIAL_UNREADABLE: "a credential that can be read",
}
_MOST_CALLERS = 3


def expected_phrase(incident: Incident) -> str:
    """What the routes concerned should have done; `because` is what they did."""
    if incident.finding is not Finding.REFUSED:
        return _EXPECTED[incident.finding]
    callers = sorted({one.caller for one in concerned(incident)})
    named = [caller_phrase(one) for one in callers[:_MOST_CALLERS]]
    more = len(callers) - _MOST_CALLERS
    if more > 0:
        named.append(f"as {more} more")
    if len(named) > 1:
        named[-1] = f"and {named[-1]}"
    return f"an answer {', '.join(named)}"


def title_of(cause: str) -> str:
    known = catalogue().get(cause)
    return known.title if known else "no known cause"


def caller_phrase(caller: str) -> str:
    return "without a credential" if caller == ANONYMOUS else f"as {caller}"


def acknowledged_phrase(who: Acknowledgement) -> str:
    return f"acknowledged by {who.by} at {moment(who.at)}" + (f": {who.why}" if who.why else "")


def owner_phrase(incident: Incident) -> str:
    """Who must act; with the team's name, where it is known."""
    team = f" ({incident.team})" if incident.team else ""
    return {
        Owner.API: f"the API's team{team}",
        Owner.CALLER: f"the owner of the credential or of this configuration{team}",
        Owner.PLATFORM: "the platform",
    }[incident.owner]


def verdict_phrase(diagnosis: Diagnosis) -> str:
    """Layer and cause, stated no more surely than they are known."""
    if is_ok(diagnosis):
        return "ok: nothing stopped the request"
    if diagnosis.layer is Layer.UNKNOWN:
        return "unknown: no cause fits this answer"
    count = len(diagnosis.candidates)
    if diagnosis.confidence is Confidence.AMBIGUOUS and count > 1:
        return f"{layers_phrase(diagnosis)}{_sureness(diagnosis)}: one of {count} causes"
    return f"{layers_phrase(diagnosis)}: {diagnosis.cause} ({diagnosis.confidence})"


def elsewhere_phrase(exchange: Exchange) -> str | None:
    """A note that no API Gateway answered, where the host's name alone shows it."""
    host = parse(exchange.request.url).host
    if not is_local(host):
        return None
    return (
        f"{host} is this machine, and no API Gateway: an emulator, a proxy or a program of your own"
        " answered. AWS's causes apply only as far as it imitates AWS."
    )


def is_ok(diagnosis: Diagnosis | Incident | Verdict) -> bool:
    """Whether certainly nothing stopped the request."""
    return diagnosis.cause == OK and diagnosis.confidence is not Confidence.AMBIGUOUS


def broke_off(exchange: Exchange) -> bool:
    """Whether an answer began and did not come whole. One longer than the read limit is whole."""
    return exchange.response.status > 0 and exchange.response.error is not None


def undecided_phrase(exchange: Exchange) -> str | None:
    """Why an answer was not read whole, so that it is no success yet; None if it was."""
    if broke_off(exchange):
        return f"undecided: the answer did not come whole: {exchange.response.error}"
    unread = next(iter(exchange.response.unread), None)
    return f"undecided: {unread}" if unread is not None else None


def _sureness(diagnosis: Diagnosis) -> str:
    return "" if diagnosis.layer is Layer.AMBIGUOUS else f" ({diagnosis.layer_confidence})"


_SKIPPED_BY_TEST_INVOKE = frozenset(GATES[: GATES.index(Gate.API_KEY) + 1])

_BEFORE_THE_GATEWAY = frozenset(GATES[: GATES.index(Gate.HOST)])


def test_invoke_phrase(candidates: Sequence[Candidate]) -> str | None:
    """Why a green test in the console would prove nothing here; None where it would.

    Test-invoke skips everything up to the API key: even a wrong path gives 200 there (recorded:
    localstack's TestApigatewayTestInvoke).
    """
    causes = catalogue()
    gates = {causes[one.cause].gate for one in candidates if one.cause in causes}
    if gates <= _BEFORE_THE_GATEWAY or not gates <= _SKIPPED_BY_TEST_INVOKE:
        return None
    return "a method's test-invoke proves nothing here: it skips stage, WAF, route, authorizer, key"


def headline(incident: Incident) -> str:
    """One line in a list: where, how much, what, and why."""
    what = f"{concerned_phrase(incident)} {what_phrase(incident)}{_reason(incident)}"
    return f"{place_phrase(incident)}: {what}"


def symptom(incident: Incident) -> str:
    """One line for a person who was just woken: how much and what, then where, and why."""
    return f"{symptom_alone(incident)}{_reason(incident)}"


def symptom_alone(incident: Incident) -> str:
    """The same without the cause, where room is scarce."""
    return f"{concerned_phrase(incident)} {what_phrase(incident)}, {place_phrase(incident)}"


def place_phrase(incident: Incident) -> str:
    return incident.api if incident.stage is None else f"{incident.api} {incident.stage}"


def concerned_phrase(incident: Incident) -> str:
    """How much: a route, or how many, or all that a credential is for."""
    routes = sorted({member.route for member in concerned(incident)})
    many = f"{len(routes)} routes" if len(routes) != 1 else routes[0]
    what, _, name = incident.scope.partition(" ")
    if incident.scope == "api":
        return f"all {many}"
    if what == "entrance":
        return f"all {many} at {name}"
    if what == "credential" and incident.finding is Finding.REFUSED:
        return f"our credential {name}, used for {many}{_elsewhere(incident)},"
    return many


def _elsewhere(incident: Incident) -> str:
    """How many other APIs are concerned; for a resolved incident, how many were."""
    is_open = incident.state == OPEN
    found = [one for one in incident.related if not is_open or one.until is None]
    if not found:
        return ""
    return f" and at {len(found)} other API{'s' if len(found) > 1 else ''}"


def what_phrase(incident: Incident) -> str:
    """What is the matter with them."""
    if incident.finding is not Finding.REFUSED:
        return finding_phrase(incident.finding)
    return f"refused at {layers_phrase(incident)}"


def _reason(incident: Incident) -> str:
    return f" ({_causes(incident)})" if incident.finding is Finding.REFUSED else ""


def _causes(incident: Incident) -> str:
    others = len(incident.candidates) - 1
    if others < 1:
        sure = incident.confidence in (Confidence.CERTAIN, Confidence.UNKNOWN)
        return incident.cause if sure else f"{incident.cause}, {incident.confidence}"
    return f"{incident.cause} or {others} look-alike{'s' if others > 1 else ''}"


def cause_phrase(incident: Incident) -> str:
    """The cause or the first of several, and how sure that is."""
    if not incident.candidates:
        return "no known cause fits"
    others = len(incident.candidates) - 1
    besides = f" or {others} look-alike{'s' if others > 1 else ''}" if others else ""
    return f"{incident.cause}{besides} ({incident.confidence})"


def layers_phrase(diagnosis: Diagnosis | Verdict | Incident) -> str:
    if diagnosis.layer is Layer.AMBIGUOUS:
        return " or ".join(dict.fromkeys(one.layer.value for one in diagnosis.candidates))
    return "an unknown layer" if diagnosis.layer is Layer.UNKNOWN else diagnosis.layer.value


def finding_phrase(finding: Finding | None) -> str:
    return _FINDINGS.get(finding, finding.value) if finding else ""


def candidate_line(candidate: Candidate) -> str:
    return f"{candidate.cause}: {title_of(candidate.cause)}"


def sent_phrase(exchange: Exchange) -> str:
    """`GET https://… with bearer`, marked if it was a control."""
    request = exchange.request
    kinds = [one.kind.value for one in request.presented if one.kind is not CredentialKind.NONE]
    carried = f" with {' + '.join(kinds)}" if kinds else ""
    control = "  (control)" if request.purpose is Purpose.CONTROL else ""
    where = " ".join(part for part in (request.method, request.url) if part)
    return f"{where or '(a request that was not told)'}{carried}{control}"


def probe_phrase(probe: NextProbe) -> str:
    """The look that would tell candidates apart."""
    who = "without a credential" if probe.credential == "none" else f"with {probe.credential}"
    return f"{probe.method} {probe.url} {who}"


_TELLING = ("x-amzn-errortype", "www-authenticate", "server", "x-cache", "x-amzn-waf-action")
_IDS = ("x-amzn-requestid", "x-amz-apigw-id", "apigw-requestid")
_SHOWN_BODY = 200


def seen_phrase(exchange: Exchange) -> str:
    """Status, telling headers, the kept body and the ids in AWS's logs, in one line."""
    response = exchange.response
    if response.status == 0 and response.status_told:
        return response.error or "no HTTP response"
    headers = {name.lower(): value for name, value in response.headers.items()}
    telling, ids = (
        [f"{name}: {headers[name]}" for name in names if name in headers]
        for names in (_TELLING, _IDS)
    )
    body = " ".join((response.body or "").split())[:_SHOWN_BODY]
    if not body and response.body_length:
        body = f"(a body of {response.body_length} characters, not the gateway's)"
    took = f"{response.elapsed_ms:.0f} ms" if response.elapsed_ms is not None else ""
    broken = f"(not whole: {response.error})" if broke_off(exchange) else ""
    shown = [part for part in (*telling, body, broken, *ids, took) if part]
    if not response.status_told and not shown:
        return "(no answer was shown)"
    status = str(response.status) if response.status_told else "(status not told)"
    return "  ".join((status, *shown))
