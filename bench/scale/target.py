"""Many hosts on loopback that answer as REST APIs do, until they are told to fail."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

_HEAD = (
    "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nx-amzn-RequestId: r\r\n"
    "x-amz-apigw-id: a\r\n{more}Content-Length: {length}\r\n\r\n{body}"
)
_WELL = b'{"ok":true}'
_MISSING = b'{"message":"Missing Authentication Token"}'


def _answer(status: str, body: bytes, more: str = "") -> bytes:
    text = _HEAD.format(status=status, more=more, length=len(body), body=body.decode())
    return text.encode()


SECRET = "scale-key-of-the-partner"
_WITH_KEY = f"x-api-key: {SECRET}\r\n".encode()
_OUTAGE = _answer(
    "403 Forbidden", _MISSING, "x-amzn-ErrorType: MissingAuthenticationTokenException\r\n"
)
_REFUSED = _answer(
    "403 Forbidden", b'{"message":"Forbidden"}', "x-amzn-ErrorType: ForbiddenException\r\n"
)
_ADMITTED = _answer("200 OK", _WELL)


def addresses(hosts: int) -> list[str]:
    """All of 127.0.0.0/8 is this machine, on Linux."""
    return [f"127.1.{number // 250}.{number % 250 + 1}" for number in range(hosts)]


class _Protocol(asyncio.Protocol):
    fails = False

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._read = b""

    def data_received(self, data: bytes) -> None:
        self._read += data
        while b"\r\n\r\n" in self._read:
            head, _, self._read = self._read.partition(b"\r\n\r\n")
            admitted = _WITH_KEY in head + b"\r\n"
            self._transport.write(
                _OUTAGE if _Protocol.fails else _ADMITTED if admitted else _REFUSED
            )


def _serve(hosts: int, pipe: Connection) -> None:
    async def run() -> None:
        loop = asyncio.get_running_loop()
        first, *others = addresses(hosts)
        server = await loop.create_server(_Protocol, first, 0, backlog=256)
        port = server.sockets[0].getsockname()[1]
        kept = [server, await loop.create_server(_Protocol, others, port, backlog=256)]
        pipe.send(port)
        while (told := await loop.run_in_executor(None, pipe.recv)) is not None:
            _Protocol.fails = told
            pipe.send(len(kept))

    asyncio.run(run())


class Target:
    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self.port: int = pipe.recv()

    def fail(self, fails: bool) -> None:
        self._pipe.send(fails)
        self._pipe.recv()


@contextmanager
def target(hosts: int) -> Iterator[Target]:
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(hosts, theirs), daemon=True)
    process.start()
    try:
        yield Target(ours)
    finally:
        ours.send(None)
        process.join(5)
