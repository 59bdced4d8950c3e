"""Whether a diagnosis is what the owner expects, and whose concern it is if not.

A refusal proves protection only if every cause that could have given it is a guard; a protected
route that answers a stranger is exposed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace as replaced

from msgspec.structs import replace

from gatewatch.attempt import Probe, Skipped, host_scope
from gatewatch.config.canonical import caller_name
from gatewatch.diagnosis.causes import catalogue
from gatewatch.diagnosis.diagnose import NOTHING_FITS
from gatewatch.gateway.failure import is_unreached
from gatewatch.gateway.url import parse
from gatewatch.judgement.browser import with_browsers
from gatewatch.judgement.closed_entrance import at_closed_entrance
from gatewatch.judgement.diagnosed import (
    DiagnosedLook,
    Judgement,
    is_a_stranger_at_protected_route,
    is_wanted_failure,
)
from gatewatch.judgement.doubt import (
    is_success,
    nowhere,
)
from gatewatch.judgement.members import who_should_get_in
from gatewatch.judgement.strangers import calling_phrase, on_trial, stranger_at_protected_route
from gatewatch.model import (
    ANONYMOUS,
    INVALID_CALLERS,
    Diagnosis,
    Exchange,
    Finding,
    Layer,
    Outcome,
    Owner,
    Severity,
    Unsent,
    Validity,
    Verdict,
)


def judge(
    probe: Probe,
    looks: Mapping[str, Exchange],
    others: Sequence[Exchange],
    diagnosis: Diagnosis,
    not_sent: Mapping[str, Unsent],
    instead: Mapping[str, DiagnosedLook] | None = None,
    as_browser: Mapping[str, Exchange] | None = None,
) -> list[Verdict]:
    """One verdict for each caller that was due. `looks` and `not_sent` are keyed by caller.

    `diagnosis` covers the looks in their order, then `others` (the controls). `instead`: looks at
    the same host that stand in for those that were not sent. `as_browser`: by caller, the same look
    with a browser's User-Agent.
    """
    shown = instead or {}
    seen = with_browsers(_seen(probe, looks, others, diagnosis), as_browser or {})
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
    """The verdicts when a fault of ours prevents judging.

    A stranger's success is still reported: it may be an exposure, and a write may have run.
    """
    return [
        *(_skipped(probe, one) for one in probe.skipped),
        *(_not_sent(probe, caller, unsent) for caller, unsent in not_sent.items()),
        *(_not_judged(probe, caller, exchange, fault) for caller, exchange in looks.items()),
    ]


def _not_judged(probe: Probe, caller: str, exchange: Exchange, fault: str) -> Verdict:
    because = f"status {exchange.response.status}, which could not be judged ({fault})"
    verdict = _without_look(probe, caller, Outcome.UNKNOWN, because, Owner.CALLER)
    verdict = replace(verdict, evidence=(exchange,))
    shut = probe.entrance.closed or is_a_stranger_at_protected_route(probe, caller)
    if not (shut and is_success(exchange)):
        return verdict
    finding = Finding.ENTRANCE_NOT_CLOSED if probe.entrance.closed else Finding.GUARD_WEAKENED
    return replace(verdict, finding=finding, owner=Owner.API, severity=Severity.HIGH)


def _seen(
    probe: Probe, looks: Mapping[str, Exchange], others: Sequence[Exchange], diagnosis: Diagnosis
) -> dict[str, DiagnosedLook]:
    parts = diagnosis.parts or (diagnosis,)
    seen = {
        caller: DiagnosedLook(exchange, part, tuple(nowhere(others, exchange)))
        for (caller, exchange), part in zip(looks.items(), parts, strict=False)
    }
    member = next(
        (one.exchange.response for one in seen.values() if _is_a_member(probe, one)), None
    )
    return {caller: replaced(one, member=member) for caller, one in seen.items()}


def _is_a_member(probe: Probe, one: DiagnosedLook) -> bool:
    """Whether a valid credential got what the owner expects, and not a page for everything."""
    presented = one.exchange.request.presented
    ours = bool(presented) and all(each.validity is Validity.VALID for each in presented)
    if ours and is_wanted_failure(probe.route.expect, one.exchange):
        return True
    return ours and one.diagnosis.layer is Layer.OK and is_success(one.exchange) and not one.is_page


def _verdict(
    probe: Probe,
    caller: str,
    one: DiagnosedLook,
    seen: Mapping[str, DiagnosedLook],
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


def _unreached_host(probe: Probe, one: DiagnosedLook) -> str | None:
    """The scope of a look that did not reach its host: any route and caller would fail alike."""
    if not is_unreached(one.exchange.response.error):
        return None
    return host_scope(probe.destination)


def _beside(caller: str, seen: Mapping[str, DiagnosedLook]) -> Iterator[Exchange]:
    return (one.exchange for name, one in seen.items() if name != caller)


def _judgement(probe: Probe, caller: str, one: DiagnosedLook) -> Judgement:
    if probe.entrance.closed:
        return at_closed_entrance(probe, one)
    if caller in INVALID_CALLERS.values():
        return on_trial(probe, one, calling_phrase(caller))
    if is_a_stranger_at_protected_route(probe, caller):
        return stranger_at_protected_route(probe, one, calling_phrase(caller))
    return who_should_get_in(probe, caller, one)


def _skipped(probe: Probe, one: Skipped) -> Verdict:
    outcome = Outcome.UNKNOWN if one.in_doubt else Outcome.SKIPPED
    verdict = _without_look(probe, one.caller, outcome, one.because, None)
    return replace(verdict, finding=one.finding)


def _not_reached(probe: Probe, caller: str, unsent: Unsent, shown: DiagnosedLook) -> Verdict:
    """The verdict of the look that stands in; since it was not seen here, a failure is unknown."""
    verdict = _verdict(probe, caller, shown, {}, ())
    outcome = Outcome.PASS if verdict.outcome is Outcome.PASS else Outcome.UNKNOWN
    return replace(verdict, outcome=outcome, because=unsent.because, scope=unsent.scope)


def _not_sent(probe: Probe, caller: str, unsent: Unsent) -> Verdict:
    """Nothing is known of the route, but an unreadable credential is a finding of its own."""
    verdict = _without_look(probe, caller, Outcome.UNKNOWN, unsent.because, Owner.CALLER)
    verdict = replace(verdict, finding=unsent.finding, scope=unsent.scope)
    if unsent.finding is Finding.CREDENTIAL_UNREADABLE:
        return replace(verdict, severity=Severity.HIGH)
    return verdict


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
