"""One night: what happens when, what on-call hears in each world, and what they should hear."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path

from gatewatch.sandbox import orders
from gatewatch.sandbox.server import Sandbox
from gatewatch.sandbox.world import World
from tests.worlds import Side, Worlds, worlds

Act = Callable[[Worlds], None]
START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def minute_of(at: datetime) -> int:
    return int((at - START).total_seconds() // 60)


def ordinary() -> Sandbox:
    return Sandbox(orders.world())


@dataclass(frozen=True)
class Night:
    """`acts` are by the minute before whose looks they happen. `hears` has a pattern for each
    message, in order: minute, kind, headline, and after ` | ` its news."""

    name: str
    told: str
    routes: str
    hears: tuple[str, ...]
    minutes: int
    acts: Mapping[int, Act] = field(default_factory=dict)
    sandbox: Callable[[], Sandbox] = ordinary


def changing(change: Callable[[World], World]) -> Act:
    return lambda both: both.change(change)


def restored(both: Worlds) -> None:
    both.change(lambda _: orders.world())


@dataclass(frozen=True)
class Heard:
    """What both worlds said."""

    local: list[str]
    account: list[str]


def live_through(night: Night, folder: Path) -> Heard:
    """The same night in both worlds."""
    with worlds(folder, lambda *place: _written(night.routes, *place), make=night.sandbox) as both:
        for minute in range(1, night.minutes + 1):
            if minute in night.acts:
                night.acts[minute](both)
            both.minutes()
        return Heard(list(_log(both.local)), list(_log(both.account)))


def _written(routes: str, connect_to: str, ca_file: str) -> str:
    credentials = orders.configuration(connect_to, ca_file).partition("apis:")[0]
    quiet = credentials.partition("\n")[2]
    where = f"connect_to: {connect_to}\n    ca_file: {ca_file}"
    return f"{quiet}apis:\n{routes.replace('CONNECT', where)}"


def _log(side: Side) -> Iterator[str]:
    for at, kind, _, line, news in side.messages:
        minute = minute_of(datetime.fromisoformat(at))
        yield " | ".join((f"{minute} {kind} {line}", *news))


def differences(night: Night, heard: Heard) -> list[str]:
    """What is not as it should be, in words."""
    found = []
    if sorted(heard.local) != sorted(heard.account):
        found.append("the two worlds say different things")
    for at in range(max(len(night.hears), len(heard.local))):
        wanted = night.hears[at] if at < len(night.hears) else None
        said = heard.local[at] if at < len(heard.local) else None
        if wanted is None or said is None or not fnmatchcase(said, wanted):
            found.append(f"message {at + 1}: expected {wanted}, heard {said}")
    return found
