"""Sends attempts: prepared once, many at a time, politely, each within its deadline.

No redirect is followed, no cookie kept, and nothing is taken from the environment: no proxy, no
netrc, no CA bundle. What a target does is never an exception here, it is the outcome.
"""

from __future__ import annotations

import logging
import ssl
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from http.client import HTTPException, IncompleteRead
from threading import Condition, Lock, Thread
from time import perf_counter
from typing import TypeVar

import requests
import urllib3
from urllib3.exceptions import HTTPError, NewConnectionError, ProtocolError

from gatewatch import __version__
from gatewatch.config.canonical import READING_METHODS
from gatewatch.gateway.url import host_of
from gatewatch.plan import Attempt
from gatewatch.ports import Clock, SecretError
from gatewatch.probe.connection import Adapter, Flight, fly, tls_context
from gatewatch.probe.credentials import CredentialError, Keyring
from gatewatch.probe.resolve import NoAddressError, Resolver
from gatewatch.raw import RawExchange

Recorded = TypeVar("Recorded")

_log = logging.getLogger(__name__)
HOMEPAGE = "https://github.com/gatewatch/gatewatch"
BODY_BYTES = 65_536
_UNREACHABLE_AFTER = 5


@dataclass(frozen=True, slots=True)
class Limits:
    """How many requests may be under way at once, in total and at one host."""

    in_flight: int = 16
    per_host: int = 6


_contexts: dict[str | None, ssl.SSLContext] = {}
_contexts_lock = Lock()


def _context(ca_file: str | None) -> ssl.SSLContext:
    """One context for each TLS policy, for the life of the process; built by one thread only."""
    with _contexts_lock:
        if ca_file not in _contexts:
            _contexts[ca_file] = tls_context(ca_file)
        return _contexts[ca_file]


@dataclass(slots=True)
class _Host:
    """What waits for one host, by number, and how it has behaved."""

    waiting: deque[int] = field(default_factory=deque)
    under_way: int = 0
    failures_in_a_row: int = 0


@dataclass(frozen=True, slots=True)
class _Job:
    """An attempt to send now; or not, where its host was `given_up`."""

    number: int
    host: _Host
    queued_at: float
    given_up: str | None = None


class _Schedule:
    """Deals attempts out to threads: hosts in turn, none with more than its share under way."""

    def __init__(self, attempts: Sequence[Attempt], per_host: int) -> None:
        hosts: dict[str, _Host] = {}
        for number, attempt in enumerate(attempts):
            name = attempt.connect_to or host_of(attempt.url)
            hosts.setdefault(name, _Host()).waiting.append(number)
        self._turns = deque(hosts.values())
        self._per_host = per_host
        self._queued_at = perf_counter()
        self._changed = Condition()

    def take(self) -> _Job | None:
        """The next attempt; waits while all hosts are busy; None when nothing waits any more."""
        with self._changed:
            while any(host.waiting for host in self._turns):
                for _ in range(len(self._turns)):
                    host = self._turns[0]
                    self._turns.rotate(-1)
                    if host.waiting and host.under_way < self._per_host:
                        return self._deal(host)
                self._changed.wait()
            return None

    def _deal(self, host: _Host) -> _Job:
        host.under_way += 1
        failures = host.failures_in_a_row
        given_up = failures >= _UNREACHABLE_AFTER
        because = f"host unreachable: {failures} failures in a row" if given_up else None
        return _Job(host.waiting.popleft(), host, self._queued_at, because)

    def finish(self, job: _Job, *, failed: bool) -> None:
        with self._changed:
            job.host.under_way -= 1
            if job.given_up is None:
                job.host.failures_in_a_row = job.host.failures_in_a_row + 1 if failed else 0
            self._changed.notify_all()


class Prober:
    """The transport of one run; connections and name lookups live as long as it does."""

    def __init__(
        self,
        keyring: Keyring,
        clock: Clock,
        limits: Limits | None = None,
        resolver: Resolver | None = None,
    ) -> None:
        self._keyring = keyring
        self._clock = clock
        self._limits = limits or Limits()
        self._resolver = resolver or Resolver()
        self._adapters: dict[tuple[str | None, str | None], Adapter] = {}
        self._lock = Lock()

    def known_secrets(self) -> frozenset[str]:
        return self._keyring.known_secrets()

    def close(self) -> None:
        for adapter in self._adapters.values():
            adapter.close()
        self._adapters.clear()

    def send_all(
        self, attempts: Sequence[Attempt], record: Callable[[RawExchange], Recorded]
    ) -> list[Recorded]:
        """Every attempt once; what `record` makes of each outcome, in the order of the attempts.

        Hosts take turns, and one that is dead is given up. `record` runs in the thread that sent,
        so that raw outcomes do not pile up.
        """
        self._keyring.read_ahead(name for one in attempts for name in one.callers)
        schedule = _Schedule(attempts, self._limits.per_host)
        results: list[Recorded | None] = [None] * len(attempts)

        def work() -> None:
            while (job := schedule.take()) is not None:
                raw = self._safely(attempts[job.number], job)
                results[job.number] = record(raw)
                schedule.finish(job, failed=raw.status == 0 and raw.not_sent is None)

        # Daemon threads, so that a stopped program need not wait for slow targets.
        crew = [
            Thread(target=work, daemon=True)
            for _ in range(min(self._limits.in_flight, len(attempts)) - 1)
        ]
        for thread in crew:
            thread.start()
        work()
        for thread in crew:
            thread.join()
        return [one for one in results if one is not None]

    def _safely(self, attempt: Attempt, job: _Job) -> RawExchange:
        """One attempt's fault of ours must not stop the others, nor pass for the target's."""
        if job.given_up is not None:
            return self._not_sent(attempt, job.given_up)
        try:
            return self._send(attempt, job.queued_at)
        except Exception as error:  # noqa: BLE001 - said in the result, logged, counted
            _log.exception("attempt_failed", extra={"route": attempt.route})
            return self._not_sent(attempt, f"internal error: {type(error).__name__}")

    def _not_sent(self, attempt: Attempt, because: str) -> RawExchange:
        now = self._clock.now().isoformat()
        return RawExchange(attempt=attempt, sent_at=now, not_sent=because)

    def _send(self, attempt: Attempt, queued_at: float) -> RawExchange:
        started = perf_counter()
        now = self._clock.now()
        try:
            prepared = _prepared(attempt.method, attempt.url, attempt.headers, attempt.purpose)
            secret = self._keyring.headers(attempt, str(prepared.url), now)
            adapter = self._adapter(attempt)
        except (CredentialError, SecretError) as error:
            return self._not_sent(attempt, str(error))
        except (OSError, ValueError, requests.RequestException) as error:
            return self._not_sent(attempt, f"the request cannot be made: {type(error).__name__}")
        flight = Flight(
            self._resolver, started + attempt.timeout_seconds, _host_port(attempt.connect_to)
        )
        outcome = _exchange(adapter.pool(str(prepared.url)), prepared, secret, flight)
        if attempt.method not in READING_METHODS:
            adapter.close()
        phases = {"queue": started - queued_at, **flight.phases}
        return RawExchange(
            attempt=attempt,
            sent_at=now.isoformat(),
            credentials=self._keyring.sent(attempt),
            status=outcome.status,
            headers=outcome.headers,
            body=outcome.body,
            body_is_whole=outcome.body_is_whole,
            error=outcome.error,
            address=flight.address,
            elapsed_ms=_ms(perf_counter() - started),
            phases_ms={name: _ms(seconds) for name, seconds in phases.items()},
            certificate_expires=flight.certificate_expires,
        )

    def _adapter(self, attempt: Attempt) -> Adapter:
        """One set of pools for each way to connect. A write gets a connection of its own, so
        that a stale one never makes it be sent twice."""
        context = _context(attempt.ca_file)
        if attempt.method not in READING_METHODS:
            return Adapter(context, 1)
        key = (attempt.ca_file, attempt.connect_to)
        with self._lock:
            if key not in self._adapters:
                self._adapters[key] = Adapter(context, self._limits.in_flight)
            return self._adapters[key]


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)


def _host_port(text: str | None) -> tuple[str, int] | None:
    if text is None:
        return None
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)


@lru_cache(maxsize=8192)
def _prepared(
    method: str, url: str, headers: tuple[tuple[str, str], ...], purpose: str
) -> requests.PreparedRequest:
    """Built once; a probe only adds its credential. Never changed after this."""
    own = {
        "User-Agent": f"Gatewatch/{__version__} (+{HOMEPAGE}; synthetic monitoring, {purpose})",
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        "Cache-Control": "no-cache",
    }
    if method not in READING_METHODS:
        own["Connection"] = "close"
    return requests.Request(method, url, headers={**own, **dict(headers)}).prepare()


@dataclass(slots=True)
class _Outcome:
    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    body_is_whole: bool = True
    error: str | None = None


def _exchange(
    pool: urllib3.HTTPConnectionPool,
    prepared: requests.PreparedRequest,
    secret: dict[str, str],
    flight: Flight,
) -> _Outcome:
    """Sends once; again only if a reused connection turned out to be closed already."""
    fly(flight)
    while True:
        try:
            response = pool.urlopen(
                prepared.method or "GET",
                prepared.path_url,
                headers={**prepared.headers, **secret},
                retries=False,
                redirect=False,
                assert_same_host=False,
                timeout=flight.left(),
                preload_content=False,
                decode_content=False,
            )
            return _read(response, flight)
        except (HTTPError, HTTPException, OSError, ValueError) as error:
            if _was_stale(error, flight):
                continue
            return _Outcome(error=_failure(error, flight))


def _was_stale(error: Exception, flight: Flight) -> bool:
    dropped = isinstance(error, (ProtocolError, ConnectionError))
    return dropped and not flight.connected and not flight.answered


def _read(response: urllib3.BaseHTTPResponse, flight: Flight) -> _Outcome:
    outcome = _Outcome(response.status, tuple(response.headers.iteritems()))
    flight.stage, started = "transfer", perf_counter()
    parts: list[bytes] = []
    size = 0
    try:
        while size < BODY_BYTES:
            part = response.read1(BODY_BYTES - size, decode_content=False)
            if not part:
                break
            parts.append(part)
            size += len(part)
        else:
            outcome.body_is_whole = False
    except (HTTPError, HTTPException, OSError, ValueError) as error:
        outcome.body_is_whole = False
        outcome.error = _failure(error, flight)
    if not outcome.body_is_whole:
        response.close()
    flight.phases["transfer"] = perf_counter() - started
    if not outcome.headers and not parts:
        # The head broke off: the HTTP library takes what came for the whole of it.
        return _Outcome(error="reset: closed without a complete response in phase first_byte")
    outcome.body = b"".join(parts)
    return outcome


def _failure(error: BaseException, flight: Flight) -> str:
    """What happened, as `class: text`. Only our own words and the system's: no header values."""
    cause = _root(error)
    match cause:
        case NoAddressError():
            return f"dns: {cause}"
        case TimeoutError() | urllib3.exceptions.TimeoutError():
            return f"timeout: the deadline passed in phase {flight.stage}"
        case ssl.SSLCertVerificationError():
            return f"tls: certificate not accepted ({cause.verify_message})"
        case ssl.SSLEOFError() if flight.stage != "tls":
            return f"reset: closed without a complete response in phase {flight.stage}"
        case ssl.SSLError():
            return f"tls: {_tls_reason(cause)}"
        case ConnectionRefusedError():
            return f"connect: connection refused by {flight.address}"
        case ConnectionError() | IncompleteRead():
            return f"reset: closed without a complete response in phase {flight.stage}"
        case OSError():
            return f"connect: {cause.strerror or type(cause).__name__} at {flight.address}"
        case _:
            return f"garbage: the answer is not HTTP ({type(cause).__name__})"


def _tls_reason(error: ssl.SSLError) -> str:
    reason = (error.reason or "handshake failed").replace("_", " ").lower()
    return reason.removeprefix("tlsv13 alert ").removeprefix("sslv3 alert ")


def _root(error: BaseException) -> BaseException:
    """The system's own error under the wrappings of the HTTP libraries."""
    if isinstance(error, (ProtocolError, NewConnectionError, urllib3.exceptions.SSLError)):
        inner = [one for one in (*error.args, error.__cause__) if isinstance(one, Exception)]
        if inner:
            return _root(inner[-1])
    return error
