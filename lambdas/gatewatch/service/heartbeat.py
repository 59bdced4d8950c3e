"""The sign of life that dispatch sends at the end of a good tick, by way of the deliverer: whoever
misses it knows that the schedule, dispatch, the queue or the deliverer has stopped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from gatewatch import __version__
from gatewatch.config.canonical import Config, Heartbeat
from gatewatch.delivery.parcel import Beat, Parcel
from gatewatch.service.deliveries import message
from gatewatch.service.ports import Queue


@dataclass(frozen=True, slots=True)
class Pulse:
    """Where beats go, and the name of the deployment in them."""

    deliveries: Queue
    deployment: str

    def beat(self, config: Config, tick: datetime) -> None:
        """Where one is due in this minute. A tick that is repeated beats once."""
        if isinstance(to := config.heartbeat, Heartbeat) and is_due(to, tick):
            beat = Beat(at=tick.isoformat(), to=to, deployment=self.deployment, version=__version__)
            self.deliveries.send([message(Parcel(beat=beat))])


def is_due(to: Heartbeat, tick: datetime) -> bool:
    """By the clock, so that nobody has to remember the last one."""
    return int(tick.timestamp()) // 60 % max(1, int(to.every_seconds) // 60) == 0


def topics_of(config: Config) -> tuple[str, ...]:
    """All to which something is sent."""
    beats = (config.heartbeat.topic,) if isinstance(config.heartbeat, Heartbeat) else ()
    return tuple(filter(None, (*(one.topic for one in config.notify), *beats)))
