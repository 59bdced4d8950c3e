"""An entrance that must refuse everybody."""

from __future__ import annotations

from gatewatch.attempt import Probe
from gatewatch.gateway.likeness import turns_away
from gatewatch.gateway.passage import shows_its_writer
from gatewatch.judgement.closure import why_not_closed
from gatewatch.judgement.diagnosed import DiagnosedLook, Judgement, passes
from gatewatch.judgement.doubt import (
    is_success,
    may_be_a_page,
)
from gatewatch.judgement.strangers import may_have_run, past_every_guard
from gatewatch.model import (
    Finding,
    Layer,
    Outcome,
    Owner,
    Severity,
)


def at_closed_entrance(probe: Probe, one: DiagnosedLook) -> Judgement:
    diagnosis, response = one.diagnosis, one.exchange.response
    if diagnosis.layer is Layer.OK and 300 <= response.status < 400:
        because = f"redirected ({response.status}); that is no proof of a closed entrance"
        return Judgement(Outcome.UNKNOWN, None, because)
    if diagnosis.layer is Layer.OK or past_every_guard(one):
        return _not_closed(probe, one)
    why_not = why_not_closed(one.exchange, one.nowhere, diagnosis, probe.route)
    return Judgement(Outcome.UNKNOWN, None, why_not) if why_not else passes("closed")


def _not_closed(probe: Probe, one: DiagnosedLook) -> Judgement:
    response = one.exchange.response
    because = f"an entrance that must refuse everybody let a call through ({response.status})"
    if is_success(one.exchange):
        doubted = turns_away(response) or (may_be_a_page(response) and not one.nowhere)
        if one.is_page or doubted:
            because = f"{because}, but with what may be a page for everything"
            if one.is_page:
                return Judgement(Outcome.UNKNOWN, None, because)
            return may_have_run(probe, one, Finding.ENTRANCE_NOT_CLOSED, because)
    elif not shows_its_writer(one.exchange):
        because = f"only the lack of an error type tells who refused ({response.status})"
        return Judgement(Outcome.UNKNOWN, None, because)
    return Judgement(
        Outcome.FAIL, Finding.ENTRANCE_NOT_CLOSED, because, owner=Owner.API, severity=Severity.HIGH
    )
