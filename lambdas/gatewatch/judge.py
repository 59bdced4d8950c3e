"""Whether a diagnosis is what the owner expects, and whose concern it is if not.

The false-pass guard lives here: a refusal proves protection only if every cause that could have
given it is a guard. So does exposure: a protected route that answers a stranger.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import replace as replaced
from datetime import datetime, timedelta

from msgspec.structs import replace

from gatewatch.causes import catalogue
from gatewatch.closure import why_not_closed
from gatewatch.config.canonical import Expect, caller_name
from gatewatch.diagnose import NOTHING_FITS
from gatewatch.doubt import (
    Worth,
    is_at_the_root,
    is_everywhere,
    is_nowhere,
    is_success,
    leads_to_login,
    may_be_a_page,
    nowhere,
    states_content,
    weighed,
)
from gatewatch.gateway.failure import is_unreached
from gatewatch.gateway.likeness import alike, is_unseen, turns_away
from gatewatch.gateway.passage import shows_its_writer
from gatewatch.gateway.url import parse
from gatewatch.model import (
    ANONYMOUS,
    GATES,
    GOT_THROUGH,
    INVALID_CALLERS,
    OK,
    Access,
    Candidate,
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
    RuledOut,
    Severity,
    Unsent,
    Validity,
    Verdict,
    is_stranger,
)
from gatewatch.plan import Probe, Skipped, host_scope

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
    """One look and what it shows in the light of all others at its route.

    `nowhere` are the answers to strangers at paths that cannot exist; `member` is what a credential
    of ours got in this run, if it got in. `as_browser`: what the same look got with a browser's
    User-Agent, if that was asked.
    """

    exchange: Exchange
    diagnosis: Diagnosis
    nowhere: tuple[Response, ...] = ()
    member: Response | None = None
    as_browser: Response | None = None

    @property
    def is_page(self) -> bool:
        """Whether it only looks like a success: everything is answered so."""
        return is_success(self.exchange) and is_everywhere(self.exchange.response, self.nowhere)


def judge(
    probe: Probe,
    looks: Mapping[str, Exchange],
    others: Sequence[Exchange],
    diagnosis: Diagnosis,
    not_sent: Mapping[str, Unsent],
    instead: Mapping[str, Seen] | None = None,
    as_browser: Mapping[str, Exchange] | None = None,
) -> list[Verdict]:
    """One verdict for each caller that was due. `looks` and `not_sent` are keyed by caller.

    `diagnosis` is of the looks in their order, then of `others` (the controls). `instead`: what
    other looks at the same host showed in place of those that were not sent. `as_browser`: what
    callers got when the same look was taken with a browser's User-Agent.
    """
    shown = instead or {}
    seen = _with_browsers(_seen(probe, looks, others, diagnosis), as_browser or {})
    verdicts = [_skipped(probe, one) for one in probe.skipped]
    verdicts += [
        _not_reached(probe, caller, unsent, shown[caller])
        if caller in shown
        else _not_sent(probe, caller, unsent)
        for caller, unsent in not_sent.items()
    ]
    browsers = (one for one in (as_browser or {}).values() if one not in others)
    asked = (*others, *browsers)
    verdicts += [_verdict(probe, caller, one, seen, asked) for caller, one in seen.items()]
    order = [
        ANONYMOUS,
        *INVALID_CALLERS.values(),
        *(caller_name(callers) for callers in probe.route.callers),
    ]
    return sorted(verdicts, key=lambda verdict: order.index(verdict.caller))


def undecided(
    probe: Probe, looks: Mapping[str, Exchange], not_sent: Mapping[str, Unsent], fault: str
) -> list[Verdict]:
    """Where a fault of ours keeps us from judging. That a stranger got a success is told all the
    same: it may be an exposure, and a write may have run."""
    return [
        *(_skipped(probe, one) for one in probe.skipped),
        *(_not_sent(probe, caller, unsent) for caller, unsent in not_sent.items()),
        *(_not_judged(probe, caller, exchange, fault) for caller, exchange in looks.items()),
    ]


def _not_judged(probe: Probe, caller: str, exchange: Exchange, fault: str) -> Verdict:
    because = f"status {exchange.response.status}, which could not be judged ({fault})"
    verdict = _without_look(probe, caller, Outcome.UNKNOWN, because, Owner.CALLER)
    verdict = replace(verdict, evidence=(exchange,))
    shut = probe.entrance.closed or _is_a_stranger_at_protected_route(probe, caller)
    if not (shut and is_success(exchange)):
        return verdict
    found = Finding.ENTRANCE_NOT_CLOSED if probe.entrance.closed else Finding.GUARD_WEAKENED
    return replace(verdict, finding=found, owner=Owner.API, severity=Severity.HIGH)


def _seen(
    probe: Probe, looks: Mapping[str, Exchange], others: Sequence[Exchange], diagnosis: Diagnosis
) -> dict[str, Seen]:
    parts = diagnosis.parts or (diagnosis,)
    seen = {
        caller: Seen(exchange, part, tuple(nowhere(others, exchange)))
        for (caller, exchange), part in zip(looks.items(), parts, strict=False)
    }
    member = next(
        (one.exchange.response for one in seen.values() if _is_a_member(probe, one)), None
    )
    return {caller: replaced(one, member=member) for caller, one in seen.items()}


def _with_browsers(seen: Mapping[str, Seen], browsers: Mapping[str, Exchange]) -> dict[str, Seen]:
    """Where a browser comes further, only what may go by the User-Agent is left of the causes; and
    whoever else was refused here need not have met a closed way."""
    found = dict(seen)
    for caller, exchange in browsers.items():
        one = seen[caller]
        left = [each for each in one.diagnosis.candidates if each.cause in BY_USER_AGENT]
        if not left or not comes_further(exchange, one.exchange, one.nowhere):
            continue
        found[caller] = replaced(
            one, diagnosis=_narrowed(one.diagnosis, left), as_browser=exchange.response
        )
        if is_success(exchange):
            found = {name: replaced(each, member=exchange.response) for name, each in found.items()}
    return found


def comes_further(browser: Exchange, look: Exchange, elsewhere: Sequence[Response]) -> bool:
    """Whether a browser comes further than the look did; or, at a path that cannot exist, than the
    monitor did there."""
    response = browser.response
    if is_unseen(response):
        return False
    if not is_nowhere(browser):
        as_expected = not (response.unmet or response.unread or response.error)
        return is_success(browser) and as_expected and not is_everywhere(response, elsewhere)
    return any(alike(there, look.response) and not alike(there, response) for there in elsewhere)


BY_USER_AGENT = frozenset(
    {
        "waf_blocked",
        "cloudfront_blocked",
        "edge_function_denied",
        "waf_challenge",
        "bot_challenge",
        "proxy_denied",
        "backend_denied",
    }
)
"""The causes that may tell a monitor from a browser by its User-Agent."""


def _narrowed(diagnosis: Diagnosis, left: Sequence[Candidate]) -> Diagnosis:
    """That the User-Agent made the difference is inferred: something may have changed meanwhile."""
    layers = {one.layer for one in left}
    ruled_out = tuple(
        RuledOut(one.cause, "a browser's User-Agent gets in")
        for one in diagnosis.candidates
        if one not in left
    )
    likely = Confidence.LIKELY
    return replace(
        diagnosis,
        layer=left[0].layer if len(layers) == 1 else Layer.AMBIGUOUS,
        layer_confidence=likely if len(layers) == 1 else Confidence.AMBIGUOUS,
        cause=left[0].cause,
        confidence=likely if len(left) == 1 else Confidence.AMBIGUOUS,
        candidates=tuple(left),
        ruled_out=(*diagnosis.ruled_out, *ruled_out),
    )


def asks_as_browser(probe: Probe, verdict: Verdict) -> bool:
    """Whether to ask if users are refused, too: what refused may go by the User-Agent."""
    refused = verdict.outcome is Outcome.FAIL and verdict.finding is Finding.REFUSED
    if probe.entrance.closed or not refused:
        return False
    return any(each.cause in BY_USER_AGENT for each in verdict.candidates)


def _is_a_member(probe: Probe, one: Seen) -> bool:
    """Whether a credential that is right got what its owner expects, and no page for everything."""
    presented = one.exchange.request.presented
    ours = bool(presented) and all(each.validity is Validity.VALID for each in presented)
    if ours and _is_named(probe.route.expect, one.exchange):
        return True
    return ours and one.diagnosis.layer is Layer.OK and is_success(one.exchange) and not one.is_page


def in_doubt(
    probe: Probe, looks: Mapping[str, Exchange], others: Sequence[Exchange]
) -> Exchange | None:
    """The first look whose success cannot be believed before a path that cannot exist was asked."""
    found = (
        exchange
        for caller, exchange in looks.items()
        if _is_in_doubt(probe, caller, exchange) and not nowhere(others, exchange)
    )
    return next(found, None)


def _is_in_doubt(probe: Probe, caller: str, exchange: Exchange) -> bool:
    if not is_success(exchange):
        return False
    if probe.entrance.closed or _is_a_stranger_at_protected_route(probe, caller):
        return True
    return _may_be_a_page_for_all(probe, exchange.response)


def _may_be_a_page_for_all(probe: Probe, response: Response) -> bool:
    """An owner who states the content has the last word on it; and at its root, a site shows its
    one page by right."""
    if states_content(probe.route.expect) or is_at_the_root(probe.called):
        return False
    return may_be_a_page(response)


def _verdict(
    probe: Probe,
    caller: str,
    one: Seen,
    seen: Mapping[str, Seen],
    others: Sequence[Exchange],
) -> Verdict:
    judgement = _judgement(probe, caller, one)
    scope = _unreached_host(probe, one)
    if scope is not None and judgement.outcome is Outcome.UNKNOWN and not probe.entrance.closed:
        judgement = replaced(judgement, finding=Finding.REFUSED)
    diagnosis = (
        NOTHING_FITS if one.is_page and judgement.outcome is not Outcome.PASS else one.diagnosis
    )
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
        scope=scope,
        candidates=diagnosis.candidates,
        ruled_out=diagnosis.ruled_out if failed else (),
        next_probe=diagnosis.next_probe if failed else None,
        evidence=evidence,
    )


def _unreached_host(probe: Probe, one: Seen) -> str | None:
    """The scope of a look that did not even reach its host: it would be the same for another
    route, and whoever asks."""
    if not is_unreached(one.exchange.response.error):
        return None
    return host_scope(probe.destination)


def _beside(caller: str, seen: Mapping[str, Seen]) -> Iterator[Exchange]:
    return (one.exchange for name, one in seen.items() if name != caller)


def _judgement(probe: Probe, caller: str, one: Seen) -> Judgement:
    if probe.entrance.closed:
        return _at_closed_entrance(probe, one)
    if caller in INVALID_CALLERS.values():
        return _on_trial(probe, one, _as(caller))
    if _is_a_stranger_at_protected_route(probe, caller):
        return _stranger_at_protected_route(probe, one, _as(caller))
    return _who_should_get_in(probe, caller, one)


def _is_a_stranger_at_protected_route(probe: Probe, caller: str) -> bool:
    return is_stranger(caller) and probe.route.access is Access.PROTECTED


def _who_should_get_in(probe: Probe, caller: str, one: Seen) -> Judgement:
    expect = probe.route.expect
    if one.diagnosis.layer is not Layer.OK and not _is_named(expect, one.exchange):
        return _refused(probe, caller, one)
    if wrong := _got_in(expect, one.exchange):
        return wrong
    if one.is_page and _may_be_a_page_for_all(probe, one.exchange.response):
        because = f"{_PAGE}; if that is meant, say so with `expect: {{body: …}}`"
        return Judgement(Outcome.FAIL, Finding.ASSERTION_FAILED, because, Owner.API)
    return _passes("answered as expected")


_PAGE = "a page that a path that cannot exist is answered with, too: the route itself may be gone"


def _is_named(expect: Expect, exchange: Exchange) -> bool:
    """Whether it is a failure by its status, and the owner says that this status is right."""
    status = exchange.response.status
    return status in expect.status and not 200 <= status < 400


def _passes(because: str) -> Judgement:
    return Judgement(Outcome.PASS, None, because)


def _refused(probe: Probe, caller: str, one: Seen) -> Judgement:
    diagnosis = one.diagnosis
    if one.as_browser is not None:
        because = (
            f"only the monitor is refused ({one.exchange.response.status}): with a browser's"
            f" User-Agent it is answered with {one.as_browser.status}, so users are fine"
        )
        return Judgement(Outcome.FAIL, Finding.REFUSED, because, Owner.CALLER, Severity.LOW)
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
    if diagnosis.candidates and {each.cause for each in diagnosis.candidates} <= _MAYBE_MASKED:
        return _masked(probe.route.expect, one)
    if diagnosis.layer is Layer.BACKEND and diagnosis.cause != "backend_denied":
        status = one.exchange.response.status
        return Judgement(Outcome.FAIL, Finding.UNEXPECTED_STATUS, f"the backend answered {status}")
    return Judgement(Outcome.FAIL, Finding.REFUSED, _told(diagnosis, one.exchange))


_MAYBE_MASKED = frozenset({OK, "masked_failure"})


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
    if diagnosis.confidence is not Confidence.AMBIGUOUS:
        return titles[0]
    return (
        f"one of {len(titles)} causes, first: {titles[0]}"
        if titles[1:]
        else f"perhaps: {titles[0]}"
    )


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


def _every_survivor_proves_guard(diagnosis: Diagnosis) -> bool:
    causes = catalogue()
    return bool(diagnosis.candidates) and all(
        one.cause in causes and causes[one.cause].proves_guard for one in diagnosis.candidates
    )


def _as(caller: str) -> str:
    """How a stranger called, in words."""
    if caller == ANONYMOUS:
        return "without a credential"
    return f"with an {caller}"


def _on_trial(probe: Probe, one: Seen, how: str) -> Judgement:
    """A guard refused strangers in this run, so all that is asked is whether it took the invalid
    credential. It did not if what refused may be one of the route's guards."""
    found = _stranger_at_protected_route(probe, one, how)
    if found.finding in GOT_THROUGH or found.outcome is Outcome.PASS:
        return found
    causes, declared = catalogue(), set(probe.route.guarded_by)
    survivors = [causes[each.cause] for each in one.diagnosis.candidates if each.cause != OK]
    if any(cause.guards & declared for cause in survivors):
        return _passes(f"a call {how} is refused ({one.exchange.response.status})")
    return Judgement(Outcome.UNKNOWN, None, found.because)


def _stranger_at_protected_route(probe: Probe, one: Seen, how: str) -> Judgement:
    diagnosis, response = one.diagnosis, one.exchange.response
    if diagnosis.layer is Layer.OK:
        return _redirected(probe, one) if response.status >= 300 else _let_in(probe, one, how)
    if _every_survivor_proves_guard(diagnosis):
        return _refused_by_a_guard(probe, diagnosis, response.status)
    if _is_named(probe.route.expect, one.exchange) and _gets_what_members_get(one):
        return _exposed(how, response.status)
    if _is_refused_by_backend(probe, one):
        return _passes("refused by the backend, as declared")
    if one.is_page:
        return Judgement(Outcome.UNKNOWN, None, f"{response.status}, but {_PAGE}")
    if _past_every_guard(one):
        return _let_through(probe, one, how)
    if diagnosis.layer is Layer.ROUTING or _declared_guard_is_none_of_them(probe, one):
        return Judgement(Outcome.FAIL, Finding.REFUSED, _told(diagnosis, one.exchange))
    return Judgement(Outcome.UNKNOWN, None, _why_unproven(diagnosis, one.exchange))


def _gets_what_members_get(one: Seen) -> bool:
    return one.member is not None and alike(one.exchange.response, one.member)


def _exposed(how: str, status: int) -> Judgement:
    return Judgement(
        Outcome.FAIL,
        Finding.PROTECTED_ROUTE_OPEN,
        f"a protected route answered a call {how} with {status}",
        owner=Owner.API,
        severity=Severity.CRITICAL,
    )


def _is_refused_by_backend(probe: Probe, one: Seen) -> bool:
    """A backend that is the declared guard has words of its own; a 401 is one, whatever it says."""
    if Guard.BACKEND not in probe.route.guarded_by:
        return False
    causes = [each.cause for each in one.diagnosis.candidates]
    by_status = one.exchange.response.status == _UNAUTHORIZED
    return causes[:1] == [_BY_BACKEND] or (by_status and (not causes or _BY_BACKEND in causes))


_UNAUTHORIZED = 401
_BY_BACKEND = "backend_denied"


def _declared_guard_is_none_of_them(probe: Probe, one: Seen) -> bool:
    """Whether something refused before or beside the declared guard, and that cannot be it.

    While a member gets in, the way is open, and who turns strangers away is another guard; what
    comes and goes (no answer, a throttle) tells nothing of guards.
    """
    declared = set(probe.route.guarded_by)
    if not declared or Guard.BACKEND in declared or one.member is not None:
        return False
    found = [catalogue()[each.cause] for each in one.diagnosis.candidates if each.cause != OK]
    if any(cause.guards & declared for cause in found):
        return False
    layers = {cause.layer for cause in found}
    return bool(layers & _BEFORE_ANY_GUARD) and layers <= _BEFORE_ANY_GUARD | {Layer.AUTH}


_BEFORE_ANY_GUARD = frozenset({Layer.ROUTING, Layer.EDGE})


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


def _let_in(probe: Probe, one: Seen, how: str) -> Judgement:
    """A success pages only if it is the real answer; else it says why it is doubted."""
    status = one.exchange.response.status
    found = weighed(one.exchange, one.nowhere, one.member, probe.route.expect)
    if found.worth is Worth.REAL:
        return _exposed(how, status)
    because = f"a stranger is answered with {status}, but {found.because}"
    if found.worth is Worth.PAGE:
        return Judgement(Outcome.UNKNOWN, None, because)
    if turns_away(one.exchange.response) and Guard.BACKEND in probe.route.guarded_by:
        return _passes("turned away by the backend, as declared")
    return _may_have_run(probe, one, Finding.GUARD_WEAKENED, because)


def _may_have_run(probe: Probe, one: Seen, finding: Finding, because: str) -> Judgement:
    """What is doubted is unknown. A write that may have run is held back all the same, and told."""
    runs = probe.route.writes and not probe.route.invoke
    if not runs or turns_away(one.exchange.response):
        return Judgement(Outcome.UNKNOWN, None, because)
    because = f"{because}; it may have run"
    return Judgement(Outcome.UNKNOWN, finding, because, Owner.API, Severity.HIGH)


def _redirected(probe: Probe, one: Seen) -> Judgement:
    """A redirect to a login is how a backend refuses; where another guard is declared, that one let
    the call through. Any other redirect proves nothing."""
    status = one.exchange.response.status
    if not leads_to_login(one.exchange.response):
        because = f"a stranger is redirected ({status}); that is no proof of a guard"
        return Judgement(Outcome.UNKNOWN, None, because)
    if Guard.BACKEND in probe.route.guarded_by:
        return _passes(f"sent to a login by the backend, as declared ({status})")
    because = f"a stranger is sent to a login ({status})"
    if not probe.route.guarded_by or not shows_its_writer(one.exchange):
        because = f"{because}, perhaps by something else than the declared guard"
        return Judgement(Outcome.UNKNOWN, None, because)
    return _weakened(f"{because} by the backend: the call passed every declared guard")


_BEHIND_THE_GUARDS = frozenset(GATES[GATES.index(Gate.VALIDATION) :])


def no_answer_came(response: Response) -> bool:
    return response.status == 0 and response.status_told


def _past_every_guard(one: Seen) -> bool:
    """Whether the call stopped at a gate that lies behind authorization and API keys.

    Without an answer nobody knows where it stopped. WebSocket management validates a connection's
    id before it looks at the caller (ms-120).
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


def _let_through(probe: Probe, one: Seen, how: str) -> Judgement:
    """No guard of the gateway's refused. Where the backend may be the guard, nothing is proven; nor
    where only a missing header says that the gateway did not refuse."""
    diagnosis, status = one.diagnosis, one.exchange.response.status
    own_guard = not probe.route.guarded_by or Guard.BACKEND in probe.route.guarded_by
    told = f"{_named(diagnosis)} ({status})"
    if diagnosis.layer_confidence is not Confidence.CERTAIN or (
        own_guard and _stopped_behind_the_gateway(diagnosis)
    ):
        because = f"no guard of the gateway's refused; {told}"
        return _unproven(probe, one, because)
    if not shows_its_writer(one.exchange):
        because = f"only the lack of an error type tells that no guard refused; {told}"
        return _unproven(probe, one, because)
    return _weakened(f"a call {how} passed every guard; {told}")


def _unproven(probe: Probe, one: Seen, because: str) -> Judgement:
    """A failure that is told with a success's status has run for a while, as a success has."""
    if is_success(one.exchange):
        return _may_have_run(probe, one, Finding.GUARD_WEAKENED, because)
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


def _at_closed_entrance(probe: Probe, one: Seen) -> Judgement:
    diagnosis, response = one.diagnosis, one.exchange.response
    if diagnosis.layer is Layer.OK and 300 <= response.status < 400:
        because = f"redirected ({response.status}); that is no proof of a closed entrance"
        return Judgement(Outcome.UNKNOWN, None, because)
    if diagnosis.layer is Layer.OK or _past_every_guard(one):
        return _not_closed(probe, one)
    why_not = why_not_closed(one.exchange, one.nowhere, diagnosis, probe.route)
    return Judgement(Outcome.UNKNOWN, None, why_not) if why_not else _passes("closed")


def _not_closed(probe: Probe, one: Seen) -> Judgement:
    response = one.exchange.response
    told = f"an entrance that must refuse everybody let a call through ({response.status})"
    if is_success(one.exchange):
        doubted = turns_away(response) or (may_be_a_page(response) and not one.nowhere)
        if one.is_page or doubted:
            because = f"{told}, but with what may be a page for everything"
            if one.is_page:
                return Judgement(Outcome.UNKNOWN, None, because)
            return _may_have_run(probe, one, Finding.ENTRANCE_NOT_CLOSED, because)
    elif not shows_its_writer(one.exchange):
        because = f"only the lack of an error type tells who refused ({response.status})"
        return Judgement(Outcome.UNKNOWN, None, because)
    return Judgement(
        Outcome.FAIL, Finding.ENTRANCE_NOT_CLOSED, told, owner=Owner.API, severity=Severity.HIGH
    )


def _skipped(probe: Probe, one: Skipped) -> Verdict:
    outcome = Outcome.UNKNOWN if one.in_doubt else Outcome.SKIPPED
    verdict = _without_look(probe, one.caller, outcome, one.because, None)
    return replace(verdict, finding=one.finding)


def _not_reached(probe: Probe, caller: str, unsent: Unsent, shown: Seen) -> Verdict:
    """As what was shown instead, but not seen: so nothing that fails is more than unknown."""
    verdict = _verdict(probe, caller, shown, {}, ())
    outcome = Outcome.PASS if verdict.outcome is Outcome.PASS else Outcome.UNKNOWN
    return replace(verdict, outcome=outcome, because=unsent.because, scope=unsent.scope)


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
