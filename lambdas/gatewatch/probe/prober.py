"""Sends attempts: prepared once, many at a time, politely, each within its deadline.

No redirect is followed, no cookie kept, and nothing is taken from the environment: no proxy, no
netrc, no CA bundle. Whatever a target does is a result here, never an exception.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from threading import Lock, Thread
from time import perf_counter
from typing import TypeVar
from urllib.parse import urlsplit

import requests

from gatewatch.attempt import Attempt
from gatewatch.gateway.failure import is_unreached
from gatewatch.model import READING_METHODS, Unsent
from gatewatch.own_fault import log_own_fault
from gatewatch.ports import Clock
from gatewatch.probe.connection import Adapter, shared_context
from gatewatch.probe.credentials import CredentialError, Keyring
from gatewatch.probe.exchange import Received, exchange, prepare, user_agent
from gatewatch.probe.flight import Flight
from gatewatch.probe.identity import Identity
from gatewatch.probe.resolve import Resolver
from gatewatch.probe.schedule import Job, Limits, Schedule
from gatewatch.raw import RawExchange
from gatewatch.redaction.redactor import Redactor

Recorded = TypeVar("Recorded")


class Prober:
    """The transport of one run; connections and name lookups live as long as it does.

    `contact`: where the called party learns who calls.
    """

    def __init__(
        self,
        keyring: Keyring,
        clock: Clock,
        limits: Limits | None = None,
        resolver: Resolver | None = None,
        contact: str | None = None,
    ) -> None:
        self._keyring = keyring
        self._clock = clock
        self._limits = limits or Limits()
        self._resolver = resolver or Resolver()
        self._contact = contact
        self._adapters: dict[tuple[str | None, str | None, Identity | None], Adapter] = {}
        self._lock = Lock()

    def redactor(self) -> Redactor:
        return self._keyring.redactor()

    def renew(self, callers: Sequence[str]) -> frozenset[str]:
        return self._keyring.renew(callers)

    def close(self) -> None:
        for adapter in self._adapters.values():
            adapter.close()
        self._adapters.clear()

    def send_all(
        self, attempts: Sequence[Attempt], record: Callable[[RawExchange], Recorded]
    ) -> list[Recorded]:
        """Send every attempt once; return what `record` makes of each, in the attempts' order.

        Hosts take turns, and a dead one is given up. `record` runs in the sending thread, so that
        raw results do not pile up.
        """
        self._keyring.read_ahead(name for one in attempts for name in one.callers)
        schedule = Schedule(attempts, self._limits.per_host, _turn(self._clock.now()))
        results: list[Recorded | None] = [None] * len(attempts)
        broken: list[Exception] = []

        def work() -> None:
            while (job := schedule.take()) is not None:
                failed = False
                try:
                    raw = self._safely(attempts[job.number], job)
                    failed = is_unreached(raw.error)
                    results[job.number] = self._recorded(raw, record)
                except Exception as error:  # noqa: BLE001 - raised below, when all is done
                    broken.append(error)
                finally:
                    schedule.finish(job, failed=failed)

        # Daemon threads, so that a stopped program need not wait for slow targets.
        crew = [
            Thread(target=work, daemon=True)
            for _ in range(min(self._limits.in_flight, schedule.room) - 1)
        ]
        for thread in crew:
            thread.start()
        work()
        for thread in crew:
            thread.join()
        if broken:
            raise broken[0]
        return [one for one in results if one is not None]

    def _safely(self, attempt: Attempt, job: Job) -> RawExchange:
        """Our own fault in one attempt must not stop the others, nor pass for the target's."""
        if job.given_up is not None:
            return self._left(attempt, job.given_up)
        try:
            return self._send(attempt, job.queued_at)
        except Exception as error:  # noqa: BLE001 - said in the result, logged, counted
            return self._not_sent(attempt, log_own_fault("attempt_failed", attempt.route, error))

    def _recorded(self, raw: RawExchange, record: Callable[[RawExchange], Recorded]) -> Recorded:
        """An answer that cannot be recorded keeps its status: it was sent, and its sender must not
        be able to stop the looks at others."""
        try:
            return record(raw)
        except Exception as error:  # noqa: BLE001 - said in the result, logged, counted
            return record(
                raw.without_answer(log_own_fault("record_failed", raw.attempt.route, error))
            )

    def _not_sent(self, attempt: Attempt, because: str) -> RawExchange:
        return self._left(attempt, Unsent(because=because))

    def _left(self, attempt: Attempt, because: Unsent) -> RawExchange:
        now = self._clock.now().isoformat()
        return RawExchange(attempt=attempt, sent_at=now, not_sent=because)

    def _send(self, attempt: Attempt, queued_at: float) -> RawExchange:
        now = self._clock.now()
        try:
            agent = user_agent(attempt.purpose, self._contact)
            prepared = _prepared(attempt.method, attempt.url, attempt.headers, agent)
            presented = self._keyring.present(attempt, str(prepared.url), now)
            adapter = self._adapter(attempt, presented.identity)
        except CredentialError as error:
            return self._left(attempt, error.unsent)
        except (OSError, ValueError, requests.RequestException) as error:
            return self._not_sent(attempt, f"the request cannot be made: {type(error).__name__}")
        # The deadline is the target's: the time that a token took is not counted.
        started = perf_counter()
        flight = Flight(
            self._resolver, started + attempt.timeout_seconds, _host_port(attempt.connect_to)
        )
        pool, fault = adapter.pool(str(prepared.url)), None
        try:
            outcome = exchange(pool, prepared, presented.headers, flight)
        except Exception as error:
            if not flight.sent:
                raise
            fault = log_own_fault("attempt_failed", attempt.route, error)
            outcome = Received.broken_off(flight.status, None if flight.status else fault)
        if attempt.method not in READING_METHODS:
            adapter.close()
        address = self._resolver.refused(urlsplit(attempt.url).hostname or "")
        if address and not flight.sent:
            return self._not_sent(attempt, f"{address} may not be connected to: {_NOT_LET_IN}")
        phases = {"queue": started - queued_at, **flight.phases}
        return RawExchange(
            attempt=attempt,
            sent_at=now.isoformat(),
            credentials=self._keyring.sent(attempt),
            status=outcome.status,
            headers=outcome.headers,
            head_is_whole=outcome.head_is_whole,
            body=outcome.body,
            body_is_whole=outcome.body_is_whole,
            error=outcome.error,
            fault=fault,
            address=flight.address,
            elapsed_ms=_ms(perf_counter() - started),
            phases_ms={name: _ms(seconds) for name, seconds in phases.items()},
            certificate_expires=flight.certificate_expires,
        )

    def _adapter(self, attempt: Attempt, identity: Identity | None) -> Adapter:
        """One set of pools for each way to connect. A write gets its own connection, so that a
        stale one never sends it twice."""
        context = shared_context(attempt.authority, identity)
        if attempt.method not in READING_METHODS:
            return Adapter(context, 1)
        key = (attempt.authority, attempt.connect_to, identity)
        with self._lock:
            if key not in self._adapters:
                self._adapters[key] = Adapter(context, self._limits.in_flight)
            return self._adapters[key]


_NOT_LET_IN = "a private API needs `private: true` and a network whose ranges hold its address"


def _turn(now: datetime) -> int:
    """A different number for each run, whatever the interval between runs."""
    return int.from_bytes(sha256(now.isoformat().encode()).digest()[:4], "big")


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)


def _host_port(text: str | None) -> tuple[str, int] | None:
    if text is None:
        return None
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)


@lru_cache(maxsize=8192)
def _prepared(
    method: str, url: str, headers: tuple[tuple[str, str], ...], agent: str
) -> requests.PreparedRequest:
    """Built once and never changed; a probe only adds its credential."""
    own = {
        "User-Agent": agent,
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        "Cache-Control": "no-cache",
    }
    if method not in READING_METHODS:
        own["Connection"] = "close"
    whole = {**own, **dict(headers)}
    if whole["User-Agent"] != agent:
        # Whoever does not know us by the one is told by the other.
        whole["X-Synthetic-Monitoring"] = agent
    return prepare(method, url, whole)
