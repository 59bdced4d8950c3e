"""Sends one request and reads its answer, within a deadline. A failure is a result."""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException, IncompleteRead
from time import perf_counter

import requests
import urllib3
from urllib3.exceptions import HTTPError, NewConnectionError, ProtocolError

from gatewatch import __version__
from gatewatch.gateway.url import AmbiguousUrlError, with_root
from gatewatch.probe.flight import Flight, FloodError, fly
from gatewatch.probe.resolve import NoAddressError

BODY_BYTES = 65_536


def user_agent(purpose: str, contact: str | None = None) -> str:
    """Who calls, and why. `contact`: where to ask about it."""
    asked = f"+{contact}; " if contact else ""
    return f"Gatewatch/{__version__} ({asked}synthetic monitoring, {purpose})"


def prepare(
    method: str, url: str, headers: Mapping[str, str], body: bytes | str | None = None
) -> requests.PreparedRequest:
    """The request as it is sent. `auth` is given, so that the library takes none from the URL.

    Raises AmbiguousUrlError where the library reads the URL differently from our check.
    """
    found = requests.Request(method, url, headers=dict(headers), data=body, auth=_as_it_is)
    prepared = found.prepare()
    if prepared.url != with_root(url):
        raise AmbiguousUrlError("it would be sent otherwise")
    return prepared


def _as_it_is(prepared: requests.PreparedRequest) -> requests.PreparedRequest:
    return prepared


@dataclass(slots=True)
class Received:
    """What came, in the fields of RawExchange."""

    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    head_is_whole: bool = True
    body: bytes = b""
    body_is_whole: bool = True
    error: str | None = None

    @classmethod
    def broken_off(cls, status: int, error: str | None) -> Received:
        """An answer of which at most the status is known."""
        return cls(status=status, head_is_whole=False, body_is_whole=False, error=error)


def exchange(
    pool: urllib3.HTTPConnectionPool,
    prepared: requests.PreparedRequest,
    secret: dict[str, str],
    flight: Flight,
) -> Received:
    """Send once; again only if a reused connection was already closed."""
    fly(flight)
    while True:
        try:
            response = pool.urlopen(
                prepared.method or "GET",
                prepared.path_url,
                body=prepared.body,
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
            return Received.broken_off(flight.status, _failure(error, flight))


def _was_stale(error: Exception, flight: Flight) -> bool:
    dropped = isinstance(_root(error), ConnectionError)
    return dropped and not (flight.connected or flight.status)


def _read(response: urllib3.BaseHTTPResponse, flight: Flight) -> Received:
    outcome = Received(response.status, tuple(response.headers.iteritems()))
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
    if outcome.body_is_whole and _has_no_length(response):
        outcome.body_is_whole = False
        outcome.error = "garbage: its content-length is no length"
    if not outcome.body_is_whole:
        response.close()
    flight.phases["transfer"] = perf_counter() - started
    outcome.body = b"".join(parts)
    return outcome


_LENGTH = re.compile(r"\s*([0-9]{1,15})(\s*,\s*\1)*\s*")


def _has_no_length(response: urllib3.BaseHTTPResponse) -> bool:
    """Whether the announced length is no number: the libraries then read to the end of the
    connection, and nobody knows whether all came. A chunked body has no length."""
    length = response.headers.get("content-length")
    if length is None or "transfer-encoding" in response.headers:
        return False
    return _LENGTH.fullmatch(length) is None


def _failure(error: BaseException, flight: Flight) -> str:
    """What happened, as `class: text`. Only our words and the system's: no header values."""
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
        case FloodError():
            return f"garbage: {cause}"
        case _:
            return f"garbage: the answer is not HTTP ({type(cause).__name__})"


def _tls_reason(error: ssl.SSLError) -> str:
    reason = (error.reason or "handshake failed").replace("_", " ").lower()
    return re.sub(r"^(tlsv1|tlsv13|sslv3) alert ", "", reason)


def _root(error: BaseException) -> BaseException:
    """The system's own error beneath the HTTP libraries' wrappers."""
    if isinstance(error, (ProtocolError, NewConnectionError, urllib3.exceptions.SSLError)):
        inner = [one for one in (*error.args, error.__cause__) if isinstance(one, Exception)]
        if inner:
            return _root(inner[-1])
    return error
