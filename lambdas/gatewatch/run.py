"""One run: the steps strung together, and what was found remembered.

Everything outside is passed in (see `ports`), so the command line, the Lambdas and the tests run
the same code.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec

from gatewatch.ahead import Remembered, believed, remembered
from gatewatch.announce import Announcement, Brief, brief
from gatewatch.config.canonical import Api, Config, caller_name
from gatewatch.config.windows import openings
from gatewatch.holds import Holds
from gatewatch.inquiry import inquire, look
from gatewatch.model import ANONYMOUS, INVALID_CALLERS, Incident, Outcome, Verdict
from gatewatch.ports import Clock, Memory, StateError, Store, Transport
from gatewatch.story import About, Story, restless_apis
from gatewatch.track import Key, Patience, RouteState, Transition, is_overtaken, retire, track


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """`due` counts verdicts that were wanted; each is one of the four outcomes.

    `dropped` of them changed nothing, since a later look had counted already. `taken_back`: how
    many states and incidents were remembered with a clock that was ahead, and count as of now;
    `ahead_seconds`: by how much the worst of them was.
    """

    at: str
    due: int
    passed: int
    failed: int
    unknown: int
    skipped: int
    requests: int
    dropped: int = 0
    taken_back: int = 0
    ahead_seconds: float = 0.0


class Report(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a run found. `incidents` are the open ones and those that it resolved;
    `announcements` are what is to be said of them now. `unsaved`: why not all of it could be
    remembered."""

    summary: Summary
    verdicts: tuple[Verdict, ...]
    incidents: tuple[Incident, ...]
    announcements: tuple[Brief, ...] = ()
    unsaved: str | None = None


Tell = Callable[[Summary, Sequence[Verdict]], None]
"""Is told what was found as soon as it is judged, before any of it is remembered: that may take
long, and may fail."""


def tell_nobody(_: Summary, __: Sequence[Verdict]) -> None:
    pass


SETTLES_FOR = timedelta(seconds=120)
"""After a deployment answers may be mixed; changes of usage plans have taken over a minute."""


def run(
    config: Config,
    transport: Transport,
    store: Store,
    clock: Clock,
    minutes: range | None = None,
    deployed_at: datetime | None = None,
    tell: Tell = tell_nobody,
) -> Report:
    """Probes what is due in these minutes, or everything; judges it, tells it, and remembers it.

    `deployed_at`: when the APIs were last deployed, if whoever asks knows it. Raises StateError
    where nothing could be remembered; then nothing was sent.
    """
    store.ready()
    now = clock.now()
    at, minute = now.isoformat(), int(now.timestamp() // 60)
    restless = restless_apis(store.open_incidents(), at)
    asked = inquire(config, store, minutes, range(minute, minute + 1), restless)
    for one in asked:
        one.settling = deployed_at is not None and abs(now - deployed_at) < SETTLES_FOR
    holds = Holds(store)
    requests = look(asked, transport, holds.hear)
    verdicts = [verdict for inquiry in asked for verdict in inquiry.verdicts()]
    found = Outcomes(believed(at, clock.now()))
    try:
        tell(_summary(at, verdicts, requests, found), verdicts)
    finally:
        with _noting(found):
            holds.settle(asked)
            remember(config, verdicts, store, found, clock)
    return Report(
        summary=_summary(found.at, verdicts, requests, found),
        verdicts=tuple(verdicts),
        incidents=tuple(found.incidents),
        announcements=tuple(brief(one) for one in found.announcements),
        unsaved=found.unsaved,
    )


@dataclass(slots=True)
class Outcomes:
    """What came of the verdicts of a moment: the incidents that are open or have just ended, what
    is to be said of them, and the rest as in Summary and Report. Nothing that is remembered may be
    later than it is now, so `at` may be earlier than the looks were taken."""

    at: str
    incidents: list[Incident] = field(default_factory=list)
    announcements: list[Announcement] = field(default_factory=list)
    dropped: int = 0
    taken_back: int = 0
    lead: timedelta = timedelta(0)
    unsaved: str | None = None


@contextmanager
def _noting(found: Outcomes) -> Iterator[None]:
    """What cannot be remembered is said, and takes back nothing that was found."""
    try:
        yield
    except StateError as error:
        found.unsaved = str(error)


def remember(
    config: Config, verdicts: Sequence[Verdict], store: Store, found: Outcomes, clock: Clock
) -> None:
    """One API at a time; each API's memory changes whole or not at all. What came of it is added
    to `found`."""
    configured = {api.name: api for api in config.apis}
    by_api: dict[str, list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        by_api[verdict.api].append(verdict)
    for name in (*configured, *(one for one in store.apis() if one not in configured)):
        with store.open(name) as memory:
            known = remembered(clock.now(), memory.states, memory.incidents, memory.said)
            found.dropped += overtaken(known.states, by_api[name], found.at)
            found.taken_back += known.taken_back
            found.lead = max(found.lead, known.lead)
            api = configured.get(name)
            story = _told(name, config, api, by_api[name], memory, known, found.at)
        found.incidents += story.incidents.values()
        found.announcements += story.announcements


def overtaken(states: Iterable[RouteState], verdicts: Iterable[Verdict], at: str) -> int:
    """How many of these looks come too late to count."""
    late = {state.key for state in states if is_overtaken(state, at)}
    taken = (one for one in verdicts if one.outcome is not Outcome.SKIPPED)
    return sum((one.route, one.entrance, one.caller) in late for one in taken)


def _told(
    name: str,
    config: Config,
    api: Api | None,
    verdicts: Sequence[Verdict],
    memory: Memory,
    known: Remembered,
    at: str,
) -> Story:
    """What the story of an API comes to, kept. Of one that left the configuration nothing is
    kept but what was open, as ended."""
    keys = () if api is None else tuple(keys_of(api))
    patience = {} if api is None else patience_of(api)
    states, transitions = tracked(known.states, verdicts, patience, at)
    kept, retired = retire(states, keys, at)
    story = Story(name, _about(config, api, at), known.incidents, known.said, memory)
    story.go_on({state.key: state for state in kept}, [*transitions, *retired], at)
    story.remind(at)
    memory.keep(kept, list(story.incidents.values()), story.said)
    return story


def _about(config: Config, api: Api | None, at: str) -> About:
    if api is None:
        return About()
    return About(
        team=api.owner,
        runbook=api.runbook,
        maintenance=openings(config.maintenance, api.name, datetime.fromisoformat(at)),
        remind_every_seconds=api.remind_every_seconds,
    )


def patience_of(api: Api) -> dict[str, Patience]:
    return {
        route.name: Patience(
            open_after=route.open_after,
            resolve_after=route.resolve_after,
            share=route.open_share,
            holds_writes=route.writes and not route.invoke,
        )
        for route in api.routes
    }


def tracked(
    states: Sequence[RouteState],
    verdicts: Iterable[Verdict],
    patience: Mapping[str, Patience],
    at: str,
) -> tuple[list[RouteState], list[Transition]]:
    """The states after these verdicts, and what changed; `patience` is by route."""
    current = {state.key: state for state in states}
    transitions: list[Transition] = []
    for verdict in verdicts:
        key = (verdict.route, verdict.entrance, verdict.caller)
        after, transition = track(current.get(key), verdict, patience[verdict.route], at)
        current[key] = after
        if transition is not None:
            transitions.append(transition)
    return list(current.values()), transitions


def keys_of(api: Api) -> Iterable[Key]:
    """Whatever of an API may have a state."""
    for route in api.routes:
        for entrance in api.entrances:
            for caller in (ANONYMOUS, *INVALID_CALLERS.values()):
                yield (route.name, entrance.url, caller)
            for callers in route.callers:
                yield (route.name, entrance.url, caller_name(callers))


def _summary(at: str, verdicts: Sequence[Verdict], requests: int, found: Outcomes) -> Summary:
    outcomes = [verdict.outcome for verdict in verdicts]
    return Summary(
        at=at,
        due=len(outcomes),
        passed=outcomes.count(Outcome.PASS),
        failed=outcomes.count(Outcome.FAIL),
        unknown=outcomes.count(Outcome.UNKNOWN),
        skipped=outcomes.count(Outcome.SKIPPED),
        requests=requests,
        dropped=found.dropped,
        taken_back=found.taken_back,
        ahead_seconds=found.lead.total_seconds(),
    )
