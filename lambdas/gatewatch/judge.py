"""Whether a diagnosis is what the owner expects, and whose concern it is if not.

The false-pass guard lives here: a refusal proves protection only if every cause that could have
given it is a guard. So does exposure: a protected route that answers a stranger.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from msgspec.structs import replace

from gatewatch.causes import catalogue
from gatewatch.config.canonical import Expect, caller_name
from gatewatch.diagnose import NOTHING_FITS
from gatewatch.gateway.url import parse
from gatewatch.model import (
    ANONYMOUS,
    GATES,
    Access,
    Confidence,
    Diagnosis,
    Exchange,
    Finding,
    Gate,
    Guard,
    Layer,
    Outcome,
    Owner,
    Severity,
    Unsent,
    Verdict,
)
from gatewatch.plan import Probe, Skipped

CERTIFICATE_WARNING = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Judgement:
    """The part of a verdict that needs thought; the rest is copied from the diagnosis."""

    outcome: Outcome
    finding: Finding | None
    because: str
    owner: Owner | None = None
    severity: Severity | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """One look and what it shows in the light of all others at its route."""

    exchange: Exchange
    diagnosis: Diagnosis


def judge(
    probe: Probe,
    looks: Mapping[str, Exchange],
    others: Sequence[Exchange],
    diagnosis: Diagnosis,
    not_sent: Mapping[str, Unsent],
) -> list[Verdict]:
    """One verdict for each caller that was due. `looks` and `not_sent` are keyed by caller.

    `diagnosis` is of the looks in their order, then of `others` (the controls).
    """
    parts = diagnosis.parts or (diagnosis,)
    seen = {
        caller: Seen(exchange, part)
        for (caller, exchange), part in zip(looks.items(), parts, strict=False)
    }
    verdicts = [_skipped(probe, one) for one in probe.skipped]
    verdicts += [_not_sent(probe, caller, unsent) for caller, unsent in not_sent.items()]
    verdicts += [_verdict(probe, caller, one, seen, others) for caller, one in seen.items()]
    order = [ANONYMOUS, *(caller_name(callers) for callers in probe.route.callers)]
    return sorted(verdicts, key=lambda verdict: order.index(verdict.caller))


def _verdict(
    probe: Probe,
    caller: str,
    one: Seen,
    seen: Mapping[str, Seen],
    others: Sequence[Exchange],
) -> Verdict:
    judgement = _judgement(probe, caller, one)
    diagnosis = one.diagnosis
    cause = catalogue().get(diagnosis.cause)
    owner = judgement.owner or (cause.owner if cause else None)
    failed = judgement.outcome is not Outcome.PASS
    evidence = (one.exchange, *_beside(caller, seen), *others) if failed else (one.exchange,)
    return Verdict(
        api=probe.api.name,
        route=probe.route.name,
        entrance=probe.entrance.url,
        caller=caller,
        outcome=judgement.outcome,
        finding=judgement.finding,
        layer=diagnosis.layer,
        layer_confidence=diagnosis.layer_confidence,
        cause=diagnosis.cause,
        confidence=diagnosis.confidence,
        owner=owner if failed else None,
        because=judgement.because,
        severity=judgement.severity or probe.route.severity,
        stage=parse(probe.entrance.url).stage,
        candidates=diagnosis.candidates,
        ruled_out=diagnosis.ruled_out if failed else (),
        next_probe=diagnosis.next_probe if failed else None,
        evidence=evidence,
    )


def _beside(caller: str, seen: Mapping[str, Seen]) -> Iterator[Exchange]:
    return (one.exchange for name, one in seen.items() if name != caller)


def _judgement(probe: Probe, caller: str, one: Seen) -> Judgement:
    if probe.entrance.closed:
        return _at_closed_entrance(one)
    if caller == ANONYMOUS and probe.route.access is Access.PROTECTED:
        return _stranger_at_protected_route(probe, one)
    return _who_should_get_in(probe, caller, one)


def _who_should_get_in(probe: Probe, caller: str, one: Seen) -> Judgement:
    if one.diagnosis.layer is not Layer.OK and not _is_named(probe.route.expect, one.exchange):
        return _refused(probe, caller, one)
    return _got_in(probe.route.expect, one.exchange) or _passes("answered as expected")


def _is_named(expect: Expect, exchange: Exchange) -> bool:
    """Whether it is a failure by its status, and the owner says that this status is right."""
    status = exchange.response.status
    return status in expect.status and not 200 <= status < 400


def _passes(because: str) -> Judgement:
    return Judgement(Outcome.PASS, None, because)


def _refused(probe: Probe, caller: str, one: Seen) -> Judgement:
    diagnosis = one.diagnosis
    if one.exchange.response.status == 0 and diagnosis.layer is Layer.UNKNOWN:
        told = one.exchange.response.error or "no HTTP answer"
        return Judgement(Outcome.UNKNOWN, None, told)
    if caller == ANONYMOUS and _every_survivor_proves_guard(diagnosis):
        return Judgement(
            Outcome.FAIL,
            Finding.PUBLIC_ROUTE_CLOSED,
            "a public route asks for a credential",
            owner=Owner.API,
        )
    if diagnosis.cause == "masked_failure":
        return _masked(probe.route.expect, one)
    if diagnosis.layer is Layer.BACKEND and diagnosis.cause != "backend_denied":
        status = one.exchange.response.status
        return Judgement(Outcome.FAIL, Finding.UNEXPECTED_STATUS, f"the backend answered {status}")
    return Judgement(Outcome.FAIL, Finding.REFUSED, _told(diagnosis, one.exchange))


def _masked(expect: Expect, one: Seen) -> Judgement:
    """What the owner says of the body counts for more than what it looks like."""
    if expect.json or expect.body:
        return _got_in(expect, one.exchange) or _passes("answered as expected")
    return Judgement(Outcome.FAIL, Finding.ASSERTION_FAILED, _named(one.diagnosis), Owner.API)


def _told(diagnosis: Diagnosis, exchange: Exchange) -> str:
    status = exchange.response.status or "no answer"
    if diagnosis.layer is Layer.UNKNOWN:
        return f"{status}, by a cause that is not known"
    return f"{status}: {_named(diagnosis)}"


def _named(diagnosis: Diagnosis) -> str:
    titles = [catalogue()[one.cause].title for one in diagnosis.candidates if one.cause != "ok"]
    if diagnosis.confidence is Confidence.AMBIGUOUS:
        return f"one of {len(titles)} causes, first: {titles[0]}"
    return titles[0]


def _got_in(expect: Expect, exchange: Exchange) -> Judgement | None:
    """What is wrong with an answer that got through, if anything is."""
    response = exchange.response
    statuses = expect.status
    if (statuses and response.status not in statuses) or (
        not statuses and not 200 <= response.status < 300
    ):
        wanted = " or ".join(map(str, statuses)) or "a 2xx"
        because = f"status {response.status}, expected {wanted}"
        return Judgement(Outcome.FAIL, Finding.UNEXPECTED_STATUS, because, Owner.API)
    for sentence in response.unmet:
        return Judgement(Outcome.FAIL, Finding.ASSERTION_FAILED, sentence, Owner.API)
    if response.late is not None:
        return Judgement(Outcome.FAIL, Finding.SLOW, response.late, Owner.API)
    return _expiring(exchange)


def _expiring(exchange: Exchange) -> Judgement | None:
    until, now = exchange.response.certificate_expires, exchange.request.at
    if until is None or now is None:
        return None
    left = datetime.fromisoformat(until) - datetime.fromisoformat(now)
    if left > CERTIFICATE_WARNING:
        return None
    because = f"the server certificate expires in {left.days} days"
    return Judgement(Outcome.FAIL, Finding.CERTIFICATE_EXPIRING, because, Owner.API, Severity.LOW)


def _every_survivor_proves_guard(diagnosis: Diagnosis) -> bool:
    causes = catalogue()
    return bool(diagnosis.candidates) and all(
        one.cause in causes and causes[one.cause].proves_guard for one in diagnosis.candidates
    )


def _stranger_at_protected_route(probe: Probe, one: Seen) -> Judgement:
    diagnosis, response = one.diagnosis, one.exchange.response
    if diagnosis.layer is Layer.OK:
        return _open(response.status)
    if _every_survivor_proves_guard(diagnosis):
        return _refused_by_a_guard(probe, diagnosis, response.status)
    if Guard.BACKEND in probe.route.guarded_by and diagnosis.cause == "backend_denied":
        return _passes("refused by the backend, as declared")
    if _past_every_guard(one):
        return _let_through(probe, diagnosis, response.status)
    if diagnosis.layer is Layer.ROUTING:
        return Judgement(Outcome.FAIL, Finding.REFUSED, _told(diagnosis, one.exchange))
    return Judgement(Outcome.UNKNOWN, None, _why_unproven(diagnosis, one.exchange))


def _refused_by_a_guard(probe: Probe, diagnosis: Diagnosis, status: int) -> Judgement:
    """A guard other than the declared one leaves open whether the declared one is still there."""
    declared = set(probe.route.guarded_by)
    causes = catalogue()
    strangers = [
        one.cause for one in diagnosis.candidates if not causes[one.cause].guards & declared
    ]
    if declared and strangers:
        because = f"refused by another guard than the declared one: {', '.join(strangers)}"
        return Judgement(Outcome.UNKNOWN, None, because)
    return _passes(f"refused by its guard ({status})")


def _open(status: int) -> Judgement:
    if 300 <= status < 400:
        because = f"a stranger is redirected ({status}); that is no proof of a guard"
        return Judgement(Outcome.UNKNOWN, None, because)
    return Judgement(
        Outcome.FAIL,
        Finding.PROTECTED_ROUTE_OPEN,
        f"a protected route answered a call without a credential with {status}",
        owner=Owner.API,
        severity=Severity.CRITICAL,
    )


_BEHIND_THE_GUARDS = frozenset(GATES[GATES.index(Gate.VALIDATION) :])


def _past_every_guard(one: Seen) -> bool:
    """Whether the call stopped at a gate that lies behind authorization and API keys.

    WebSocket management validates a connection's id before it looks at the caller (ms-120).
    """
    diagnosis, causes = one.diagnosis, catalogue()
    if "@connections" in parse(one.exchange.request.url).segments:
        return False
    return bool(diagnosis.candidates) and all(
        one.cause in causes and causes[one.cause].gate in _BEHIND_THE_GUARDS
        for one in diagnosis.candidates
    )


def _let_through(probe: Probe, diagnosis: Diagnosis, status: int) -> Judgement:
    """No guard of the gateway's refused. Where the backend may be the guard, nothing is proven."""
    own_guard = not probe.route.guarded_by or Guard.BACKEND in probe.route.guarded_by
    if diagnosis.layer_confidence is not Confidence.CERTAIN or (
        own_guard and _stopped_behind_the_gateway(diagnosis)
    ):
        because = f"no guard of the gateway's refused; {_named(diagnosis)} ({status})"
        return Judgement(Outcome.UNKNOWN, None, because)
    return Judgement(
        Outcome.FAIL,
        Finding.GUARD_WEAKENED,
        f"a call without a credential passed every guard; {_named(diagnosis)} ({status})",
        owner=Owner.API,
        severity=Severity.HIGH,
    )


_BEHIND_THE_GATEWAY = frozenset({Gate.INTEGRATION, Gate.BACKEND})


def _stopped_behind_the_gateway(diagnosis: Diagnosis) -> bool:
    causes = catalogue()
    return all(causes[one.cause].gate in _BEHIND_THE_GATEWAY for one in diagnosis.candidates)


def _why_unproven(diagnosis: Diagnosis, exchange: Exchange) -> str:
    response = exchange.response
    if response.status == 0:
        return f"nothing is proven without an answer: {response.error}"
    if diagnosis.layer is Layer.UNKNOWN:
        return f"the refusal ({response.status}) is of no known form; it proves no guard"
    doubts = [
        one.cause
        for one in diagnosis.candidates
        if one.cause in catalogue() and not catalogue()[one.cause].proves_guard
    ]
    return f"the refusal may be no guard's: {', '.join(doubts[:4])}"


_ENTRANCE_GATES = frozenset(GATES[: GATES.index(Gate.WAF)])
_NO_PROOF_OF_CLOSURE = frozenset({"timeout", "connection_reset", "tls_failure"})


def _at_closed_entrance(one: Seen) -> Judgement:
    diagnosis, response = one.diagnosis, one.exchange.response
    if diagnosis.layer is Layer.OK and 300 <= response.status < 400:
        because = f"redirected ({response.status}); that is no proof of a closed entrance"
        return Judgement(Outcome.UNKNOWN, None, because)
    if diagnosis.layer is Layer.OK or _past_every_guard(one):
        return Judgement(
            Outcome.FAIL,
            Finding.ENTRANCE_NOT_CLOSED,
            f"an entrance that must refuse everybody let a call through ({response.status})",
            owner=Owner.API,
            severity=Severity.HIGH,
        )
    causes = catalogue()
    found = [causes[one.cause] for one in diagnosis.candidates if one.cause in causes]
    if any(cause.id in _NO_PROOF_OF_CLOSURE for cause in found):
        because = f"no answer came ({response.error}); an open entrance may fail so too"
        return Judgement(Outcome.UNKNOWN, None, because)
    if found and all(cause.gate in _ENTRANCE_GATES for cause in found):
        return _passes("closed")
    return Judgement(
        Outcome.UNKNOWN, None, "refused, but perhaps by the route's own guard and not the entrance"
    )


def _skipped(probe: Probe, one: Skipped) -> Verdict:
    verdict = _without_look(probe, one.caller, Outcome.SKIPPED, one.because, None)
    return replace(verdict, finding=one.finding)


def _not_sent(probe: Probe, caller: str, unsent: Unsent) -> Verdict:
    """Nothing is known of the route; a credential that cannot be had is news all the same."""
    verdict = _without_look(probe, caller, Outcome.UNKNOWN, unsent.because, Owner.CALLER)
    found = replace(verdict, finding=unsent.finding, scope=unsent.scope)
    if unsent.finding is Finding.CREDENTIAL_UNREADABLE:
        return replace(found, severity=Severity.HIGH)
    return found


def _without_look(
    probe: Probe, caller: str, outcome: Outcome, because: str, owner: Owner | None
) -> Verdict:
    return Verdict(
        api=probe.api.name,
        route=probe.route.name,
        entrance=probe.entrance.url,
        caller=caller,
        outcome=outcome,
        finding=None,
        layer=NOTHING_FITS.layer,
        cause=NOTHING_FITS.cause,
        confidence=NOTHING_FITS.confidence,
        owner=owner,
        because=because,
        severity=probe.route.severity,
        stage=parse(probe.entrance.url).stage,
    )
