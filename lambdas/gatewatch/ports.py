"""What the core needs from outside and the shell passes in; each has a real and a fake form."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from gatewatch.attempt import Attempt
from gatewatch.config.canonical import AssumedRole, Cognito, SecretRef
from gatewatch.incidents.announce import Announced
from gatewatch.incidents.links import Links
from gatewatch.incidents.mute import Mute
from gatewatch.incidents.track import RouteState
from gatewatch.model import Held, Incident
from gatewatch.notices.audience import Told
from gatewatch.plan import Latches
from gatewatch.raw import RawExchange
from gatewatch.redaction.redactor import Redactor

Recorded = TypeVar("Recorded")


class SecretError(Exception):
    """Raised when a secret cannot be read; its text names the reference and never a value.

    `remedy`: what to do, as a command or a sentence. `passes`: it ends by itself, as a limit on
    requests does.
    """

    def __init__(self, text: str, remedy: str | None = None, *, passes: bool = False) -> None:
        super().__init__(text)
        self.remedy = remedy
        self.passes = passes

    def again(self) -> SecretError:
        """A new error with the same content, to raise again."""
        return SecretError(str(self), self.remedy, passes=self.passes)


class StateError(Exception):
    """Raised when state cannot be read or stored; names the place and the reason."""


@dataclass(frozen=True, slots=True, repr=False)
class Keys:
    """An AWS identity's keys; they are never shown."""

    access_key_id: str
    secret_access_key: str
    session_token: str | None = None


class Clock(Protocol):
    def now(self) -> datetime:
        """The time in UTC."""


ReadSecret = Callable[[SecretRef], str]
"""Returns the secret's whole value, without selecting its `key`; raises SecretError."""


class Identities(Protocol):
    """The identities of Gatewatch. All methods raise SecretError; a time is an expiry."""

    def own_keys(self) -> tuple[Keys, datetime | None]:
        """The keys of the identity that Gatewatch itself runs as."""

    def role_keys(self, role: AssumedRole) -> tuple[Keys, datetime]: ...

    def cognito_token(
        self, user: Cognito, password: str, client_secret: str | None
    ) -> tuple[str, datetime]: ...


class Transport(Protocol):
    def send_all(
        self, attempts: Sequence[Attempt], record: Callable[[RawExchange], Recorded]
    ) -> list[Recorded]:
        """Sends every attempt once; returns what `record` makes of each, in the same order.

        It never raises for what a target does, and may call `record` in any thread.
        """

    def redactor(self) -> Redactor:
        """A redactor that knows every secret that an answer may still echo."""

    def renew(self, callers: Sequence[str]) -> frozenset[str]:
        """Reads refused credentials again; returns those that have changed."""


class ApiMemory(Links, Protocol):
    """The states of one API, its open incidents, their last announcements, and what its channels
    are told; stored as a whole. `ended`: incidents that are over, of which some channel was told
    that they began and not yet that they ended. `mutes`: those that nobody has ended.

    Its links are the open incidents of other APIs.
    """

    states: tuple[RouteState, ...]
    incidents: tuple[Incident, ...]
    said: Mapping[str, Announced]
    told: Told
    ended: tuple[Incident, ...]
    mutes: tuple[Mute, ...]

    def keep(
        self,
        states: Sequence[RouteState],
        incidents: Sequence[Incident],
        said: Mapping[str, Announced],
        told: Told | None = None,
    ) -> None:
        """`told`: None leaves it as it is."""


class Latching(Protocol):
    """Holds back writes that passed for somebody who must be refused."""

    def latch(self, api: str, route: str, entrance: str, held: Held) -> None:
        """May be called in any thread, and again with another finding."""

    def unlatch(self, api: str, route: str, entrance: str, held: Held) -> None:
        """Removes the latch; one with another finding stays."""


class Precedents(Latching, Protocol):
    """What is known of entrances and writes before a run."""

    def let_in(self) -> frozenset[tuple[str, str]]:
        """The (api, entrance) pairs at which any look has ever got through."""

    def latched(self) -> Latches: ...


class Store(Precedents, Protocol):
    """All state under one configuration; an API that it no longer names has left it.

    Everything raises StateError if it cannot be read or stored.
    """

    def ready(self) -> None:
        """Raises if nothing more can be stored; then nothing may be sent."""

    def apis(self) -> Sequence[str]:
        """The APIs with stored state."""

    def open_incidents(self) -> Iterable[Incident]:
        """The open incidents of all APIs."""

    def mutes(self, now: datetime) -> tuple[Mute, ...]:
        """Those in force, of all APIs."""

    def open(self, api: str) -> AbstractContextManager[ApiMemory]:
        """One API's memory, exclusively; it is stored wholly or not at all."""
