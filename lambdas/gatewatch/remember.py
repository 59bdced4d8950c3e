"""What was found, remembered: one API at a time, and what is to be said of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gatewatch.config.canonical import Api, Config
from gatewatch.config.windows import openings
from gatewatch.incidents.ahead import BelievedMemory, believed_memory
from gatewatch.incidents.announce import Announcement
from gatewatch.incidents.states import keys_of, overtaken, patience_of, tracked
from gatewatch.incidents.story import ApiContext, Story
from gatewatch.incidents.track import (
    retire,
)
from gatewatch.model import Incident, Verdict
from gatewatch.ports import ApiMemory, Clock, Store


@dataclass(slots=True)
class Remembered:
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


def remember(
    config: Config, verdicts: Sequence[Verdict], store: Store, found: Remembered, clock: Clock
) -> None:
    """One API at a time; each API's memory changes whole or not at all. What came of it is added
    to `found`."""
    configured = {api.name: api for api in config.apis}
    by_api: dict[str, list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        by_api[verdict.api].append(verdict)
    for name in (*configured, *(one for one in store.apis() if one not in configured)):
        with store.open(name) as memory:
            known = believed_memory(clock.now(), memory.states, memory.incidents, memory.said)
            found.dropped += overtaken(known.states, by_api[name], found.at)
            found.taken_back += known.taken_back
            found.lead = max(found.lead, known.lead)
            api = configured.get(name)
            story = _story_of(name, config, api, by_api[name], memory, known, found.at)
        found.incidents += story.incidents.values()
        found.announcements += story.announcements


def _story_of(
    name: str,
    config: Config,
    api: Api | None,
    verdicts: Sequence[Verdict],
    memory: ApiMemory,
    known: BelievedMemory,
    at: str,
) -> Story:
    """What the story of an API comes to, kept. Of one that left the configuration nothing is
    kept but what was open, as ended."""
    keys = () if api is None else tuple(keys_of(api))
    patience = {} if api is None else patience_of(api)
    states, transitions = tracked(known.states, verdicts, patience, at)
    kept, retired = retire(states, keys, at)
    story = Story(name, _context_of(config, api, at), known.incidents, known.said, memory)
    story.go_on({state.key: state for state in kept}, [*transitions, *retired], at)
    story.remind(at)
    memory.keep(kept, list(story.incidents.values()), story.said)
    return story


def _context_of(config: Config, api: Api | None, at: str) -> ApiContext:
    if api is None:
        return ApiContext()
    return ApiContext(
        team=api.owner,
        runbook=api.runbook,
        maintenance=openings(config.maintenance, api.name, datetime.fromisoformat(at)),
        remind_every_seconds=api.remind_every_seconds,
    )
