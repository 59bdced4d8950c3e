"""Which routes are looked at with the next tick because somebody asked, and what is refused.

It is polite: however many ask, a route is looked at once a minute, and few routes are at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from gatewatch.config.canonical import Api, Config
from gatewatch.plan import AtOnce
from gatewatch.service.errands import Answer, Errand, ErrandKind, Pause, covering

MOST_AT_ONCE = 500
"""Routes at entrances with one tick."""


@dataclass(frozen=True, slots=True)
class AskedLooks:
    """The answers of errands that this tick takes up; an errand that is left to the next one has
    none yet. `room`: for how many more routes at entrances."""

    routes: AtOnce = frozenset()
    answers: tuple[Answer, ...] = field(default=())
    room: int = 0


def asked_looks(
    errands: Sequence[Errand],
    known: Callable[[str], Answer | None],
    config: Config,
    still: Sequence[Pause],
    tick: datetime,
) -> AskedLooks:
    """A tick that is repeated takes up what it did before. `known`: the answer of an errand."""
    routes, answers, room = set[tuple[str, str]](), list[Answer](), MOST_AT_ONCE
    looks = (one for one in errands if one.kind is ErrandKind.LOOKS)
    for one in sorted(looks, key=lambda one: (one.at, one.id)):
        before = known(one.id)
        if before is not None and before.tick != tick.isoformat():
            continue
        answer = Answer(id=one.id, at=tick.isoformat(), tick=tick.isoformat())
        try:
            found = _wanted(one, config, still)
        except RefusedError as error:
            answers.append(Answer(id=one.id, at=tick.isoformat(), refused=str(error)))
            continue
        more = {(api.name, route) for api, route in found} - routes
        places = sum(len(api.entrances) for api, route in found if (api.name, route) in more)
        if places > room:
            break
        room -= places
        routes |= more
        answers.append(answer)
    return AskedLooks(frozenset(routes), tuple(answers), room)


class RefusedError(Exception):
    """Raised where an errand cannot be done; says why."""


def _wanted(errand: Errand, config: Config, still: Sequence[Pause]) -> list[tuple[Api, str]]:
    """Raises RefusedError."""
    apis = list(_apis(errand, config, still))
    found = [
        (api, route.name)
        for api in apis
        for route in api.routes
        if errand.route in (None, route.name)
    ]
    if not found:
        raise RefusedError(f"{errand.route}: there is no such route")
    places = sum(len(api.entrances) for api, _ in found)
    if places > MOST_AT_ONCE:
        raise RefusedError(
            f"{places} routes at entrances; expected at most {MOST_AT_ONCE} at once: name an API "
            "or a route"
        )
    return found


def _apis(errand: Errand, config: Config, still: Sequence[Pause]) -> Iterator[Api]:
    by_name = {api.name: api for api in config.apis}
    for name in errand.apis:
        if name not in by_name:
            raise RefusedError(f"{name}: there is no such API in the configuration in force")
    wanted = [by_name[name] for name in errand.apis or by_name]
    watched = [api for api in wanted if covering(still, api.name) is None]
    if not watched or (errand.apis and len(watched) < len(wanted)):
        named = ", ".join(errand.apis) or "everything"
        raise RefusedError(f"{named}: paused, and not looked at; gatewatch resume ends that")
    yield from watched
