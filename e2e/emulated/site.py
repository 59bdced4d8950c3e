"""A single-page app in front of the watched APIs, as CloudFront serves one: its custom error
responses answer with the app's one page, and with 200, whatever an API refuses or does not know."""

from __future__ import annotations

import http.client
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_PAGE = b"<!doctype html><html><head><title>Shop</title></head><body><div id=app></div></html>"
_REPLACED = (403, 404)
_OWN = {"connection", "content-length", "host", "transfer-encoding"}


def serve_site(context: ssl.SSLContext, port: int, behind: int) -> None:
    """Listens at once. `behind`: the port of the gateway."""

    class Handler(_Distribution):
        gateway = behind

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.socket = context.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()


class _Distribution(BaseHTTPRequestHandler):
    """The distribution `d<API id>.cloudfront.net` has the API's stage as its origin."""

    protocol_version = "HTTP/1.1"
    gateway: int

    def do_GET(self) -> None:
        status, headers, body = self._ask()
        if status in _REPLACED:
            status, body = 200, _PAGE
            headers = {"Content-Type": "text/html", "x-cache": "Error from cloudfront"}
        self._say(status, headers, body)

    def _ask(self) -> tuple[int, dict[str, str], bytes]:
        api = self.headers["Host"].partition(".")[0].removeprefix("d")
        sent = {name: value for name, value in self.headers.items() if name.lower() not in _OWN}
        sent["Host"] = f"{api}.execute-api.us-east-1.amazonaws.com"
        origin = http.client.HTTPConnection("127.0.0.1", self.gateway, timeout=10)
        try:
            origin.request(self.command, f"/prod{self.path}", headers=sent)
            answer = origin.getresponse()
            body = answer.read()
        finally:
            origin.close()
        headers = {name: value for name, value in answer.getheaders() if name.lower() not in _OWN}
        return answer.status, {**headers, "x-cache": "Miss from cloudfront"}, body

    def _say(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in {**headers, "via": "1.1 e2e.cloudfront.net (CloudFront)"}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
