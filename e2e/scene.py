"""A run under way: time goes on by ticks, and what was said and what rings is checked."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from e2e.account import Deployed, Emulated, until
from e2e.table import Table
from e2e.watched import Watched
from e2e.world import World

MINUTE = timedelta(minutes=1)
Message = dict[str, Any]
"""The machine's form of what on-call receives."""


LOOKS_REMEMBERED = 10
"""Of each route; and so many refusals in a row prove that what was open is closed."""


@dataclass(frozen=True, slots=True)
class Story:
    """`means`: its layer, its finding or its likeliest cause; `route`: the first that it hits;
    `members`: how many callers at routes, None for whatever it begins with."""

    means: str
    route: str | None = None
    members: int | None = 1


@dataclass
class Scene:
    """`text` is the deployed configuration, `shop` the URL in it; `service` is set by deploying."""

    emulated: Emulated
    watched: Watched
    table: Table
    text: str
    shop: str
    folder: Path
    now: datetime = field(default_factory=lambda: datetime.now(UTC) + 2 * MINUTE)
    service: Deployed = field(init=False)

    @property
    def config(self) -> Path:
        """The file to deploy from."""
        return self.folder / "gatewatch.yaml"

    @property
    def world(self) -> World:
        return self.emulated.world

    def tick(self, count: int = 1) -> None:
        for _ in range(count):
            self.pass_minutes(1)
            self.service.tick(self.now)

    def pass_minutes(self, count: int) -> None:
        """Without any tick."""
        self.now += count * MINUTE
        self.world.set_now(self.now)

    def forget_alarms(self) -> None:
        """A quarter of an hour later, what failed before is out of every alarm's sight."""
        self.pass_minutes(15)
        self.tick()

    def forget_failures(self) -> None:
        """Some looks later, what failed before is over for good, and no route is taken for one
        that comes and goes. What is said meanwhile waits to be read."""
        for _ in range(LOOKS_REMEMBERED):
            self.pass_minutes(1)
            self.service.dispatch(self.now)
        self.service.settle()

    def counts(self, *names: str) -> list[float | None]:
        """Of the present minute, as far as they are there."""
        return [self.service.metric(one, self.now) for one in names]

    def is_whole(self, routes: int) -> bool:
        """All that is due was judged, and is up."""
        return self.come_to(RoutesDue=routes, RoutesJudged=routes, RoutesUp=routes)

    def come_to(self, **counts: int) -> bool:
        """These metrics of the present minute; CloudWatch needs its time."""
        return bool(until(lambda: self.counts(*counts) == list(counts.values()), 30))

    def written(self, text: str) -> Path:
        """A file that holds this configuration."""
        file = self.folder / "pushed.yaml"
        file.write_text(text, encoding="utf-8")
        return file

    def told(
        self,
        what: str,
        kind: str,
        story: Story,
        *,
        ticks: int = 3,
    ) -> Message | None:
        """One message within so many ticks, and this one."""
        found: list[Message] = []
        for left in reversed(range(ticks)):
            self.tick()
            found += until(self.service.messages, 2 if left else 15) or []
            if found:
                break
        brief = [_brief(one) for one in found]
        good = [(one[0], _is(story, one)) for one in brief] == [(kind, True)]
        self.table.check(f"{what}: one message", good, brief)
        with (self.folder / "messages.jsonl").open("a", encoding="utf-8") as kept:
            kept.writelines(f"{json.dumps(one)}\n" for one in found)
        return found[0] if good else None

    def is_ringing(self, alarm: str) -> bool:
        return any(name.startswith(alarm) for name in self.service.ringing())

    def rings(self, what: str, *alarms: str, within: float = 15) -> None:
        """These alarms of the layers and of the monitor's own health, and no other, within so many
        seconds."""

        def ringing() -> set[str]:
            found = self.service.ringing()
            return {name for name in ALARMS if any(one.startswith(name) for one in found)}

        until(lambda: ringing() == set(alarms), within)
        self.table.check(f"{what}: its alarm", ringing() == set(alarms), sorted(ringing()))


ROUTING, AUTH, EXPOSURE, AMBIGUOUS, OTHER = (
    f"MonitorLayerAlarms{one}" for one in ("Routing", "Auth", "Exposure", "Ambiguous", "Other")
)
NOBODY = "MonitorListenersAlarm"
NO_TICK, NOT_JUDGED, SHARDS_DEAD, CHANGES_DEAD, REJECTED, UNDELIVERED, UNREADABLE, AHEAD = (
    f"MonitorHealthAlarms{one}"
    for one in (
        "NoTick",
        "NotJudged",
        "ShardsDead",
        "ChangesDead",
        "ConfigRejected",
        "NoticesUndelivered",
        "CredentialsUnreadable",
        "ClockAhead",
    )
)
ALARMS = (
    ROUTING,
    AUTH,
    EXPOSURE,
    AMBIGUOUS,
    OTHER,
    NO_TICK,
    NOT_JUDGED,
    SHARDS_DEAD,
    CHANGES_DEAD,
    REJECTED,
    UNDELIVERED,
    UNREADABLE,
)


_Brief = tuple[str, tuple[str, str, str], int, str]
"""(kind, (layer, finding, cause), how many members, the route of the first)."""


def _brief(message: Message) -> _Brief:
    incident = message["incident"]
    meaning = (incident["layer"], incident["finding"], incident["cause"])
    return message["kind"], meaning, message["members"], incident["members"][0]["route"]


def _is(story: Story, brief: _Brief) -> bool:
    _, meaning, members, route = brief
    hits = story.members in (None, members) and story.route in (None, route)
    return story.means in meaning and hits
