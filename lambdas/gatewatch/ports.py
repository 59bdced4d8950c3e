"""What the core needs from outside; the shell passes it in. Each has one real and one fake form."""

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
from gatewatch.incidents.track import RouteState
from gatewatch.model import Held, Incident
from gatewatch.plan import Latches
from gatewatch.raw import RawExchange
from gatewatch.redaction.redactor import Redactor

Recorded = TypeVar("Recorded")


class SecretError(Exception):
    """Raised when a secret cannot be read; its text names the reference and never a value.

    `remedy` is what to do about it: a command, or a sentence. `passes`: it will end by itself, as
    a limit on requests does.
    """

    def __init__(self, text: str, remedy: str | None = None, *, passes: bool = False) -> None:
        super().__init__(text)
        self.remedy = remedy
        self.passes = passes

    def again(self) -> SecretError:
        """The same error, to be raised once more."""
        return SecretError(str(self), self.remedy, passes=self.passes)


class StateError(Exception):
    """Raised when what is remembered cannot be read or kept; names the place and the reason."""


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
"""The secret's value, its `key` left aside; raises SecretError."""


class Identities(Protocol):
    """Who Gatewatch is, or may become. Each raises SecretError; a time is the end of life."""

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
        """Every attempt once; what `record` makes of each outcome, in the attempts' order.

        It never raises for what a target does, and may call `record` in any thread.
        """

    def redactor(self) -> Redactor:
        """One that knows every secret that an answer may still echo."""

    def renew(self, callers: Sequence[str]) -> frozenset[str]:
        """Reads again what refused credentials are made of; those of which something is new."""


class ApiMemory(Links, Protocol):
    """The states of one API, its open incidents and what was said of them: one whole. Its links
    are the open incidents of other APIs."""

    states: tuple[RouteState, ...]
    incidents: tuple[Incident, ...]
    said: Mapping[str, Announced]

    def keep(
        self,
        states: Sequence[RouteState],
        incidents: Sequence[Incident],
        said: Mapping[str, Announced],
    ) -> None: ...


class Latching(Protocol):
    """Holds writes back that got through to somebody who must not."""

    def latch(self, api: str, route: str, entrance: str, held: Held) -> None:
        """May be called in any thread, and again with another finding."""

    def unlatch(self, api: str, route: str, entrance: str, held: Held) -> None:
        """Takes that back; a latch with another finding stays."""


class Precedents(Latching, Protocol):
    """What is known of entrances and writes before a run."""

    def let_in(self) -> frozenset[tuple[str, str]]:
        """The (api, entrance) pairs at which some look has got through, ever."""

    def latched(self) -> Latches: ...


class Store(Precedents, Protocol):
    """What is known by one configuration: an API that it does not name any more has left it.

    Everything raises StateError where it cannot be read or kept.
    """

    def ready(self) -> None:
        """Raises unless more can be kept: else nothing may be sent."""

    def apis(self) -> Sequence[str]:
        """Of which anything is kept."""

    def open_incidents(self) -> Iterable[Incident]:
        """Those of all APIs."""

    def open(self, api: str) -> AbstractContextManager[ApiMemory]:
        """One API's memory, alone: what is kept in it is stored whole or not at all."""
