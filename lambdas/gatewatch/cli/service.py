"""The deployed service as the commands see it: what it does, and what people ask of it.

With the credentials of whoever asks, and their few permissions (docs/account.md).
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from functools import cached_property
from secrets import token_hex

import msgspec
import typer

from gatewatch.adapters.aws.channel_items import DynamoChannels
from gatewatch.adapters.aws.dynamodb import DynamoTable
from gatewatch.adapters.aws.sns import confirmed_subscribers
from gatewatch.adapters.aws.sts import own_name
from gatewatch.cli import waiting
from gatewatch.cli.account import Deployed
from gatewatch.cli.exits import FINDINGS, UsageError, say
from gatewatch.cli.reason import reason
from gatewatch.cli.stack import Outputs, Place, in_one_line
from gatewatch.config.canonical import Config, UnreadableError, read_canonical
from gatewatch.config.problems import nearest
from gatewatch.delivery.standing import Standing
from gatewatch.incidents.mute import Mute
from gatewatch.incidents.track import RouteState
from gatewatch.model import Incident
from gatewatch.plan import Entered, Latches
from gatewatch.service.errands import (
    MOST_NAMED,
    Answer,
    Errand,
    ErrandKind,
    Looked,
    Pause,
    Tick,
    in_order,
    is_in_order,
    mutes,
    pauses,
)
from gatewatch.service.published import Pointer, RejectedError
from gatewatch.service.state_slices import latest

DEAD_AFTER = timedelta(minutes=3)
"""As the alarm NoTick."""


class Where(msgspec.Struct, frozen=True, kw_only=True):
    """Which of many deployments it is; an older version does not say all of it."""

    account: str | None
    region: str | None
    deployment: str | None
    stack: str
    monitor: str | None
    version: str | None


class Service:
    """Every method may raise UsageError."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.outputs = Outputs(place)
        self.table = DynamoTable(self.outputs["StateTable"], place.region)

    @property
    def where(self) -> Where:
        """The topic's ARN names account and region."""
        parts = (self.outputs.get("IncidentsTopic") or "").split(":")
        _, _, _, region, account, _ = parts if len(parts) == 6 else (None,) * 6
        return Where(
            account=account,
            region=region or self.place.region,
            deployment=self.outputs.get("Deployment"),
            stack=self.place.stack,
            monitor=self.place.monitor,
            version=self.outputs.get("Version"),
        )

    @cached_property
    def deployed(self) -> Deployed:
        return Deployed(self.place)

    @cached_property
    def pointer(self) -> Pointer:
        try:
            return self.deployed.pointer()
        except RejectedError as error:
            raise UsageError("; ".join(error.problems)) from None

    @cached_property
    def config(self) -> Config:
        """The published one."""
        try:
            return read_canonical(self.deployed.body(self.pointer))
        except UnreadableError as error:
            raise UsageError(f"{self.pointer.key}: {error}") from None

    def in_force(self) -> str | None:
        """The key of the configuration that the last tick worked with."""
        with self._asked():
            return self.table.in_force()

    def open_incidents(self) -> list[Incident]:
        with self._asked():
            return self.table.open_incidents()

    def standings(self) -> dict[str, Standing]:
        """How the channels fare, by their keys."""
        with self._asked():
            found = DynamoChannels(self.outputs["StateTable"], self.place.region).standings()
        return {one.channel: one for one in found}

    def states(self, api: str) -> list[RouteState]:
        with self._asked():
            return latest(self.table.all(api))

    def precedents(self) -> tuple[Latches, Entered]:
        """The writes that are held back, and the entrances at which any look ever got through."""
        with self._asked():
            records = self.table.records()
        latched = {
            (name, route, entrance): held
            for name, one in records.items()
            for (route, entrance), held in one.latched.items()
        }
        return latched, frozenset((name, at) for name, one in records.items() for at in one.let_in)

    def tick(self) -> Tick | None:
        with self._asked():
            return self.table.tick()

    def silence(self) -> timedelta | None:
        """How long ago the last tick was; None: there was none."""
        last = self.tick()
        return None if last is None else waiting.CLOCK.now() - datetime.fromisoformat(last.at)

    def death(self) -> str | None:
        """That it does not tick, and what to look at; None where it does."""
        ago = self.silence()
        if ago is None and self.outputs.get("Version") is None:
            return (
                "an older version is deployed, which says nothing of its ticks and takes nothing "
                "that people ask for. Deploy this one"
            )
        if ago is not None and ago <= -DEAD_AFTER:
            ahead = waiting.lasting(-ago)
            return (
                f"its last tick is {ahead} ahead of this machine's clock: set the clock, "
                "or nobody knows how old anything is, and a pause ends at another time"
            )
        if ago is not None and ago < DEAD_AFTER:
            return None
        last = "no tick yet" if ago is None else f"no tick for {waiting.lasting(ago)}"
        region = f" --region {self.where.region}" if self.where.region else ""
        log = self.outputs.get("DispatchLog")
        look = (
            f"aws logs tail {log} --since 1h{region}" if log else "the log of the function Dispatch"
        )
        return f"{last}: the monitor does nothing. Look at {look}, and whether its schedule is on"

    def pauses(self) -> tuple[Pause, ...]:
        now = waiting.CLOCK.now()
        with self._asked():
            return pauses(in_order(self.table.errands(), now).errands, now)

    def mutes(self) -> tuple[Mute, ...]:
        now = waiting.CLOCK.now()
        with self._asked():
            return mutes(in_order(self.table.errands(), now).errands, now)

    def refuse_dead(self) -> None:
        """Say that nothing comes of what is asked, and end the command, where it does not tick."""
        if (dead := self.death()) is not None:
            say(f"{self.place.stack}: {dead}")
            raise typer.Exit(FINDINGS)

    def ask(self, errand: Errand) -> None:
        """Raises UsageError for what the service would refuse, too, which nobody waits for."""
        if not is_in_order(errand, waiting.CLOCK.now()):
            raise UsageError("too long to be asked at once: name fewer APIs, or none for all")
        with self._asked():
            self.table.add_errand(errand)

    def answer(self, errand: Errand) -> Answer | None:
        with self._asked():
            return self.table.answers([errand.id]).get(errand.id)

    def looked(self, answer: Answer) -> list[Looked]:
        """Of each shard that has answered."""
        if answer.tick is None:
            return []
        with self._asked():
            return self.table.looked(answer.tick)

    def subscribers(self, topic: str) -> int:
        with in_one_line(topic):
            return confirmed_subscribers(topic)

    def errand(
        self,
        kind: ErrandKind,
        *,
        why: str | None = None,
        apis: tuple[str, ...] = (),
        route: str | None = None,
        until: datetime | None = None,
        ends: tuple[str, ...] = (),
        channels: tuple[str, ...] = (),
    ) -> Errand:
        """Of whoever runs the command, now."""
        with self._asked():
            by = own_name(self.place.region)
        return Errand(
            id=token_hex(16),
            kind=kind,
            at=waiting.CLOCK.now().isoformat(),
            by=by,
            why=reason(why),
            apis=apis,
            route=route,
            until=None if until is None else until.isoformat(),
            ends=ends,
            channels=channels,
        )

    def known(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """APIs of the published configuration, each once. Raises UsageError for others."""
        configured = [api.name for api in self.config.apis]
        for name in names:
            if name not in configured:
                close = nearest(name, configured)
                hint = f" (did you mean {close}?)" if close else ""
                raise UsageError(f"{name}: there is no such API in the configuration{hint}")
        if len(names) > MOST_NAMED:
            raise UsageError(f"{len(names)} APIs; expected at most {MOST_NAMED}, or none for all")
        return tuple(dict.fromkeys(names))

    def _asked(self) -> AbstractContextManager[None]:
        return in_one_line(f"stack {self.place.stack}")
