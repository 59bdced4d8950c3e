"""The sandbox on a loopback port, over TLS with a certificate of its own authority."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import trustme

from gatewatch.sandbox.api import World
from gatewatch.sandbox.gates import Call, serve

_MOST_BODY = 1_000_000


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Sandbox:
    """A world that can be changed while it is served."""

    def __init__(self, world: World, now: Callable[[], datetime] = _utc_now) -> None:
        self.world = world
        self.now = now
        self.requests = 0

    def change(self, change: Callable[[World], World]) -> None:
        """Replaces the world; a request under way still sees the old one."""
        self.world = change(self.world)

    def hosts(self) -> list[str]:
        return [*(api.host for api in self.world.apis.values()), *self.world.domains]


class Running(NamedTuple):
    """Where the sandbox listens (`connect_to`), and the file with its authority (`ca_file`)."""

    connect_to: str
    ca_file: str


@contextmanager
def running(sandbox: Sandbox, folder: Path, port: int = 0) -> Iterator[Running]:
    """Serves on loopback until the block ends. `folder` takes the authority's certificate."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*sandbox.hosts()).configure_cert(context)
    ca_file = folder / "sandbox-ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    server = _Server(("127.0.0.1", port), _handler(sandbox), context)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield Running(f"127.0.0.1:{server.server_address[1]}", str(ca_file))
    finally:
        server.shutdown()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(
        self,
        address: tuple[str, int],
        handler: type[BaseHTTPRequestHandler],
        context: ssl.SSLContext,
    ) -> None:
        super().__init__(address, handler)
        self.socket = context.wrap_socket(
            self.socket, server_side=True, do_handshake_on_connect=False
        )

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that breaks off is no news here."""


def _handler(sandbox: Sandbox) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1
        disable_nagle_algorithm = True

        def _serve(self) -> None:
            sandbox.requests += 1
            self.rfile.read(min(int(self.headers.get("content-length") or 0), _MOST_BODY))
            parts = urlsplit(self.path)
            call = Call(
                method=self.command,
                host=self.headers.get("host", "").partition(":")[0].lower(),
                path=unquote(parts.path),
                query=parts.query,
                headers={name.lower(): value for name, value in self.headers.items()},
                now=sandbox.now(),
            )
            answer = serve(call, sandbox.world)
            body = answer.body.encode()
            self.send_response_only(answer.status)
            self.send_header("Date", self.date_time_string())
            for name, value in answer.headers():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _serve  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:
            """Requests are counted, not logged: their headers hold credentials."""

    return Handler
