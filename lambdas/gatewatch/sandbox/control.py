"""How another terminal switches faults: a loopback port, and a token that only its owner can read.

The sandbox's folder holds a file with both, while it runs.
"""

from __future__ import annotations

import hmac
import http.client
import json
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from gatewatch.sandbox.switchboard import ConflictError, Switchboard, UnknownFaultError

FILE = "control.json"
_PATIENCE_SECONDS = 5.0


class NoSandboxError(Exception):
    """Raised when no sandbox runs in a folder, or it does not answer."""


class AnotherSandboxError(Exception):
    """Raised when a folder is taken by a sandbox that runs."""


@contextmanager
def controlled(switchboard: Switchboard, folder: Path) -> Iterator[None]:
    """Listen for switching until the block ends, and then remove the file.

    Raises AnotherSandboxError where a sandbox listens in that folder already.
    """
    if _answers(folder):
        raise AnotherSandboxError(f"a sandbox runs in {folder} already")
    token = secrets.token_urlsafe(32)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(switchboard, token))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    file = folder / FILE
    file.touch(mode=0o600)
    file.write_text(json.dumps({"port": server.server_address[1], "token": token}))
    try:
        yield
    finally:
        file.unlink(missing_ok=True)
        server.shutdown()
        server.server_close()


def switch(folder: Path, fault: str | None) -> tuple[str, ...]:
    """Flip one fault of the sandbox in a folder; None switches all off. Return those on."""
    path = "/restore" if fault is None else f"/flip/{fault}"
    try:
        status, said = _post(folder, path)
    except (OSError, ValueError, KeyError, http.client.HTTPException):
        raise NoSandboxError(f"no sandbox runs in {folder}") from None
    if status == 404:
        raise UnknownFaultError(fault)
    if status == 409:
        raise ConflictError(fault)
    if status != 200:
        raise NoSandboxError(f"the sandbox that runs in {folder} was not started there")
    return tuple(said["on"])


def _post(folder: Path, path: str) -> tuple[int, dict[str, list[str]]]:
    where = json.loads((folder / FILE).read_text())
    connection = http.client.HTTPConnection("127.0.0.1", where["port"], timeout=_PATIENCE_SECONDS)
    connection.request("POST", path, headers={"authorization": f"Bearer {where['token']}"})
    response = connection.getresponse()
    said = json.loads(response.read())
    connection.close()
    return response.status, said


def _answers(folder: Path) -> bool:
    """Whether the sandbox that wrote the file still runs; one that was killed leaves it behind."""
    try:
        status, _ = _post(folder, "/")
    except (OSError, ValueError, KeyError, http.client.HTTPException):
        return False
    return status == 200


def _handler(switchboard: Switchboard, token: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent = self.headers.get("authorization", "")
            if not hmac.compare_digest(sent.encode(), f"Bearer {token}".encode()):
                self._say(403)
                return
            self._say(self._switch())

        def _switch(self) -> int:
            try:
                if self.path == "/restore":
                    switchboard.restore()
                elif self.path != "/":
                    switchboard.flip(self.path.removeprefix("/flip/"))
            except UnknownFaultError:
                return 404
            except ConflictError:
                return 409
            return 200

        def _say(self, status: int) -> None:
            body = json.dumps({"on": switchboard.on} if status == 200 else {}).encode()
            self.send_response_only(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """The terminal belongs to the command that runs the sandbox."""

    return Handler
