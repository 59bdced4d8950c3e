"""The sandbox on a loopback port, over TLS with a certificate of its own authority."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from gatewatch.sandbox.call import Arrived
from gatewatch.sandbox.certificates import Certificates, certified
from gatewatch.sandbox.hello import server_name
from gatewatch.sandbox.memory import Memory
from gatewatch.sandbox.propagation import Spreading
from gatewatch.sandbox.serve import Served, serve
from gatewatch.sandbox.world import World

_MOST_BODY = 12_000_000


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Sandbox:
    """A world that can be changed while it is served."""

    def __init__(self, world: World, now: Callable[[], datetime] = _utc_now) -> None:
        self.world = world
        self.now = now
        self.memory = Memory()
        self.requests = 0
        self._hosts = world.hosts()
        self._spreading: Spreading | None = None
        self._lock = threading.Lock()

    def change(self, change: Callable[[World], World]) -> None:
        """Replaces the world; a request under way still sees the old one."""
        with self._lock:
            before, self.world = self.world, change(self.world)
            self._spreading = Spreading(before, self.world, self.now())

    def hosts(self) -> list[str]:
        """The names that the certificate is for: those of the world it began with."""
        return self._hosts

    def serve(self, arrived: Arrived) -> Served:
        now = self.now()
        with self._lock:
            spreading, number = self._spreading, self.requests
            self.requests += 1
        world = self.world if spreading is None else spreading.seen(number, now)
        return serve(arrived, world, self.memory, now)


class Running(NamedTuple):
    """Where the sandbox listens (`connect_to`), and the file with its authority (`ca_file`)."""

    connect_to: str
    ca_file: str


@contextmanager
def running(sandbox: Sandbox, folder: Path, port: int = 0) -> Iterator[Running]:
    """Serves on loopback until the block ends.

    `folder` takes the authority's certificate, and a client certificate that partners show.
    """
    certificates = certified(sandbox.hosts(), folder)
    server = _Server(("127.0.0.1", port), _handler(sandbox), sandbox, certificates)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield Running(f"127.0.0.1:{server.server_address[1]}", str(certificates.ca_file))
    finally:
        server.shutdown()
        server.server_close()


_Request = socket.socket | tuple[bytes, socket.socket]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(
        self,
        address: tuple[str, int],
        handler: type[BaseHTTPRequestHandler],
        sandbox: Sandbox,
        certificates: Certificates,
    ) -> None:
        super().__init__(address, handler)
        self._sandbox = sandbox
        self._certificates = certificates

    def finish_request(self, request: _Request, client_address: object) -> None:
        """Shakes hands in the thread of the connection, so that no client holds up others."""
        connection = request if isinstance(request, socket.socket) else request[1]
        domain = self._sandbox.world.domains.get(server_name(connection))
        context = self._certificates.context(domain is not None and domain.demands_certificate)
        with context.wrap_socket(
            connection, server_side=True, do_handshake_on_connect=False
        ) as secure:
            if _shakes_hands(secure):
                super().finish_request(secure, client_address)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that breaks off is ignored."""


def _shakes_hands(secure: ssl.SSLSocket) -> bool:
    try:
        secure.do_handshake()
    except ssl.SSLError:
        # Take what the client still sends, so that it can read why it was turned away.
        while socket.socket.recv(secure, 65_536):
            pass
        return False
    return True


def _handler(sandbox: Sandbox) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1
        disable_nagle_algorithm = True

        def _serve(self) -> None:
            served = sandbox.serve(self._arrived())
            time.sleep(served.answer.seconds)
            body = served.answer.body.encode()
            self.send_response_only(served.status)
            self.send_header("Date", self.date_time_string())
            for name, value in served.headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def _arrived(self) -> Arrived:
            length = int(self.headers.get("content-length") or 0)
            parts = urlsplit(self.path)
            return Arrived(
                method=self.command,
                host=self.headers.get("host", "").partition(":")[0].lower(),
                path=unquote(parts.path),
                query=parts.query,
                headers={name.lower(): value for name, value in self.headers.items()},
                body=self.rfile.read(min(length, _MOST_BODY)),
                length=length,
                client_authority=_issuer(self.connection),
            )

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _serve  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:
            """Requests are counted, not logged: their headers hold credentials."""

    return Handler


def _issuer(connection: socket.socket) -> str | None:
    """The organisation that issued the client's certificate, if it showed one."""
    shown = connection.getpeercert() if isinstance(connection, ssl.SSLSocket) else None
    issuer: Any = shown.get("issuer", ()) if shown else ()
    names = {name: value for part in issuer for name, value in part}
    return names.get("organizationName")
