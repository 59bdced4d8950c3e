"""Stores the verdicts of a moment, one API at a time, and collects the announcements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gatewatch.config.canonical import Api, Channel, Config
from gatewatch.config.windows import openings
from gatewatch.delivery.outbox import apart, is_heard
from gatewatch.delivery.telling import tell
from gatewatch.incidents.ahead import BelievedMemory, believed_memory
from gatewatch.incidents.announce import Announcement
from gatewatch.incidents.deployments import Deployment
from gatewatch.incidents.links import Claim
from gatewatch.incidents.mute import Mute
from gatewatch.incidents.states import keys_of, overtaken, patience_of, tracked
from gatewatch.incidents.story import ApiContext, Story
from gatewatch.incidents.track import (
    retire,
)
from gatewatch.model import Incident, Verdict
from gatewatch.ports import ApiMemory, Clock, Store


class _Context(ApiContext, frozen=True, kw_only=True):
    """The API's context, and the channels that get its incidents."""

    channels: tuple[Channel, ...] = ()

    def is_heard_with(self, incident: Incident, claim: Claim) -> bool:
        is_heard_here = is_heard(incident, claim, self.channels, apart(self.channels))
        return super().is_heard_with(incident, claim) and is_heard_here


@dataclass(slots=True)
class Remembered:
    """The results of a moment's verdicts: the incidents that are open or have just ended, their
    announcements, and the rest as in Summary and Report.

    Nothing may be stored with a time later than now, so `at` may be earlier than the looks.
    """

    at: str
    incidents: list[Incident] = field(default_factory=list)
    announcements: list[Announcement] = field(default_factory=list)
    dropped: int = 0
    taken_back: int = 0
    lead: timedelta = timedelta(0)
    unsaved: str | None = None


def remember(
    config: Config,
    verdicts: Sequence[Verdict],
    store: Store,
    found: Remembered,
    clock: Clock,
    deployments: tuple[Deployment, ...] = (),
    channels: tuple[Channel, ...] = (),
) -> None:
    """Updates each API's memory, wholly or not at all, and adds the results to `found`.

    `deployments`: of all of these APIs. `channels`: those that are told; the messages to them are
    stored with what they tell of."""
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
            about = _context_of(config, api, found.at, deployments, channels, memory.mutes)
            story = _story_of(name, about, api, by_api[name], memory, known, found.at)
        found.incidents += story.incidents.values()
        found.announcements += story.announcements


def _story_of(
    name: str,
    about: _Context,
    api: Api | None,
    verdicts: Sequence[Verdict],
    memory: ApiMemory,
    known: BelievedMemory,
    at: str,
) -> Story:
    """The story of an API after these verdicts, stored. An API that left the configuration keeps
    only its open incidents, as ended."""
    keys = () if api is None else tuple(keys_of(api))
    patience = {} if api is None else patience_of(api)
    states, transitions = tracked(known.states, verdicts, patience, at)
    kept, retired = retire(states, keys, at)
    story = Story(name, about, known.incidents, known.said, memory)
    story.go_on({state.key: state for state in kept}, [*transitions, *retired], at)
    story.remind(at)
    told = None
    if about.channels:
        told = tell(memory.told, story, known.said, about.channels, at, memory.ended)
    memory.keep(kept, list(story.incidents.values()), story.said, told)
    return story


def _context_of(
    config: Config,
    api: Api | None,
    at: str,
    deployments: tuple[Deployment, ...],
    channels: tuple[Channel, ...],
    mutes: tuple[Mute, ...],
) -> _Context:
    if api is None:
        return _Context(channels=channels)
    return _Context(
        team=api.owner,
        runbook=api.runbook,
        maintenance=openings(config.maintenance, api.name, datetime.fromisoformat(at)),
        remind_every_seconds=api.remind_every_seconds,
        deployments=deployments,
        mutes=mutes,
        channels=tuple(one for one in channels if one.covers(api.name)),
    )
