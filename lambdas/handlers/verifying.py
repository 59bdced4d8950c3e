"""What the verification needs of its function: adapters, time, and where its looks go."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, TypeVar

import msgspec

from gatewatch.adapters.aws.cloudformation import stack_state
from gatewatch.adapters.aws.codedeploy import CodeDeployHooks
from gatewatch.adapters.aws.codepipeline import CodePipelineJobs
from gatewatch.adapters.aws.lambdas import TwinFunction
from gatewatch.adapters.aws.refusal import in_words
from gatewatch.adapters.local.clock import SteadyClock
from gatewatch.adapters.overdue import bounded, within
from gatewatch.config.canonical import Config
from gatewatch.config.places import inside, outside
from gatewatch.looking.rounds import Round, Taken, TakeRound, take_round
from gatewatch.plan import Entered
from gatewatch.release.decide import Decision, Release
from gatewatch.service.changes.note_change import note_change
from gatewatch.service.releases import twin
from gatewatch.service.releases.callers import RoundCall, change_name
from gatewatch.service.releases.hook import Desk
from gatewatch.service.releases.replies import Broken, Outcome, RolledBack
from gatewatch.service.releases.rounds import or_unknown, together
from gatewatch.service.releases.scope import OwnSettings, ScopeError
from gatewatch.service.releases.stack_state import StackState
from gatewatch.service.releases.verification import Place, Unfinished
from gatewatch.service.source import ConfigSource, Holding, OnlyRead
from handlers import wiring
from handlers.looks import prober
from handlers.telemetry import count, logger
from handlers.wiring import objects, table

_ANSWER_SECONDS = 15.0
"""Two tries to answer, each with its time to connect and to wait, and the rest of the function."""


def desk(context: Any) -> Desk:
    ends = time.monotonic() + context.get_remaining_time_in_millis() / 1000
    # A function with little time keeps half of it for the answer.
    seconds = ends - time.monotonic()
    seconds = max(seconds - _ANSWER_SECONDS, seconds / 2)
    due = time.monotonic() + seconds
    return Desk(
        place=lambda: _place(lambda: due - time.monotonic()),
        within=within,
        seconds=seconds,
        explain=in_words,
        code_deploy=CodeDeployHooks(),
        pipelines=CodePipelineJobs(),
        request=str(context.aws_request_id),
        take_part=_take_part,
        note_change=_note_change,
        tell=_tell,
        tell_again=_tell_again,
        inside="GATEWATCH_VERIFY_INSIDE" in os.environ,
    )


def _place(left: Callable[[], float]) -> Place:
    return Place(
        source=_source(),
        table=table(),
        clock=SteadyClock(),
        wait=time.sleep,
        rounds=_rounds,
        left=left,
        stack=_stack,
        apis=_setting("GATEWATCH_VERIFY_APIS", tuple[str, ...], ()),
        settings=_setting("GATEWATCH_VERIFY_SETTINGS", OwnSettings, OwnSettings()),
    )


T = TypeVar("T")


def _setting(name: str, kind: type[T], otherwise: T) -> T:
    """Raises ScopeError, so that whoever waits is told."""
    written = os.environ.get(name)
    if not written:
        return otherwise
    try:
        return msgspec.json.decode(written, type=kind)
    except msgspec.MsgspecError as error:
        raise ScopeError(f"{name}: {error}; redeploy the function") from None


@lru_cache
def _source() -> ConfigSource:
    """It does not note which configuration is good: that is dispatch's."""
    return ConfigSource(
        objects(),
        OnlyRead(table()),
        os.environ["GATEWATCH_POINTER"],
        os.environ["GATEWATCH_ALLOWED"],
    )


def _stack() -> StackState | None:
    """None where it is not known; then everything is verified all the same."""
    name = os.environ.get("GATEWATCH_STACK_ID")
    if not name:
        return None
    try:
        return stack_state(name)
    except Exception as error:  # noqa: BLE001 - said, and nothing depends on it
        reason = in_words(error) or type(error).__name__
        logger.warning("stack_unreadable", stack=name, reason=reason)
        return None


def _rounds(
    config: Config, holding: Holding, entered: Entered, left: Callable[[], float]
) -> TakeRound:
    """Of public APIs from here, of private ones through the twin; what is not back in time, or not
    taken, is unknown."""
    allowed = holding.allowed

    def safe(take: TakeRound, part: Config) -> TakeRound:
        return or_unknown(bounded(take, left), part, wiring.CLOCK)

    public, private = outside(config), inside(config)
    here = safe(_from_here(public, entered, allowed.networks), public)
    if not private.apis:
        return here
    names = frozenset(api.name for api in private.apis)
    known = frozenset(one for one in entered if one[0] in names)
    there = safe(twin.through(_ask_twin, private, known, allowed.inside), private)
    return together(here, there, names)


def _from_here(config: Config, entered: Entered, networks: tuple[str, ...]) -> TakeRound:
    """Each round has connections of its own, so that it meets other nodes."""

    def take(asked: Round) -> Taken:
        transport = prober(config.credentials, networks, config.contact)
        try:
            return take_round(config, transport, entered, asked)
        finally:
            transport.close()

    return take


def _ask_twin(event: bytes) -> bytes:
    name = os.environ.get("GATEWATCH_TWIN_VERIFY")
    if not name:
        raise twin.TwinError("there is no function in the VPC that reaches private APIs")
    return TwinFunction(name)(event)


def _take_part(call: RoundCall) -> Mapping[str, str]:
    part = twin.read_part(call)
    take = _from_here(part.config, frozenset(part.entered), part.networks)
    return twin.answer(take(part.round))


def _note_change(event: Mapping[str, object]) -> object:
    """Nothing of it but its name is logged: its parameters may hold secrets."""
    holding, _ = _source().current()
    noted = note_change(event, holding.config, table(), wiring.now())
    logger.info(
        "api_change_noted", change=change_name(event), apis=noted.apis, because=noted.because
    )
    return {"noted": list(noted.apis)}


def _tell(caller: str, outcome: Outcome) -> None:
    match outcome:
        case Release():
            _tell_release(caller, outcome)
        case RolledBack(status):
            logger.warning("rollback_not_verified", by=caller, status=status)
        case Unfinished(began):
            logger.info("release_continued", by=caller, began=began.isoformat())
        case Broken(because):
            count(_COUNTED[Decision.UNDECIDED], 1)
            logger.error("release_not_verified", by=caller, reason=because)


_COUNTED = {
    Decision.PASSED: "ReleasesPassed",
    Decision.STOPPED: "ReleasesStopped",
    Decision.UNDECIDED: "ReleasesUndecided",
}


def _tell_release(caller: str, release: Release) -> None:
    count(_COUNTED[release.decision], 1)
    logger.info(
        "release_decided",
        by=caller,
        decision=release.decision,
        because=release.because,
        took_seconds=round(release.seconds, 1),
        rounds=release.rounds,
        requests=release.requests,
        baseline=release.baseline,
    )
    for one in release.stopping:
        verdict = one.verdict
        logger.warning(
            "release_stopping_look",
            api=one.api,
            route=one.route,
            caller=one.caller,
            standing=one.standing,
            because=one.because,
            layer=verdict and verdict.layer,
            cause=verdict and verdict.cause,
        )


def _tell_again(caller: str) -> None:
    logger.info("caller_answered_before", by=caller)
