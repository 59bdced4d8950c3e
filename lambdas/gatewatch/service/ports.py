"""What the service needs from outside besides the core's own ports; the handlers pass it in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import msgspec

from gatewatch.incidents.acknowledge import Ack
from gatewatch.incidents.links import Claim, Link
from gatewatch.model import Held, Incident
from gatewatch.service.ledger import Ledger
from gatewatch.service.outbox import Notice
from gatewatch.service.state_slices import Slice


class OvertakenError(Exception):
    """Raised when somebody else has written since one read: read again, and decide again."""


class UndeliveredError(Exception):
    """Raised when a channel did not take a message, and may take it later; says which one and
    why."""


class UnacceptableError(Exception):
    """Raised when a channel is there, and refuses this message for good; says which one and why."""


class ApiRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What dispatch must know of an API besides its configuration.

    `let_in`: entrances that some look has got through, ever. `latched`: by (route, entrance) the
    writes that are held back, and as what. `news`: how often there was some since all was told and
    over. `swept`: the digest of the configuration with which its states were last compared.
    `slices`: of how many its states were ever made, so that none is taken up again where it was
    left. `is_restless`: its writer wants strangers' looks with every other.
    """

    api: str
    let_in: frozenset[str] = frozenset()
    latched: Mapping[tuple[str, str], Held] = {}
    news: int = 0
    swept: str | None = None
    slices: int = 1
    is_restless: bool = False


class ApiRecords(Protocol):
    def records(self) -> dict[str, ApiRecord]: ...

    def add_let_in(self, api: str, entrances: Iterable[str]) -> None: ...

    def latch(self, api: str, route: str, entrance: str, held: Held) -> None: ...

    def unlatch(self, api: str, route: str, entrance: str, held: Held) -> None:
        """Takes that back; a latch with another finding stays."""

    def held(self, api: str) -> Mapping[tuple[str, str], Held]:
        """By (route, entrance) the writes that are held back at this moment. Raises where no more
        could be."""

    def release(self, api: str, route: str) -> int:
        """Lets a latched write be sent again; returns how many entrances that concerned."""

    def acknowledged(self) -> frozenset[str]:
        """The APIs for whose writer some Ack waits."""

    def acks(self, api: str) -> list[Ack]:
        """Those that wait; what is not in order is left out."""

    def remove_ack(self, ack: Ack) -> None: ...

    def news(self, api: str) -> int: ...

    def add_news(self, api: str) -> None: ...

    def clear_news(self, api: str, count: int) -> None:
        """Only if there was none since they were `count`."""

    def set_swept(self, api: str, digest: str) -> None: ...

    def set_slices(self, api: str, count: int) -> None: ...

    def set_restless(self, api: str, *, wanted: bool) -> None: ...

    def forget(self, api: str) -> None: ...

    def good_version(self) -> str | None:
        """The key of the last configuration that was found in order."""

    def set_good_version(self, key: str) -> None: ...


class StateTable(Protocol):
    """Slices of route states."""

    def some(self, api: str, names: Sequence[str]) -> list[Slice]:
        """These slices, empty ones included; cut out of others where the count has changed."""

    def all(self, api: str) -> list[Slice]: ...

    def save(self, after: Slice) -> None:
        """Raises OvertakenError unless `after.version` is still the stored one."""

    def set_heard(self, one: Slice, number: int) -> None: ...


class Ledgers(Protocol):
    def ledger(self, api: str) -> Ledger: ...

    def save_ledger(self, after: Ledger) -> Ledger:
        """The ledger with its new version; raises OvertakenError as `States.save`."""

    def file(self, incident: Incident) -> None:
        """Keeps a copy of an incident for whoever asks later."""


class LinkTable(Protocol):
    """What the writers of APIs know of each other's open incidents."""

    def links(self, scope: str) -> Sequence[Link]:
        """Those of a credential, of all APIs."""

    def claimed(self, scope: str) -> Claim | None: ...

    def claim(self, wanted: Claim, before: Claim | None) -> Claim:
        """Puts a claim in the place of `before`; where somebody else has done so, theirs stays."""

    def link(self, one: Link) -> None: ...

    def unlink(self, one: Link) -> None:
        """Takes back the claim of its incident as well."""


class Table(ApiRecords, StateTable, Ledgers, LinkTable, Protocol):
    """All that the service remembers."""


class Publisher(Protocol):
    def publish(self, notice: Notice) -> None:
        """Raises UndeliveredError; or UnacceptableError, where no form of it is taken."""


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """`lane`: messages of one lane are worked at one after the other. `once`: of those with the
    same value within five minutes only the first counts."""

    body: bytes
    lane: str
    once: str


class Queue(Protocol):
    def send(self, messages: Sequence[Message]) -> None:
        """Raises where any was not accepted; then all may be sent again."""


class Objects(Protocol):
    def read(self, key: str) -> bytes:
        """Raises KeyError where there is no such object."""
