"""The incidents of a deployed stack, read and acknowledged with the credentials of whoever asks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from gatewatch.adapters.aws.sts import own_name
from gatewatch.cli.mutes import mute_line, refuse_unknown
from gatewatch.cli.pausing import pause_line
from gatewatch.cli.service import Service
from gatewatch.cli.stack import Place, in_one_line
from gatewatch.incidents.acknowledge import Ack
from gatewatch.incidents.correlate import OPEN
from gatewatch.incidents.mute import Mute
from gatewatch.model import Incident
from gatewatch.service.errands import MOST_NAMED, Errand, ErrandKind


class OfStack:
    takes_effect = "; the service applies it within its next minute"
    still_rings = ", and the CloudWatch alarms still ring"

    def __init__(self, place: Place) -> None:
        self._place = place
        self._service = Service(place)
        self._table = self._service.table
        self.origin = place.origin

    def apis(self) -> list[str]:
        with self._asked():
            return sorted(self._table.records())

    def notes(self) -> list[str]:
        """Which of many deployments it is, its pauses and its mutes."""
        named = ", ".join(f"{name} {value}" for name, value in self.place().items())
        return [
            *([named] if named else []),
            *map(pause_line, self._service.pauses()),
            *map(mute_line, self.mutes()),
        ]

    def place(self) -> dict[str, str]:
        where = self._service.where
        if where.account is None or where.region is None or where.deployment is None:
            return {}
        return {
            "account": where.account,
            "region": where.region,
            "deployment": where.deployment,
        }

    def open(self) -> list[Incident]:
        with self._asked():
            return self._table.open_incidents()

    def ended(self) -> Iterator[Incident]:
        with self._asked():
            for incident in self._table.filed():
                if incident.state != OPEN:
                    yield incident

    def found(self, prefix: str) -> list[Incident]:
        with self._asked():
            return list(self._table.filed(prefix))

    def held(self, api: str) -> set[str]:
        with self._asked():
            known = self._table.records().get(api)
            return {route for route, _ in known.latched} if known else set()

    def me(self) -> str:
        with self._asked():
            return own_name(self._place.region)

    def take(self, ack: Ack) -> None:
        with self._asked():
            self._table.add_ack(ack)

    def mutes(self) -> tuple[Mute, ...]:
        return self._service.mutes()

    def mute(self, wanted: Mute) -> None:
        refuse_unknown(self._service.config, wanted.api, wanted.route)
        self._service.refuse_dead()
        self._service.ask(
            Errand(
                id=wanted.id,
                kind=ErrandKind.MUTE,
                at=wanted.since,
                by=wanted.by,
                why=wanted.why,
                apis=(wanted.api,),
                route=wanted.route,
                until=wanted.until,
            )
        )

    def unmute(self, ended: Sequence[Mute]) -> None:
        for part in range(0, len(ended), MOST_NAMED):
            ends = tuple(one.id for one in ended[part : part + MOST_NAMED])
            self._service.ask(self._service.errand(ErrandKind.UNMUTE, ends=ends))
        self._service.refuse_dead()

    @contextmanager
    def _asked(self) -> Iterator[None]:
        with in_one_line(f"stack {self._place.stack}"):
            yield
