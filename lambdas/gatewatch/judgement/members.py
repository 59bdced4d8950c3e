"""Callers who should get in: strangers at public routes, and credentials of ours."""

from __future__ import annotations

from datetime import datetime, timedelta

from gatewatch.attempt import Probe
from gatewatch.config.canonical import Expect
from gatewatch.judgement.diagnosed import (
    SHOWN_ELSEWHERE_TOO,
    DiagnosedLook,
    Judgement,
    causes_phrase,
    every_survivor_proves_guard,
    is_wanted_failure,
    passes,
    refusal_phrase,
)
from gatewatch.judgement.unbelieved import may_be_a_page_for_all
from gatewatch.model import (
    ANONYMOUS,
    OK,
    Exchange,
    Finding,
    Layer,
    Outcome,
    Owner,
    Severity,
)

CERTIFICATE_WARNING = timedelta(days=14)


def who_should_get_in(probe: Probe, caller: str, one: DiagnosedLook) -> Judgement:
    expect = probe.route.expect
    if one.diagnosis.layer is not Layer.OK and not is_wanted_failure(expect, one.exchange):
        return _refused(probe, caller, one)
    if wrong := _got_in(expect, one.exchange):
        return wrong
    if one.is_page and may_be_a_page_for_all(probe, one.exchange.response):
        because = f"{SHOWN_ELSEWHERE_TOO}; if that is meant, say so with `expect: {{body: …}}`"
        return Judgement(Outcome.FAIL, Finding.ASSERTION_FAILED, because, Owner.API)
    return passes("answered as expected")


def _refused(probe: Probe, caller: str, one: DiagnosedLook) -> Judgement:
    diagnosis = one.diagnosis
    if one.as_browser is not None:
        because = (
            f"only the monitor is refused ({one.exchange.response.status}): with a browser's"
            f" User-Agent it is answered with {one.as_browser.status}, so users are fine"
        )
        return Judgement(Outcome.FAIL, Finding.REFUSED, because, Owner.CALLER, Severity.LOW)
    if one.exchange.response.status == 0 and diagnosis.layer is Layer.UNKNOWN:
        because = one.exchange.response.error or "no HTTP answer"
        return Judgement(Outcome.UNKNOWN, None, because)
    if caller == ANONYMOUS and every_survivor_proves_guard(diagnosis):
        return Judgement(
            Outcome.FAIL,
            Finding.PUBLIC_ROUTE_CLOSED,
            "a public route asks for a credential",
            owner=Owner.API,
        )
    if diagnosis.candidates and {each.cause for each in diagnosis.candidates} <= _MAYBE_MASKED:
        return _masked(probe.route.expect, one)
    if diagnosis.layer is Layer.BACKEND and diagnosis.cause != "backend_denied":
        status = one.exchange.response.status
        return Judgement(Outcome.FAIL, Finding.UNEXPECTED_STATUS, f"the backend answered {status}")
    return Judgement(Outcome.FAIL, Finding.REFUSED, refusal_phrase(diagnosis, one.exchange))


_MAYBE_MASKED = frozenset({OK, "masked_failure"})


def _masked(expect: Expect, one: DiagnosedLook) -> Judgement:
    """The owner's expectation of the body outweighs what the body looks like."""
    if expect.json or expect.body:
        return _got_in(expect, one.exchange) or passes("answered as expected")
    return Judgement(
        Outcome.FAIL, Finding.ASSERTION_FAILED, causes_phrase(one.diagnosis), Owner.API
    )


def _got_in(expect: Expect, exchange: Exchange) -> Judgement | None:
    """What is wrong with an answer that got through, if anything."""
    response = exchange.response
    statuses = expect.status
    if (statuses and response.status not in statuses) or (
        not statuses and not 200 <= response.status < 300
    ):
        wanted = " or ".join(map(str, statuses)) or "a 2xx"
        because = f"status {response.status}, expected {wanted}"
        return Judgement(Outcome.FAIL, Finding.UNEXPECTED_STATUS, because, Owner.API)
    if response.error is not None:
        because = f"the body did not come whole: {response.error}"
        return Judgement(Outcome.FAIL, Finding.ASSERTION_FAILED, because, Owner.API)
    for sentence in response.unmet:
        return Judgement(Outcome.FAIL, Finding.ASSERTION_FAILED, sentence, Owner.API)
    for sentence in response.unread:
        return Judgement(Outcome.UNKNOWN, None, f"status {response.status}, but {sentence}")
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
