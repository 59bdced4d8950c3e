"""The services that wait for the answer of the verification, on this machine: they speak as AWS
does, and note each call."""

from __future__ import annotations

import contextlib
import io
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

import pytest
from botocore.parsers import BaseCBORParser

from gatewatch.adapters.aws import client

SERVICES = ("CODEDEPLOY", "CODEPIPELINE", "LAMBDA")


@dataclass
class Services:
    """`calls`: the operation and what it was given, in order. `refusals`: the codes with which the
    next calls are refused. `hangs`: whether calls get no answer. `invoke`: answers for Lambda."""

    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    hangs: bool = False
    invoke: Callable[[bytes], tuple[bytes, str | None]] | None = None
    ended: Event = field(default_factory=Event)

    def only(self) -> tuple[str, dict[str, Any]]:
        [one] = self.calls
        return one

    def asked(self, path: str, headers: Any, body: bytes) -> tuple[int, dict[str, str], bytes]:
        if path.startswith("/2015-03-31/functions/"):
            assert self.invoke is not None
            found, error = self.invoke(body)
            return 200, {"X-Amz-Function-Error": error} if error else {}, found
        self.calls.append(_read(path, headers, body))
        if self.hangs:
            self.ended.wait(60)
        kind = headers["Content-Type"]
        reply = {"Content-Type": kind, "smithy-protocol": "rpc-v2-cbor"}
        if self.refusals:
            return 400, reply, _error(self.refusals.pop(0), kind)
        return 200, reply, b"\xa0" if "cbor" in kind else b"{}"


def _read(path: str, headers: Any, body: bytes) -> tuple[str, dict[str, Any]]:
    """Of the one protocol or the other: newer botocores prefer CBOR."""
    if found := re.fullmatch(r"/service/\w+/operation/(\w+)", path):
        return found[1], _Cbor().read(body)
    return headers["X-Amz-Target"].rpartition(".")[2], json.loads(body)


class _Cbor(BaseCBORParser):
    def __init__(self) -> None:
        super().__init__()

    def read(self, body: bytes) -> dict[str, Any]:
        stream = io.BufferedReader(io.BytesIO(body))  # type: ignore[type-var]
        return dict(self.parse_data_item(stream))


def _error(code: str, kind: str) -> bytes:
    if "cbor" not in kind:
        return json.dumps({"__type": code}).encode()
    return b"\xa1" + _text("__type") + _text(code)


def _text(value: str) -> bytes:
    return bytes([0x78, len(value)]) + value.encode()


@contextmanager
def services(monkeypatch: pytest.MonkeyPatch) -> Iterator[Services]:
    found = Services()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, headers, answer = found.asked(self.path, self.headers, body)
            with contextlib.suppress(OSError):
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    for name in SERVICES:
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{name}", url)
    client._client.cache_clear()
    yield found
    found.ended.set()
    client._client.cache_clear()
    server.shutdown()
    server.server_close()
