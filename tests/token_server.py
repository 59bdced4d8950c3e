"""A little OAuth2 token endpoint on loopback: it checks what RFC 6749 says and remembers all."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

CLIENT_ID = "client 1/ä"
CLIENT_SECRET = "s3cret:with&every=thing+ä"


@dataclass(frozen=True)
class Asked:
    """One request: who the client said to be, where it said so, and the rest of the form."""

    client_id: str
    client_secret: str
    said_in: str
    form: dict[str, str]
    headers: dict[str, str]

    @property
    def knows_the_secret(self) -> bool:
        return (self.client_id, self.client_secret) == (CLIENT_ID, CLIENT_SECRET)


Answer = tuple[int, bytes, dict[str, str]]


@dataclass
class TokenServer:
    """`answer` makes the reply; the numbered token is what a well-behaved server grants."""

    answer: Callable[[Asked], Answer] | None = None
    expires_in: Any = 3600
    asked: list[Asked] = field(default_factory=list)
    place: str = ""

    @property
    def url(self) -> str:
        return f"http://{self.place}/oauth2/token"

    def reply(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        if self.answer is not None:
            return self.answer(asked)
        if not asked.knows_the_secret:
            return told(401, error="invalid_client")
        token = f"granted-token-{len(self.asked)}"
        life = {} if self.expires_in is None else {"expires_in": self.expires_in}
        return told(200, access_token=token, token_type="Bearer", **life)


def keep_client(folder: Path) -> None:
    """What the server knows of its client, as files of secrets."""
    pair = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    (folder / "client").write_text(json.dumps(pair))
    (folder / "secret").write_text(f"{CLIENT_SECRET}\n")


def login(url: str, more: str = "client: {file: client}") -> str:
    """The credential `c` for a configuration."""
    return f"c: {{oauth2: {{token_url: '{url}', {more}}}}}"


def told(status: int, **body: Any) -> Answer:
    return status, json.dumps(body).encode(), {}


def _asked(headers: dict[str, str], body: str) -> Asked:
    form = dict(parse_qsl(body, keep_blank_values=True, strict_parsing=True))
    if "authorization" in headers:
        pair = b64decode(headers["authorization"].removeprefix("Basic ")).decode()
        client_id, _, client_secret = pair.partition(":")
        return Asked(unquote_plus(client_id), unquote_plus(client_secret), "header", form, headers)
    client_id, client_secret = form.pop("client_id", ""), form.pop("client_secret", "")
    return Asked(client_id, client_secret, "form", form, headers)


@contextmanager
def granting(server: TokenServer | None = None) -> Iterator[TokenServer]:
    found = server or TokenServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers["content-length"])).decode()
            status, answer, more = found.reply(_asked(headers, body))
            self.send_response(status)
            for name, value in {"Content-Length": str(len(answer)), **more}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer)

        def do_GET(self) -> None:
            found.asked.append(Asked("", "", "followed", {}, {}))
            self.send_error(405)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listener:
        found.place = f"127.0.0.1:{listener.server_port}"
        Thread(target=listener.serve_forever, args=(0.01,), daemon=True).start()
        yield found
        listener.shutdown()
