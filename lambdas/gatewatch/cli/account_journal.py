"""The incidents of a deployed stack, read and acknowledged with the credentials of whoever asks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from gatewatch.adapters.aws.dynamodb import DynamoTable
from gatewatch.adapters.aws.sts import own_name
from gatewatch.cli.stack import Outputs, in_one_line
from gatewatch.incidents.acknowledge import Ack
from gatewatch.incidents.correlate import OPEN
from gatewatch.model import Incident
from gatewatch.notices.origin import Origin


class OfStack:
    takes_effect = "; the service applies it within its next minute"

    def __init__(self, stack: str, region: str | None = None) -> None:
        self._stack = stack
        self._region = region
        self._table = DynamoTable(Outputs(stack, region)["StateTable"], region)
        self.origin = Origin(region=region, stack=stack)

    def apis(self) -> list[str]:
        with self._asked():
            return sorted(self._table.records())

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
            return own_name(self._region)

    def take(self, ack: Ack) -> None:
        with self._asked():
            self._table.add_ack(ack)

    @contextmanager
    def _asked(self) -> Iterator[None]:
        with in_one_line(f"stack {self._stack}"):
            yield
