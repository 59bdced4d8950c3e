"""The deployments of each API, as far as events tell of them, and which looks they bring at once.

One deployment is dozens of calls, and each brings an event: minutes late, in any order, perhaps
twice. So an API has one item, into which they merge, and dispatch looks when the last is settled.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from gatewatch.config.canonical import Api, Config
from gatewatch.incidents.deployments import Deployment
from gatewatch.plan import AtOnce
from gatewatch.service.changes.api_change import ApiChange
from gatewatch.service.errands import LONGEST_TEXT, moment_of

SETTLED_AFTER = timedelta(seconds=40)
"""REST APIs answer mixed for 13 to 33 s after a deployment. So the first round of looks waits until
they no longer do: marking looks as unsettled would not do, since an event comes minutes late."""
ROUNDS = 2
"""As many as count by default as a failure, or as recovered."""
LOOKED_FOR = timedelta(minutes=30)
"""After that, the schedule alone looks."""
_BETWEEN = timedelta(seconds=90)
_LONGEST = timedelta(minutes=5)
_MOST = 5
_LATE = timedelta(minutes=15)
"""An event may come so much later than another: a clock of ours that is behind hides none."""


class Rounds(msgspec.Struct, frozen=True, kw_only=True):
    """How far dispatch has come with the looks of the changes that ended at `of`.

    The API's routes are looked at in turn, `ROUNDS` times. The `tick` began with number `first`,
    and the next one goes on with number `next`.
    """

    of: str
    tick: str
    first: int
    next: int


class DeployedApi(msgspec.Struct, frozen=True, kw_only=True):
    """The last deployments of an API, the newest last."""

    api: str
    version: int = 0
    deployments: tuple[Deployment, ...] = ()
    rounds: Rounds | None = None


def packed_deployments(one: DeployedApi) -> bytes:
    return msgspec.json.encode(one.deployments)


def unpacked(api: str, version: int, packed: bytes, rounds: bytes | None) -> DeployedApi:
    """What is not in order is left out: it must not stop dispatch, nor hide what comes."""
    found = _decoded(packed, list[Deployment]) or []
    return DeployedApi(
        api=api,
        version=version,
        deployments=tuple(one for one in found if _is_in_order(one))[-_MOST:],
        rounds=_decoded(rounds, Rounds),
    )


_Stored = TypeVar("_Stored")


def _decoded(packed: bytes | None, kind: type[_Stored]) -> _Stored | None:
    try:
        return msgspec.json.decode(packed or b"", type=kind)
    except msgspec.MsgspecError:
        return None


def _is_in_order(one: Deployment) -> bool:
    texts = (one.what, one.stage or "", one.by or "")
    return all(moment_of(at) is not None for at in (one.began, one.ended, one.at)) and all(
        len(text) <= LONGEST_TEXT and text.isprintable() for text in texts
    )


def deployment_of(change: ApiChange, at: datetime) -> Deployment:
    when = at.isoformat()
    named = change.deployment or change.domain
    stages = {one.stage for one in change.places}
    return Deployment(
        began=when,
        ended=when,
        what=f"{change.event} {named}" if named else change.event,
        at=when,
        stage=stages.pop() if len(stages) == 1 else None,
        by=change.by,
        takes_effect=change.takes_effect,
    )


def with_deployment(
    known: Sequence[Deployment], made: Deployment, now: datetime
) -> tuple[Deployment, ...]:
    """The last deployments with one more change, as a part of one of them or by itself. What is far
    ahead of it and of now was stored by a clock ahead of ours, and is left out."""
    latest = max(now, _moment(made.at)) + _LATE
    found = [one for one in known if _moment(one.ended) <= latest]
    whole = next((one for one in reversed(found) if _is_part(made, one)), None)
    if whole is None:
        found.append(made)
    else:
        found[found.index(whole)] = _merged(whole, made)
    return tuple(sorted(found, key=lambda one: _moment(one.ended))[-_MOST:])


def _is_part(made: Deployment, whole: Deployment) -> bool:
    at, began, ended = _moment(made.at), _moment(whole.began), _moment(whole.ended)
    if _is_deployment(made) and _is_deployment(whole):
        return made.what == whole.what and made.at == whole.at
    is_near = began - _BETWEEN <= at <= ended + _BETWEEN
    return is_near and max(ended, at) - min(began, at) <= _LONGEST


def _is_deployment(one: Deployment) -> bool:
    return one.what.startswith("CreateDeployment")


def _merged(whole: Deployment, made: Deployment) -> Deployment:
    """Of both the one that tells more."""
    first, other = sorted((whole, made), key=_telling)
    return replace(
        first,
        began=min(whole.began, made.began, key=_moment),
        ended=max(whole.ended, made.ended, key=_moment),
        stage=first.stage or other.stage,
    )


def _telling(one: Deployment) -> tuple[bool, bool, datetime]:
    """What made a deployment tells most; else what came first, from which on callers may get
    something else."""
    return not _is_deployment(one), not one.takes_effect, _moment(one.at)


def _moment(at: str) -> datetime:
    return datetime.fromisoformat(at)


@dataclass(frozen=True, slots=True)
class DeployedLooks:
    """The routes that are looked at now, and how far each API is after that."""

    routes: AtOnce
    rounds: Mapping[str, Rounds]


def deployed_looks(
    known: Mapping[str, DeployedApi], config: Config, tick: datetime, room: int
) -> DeployedLooks:
    """`config` has the APIs that are not paused; what is paused waits, but not for long. `room`: so
    many routes at entrances at most, first of the APIs of which few are left; the others follow
    with the next ticks. A tick that is repeated looks at the same."""
    routes, after = set[tuple[str, str]](), dict[str, Rounds]()
    for one in sorted(_due(known, config, tick), key=lambda one: one.left):
        found = one.fitting(room)
        if found:
            room -= len(found) * len(one.api.entrances)
            routes |= {(one.api.name, route) for route in found}
            after[one.api.name] = replace(one.rounds, next=one.rounds.first + len(found))
    return DeployedLooks(frozenset(routes), after)


def _due(known: Mapping[str, DeployedApi], config: Config, tick: datetime) -> Iterator[_Due]:
    for api in config.apis:
        one = known.get(api.name, DeployedApi(api=api.name))
        last = _settled(one.deployments, tick)
        if last is not None:
            rounds = _begun(last, one.rounds, tick)
            if rounds.first < ROUNDS * len(api.routes):
                yield _Due(api, rounds)


def _settled(deployments: Sequence[Deployment], tick: datetime) -> str | None:
    """When the last one ended that is settled and not long over. Where changes never cease, looks
    do not wait for their end; what is ahead of the tick waits for its time."""
    ends = (one.ended for one in reversed(deployments))
    return next((at for at in ends if SETTLED_AFTER <= tick - _moment(at) <= LOOKED_FOR), None)


def _begun(last: str, before: Rounds | None, tick: datetime) -> Rounds:
    at = tick.isoformat()
    if before is None or before.of != last:
        return Rounds(of=last, tick=at, first=0, next=0)
    first = before.first if before.tick == at else before.next
    return Rounds(of=last, tick=at, first=max(0, first), next=0)


@dataclass(frozen=True, slots=True)
class _Due:
    api: Api
    rounds: Rounds

    @property
    def left(self) -> int:
        return (ROUNDS * len(self.api.routes) - self.rounds.first) * len(self.api.entrances)

    def fitting(self, room: int) -> list[str]:
        """The next routes of this round for which there is room."""
        routes = self.api.routes
        begin = self.rounds.first % len(routes)
        most = room // len(self.api.entrances)
        return [one.name for one in routes[begin : begin + most]]
