"""How many Lambda functions a configuration needs at once while none of its APIs answers."""

from __future__ import annotations

from math import ceil

import msgspec

from gatewatch.config.canonical import Config
from gatewatch.config.places import inside, outside
from gatewatch.cost import measured
from gatewatch.cost.counted import Counted, counted
from gatewatch.cost.quotas import silent_concurrency

LEAST, MOST = 2, 1_000
"""What the poller of a queue takes:
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html"""
NEW_ACCOUNT = 10
"""All functions of a new account, which may ask for more:
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""
_MINUTE = 60
_DISPATCH = 1
_MOST_DELIVERERS = 5


class AtOnce(msgspec.Struct, frozen=True, kw_only=True):
    """Probes outside and inside the VPC, writers of incidents, and deliverers of messages."""

    probes: int
    twins: int
    writers: int
    deliverers: int = 0

    @property
    def all(self) -> int:
        return self.probes + self.twins + self.writers + self.deliverers + _DISPATCH


def at_once(config: Config, found: Counted | None = None) -> AtOnce:
    """So many that what a minute brings is done within it. `found`: the whole, where it was
    counted already."""
    private = inside(config)
    if private.apis:
        found, twins = counted(outside(config)), _probes(counted(private))
    else:
        found, twins = found or counted(config), 0
    writing = ceil(len(config.apis) * measured.WRITER_SECONDS / _MINUTE)
    return AtOnce(
        probes=_probes(found),
        twins=twins,
        writers=_taken(writing),
        deliverers=_deliverers(config),
    )


def _deliverers(config: Config) -> int:
    """Each channel is a lane, and few of them have something to say in the same seconds."""
    lanes = sum(one.hook is not msgspec.UNSET for one in config.notify)
    lanes += config.heartbeat is not msgspec.UNSET
    return min(_taken(lanes), _MOST_DELIVERERS) if lanes else 0


def _probes(found: Counted) -> int:
    return _taken(silent_concurrency(found))


def _taken(wanted: int) -> int:
    return max(LEAST, min(MOST, wanted))
