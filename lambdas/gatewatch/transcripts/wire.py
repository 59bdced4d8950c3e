"""Raw HTTP responses and the output of `curl -v` as exchanges.

Lines may carry what terminals, chats and logs put before them; headers and bodies may be cut.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from gatewatch.model import CredentialKind, Exchange, Request, Response

_STATUS = re.compile(r"HTTP/[\d.]+\s+(\d{3})\b")
_REQUEST = re.compile(r"^>\s*([A-Z]+)\s+(\S+)(?:\s+HTTP/[\d.]+)?\s*$")
_SENT_HEADER = re.compile(r"^>\s*([\w-]+):\s*(.*)$")
_HEADER = re.compile(r"^([A-Za-z0-9_-]+):[ \t]*(.*)$")
_NOTE = re.compile(
    r"^\*\s|^[{}] \[\d+ bytes data\]|^\s*%\s+Total|^\s*Dload\s|^\s*\d+\s+\d+\s+\d+\s+\d+\s"
)
_GLUED_NOTE = re.compile(r"\* Connection #\d+ to host \S+ left intact\s*$")
_CONNECTED = re.compile(
    r"^\*\s+(?:Connected to|Connection #\d+ to host) (\S+).*?\(([^)]+)\) port (\d+)"
)
_TLS = re.compile(r"^\*.*\b(SSL|TLS)")
_CURL_FAILURE = re.compile(
    r"^curl: \(\d+\)\s*(.*)$|^\*\s+(Could not resolve host.*|.*[Cc]onnection refused.*)$"
)
_BEFORE = re.compile(
    r"^(?:\[[^\]]*\]\s+|\d{4}-\d\d-\d\d[T ][\d:.,]+Z?\s+|\d\d:\d\d:\d\d[\d.]*\s+|[│|]\s?)+"
)
_CREDENTIALS = {
    "x-api-key": CredentialKind.API_KEY,
    "cookie": CredentialKind.COOKIE,
}


def is_wire(text: str) -> bool:
    lines = [_BEFORE.sub("", line) for line in text.splitlines()[:400]]
    return any(
        _STATUS.match(line.lstrip("< ")) or _REQUEST.match(line) or _CURL_FAILURE.match(line)
        for line in lines
    )


@dataclass(slots=True)
class _Draft:
    """An exchange while its lines are read."""

    method: str = "GET"
    target: str = ""
    sent: dict[str, str] = field(default_factory=dict)
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: list[str] = field(default_factory=list)
    error: str | None = None
    in_body: bool = False
    address: str | None = None

    def finished(self, scheme: str, host: str) -> Exchange:
        authority = next((v for k, v in self.sent.items() if k.lower() == "host"), host)
        url = f"{scheme}://{authority}{self.target}" if authority else ""
        url = self.target if "://" in self.target else url
        return Exchange(
            request=Request(
                method=self.method,
                url=url,
                credential=_credential(self.sent),
                headers=self.sent,
            ),
            response=Response(
                status=self.status,
                headers=self.headers,
                body="\n".join(self.body) if self.status else None,
                error=self.error,
                address=self.address,
            ),
        )


def exchanges(text: str) -> list[Exchange]:
    """The exchanges in a transcript, in order; those without any answer included."""
    lines = [_BEFORE.sub("", line.rstrip("\r")) for line in text.splitlines()]
    scheme = "https" if any(_TLS.match(line) for line in lines) else "http"
    scheme = scheme if any(line.startswith("*") for line in lines) else "https"
    host = next((match[1] for line in lines if (match := _CONNECTED.match(line))), "")
    return [draft.finished(scheme, host) for draft in _drafts(lines)]


def _drafts(lines: Sequence[str]) -> Iterator[_Draft]:
    draft = _Draft()
    begun = False
    address: str | None = None
    for line in lines:
        if connected := _CONNECTED.match(line):
            address = connected[2]
        elif request := _REQUEST.match(line):
            if begun and (draft.status or draft.error):
                yield draft
                draft = _Draft()
            draft.method, draft.target = request[1], request[2]
            begun = True
        elif (sent := _SENT_HEADER.match(line)) and not draft.status:
            draft.sent[sent[1]] = sent[2].strip()
        elif status := _STATUS.match(line.lstrip("< ")):
            if draft.status and not _is_interim(draft.status):
                yield draft
                draft = _Draft(method=draft.method, target=draft.target, sent=draft.sent)
            draft.status, draft.headers, draft.body = int(status[1]), {}, []
            draft.in_body, begun = False, True
        else:
            _add(draft, line)
            begun = begun or draft.error is not None
        draft.address = address
    if begun:
        yield draft


def _is_interim(status: int) -> bool:
    return 100 <= status < 200 and status != 101


def _add(draft: _Draft, line: str) -> None:
    """A line after the status: a header, the blank line, or the body."""
    if failure := _CURL_FAILURE.match(line):
        draft.error = draft.error or failure[1] or failure[2]
        return
    if not draft.status or _NOTE.match(line):
        return
    line = _GLUED_NOTE.sub("", line)
    header_line = line[1:].lstrip() if line.startswith("<") else line
    if draft.in_body:
        draft.body.append(line)
    elif not header_line.strip():
        draft.in_body = True
    elif header := _HEADER.match(header_line):
        draft.headers[header[1]] = header[2].strip()
    else:
        draft.in_body = True
        draft.body.append(line)


def _credential(headers: dict[str, str]) -> CredentialKind:
    """Which credential a request shows; a transcript shows all that was sent."""
    folded = {name.lower(): value for name, value in headers.items()}
    authorization = folded.get("authorization", "")
    if authorization:
        scheme = authorization.split()[0].lower() if authorization.split() else ""
        if scheme.startswith("aws4-"):
            return CredentialKind.SIGV4
        return CredentialKind.BASIC if scheme == "basic" else CredentialKind.BEARER
    if not headers:
        return CredentialKind.UNKNOWN
    found = (kind for name, kind in _CREDENTIALS.items() if name in folded)
    return next(found, CredentialKind.NONE)
