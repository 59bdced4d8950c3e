"""Values that tests vary: a configuration of one route, and verdicts about it."""

from __future__ import annotations

from typing import Any

from gatewatch.attempt import Probe
from gatewatch.config.author import load
from gatewatch.config.canonical import Config
from gatewatch.diagnosis.diagnose import diagnose
from gatewatch.diagnosis.facts import Facts
from gatewatch.judgement.judge import judge
from gatewatch.model import (
    Candidate,
    Confidence,
    Exchange,
    Finding,
    Layer,
    Outcome,
    Owner,
    Severity,
    Verdict,
)
from gatewatch.plan import plan

URL = "https://abc123.execute-api.us-east-1.amazonaws.com/prod"


def config(route: str, api: str = "") -> Config:
    return load(
        f"""
credentials:
  user: {{bearer: {{env: T}}}}
  key: {{api_key: {{env: K}}}}
  signer: {{sigv4: {{access_key_id: {{env: I}}, secret_access_key: {{env: S}}}}}}
apis:
  orders:
    url: {URL}
    {api}
    routes: [{{{route}}}]
""",
        "test",
    )


def probe(route: str, api: str = "") -> Probe:
    return plan(config(route, api))[0]


def judged(one: Probe, *exchanges: Exchange, controls: tuple[Exchange, ...] = ()) -> list[Verdict]:
    """The verdicts on looks given in the order of the probe's attempts."""
    callers = [attempt.caller for attempt in one.attempts]
    looks = dict(zip(callers, exchanges, strict=False))
    facts = Facts(guarded_by=frozenset(one.route.guarded_by))
    diagnosis = diagnose([*exchanges, *controls], facts)
    return judge(one, looks, list(controls), diagnosis, {})


def verdict(outcome: Outcome = Outcome.FAIL, **changes: Any) -> Verdict:
    fails = outcome is Outcome.FAIL
    settled: dict[str, Any] = {
        "api": "orders",
        "route": "GET /x",
        "entrance": URL,
        "caller": "user",
        "outcome": outcome,
        "finding": Finding.REFUSED if fails else None,
        "layer": Layer.ROUTING if fails else Layer.OK,
        "cause": "route_not_found" if fails else "ok",
        "confidence": Confidence.AMBIGUOUS if fails else Confidence.CERTAIN,
        "owner": Owner.API if fails else None,
        "severity": Severity.HIGH,
        "candidates": candidates("route_not_found", "wrong_method") if fails else (),
        **changes,
    }
    return Verdict(**settled)


def candidates(*names: str) -> tuple[Candidate, ...]:
    return tuple(Candidate(name, Layer.ROUTING) for name in names)
