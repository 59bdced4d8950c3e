"""The incidents of a deployed stack, read and acknowledged with the credentials of whoever asks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from gatewatch.adapters.aws.sts import own_name
from gatewatch.cli.pausing import pause_line
from gatewatch.cli.service import Service
from gatewatch.cli.stack import Place, in_one_line
from gatewatch.incidents.acknowledge import Ack
from gatewatch.incidents.correlate import OPEN
from gatewatch.model import Incident


class OfStack:
    takes_effect = "; the service applies it within its next minute"

    def __init__(self, place: Place) -> None:
        self._place = place
        self._service = Service(place)
        self._table = self._service.table
        self.origin = place.origin

    def apis(self) -> list[str]:
        with self._asked():
            return sorted(self._table.records())

    def notes(self) -> list[str]:
        """Which of many deployments it is, and its pauses."""
        named = ", ".join(f"{name} {value}" for name, value in self.place().items())
        return [*([named] if named else []), *map(pause_line, self._service.pauses())]

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

    @contextmanager
    def _asked(self) -> Iterator[None]:
        with in_one_line(f"stack {self._place.stack}"):
            yield
