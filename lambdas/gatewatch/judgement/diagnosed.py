"""One look with its diagnosis, and the judgement of it."""

from __future__ import annotations

from dataclasses import dataclass

from gatewatch.attempt import Probe
from gatewatch.config.canonical import Expect
from gatewatch.diagnosis.causes import catalogue
from gatewatch.judgement.doubt import (
    is_everywhere,
    is_success,
)
from gatewatch.model import (
    Access,
    Confidence,
    Diagnosis,
    Exchange,
    Finding,
    Layer,
    Outcome,
    Owner,
    Response,
    Severity,
    is_stranger,
)


@dataclass(frozen=True, slots=True)
class Judgement:
    """The part of a verdict that is decided here; the rest is copied from the diagnosis."""

    outcome: Outcome
    finding: Finding | None
    because: str
    owner: Owner | None = None
    severity: Severity | None = None


@dataclass(frozen=True, slots=True)
class DiagnosedLook:
    """One look and what it shows in the light of all others at its route.

    `nowhere`: the answers to strangers at paths that cannot exist. `member`: the answer to a
    credential of ours in this run, if it got in. `as_browser`: the answer to the same look with a
    browser's User-Agent, if it was taken.
    """

    exchange: Exchange
    diagnosis: Diagnosis
    nowhere: tuple[Response, ...] = ()
    member: Response | None = None
    as_browser: Response | None = None

    @property
    def is_page(self) -> bool:
        """Whether it only looks like a success: paths that cannot exist get the same page."""
        return is_success(self.exchange) and is_everywhere(self.exchange.response, self.nowhere)


def is_a_stranger_at_protected_route(probe: Probe, caller: str) -> bool:
    return is_stranger(caller) and probe.route.access is Access.PROTECTED


SHOWN_ELSEWHERE_TOO = (
    "a page that a path that cannot exist is answered with, too: the route itself may be gone"
)


def is_wanted_failure(expect: Expect, exchange: Exchange) -> bool:
    """Whether its status is a failure's and the owner expects just that status."""
    status = exchange.response.status
    return status in expect.status and not 200 <= status < 400


def passes(because: str) -> Judgement:
    return Judgement(Outcome.PASS, None, because)


def refusal_phrase(diagnosis: Diagnosis, exchange: Exchange) -> str:
    status = exchange.response.status or "no answer"
    if diagnosis.layer is Layer.UNKNOWN:
        return f"{status}, by a cause that is not known"
    return f"{status}: {causes_phrase(diagnosis)}"


def causes_phrase(diagnosis: Diagnosis) -> str:
    titles = [catalogue()[one.cause].title for one in diagnosis.candidates if one.cause != "ok"]
    if diagnosis.confidence is not Confidence.AMBIGUOUS:
        return titles[0]
    return (
        f"one of {len(titles)} causes, first: {titles[0]}"
        if titles[1:]
        else f"perhaps: {titles[0]}"
    )


def every_survivor_proves_guard(diagnosis: Diagnosis) -> bool:
    causes = catalogue()
    return bool(diagnosis.candidates) and all(
        one.cause in causes and causes[one.cause].proves_guard for one in diagnosis.candidates
    )
