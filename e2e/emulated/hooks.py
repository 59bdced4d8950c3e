"""What takes messages over HTTPS outside the account: it notes each, and refuses them for as long
as the run wants it."""

from __future__ import annotations

import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from e2e.world import World


def serve_hooks(context: ssl.SSLContext, port: int, world: World) -> None:
    """Listens at once."""

    class Handler(_Receiver):
        outside = world

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.socket = context.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()


class _Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    outside: World

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        # What a topic tells is tried once here, and again and again on AWS.
        refuses = self.path == "/in" and self.outside.refuses_messages()
        told = {"path": self.path, "body": body.decode(), "is_taken": not refuses}
        self.outside.note_message(json.dumps(told))
        self.send_response(503 if refuses else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()
