"""Connections that keep a total deadline and record how long each phase took.

Socket timeouts apply per operation, so a server that sends a byte now and then would hold a probe
for ever. Here every operation gets the rest of the request's deadline.
"""

from __future__ import annotations

import socket
import ssl
import sys
import threading
from datetime import UTC, datetime
from time import perf_counter
from typing import Any

import urllib3
from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from gatewatch.probe.flight import flight
from gatewatch.probe.identity import Identity, show
from gatewatch.probe.response import FinalResponse

_MOST_POOLS = 64


class _Plain(socket.socket):
    """A socket whose operations end at the flight's deadline, and which accepts no more bytes than
    an answer can have."""

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        self.settimeout(flight().left())
        return flight().receive(super().recv_into(*args, **kwargs))

    def sendall(self, *args: Any, **kwargs: Any) -> None:
        self.settimeout(flight().left())
        flight().sent = True
        return super().sendall(*args, **kwargs)


class _Secure(ssl.SSLSocket):
    """The same over TLS; `sendall` sends in parts, so each part is bounded."""

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        self.settimeout(flight().left())
        return flight().receive(super().recv_into(*args, **kwargs))

    def send(self, data: Any, flags: int = 0) -> int:
        self.settimeout(flight().left())
        flight().sent = True
        try:
            return super().send(data, flags)
        except (ssl.SSLEOFError, ConnectionError):
            # Under TLS 1.3 an alert after the handshake reports a refused client certificate:
            # it waits to be read while we fail to write.
            super().recv(1)
            raise

    def do_handshake(self, block: bool = False) -> None:
        self.settimeout(flight().left())
        super().do_handshake(block)


def _dial(host: str, port: int) -> socket.socket:
    """Try the addresses in turn, sharing the rest of the deadline among them."""
    current = flight()
    host, port = current.connect_to or (host, port)
    current.stage, started = "dns", perf_counter()
    addresses = current.resolver.resolve(host, port, current.left())
    current.phases["dns"] = perf_counter() - started
    current.stage, started = "connect", perf_counter()
    failure: OSError = ConnectionError("no address")
    for at, (family, where) in enumerate(addresses):
        current.address = where[0]
        sock = _Plain(family, socket.SOCK_STREAM)
        try:
            sock.settimeout(current.left() / (len(addresses) - at))
            sock.connect(where)
        except OSError as error:
            sock.close()
            failure = error
            continue
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        current.phases["connect"] = perf_counter() - started
        return sock
    raise failure


class _Timed(urllib3.connection.HTTPConnection):
    """Records the phases on the flight. `_new_conn` is urllib3's private hook: see its test."""

    response_class = FinalResponse
    address: str | None = None
    certificate_expires: str | None = None

    def _new_conn(self) -> socket.socket:
        flight().connected = True
        return _dial(self._dns_host, self.port or 80)

    def connect(self) -> None:
        super().connect()
        self.address = flight().address

    def getresponse(self) -> urllib3.response.HTTPResponse:  # type: ignore[override]
        current = flight()
        current.address, current.certificate_expires = self.address, self.certificate_expires
        current.stage, started = "first_byte", perf_counter()
        response = super().getresponse()
        current.phases["first_byte"] = perf_counter() - started
        return response


class _TimedTls(_Timed, urllib3.connection.HTTPSConnection):
    @property
    def is_connected(self) -> bool:
        """Whether it may be reused: unrequested bytes may wait where no socket shows them."""
        waiting = isinstance(self.sock, ssl.SSLSocket) and self.sock.pending() > 0
        return super().is_connected and not waiting

    def _new_conn(self) -> socket.socket:
        sock = super()._new_conn()
        flight().stage = "tls"
        return sock

    def connect(self) -> None:
        started = perf_counter()
        super().connect()
        current = flight()
        spent = current.phases.get("dns", 0.0) + current.phases.get("connect", 0.0)
        current.phases["tls"] = perf_counter() - started - spent
        self.certificate_expires = _expiry(self.sock)


def _expiry(sock: object) -> str | None:
    certificate = sock.getpeercert() if isinstance(sock, ssl.SSLSocket) else None
    until = (certificate or {}).get("notAfter")
    if not isinstance(until, str):
        return None
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(until), UTC).isoformat()


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Timed


class _TlsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _TimedTls


def tls_context(authority: str | None, identity: Identity | None = None) -> ssl.SSLContext:
    """Verifies against the bundle of `requests` and, in addition, a private authority in PEM form.
    It takes 35 ms, so cache it.

    Raises ValueError for an identity that is no pair of certificate and key.
    """
    # Not `create_default_context`: that writes the keys of every call to the file that the
    # environment names in SSLKEYLOGFILE, and fails where it cannot.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if sys.version_info >= (3, 13):
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN | ssl.VERIFY_X509_STRICT
    context.load_verify_locations(cafile=DEFAULT_CA_BUNDLE_PATH)
    if authority is not None:
        context.load_verify_locations(cadata=authority)
    if identity is not None:
        show(context, identity)
    context.sslsocket_class = _Secure
    return context


_contexts: dict[tuple[str | None, Identity | None], ssl.SSLContext] = {}
_contexts_lock = threading.Lock()


def shared_context(authority: str | None, identity: Identity | None = None) -> ssl.SSLContext:
    """One context per TLS policy, for the life of the process; only one thread builds it."""
    with _contexts_lock:
        key = (authority, identity)
        if key not in _contexts:
            _contexts[key] = tls_context(authority, identity)
        return _contexts[key]


class Adapter(HTTPAdapter):
    """Pools of such connections under one TLS context, which is loaded once.

    Otherwise `requests` would reload the CA file for every new connection, at some 30 CPU-ms each,
    and count that as the target's latency.
    """

    def __init__(self, context: ssl.SSLContext, connections: int) -> None:
        self._context = context
        super().__init__(pool_connections=_MOST_POOLS, pool_maxsize=connections)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs, ssl_context=self._context)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}

    # `cert_verify` is never reached: requests go from the pool, not through `HTTPAdapter.send`,
    # which would hand every connection the CA file again.

    def pool(self, url: str) -> urllib3.HTTPConnectionPool:
        pool: urllib3.HTTPConnectionPool = self.poolmanager.connection_from_url(url)
        return pool
