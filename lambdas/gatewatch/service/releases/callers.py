"""Who calls for a verification, by the shape of the event, and what it wants.

Only what is named here is read. A CodePipeline job brings credentials for its artifacts, and AWS
asks not to log it: nothing else of it is looked at, kept or repeated in an error.
https://docs.aws.amazon.com/codepipeline/latest/userguide/actions-invoke-lambda-function.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec

from gatewatch.config.problems import nearest
from gatewatch.config.values import DEADLINE, SETTLES, Span
from gatewatch.notices.visible import visible_line
from gatewatch.service.errands import moment_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a caller may choose; all is optional. Empty `apis` or `routes`: all. `url`: where the
    one API is looked at instead. `deployed_at`: when the release began. `report_only`: a release
    that did not pass is an answer, not an error."""

    apis: tuple[str, ...] = ()
    routes: tuple[str, ...] = ()
    url: str | None = None
    settles_seconds: float | None = None
    deadline_seconds: float | None = None
    deployed_at: datetime | None = None
    report_only: bool = False


@dataclass(frozen=True, slots=True)
class TriggerCall:
    """A deployment of the CDK: `triggers.Trigger` sends nothing."""


@dataclass(frozen=True, slots=True)
class CodeDeployCall:
    deployment_id: str
    hook_id: str


@dataclass(frozen=True, slots=True)
class PipelineCall:
    """`continuation`: what an earlier part of the same job left for this one."""

    job_id: str
    user_parameters: str = ""
    continuation: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class ApiChangeCall:
    """EventBridge: CloudTrail saw a change at API Gateway. The event may hold secrets."""

    event: Mapping[str, object]


def change_name(event: Mapping[str, object]) -> str:
    """The name of the call that CloudTrail saw."""
    name = _fields(event.get("detail")).get("eventName")
    return name if isinstance(name, str) and _NAME.fullmatch(name) else "unknown"


_NAME = re.compile(r"[A-Za-z0-9]{1,60}", re.ASCII)


@dataclass(frozen=True, slots=True)
class DirectCall:
    wanted: Wanted


@dataclass(frozen=True, slots=True, repr=False)
class RoundCall:
    """Our own function outside the VPC asks its twin inside for a round; see `twin`."""

    packed: str


Call = TriggerCall | CodeDeployCall | PipelineCall | ApiChangeCall | DirectCall | RoundCall


class UnknownCallError(Exception):
    """Raised for an event of nobody who calls this function, or for a value that it cannot have;
    says what was expected."""


ROUND = "gatewatch_round"
_JOB = "CodePipeline.job"
_DEPLOYMENT, _HOOK = "DeploymentId", "LifecycleEventHookExecutionId"
_API_GATEWAY = "aws.apigateway"
_EXPECTED = (
    "expected nothing ({}) of a CDK trigger, a lifecycle hook of CodeDeploy, a job of "
    "CodePipeline, an EventBridge event of aws.apigateway, or the keys "
)


def read_call(event: object, *, inside: bool = False) -> Call:
    """`inside`: this is the twin, which takes rounds for our own function and does nothing else.

    Nobody else may ask for a round: it says where credentials go.
    """
    if not isinstance(event, dict):
        raise UnknownCallError(f"the event is {_kind(event)}; {_EXPECTED}{_known()}")
    if inside or ROUND in event:
        return _round(event, inside=inside)
    if not event:
        return TriggerCall()
    if _JOB in event:
        return _job(event[_JOB])
    if _DEPLOYMENT in event or _HOOK in event:
        return CodeDeployCall(_text(event, _DEPLOYMENT), _text(event, _HOOK))
    if event.get("source") == _API_GATEWAY:
        return ApiChangeCall(event)
    return DirectCall(_wanted(event, "the event"))


def _round(event: Mapping[str, object], *, inside: bool) -> RoundCall:
    packed = event.get(ROUND)
    if not inside:
        raise UnknownCallError("rounds are taken by the function inside the VPC alone")
    if not isinstance(packed, str):
        raise UnknownCallError("inside the VPC, expected a round of the function outside")
    return RoundCall(packed)


def _job(job: object) -> PipelineCall:
    data = _fields(_fields(job).get("data"))
    configured = _fields(_fields(data.get("actionConfiguration")).get("configuration"))
    parameters, continuation = configured.get("UserParameters"), data.get("continuationToken")
    return PipelineCall(
        job_id=_text(_fields(job), "id"),
        user_parameters=parameters if isinstance(parameters, str) else "",
        continuation=continuation if isinstance(continuation, str) and continuation else None,
    )


def _fields(found: object) -> Mapping[str, object]:
    return found if isinstance(found, dict) else {}


_ID = re.compile(r"[\x21-\x7e]{1,4096}")


def _text(found: Mapping[str, object], name: str) -> str:
    """An id to answer with; it is repeated in no error."""
    value = found.get(name)
    if not isinstance(value, str) or not _ID.fullmatch(value):
        what = "missing" if value is None else f"{_kind(value)} that is no id"
        raise UnknownCallError(f"{name}: {what}; expected an id")
    return value


def asked_by(call: PipelineCall) -> Wanted:
    """Raises UnknownCallError for parameters that are none of ours."""
    text = call.user_parameters.strip()
    if not text:
        return Wanted()
    try:
        found = msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raise UnknownCallError(f"UserParameters: no JSON; {_OBJECT}") from None
    if not isinstance(found, dict):
        raise UnknownCallError(f"UserParameters: {_kind(found)}; {_OBJECT}")
    return _wanted(found, "UserParameters")


_OBJECT = 'expected an object such as {"apis": ["orders"]}, or nothing'
_MOST_NAMES, _LONGEST = 1_000, 2_000


def _wanted(found: Mapping[str, object], place: str) -> Wanted:
    if unknown := [name for name in found if name not in _KEYS]:
        raise UnknownCallError(_unknown_key(place, unknown[0], found))
    read = _Reader(found, place)
    return Wanted(
        apis=read.names("apis"),
        routes=read.names("routes"),
        url=read.text("url"),
        settles_seconds=read.seconds("for", SETTLES),
        deadline_seconds=read.seconds("deadline", DEADLINE),
        deployed_at=read.moment("deployed_at"),
        report_only=read.switch("report_only"),
    )


_KEYS = ("apis", "routes", "url", "for", "deadline", "deployed_at", "report_only")


def _known() -> str:
    return ", ".join(_KEYS)


def _unknown_key(place: str, name: str, found: Iterable[str]) -> str:
    """An event without a single key of ours is somebody else's."""
    shown = visible_line(name[:_SHOWN])
    if not any(one in _KEYS for one in found) and nearest(name[:_SHOWN], _KEYS) is None:
        return f"{place}: {shown}: not known; {_EXPECTED}{_known()}"
    close = nearest(name[:_SHOWN], _KEYS)
    hint = f" (did you mean {close}?)" if close else ""
    return f"{place}: {shown}: there is no such key{hint}; expected {_known()}"


_SHOWN = 80
_DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(ms|s|m|h|d)")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the keys of one object; null is as good as nothing."""

    found: Mapping[str, object]
    place: str

    def names(self, key: str) -> tuple[str, ...]:
        value = self.found.get(key)
        if value is None:
            return ()
        is_list = isinstance(value, list) and 0 < len(value) <= _MOST_NAMES
        if not is_list or not all(isinstance(one, str) and one for one in _items(value)):
            raise self._refused(key, value, "a list of names; leave it out for all")
        return tuple(dict.fromkeys(str(one)[:_LONGEST] for one in _items(value)))

    def text(self, key: str) -> str | None:
        value = self.found.get(key)
        if value is None:
            return None
        if not isinstance(value, str) or not 0 < len(value) <= _LONGEST:
            raise self._refused(key, value, "a text")
        return value

    def seconds(self, key: str, span: Span) -> float | None:
        value = self.found.get(key)
        if value is None:
            return None
        written = _DURATION.fullmatch(value) if isinstance(value, str) else None
        seconds = float(written[1]) * _UNITS[written[2]] if written else -1.0
        if not span[0] <= seconds <= span[1]:
            bounds = f"from {span[0]:g}s to {span[1]:g}s"
            raise self._refused(key, value, f"a duration such as 90s or 5m, {bounds}")
        return seconds

    def moment(self, key: str) -> datetime | None:
        value = self.found.get(key)
        if value is None:
            return None
        found = moment_of(value) if isinstance(value, str) else None
        if found is None:
            raise self._refused(key, value, "a time with its zone, such as 2026-11-28T12:00:00Z")
        return found

    def switch(self, key: str) -> bool:
        value = self.found.get(key)
        if value is not None and not isinstance(value, bool):
            raise self._refused(key, value, "true or false")
        return value is True

    def _refused(self, key: str, value: object, expected: str) -> UnknownCallError:
        return UnknownCallError(f"{self.place}: {key}: {_kind(value)}; expected {expected}")


def _items(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _kind(value: object) -> str:
    """What a value is, without repeating one that may hold a secret."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return "a number"
        case str():
            return f'"{visible_line(value[:_SHORT])}"' if len(value) <= _SHORT else "a long text"
        case list():
            return "a list" if value else "an empty list"
    return "an object"


_SHORT = 40
