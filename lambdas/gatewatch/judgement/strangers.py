"""Strangers at protected routes: whether a guard refused them, or the route is exposed."""

from __future__ import annotations

from gatewatch.attempt import Probe
from gatewatch.diagnosis.causes import catalogue
from gatewatch.gateway.likeness import alike, turns_away
from gatewatch.gateway.passage import shows_its_writer
from gatewatch.gateway.url import parse
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
from gatewatch.judgement.doubt import (
    Worth,
    is_success,
    leads_to_login,
    weighed,
)
from gatewatch.model import (
    ANONYMOUS,
    GATES,
    GOT_THROUGH,
    OK,
    Confidence,
    Diagnosis,
    Exchange,
    Finding,
    Gate,
    Guard,
    Layer,
    Outcome,
    Owner,
    Response,
    Severity,
)


def calling_phrase(caller: str) -> str:
    """How a stranger called, in words."""
    if caller == ANONYMOUS:
        return "without a credential"
    return f"with an {caller}"


def on_trial(probe: Probe, one: DiagnosedLook, how: str) -> Judgement:
    """Whether the guard accepted an invalid credential; that it refuses strangers is known.

    It did not accept it if what refused may be one of the route's declared guards.
    """
    judgement = stranger_at_protected_route(probe, one, how)
    if judgement.finding in GOT_THROUGH or judgement.outcome is Outcome.PASS:
        return judgement
    causes, declared = catalogue(), set(probe.route.guarded_by)
    survivors = [causes[each.cause] for each in one.diagnosis.candidates if each.cause != OK]
    if any(cause.guards & declared for cause in survivors):
        return passes(f"a call {how} is refused ({one.exchange.response.status})")
    return Judgement(Outcome.UNKNOWN, None, judgement.because)


def stranger_at_protected_route(probe: Probe, one: DiagnosedLook, how: str) -> Judgement:
    diagnosis, response = one.diagnosis, one.exchange.response
    if diagnosis.layer is Layer.OK:
        return _redirected(probe, one) if response.status >= 300 else _let_in(probe, one, how)
    if every_survivor_proves_guard(diagnosis):
        return _refused_by_a_guard(probe, diagnosis, response.status)
    if is_wanted_failure(probe.route.expect, one.exchange) and _gets_what_members_get(one):
        return _exposed(how, response.status)
    if _is_refused_by_backend(probe, one):
        return passes("refused by the backend, as declared")
    if one.is_page:
        return Judgement(Outcome.UNKNOWN, None, f"{response.status}, but {SHOWN_ELSEWHERE_TOO}")
    if past_every_guard(one):
        return _let_through(probe, one, how)
    if diagnosis.layer is Layer.ROUTING or _declared_guard_is_none_of_them(probe, one):
        return Judgement(Outcome.FAIL, Finding.REFUSED, refusal_phrase(diagnosis, one.exchange))
    return Judgement(Outcome.UNKNOWN, None, _why_unproven(diagnosis, one.exchange))


def _gets_what_members_get(one: DiagnosedLook) -> bool:
    return one.member is not None and alike(one.exchange.response, one.member)


def _exposed(how: str, status: int) -> Judgement:
    return Judgement(
        Outcome.FAIL,
        Finding.PROTECTED_ROUTE_OPEN,
        f"a protected route answered a call {how} with {status}",
        owner=Owner.API,
        severity=Severity.CRITICAL,
    )


def _is_refused_by_backend(probe: Probe, one: DiagnosedLook) -> bool:
    """Whether the declared guard, the backend, refused; a 401 is a refusal, whatever it says."""
    if Guard.BACKEND not in probe.route.guarded_by:
        return False
    causes = [each.cause for each in one.diagnosis.candidates]
    by_status = one.exchange.response.status == _UNAUTHORIZED
    return causes[:1] == [_BY_BACKEND] or (by_status and (not causes or _BY_BACKEND in causes))


_UNAUTHORIZED = 401


_BY_BACKEND = "backend_denied"


def _declared_guard_is_none_of_them(probe: Probe, one: DiagnosedLook) -> bool:
    """Whether something other than the declared guard refused, in front of it or beside it.

    Not while a member gets in: then the way is open, and another guard turns strangers away. What
    comes and goes (no answer, a throttle) proves nothing about guards.
    """
    declared = set(probe.route.guarded_by)
    if not declared or Guard.BACKEND in declared or one.member is not None:
        return False
    causes = [catalogue()[each.cause] for each in one.diagnosis.candidates if each.cause != OK]
    if any(cause.guards & declared for cause in causes):
        return False
    layers = {cause.layer for cause in causes}
    return bool(layers & _BEFORE_ANY_GUARD) and layers <= _BEFORE_ANY_GUARD | {Layer.AUTH}


_BEFORE_ANY_GUARD = frozenset({Layer.ROUTING, Layer.EDGE})


def _refused_by_a_guard(probe: Probe, diagnosis: Diagnosis, status: int) -> Judgement:
    """A pass, unless the refusal may be another guard's: the declared one may be gone then."""
    declared = set(probe.route.guarded_by)
    causes = catalogue()
    strangers = [
        one.cause for one in diagnosis.candidates if not causes[one.cause].guards & declared
    ]
    if declared and strangers:
        because = f"refused by another guard than the declared one: {', '.join(strangers)}"
        return Judgement(Outcome.UNKNOWN, None, because)
    return passes(f"refused by its guard ({status})")


def _let_in(probe: Probe, one: DiagnosedLook, how: str) -> Judgement:
    """A success is an exposure only if it is the real answer; else the verdict states the doubt."""
    status = one.exchange.response.status
    success = weighed(one.exchange, one.nowhere, one.member, probe.route.expect)
    if success.worth is Worth.REAL:
        return _exposed(how, status)
    because = f"a stranger is answered with {status}, but {success.because}"
    if success.worth is Worth.PAGE:
        return Judgement(Outcome.UNKNOWN, None, because)
    if turns_away(one.exchange.response) and Guard.BACKEND in probe.route.guarded_by:
        return passes("turned away by the backend, as declared")
    return may_have_run(probe, one, Finding.GUARD_WEAKENED, because)


def may_have_run(probe: Probe, one: DiagnosedLook, finding: Finding, because: str) -> Judgement:
    """A doubtful success is unknown; a write that may have run is also held back and reported."""
    runs = probe.route.writes and not probe.route.invoke
    if not runs or turns_away(one.exchange.response):
        return Judgement(Outcome.UNKNOWN, None, because)
    because = f"{because}; it may have run"
    return Judgement(Outcome.UNKNOWN, finding, because, Owner.API, Severity.HIGH)


def _redirected(probe: Probe, one: DiagnosedLook) -> Judgement:
    """A redirect to a login is a backend's refusal: any other declared guard let the call through.

    No other redirect proves anything.
    """
    status = one.exchange.response.status
    if not leads_to_login(one.exchange.response):
        because = f"a stranger is redirected ({status}); that is no proof of a guard"
        return Judgement(Outcome.UNKNOWN, None, because)
    if Guard.BACKEND in probe.route.guarded_by:
        return passes(f"sent to a login by the backend, as declared ({status})")
    because = f"a stranger is sent to a login ({status})"
    if not probe.route.guarded_by or not shows_its_writer(one.exchange):
        because = f"{because}, perhaps by something else than the declared guard"
        return Judgement(Outcome.UNKNOWN, None, because)
    return _weakened(f"{because} by the backend: the call passed every declared guard")


_BEHIND_THE_GUARDS = frozenset(GATES[GATES.index(Gate.VALIDATION) :])


def no_answer_came(response: Response) -> bool:
    return response.status == 0 and response.status_told


def past_every_guard(one: DiagnosedLook) -> bool:
    """Whether the call stopped at a gate that lies behind authorization and API keys.

    Without an answer nobody knows where it stopped. WebSocket management validates a connection's
    id before it checks the caller (ms-120).
    """
    diagnosis, causes = one.diagnosis, catalogue()
    if "@connections" in parse(one.exchange.request.url).segments:
        return False
    if no_answer_came(one.exchange.response):
        return False
    return bool(diagnosis.candidates) and all(
        one.cause in causes and causes[one.cause].gate in _BEHIND_THE_GUARDS
        for one in diagnosis.candidates
    )


def _let_through(probe: Probe, one: DiagnosedLook, how: str) -> Judgement:
    """No guard of the gateway's refused.

    That proves nothing if the backend may be the guard, or if only a missing header shows that the
    gateway did not refuse.
    """
    diagnosis, status = one.diagnosis, one.exchange.response.status
    own_guard = not probe.route.guarded_by or Guard.BACKEND in probe.route.guarded_by
    stopped_by = f"{causes_phrase(diagnosis)} ({status})"
    if diagnosis.layer_confidence is not Confidence.CERTAIN or (
        own_guard and _stopped_behind_the_gateway(diagnosis)
    ):
        because = f"no guard of the gateway's refused; {stopped_by}"
        return _unproven(probe, one, because)
    if not shows_its_writer(one.exchange):
        because = f"only the lack of an error type tells that no guard refused; {stopped_by}"
        return _unproven(probe, one, because)
    return _weakened(f"a call {how} passed every guard; {stopped_by}")


def _unproven(probe: Probe, one: DiagnosedLook, because: str) -> Judgement:
    """A failure under a success's status may have run, as a success may."""
    if is_success(one.exchange):
        return may_have_run(probe, one, Finding.GUARD_WEAKENED, because)
    return Judgement(Outcome.UNKNOWN, None, because)


def _weakened(because: str) -> Judgement:
    return Judgement(
        Outcome.FAIL, Finding.GUARD_WEAKENED, because, owner=Owner.API, severity=Severity.HIGH
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
