"""The service's ports, in addition to the core's; the handlers pass them in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import msgspec

from gatewatch.delivery.standing import Standing
from gatewatch.incidents.acknowledge import Ack
from gatewatch.incidents.deployments import Deployment
from gatewatch.incidents.links import Claim, Link
from gatewatch.model import Held, Incident
from gatewatch.notices.bulletin import Bulletin
from gatewatch.notices.notice import Notice
from gatewatch.service.changes.deployed import DeployedApi, Rounds
from gatewatch.service.errands import Answer, Looked, Tick, Waiting
from gatewatch.service.ledger import Ledger
from gatewatch.service.state_slices import Slice


class OvertakenError(Exception):
    """Raised when another writer has written since the last read: read and decide again."""


class UndeliveredError(Exception):
    """Raised when a channel did not accept a message but may later; names the channel and the
    reason."""


class UnacceptableError(Exception):
    """Raised when an existing channel refuses a message for good; names channel and reason."""


class ApiRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What dispatch needs of an API in addition to its configuration.

    `let_in`: entrances that some look ever got through. `latched`: the writes that are held back,
    by (route, entrance), and as what. `news`: how many times there was news since everything was
    announced and resolved. `swept`: the digest of the configuration that its states were last
    compared with. `slices`: the highest number of slices so far, so that no abandoned slice is
    used again. `is_restless`: its writer wants strangers to look as often as others. `deployments`:
    its last ones, where events tell of them; they are stored by themselves.
    """

    api: str
    let_in: frozenset[str] = frozenset()
    latched: Mapping[tuple[str, str], Held] = {}
    news: int = 0
    swept: str | None = None
    slices: int = 1
    is_restless: bool = False
    deployments: tuple[Deployment, ...] = ()


class GoodVersions(Protocol):
    def good_version(self) -> str | None:
        """The key of the last valid configuration."""

    def set_good_version(self, key: str) -> None: ...


class ApiRecords(GoodVersions, Protocol):
    def records(self) -> dict[str, ApiRecord]: ...

    def add_let_in(self, api: str, entrances: Iterable[str]) -> None: ...

    def latch(self, api: str, route: str, entrance: str, held: Held) -> None: ...

    def unlatch(self, api: str, route: str, entrance: str, held: Held) -> None:
        """Remove that latch; one with another finding stays."""

    def held(self, api: str) -> Mapping[tuple[str, str], Held]:
        """The writes that are held back now, by (route, entrance). Raises where no latch could be
        set."""

    def release(self, api: str, route: str) -> int:
        """Release a latched write; return at how many entrances."""

    def acknowledged(self) -> frozenset[str]:
        """The APIs whose writer has a waiting Ack."""

    def acks(self, api: str) -> list[Ack]:
        """The waiting ones; invalid ones are left out."""

    def remove_ack(self, ack: Ack) -> None: ...

    def news(self, api: str) -> int: ...

    def add_news(self, api: str) -> None: ...

    def clear_news(self, api: str, count: int) -> None:
        """Only if the count is still `count`."""

    def set_swept(self, api: str, digest: str) -> None: ...

    def set_slices(self, api: str, count: int) -> None: ...

    def set_restless(self, api: str, *, wanted: bool) -> None: ...

    def forget(self, api: str) -> None: ...


class StateTable(Protocol):
    """Slices of route states."""

    def some(self, api: str, names: Sequence[str]) -> list[Slice]:
        """These slices, empty ones included; built from others where the count has changed."""

    def all(self, api: str) -> list[Slice]: ...

    def save(self, after: Slice) -> None:
        """Raises OvertakenError unless `after.version` is still the stored one."""

    def set_heard(self, one: Slice, number: int) -> None: ...


class Ledgers(Protocol):
    def ledger(self, api: str) -> Ledger: ...

    def save_ledger(self, after: Ledger) -> Ledger:
        """The ledger with its new version; raises OvertakenError as `StateTable.save`."""

    def file(self, incident: Incident) -> None:
        """Keep a copy of an incident for later readers."""


class LinkTable(Protocol):
    """What APIs' writers publish to each other about open incidents."""

    def links(self, scope: str) -> Sequence[Link]:
        """The links of a credential, at all APIs."""

    def claimed(self, scope: str) -> Claim | None: ...

    def claim(self, wanted: Claim, before: Claim | None) -> Claim:
        """Replace `before` by a claim and return it; another writer's earlier claim stays."""

    def link(self, one: Link) -> None: ...

    def unlink(self, one: Link) -> None:
        """Remove the claim of its incident as well."""


class ErrandTable(Protocol):
    """What people ask of the service, and what has become of it."""

    def errands(self) -> Waiting:
        """The waiting ones, as many as one tick takes."""

    def remove_errand(self, name: str) -> None: ...

    def answer(self, name: str) -> Answer | None: ...

    def set_answer(self, answer: Answer) -> None: ...

    def set_looked(self, tick: str, part: str, looked: Looked) -> None:
        """Of looks that somebody asked for: those of one shard, its `part`."""

    def set_tick(self, tick: Tick) -> None:
        """Unless a later one is stored."""


class ChangeTable(Protocol):
    """The deployments of APIs, for whoever notes changes."""

    def deployed(self, api: str) -> DeployedApi: ...

    def save_deployed(self, after: DeployedApi) -> None:
        """Its deployments; raises OvertakenError unless `after.version` is still the stored one."""


class DeployedTable(Protocol):
    """The deployments of APIs, for whoever looks after them."""

    def deployed_apis(self) -> Mapping[str, DeployedApi]: ...

    def set_rounds(self, api: str, rounds: Rounds) -> None: ...


class DispatchTable(ApiRecords, ErrandTable, DeployedTable, Protocol):
    """What dispatch reads and writes."""


class Table(ApiRecords, StateTable, Ledgers, LinkTable, ErrandTable, Protocol):
    """Everything that the service stores."""


class ChannelTable(Protocol):
    """How the channels fare, and which messages reached one."""

    def standing(self, channel: str) -> Standing: ...

    def set_standing(self, after: Standing, *, done: str | None = None) -> None:
        """All but how many wait. `done`: the message that waits no more."""

    def add_waiting(self, channel: str, message: str) -> None: ...

    def is_delivered(self, message: str) -> bool: ...

    def set_delivered(self, message: str) -> None:
        """Kept for longer than a message waits."""


class Publisher(Protocol):
    def publish(self, notice: Notice) -> None:
        """Raises UndeliveredError, or UnacceptableError where no form of it is accepted."""


class Board(Protocol):
    def post(self, bulletin: Bulletin) -> None:
        """Raises as Publisher."""


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """`lane`: messages of one lane are processed one after the other. `once`: of messages with the
    same value within five minutes only the first counts."""

    body: bytes
    lane: str
    once: str


class Teller(Publisher, Board, Protocol):
    """Tells both kinds of messages."""


class Queue(Protocol):
    def send(self, messages: Sequence[Message]) -> None:
        """Raises where any was not accepted; then all may be sent again."""


class Objects(Protocol):
    def read(self, key: str) -> bytes:
        """Raises KeyError where there is no such object."""
