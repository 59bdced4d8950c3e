"""One call of the verification: who calls, what comes of it, and one answer to whoever asked.

The work is done beside, and left where it hangs, so that the answer is given by one place and in
time. An answer that its service did not take is an error of the function: Lambda calls again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from gatewatch.looking.rounds import OverdueError
from gatewatch.own_fault import log_own_fault
from gatewatch.release.decide import Decision, Release
from gatewatch.service.published import RejectedError
from gatewatch.service.releases.callers import (
    ApiChangeCall,
    CodeDeployCall,
    DirectCall,
    PipelineCall,
    RoundCall,
    TriggerCall,
    UnknownCallError,
    Wanted,
    asked_by,
    read_call,
)
from gatewatch.service.releases.replies import (
    Broken,
    CodeDeploy,
    Outcome,
    Pipelines,
    RolledBack,
    answer_hook,
    answer_job,
    began_by,
    in_words,
)
from gatewatch.service.releases.scope import ScopeError
from gatewatch.service.releases.verification import (
    Place,
    Unfinished,
    bare,
    verified,
    verified_in_parts,
)


class ReleaseStoppedError(Exception):
    """Raised to stop a release, with what stops it: whoever deploys reads it in the stack's or the
    tool's error."""


class ReleaseUndecidedError(Exception):
    """Raised where the looks did not decide: what is unknown is never a pass."""


class ReleaseNotVerifiedError(Exception):
    """Raised where nothing could be verified, with the reason."""


_Waiting = TriggerCall | DirectCall | CodeDeployCall | PipelineCall
"""Those who are told what came of a release."""

Within = Callable[[float, Callable[[], Outcome]], Outcome]
"""Does it within so many seconds; raises OverdueError where it takes longer, and leaves it."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What a call is answered with. `place`: where it is verified, given the seconds for all;
    `explain`: one line about an error of AWS, None for others; `tell`: logs and counts. `inside`:
    this is the twin in the VPC. `seconds`: how long the work may take until an answer is due."""

    place: Callable[[], Place]
    within: Within
    seconds: float
    explain: Callable[[Exception], str | None]
    code_deploy: CodeDeploy
    pipelines: Pipelines
    request: str
    take_part: Callable[[RoundCall], Mapping[str, str]]
    note_change: Callable[[Mapping[str, object]], object]
    tell: Callable[[str, Outcome], None]
    tell_again: Callable[[str], None]
    inside: bool = False


def serve(event: object, desk: Desk) -> object:
    """What Lambda returns. Raises UnknownCallError for an event of nobody we know, without a call
    to anybody, and the errors above for those who wait for an answer of ours."""
    call = read_call(event, inside=desk.inside)
    if isinstance(call, RoundCall):
        return desk.take_part(call)
    if isinstance(call, ApiChangeCall):
        return desk.note_change(call.event)
    outcome = _outcome(call, desk)
    desk.tell(_CALLED[type(call)], outcome)
    return _answered(call, outcome, desk)


_CALLED: Mapping[type, str] = {
    TriggerCall: "trigger",
    DirectCall: "direct",
    CodeDeployCall: "codedeploy",
    PipelineCall: "codepipeline",
}


def _outcome(call: _Waiting, desk: Desk) -> Outcome:
    """Whatever happens, there is one: whoever waits must not wait for ever."""
    try:
        return desk.within(desk.seconds, lambda: _verified(call, desk.place()))
    except OverdueError:
        return Broken("it has not ended in the time that this function has")
    except (UnknownCallError, ScopeError) as error:
        return Broken(str(error), is_ours=False)
    except RejectedError as error:
        return Broken(f"no configuration can be used: {error}")
    except Exception as error:  # noqa: BLE001 - told to whoever waits, logged, counted
        known = desk.explain(error)
        return Broken(known or log_own_fault("verification_failed", _CALLED[type(call)], error))


def _verified(call: _Waiting, place: Place) -> Outcome:
    if isinstance(call, PipelineCall):
        return verified_in_parts(place, asked_by(call), began_by(call.continuation))
    if isinstance(call, TriggerCall):
        stack = place.stack()
        if stack is not None and stack.is_rolling_back:
            return RolledBack(stack.status)
    return verified(place, call.wanted if isinstance(call, DirectCall) else Wanted())


def _answered(call: _Waiting, outcome: Outcome, desk: Desk) -> object:
    match call:
        case CodeDeployCall():
            is_first = answer_hook(call, outcome, desk.code_deploy)
        case PipelineCall():
            is_first = answer_job(
                call, outcome, desk.request, desk.pipelines, report_only=_reports_only(call)
            )
        case DirectCall(wanted):
            return _returned(outcome, is_whole=True, report_only=wanted.report_only)
        case TriggerCall():
            return _returned(outcome, is_whole=False, report_only=False)
    if not is_first:
        desk.tell_again(_CALLED[type(call)])
    return _summary(outcome)


def _reports_only(call: PipelineCall) -> bool:
    try:
        return asked_by(call).report_only
    except UnknownCallError:
        return False


MOST_CHARACTERS = 2_000
"""Of an error that CloudFormation shows: the answer of a custom resource has 4 KB for everything.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html
"""
_MOST_BYTES = 5_500_000


def _returned(outcome: Outcome, *, is_whole: bool, report_only: bool) -> object:
    """`is_whole`: with every look."""
    if isinstance(outcome, Broken):
        raise ReleaseNotVerifiedError(in_words(outcome, MOST_CHARACTERS))
    if isinstance(outcome, Release):
        if not report_only:
            _stop(outcome)
        return _whole(outcome) if is_whole else _summary(outcome)
    return _summary(outcome)


def _stop(release: Release) -> None:
    if release.decision is Decision.STOPPED:
        raise ReleaseStoppedError(in_words(release, MOST_CHARACTERS))
    if release.decision is not Decision.PASSED:
        raise ReleaseUndecidedError(in_words(release, MOST_CHARACTERS))


def _whole(release: Release) -> object:
    """A call of Lambda returns 6 MB: of more looks, those that say something."""
    found: Any = msgspec.to_builtins(bare(release))
    if len(msgspec.json.encode(found)) > _MOST_BYTES:
        found["looks"] = [one for one in found["looks"] if one.get("action")]
    return found


def _summary(outcome: Outcome) -> object:
    match outcome:
        case Release():
            return {"decision": str(outcome.decision), "because": outcome.because}
        case Unfinished():
            return {"decision": "continued", "because": in_words(outcome, MOST_CHARACTERS)}
    return {"decision": "not verified", "because": in_words(outcome, MOST_CHARACTERS)}
