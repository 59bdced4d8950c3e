"""An incident in full, as on-call reads it."""

from __future__ import annotations

from msgspec.structs import replace

from gatewatch.cli import show
from gatewatch.incidents.correlate import correlate
from gatewatch.incidents.track import Symptom, Turn
from gatewatch.model import Finding, NextProbe
from tests.incidents.test_correlate import problem, state, turn
from tests.support import HOST, look

EVIDENCE = (look("GET HOST/prod/a -> rest 403 ForbiddenException | Forbidden"),)


def shown(found: Symptom, **changes: str) -> str:
    one = state("GET /a", found)
    [incident] = correlate("orders", [one], [], [turn(Turn.OPENED, one)])
    console = show.console()
    with console.capture() as captured:
        show.put(console, show.incident(replace(incident, **changes)))
    return captured.get()


def test_an_ambiguous_incident_says_which_look_would_settle_it() -> None:
    why = "a success would mean waf_blocked; 403 would mean stage_not_found"
    probe = NextProbe(credential="none", method="GET", url=f"{HOST}/prod/nope", why=why)
    text = shown(problem("waf_blocked", "stage_not_found", next_probe=probe, evidence=EVIDENCE))
    assert f"GET {HOST}/prod/nope without a credential" in text
    assert "a success would mean waf_blocked\n" in text
    assert "aws wafv2 get-web-acl-for-resource" in text


def test_an_exposure_has_a_command_and_no_causes() -> None:
    exposed = problem("ok", finding=Finding.PROTECTED_ROUTE_OPEN, evidence=EVIDENCE)
    text = shown(exposed)
    assert "aws apigateway get-deployment --rest-api-id abc123" in text
    assert "possible causes" not in text


def test_team_and_runbook_are_told() -> None:
    text = shown(problem("waf_blocked"), team="team-orders", runbook="https://wiki.example.com/o")
    assert "the API's team (team-orders)" in text
    assert "https://wiki.example.com/o" in text
    assert "runbook" not in shown(problem("waf_blocked"))
