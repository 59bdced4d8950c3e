"""Real servers on loopback that behave as badly as a test wants."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

Handler = Callable[[socket.socket, bytes], None]


@dataclass
class RawServer:
    """`handle` gets a connection and the bytes of one request head; it may do anything."""

    handle: Handler
    context: ssl.SSLContext | None = None
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    most_at_once: int = 0
    _open: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    port: int = 0

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.port}"

    def _serve(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        with self._lock:
            self.connections += 1
            self._open += 1
            self.most_at_once = max(self.most_at_once, self._open)
        with contextlib.suppress(OSError), connection:
            if self.context is None:
                self._converse(connection)
            else:
                self._converse_secretly(connection)
        with self._lock:
            self._open -= 1

    def _converse(self, connection: socket.socket) -> None:
        while head := _head(connection):
            self.requests.append(head)
            self.handle(connection, head)

    def _converse_secretly(self, connection: socket.socket) -> None:
        assert self.context is not None
        waiting = {"server_side": True, "do_handshake_on_connect": False}
        with self.context.wrap_socket(connection, **waiting) as secure:  # type: ignore[arg-type]
            try:
                secure.do_handshake()
            except ssl.SSLError:
                # Take what the client still sends, so that it can read the alert.
                while socket.socket.recv(secure, 65536):
                    pass
                return
            self._converse(secure)


def _head(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(65536)
        if not part:
            return b""
        data += part
    return data


@contextmanager
def serving(handle: Handler, context: ssl.SSLContext | None = None) -> Iterator[RawServer]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = RawServer(handle, context, port=listener.getsockname()[1])
        serving_thread = threading.Thread(target=server._serve, args=(listener,), daemon=True)
        serving_thread.start()
        yield server
        # Closing alone leaves the thread in its call, and the port open; and a number that is
        # closed here may be another server's by the time of its next call.
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        serving_thread.join(timeout=5)


def answering(
    status: str = "200 OK", body: bytes = b"{}", headers: str = "", keep: bool = True
) -> Handler:
    """A handler that answers every request alike."""
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode()

    def handle(connection: socket.socket, _: bytes) -> None:
        connection.sendall(head + body)
        if not keep:
            connection.close()

    return handle
