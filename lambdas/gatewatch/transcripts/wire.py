"""Reads raw HTTP and the output of `curl -v` and `http -v`, or a command and its answer.

Lines may have prefixes of terminals, chats and logs; headers and bodies may be cut.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from gatewatch.model import CredentialKind, Exchange, Request, Response
from gatewatch.transcripts import command, sent

_METHODS = "GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS"
_STATUS = re.compile(r"^<?\s*HTTP/[\d.]+\s+(\d{3})\b")
_REQUEST = re.compile(rf"^(?:>\s*)?({_METHODS})\s+(\S+)\s+HTTP/[\d.]+\s*$")
_CURL_REQUEST = re.compile(r"^>\s*([A-Z]+)\s+(\S+)\s*$")
_SENT_HEADER = re.compile(r"^>\s*([\w-]+):\s*(.*)$")
_HEADER = re.compile(r"^([A-Za-z0-9_-]+):[ \t]*(.*)$")
_NOTE = re.compile(
    r"^\*\s|^[{}] \[\d+ bytes data\]|^\s*%\s+Total|^\s*Dload\s|^\s*\d+\s+\d+\s+\d+\s+\d+\s"
)
_GLUED_NOTE = re.compile(r"\* Connection #\d+ to host \S+ left intact\s*$")
_CONNECTED = re.compile(
    r"^\*\s+(?:Connected to|Connection #\d+ to host) (\S{1,255})[^(]{0,300}"
    r"\(([^()]{1,300})\) port (\d{1,5})"
)
_TLS = re.compile(r"^\*.*\b(SSL|TLS)")
_CURL_FAILURE = re.compile(
    r"^(curl: \(\d+\).*)$|^\*\s++(Could not resolve host.*|.*[Cc]onnection refused.*)$"
)
_COMMAND = re.compile(
    r"^(?:[^\s{<\"'][^{<\"']{0,60}?[$#%>\u276f]\s*|[$#%>\u276f]\s*)?(?:time\s+|sudo\s+)?"
    r"((?:aws)?curl(?:\.exe)?\s.*)$"
)
_GOES_ON = ("\\", "`", "^")
_ELISION = re.compile(r"^\W*(?:\.{2,}|\u2026)\W*$")
_LABEL = re.compile(
    r"^(?:the\s+)?(?:response|output|result|answer|reply|body|returns?|gives|got)"
    r"(?:\s+(?:body|is|was))?\s*:\s*(?P<rest>.*)$",
    re.IGNORECASE,
)
_TOLD_STATUS = re.compile(
    r"^(?:(?:http\s+)?status(?:\s*code)?\s*[:=]?\s*|http\s+)(?P<labelled>[1-5]\d\d)\b.{0,40}$"
    r"|^(?P<plain>[1-5]\d\d) [A-Z][a-zA-Z -]{1,40}$",
    re.IGNORECASE,
)
_BEFORE = re.compile(
    r"^(?:\[[^\]]{0,80}\]\s+|\d{4}-\d\d-\d\d[T ][\d:.,]+Z?\s+|\d\d:\d\d:\d\d[\d.]*\s+|[│|]\s?"
    r"|&gt;(?=\s))+"
)
_QUOTED = re.compile(r"^(?:>\s)+(?=(?:[<>*]\s|HTTP/|curl:|\{))")


def lines_of(text: str) -> list[str]:
    """The lines without the prefix of a log, a box or a chat's quotation."""
    bare = [_BEFORE.sub("", line.rstrip("\r")) for line in text.splitlines()]
    plain = [_QUOTED.sub("", line) for line in bare]
    if (prefix := _prefix(plain)) is not None:
        plain = [prefix.sub("", line) for line in plain]
    return list(_joined(plain))


_MOST_JOINED = 60


def _joined(lines: Sequence[str]) -> Iterator[str]:
    """The lines, with a command that spans several of them joined."""
    rest = iter(lines)
    for line in rest:
        parts = [line]
        if _COMMAND.match(line):
            while parts[-1].rstrip()[-1:] in _GOES_ON and len(parts) < _MOST_JOINED:
                parts[-1] = parts[-1].rstrip()[:-1].rstrip()
                parts.append(_CONTINUED.sub("", next(rest, "")))
        yield " ".join(parts)


_CONTINUED = re.compile(r"^\s*(?:>\s+|\u2219\s*|>>\s*)?")


_ANSWER_AFTER = re.compile(r"^(.{1,120}?)(?:<\s*)?HTTP/[\d.]+\s+\d{3}\b")
_MOST_SEARCHED = 400


def _prefix(lines: Sequence[str]) -> re.Pattern[str] | None:
    """A log's prefix of every line, found at the status line: only its numbers change."""
    for line in lines[:_MOST_SEARCHED]:
        if _STATUS.match(line):
            return None
        if match := _ANSWER_AFTER.match(line):
            shape = re.sub(r"\d+", r"\\d+", re.escape(match[1].rstrip()))
            return re.compile(rf"^{shape}(\s|$)\s?")
    return None


def is_wire(text: str) -> bool:
    return any(
        pattern.match(line)
        for line in lines_of(text)[:_MOST_SEARCHED]
        for pattern in (_STATUS, _REQUEST, _CURL_REQUEST, _CURL_FAILURE, _COMMAND)
    )


@dataclass(slots=True)
class _Draft:
    """An exchange while its lines are read."""

    method: str = ""
    target: str = ""
    sent: dict[str, str] = field(default_factory=dict)
    knows_request: bool = False
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: list[str] = field(default_factory=list)
    error: str | None = None
    in_body: bool = False
    in_request: bool = False
    address: str | None = None
    command: command.Command | None = None
    printed_status: int | None = None

    @property
    def has_answer(self) -> bool:
        return bool(self.status or self.error or self.body)

    @property
    def tells_status(self) -> bool:
        """No answer came only where the transcript shows it."""
        failed = self.error is not None and not self.body
        return bool(self.status) or failed or self.printed_status is not None

    def take_printed_status(self) -> None:
        """A status that the command prints stands after the body."""
        if self.command is None or self.status or not self.body:
            return
        self.printed_status, body = self.command.status_in("\n".join(self.body))
        self.status = self.printed_status or 0
        self.body = [body] if body.strip() else []

    def finished(self, scheme: str, host: str) -> Exchange:
        self.take_printed_status()
        authority = next((v for k, v in self.sent.items() if k.lower() == "host"), host)
        url = f"{scheme}://{authority}{self.target}" if authority else ""
        body = "\n".join(self.body) if self.body or (self.status and self.in_body) else None
        presented = sent.credentials(self.sent)
        untold = CredentialKind.NONE if self.knows_request else CredentialKind.UNKNOWN
        return Exchange(
            request=Request(
                method=self.method,
                url=self.target if "://" in self.target else url,
                credential=None if presented else untold,
                headers=self.sent,
                credentials=presented,
            ),
            response=Response(
                status=self.status,
                status_told=self.tells_status,
                headers=self.headers,
                body=body,
                error=self.error,
                address=self.address,
            ),
        )


def exchanges(text: str) -> list[Exchange]:
    """The exchanges in a transcript, in order; those without any answer included."""
    lines = lines_of(text)
    has_notes = any(line.startswith("* ") for line in lines)
    plain = has_notes and not any(_TLS.match(line) for line in lines)
    host = next((match[1] for line in lines if (match := _CONNECTED.match(line))), "")
    scheme = "http" if plain else "https"
    return [draft.finished(scheme, host) for draft in _drafts(lines)]


def _drafts(lines: Sequence[str]) -> Iterator[_Draft]:
    draft = _Draft()
    address: str | None = None
    for line in lines:
        if connected := _CONNECTED.match(line):
            address = connected[2]
        elif begun := _begun(line):
            if begun.command is None and draft.command and not (draft.status or draft.error):
                draft.body = []
            if draft.has_answer:
                yield draft
                draft = _Draft()
            _take_request(draft, begun)
        elif status := _STATUS.match(line):
            if draft.status and not _is_interim(draft.status):
                yield draft
                draft = _Draft(
                    draft.method, draft.target, draft.sent, knows_request=draft.knows_request
                )
            draft.status, draft.headers, draft.body = int(status[1]), {}, []
            draft.in_body = draft.in_request = False
        else:
            _add(draft, line)
        draft.address = address
    if draft.has_answer or draft.knows_request:
        yield draft


def _is_interim(status: int) -> bool:
    return 100 <= status < 200 and status != 101


def _begun(line: str) -> _Draft | None:
    """The request that a line begins: a request line, or a curl command."""
    if request := _REQUEST.match(line) or _CURL_REQUEST.match(line):
        in_request = not line.startswith(">")
        return _Draft(request[1], request[2], knows_request=True, in_request=in_request)
    found = _COMMAND.match(line)
    sent_by = command.read_command(found[1]) if found else None
    if sent_by is None:
        return None
    return _Draft(sent_by.method, sent_by.url, sent_by.headers, knows_request=True, command=sent_by)


def _take_request(draft: _Draft, begun: _Draft) -> None:
    """A command's own headers stay when curl shows the request line after it."""
    if "://" in begun.target or not draft.sent:
        draft.sent = dict(begun.sent)
    draft.method, draft.target = begun.method, begun.target
    draft.knows_request, draft.in_request = True, begun.in_request
    draft.command = begun.command or draft.command


def _add(draft: _Draft, line: str) -> None:
    """A line of a request's head, or after the status: a header, the blank line, the body."""
    if failure := _CURL_FAILURE.match(line):
        draft.error = draft.error or failure[1] or failure[2]
    elif draft.status == 0 and (sent_header := _SENT_HEADER.match(line)):
        draft.sent[sent_header[1]] = sent_header[2].strip()
    elif draft.in_request:
        _add_to_request(draft, line)
    elif not _NOTE.match(line) and (draft.status or draft.knows_request) and line.strip() != ">":
        _add_to_answer(draft, _GLUED_NOTE.sub("", line))


def _add_to_request(draft: _Draft, line: str) -> None:
    if header := _HEADER.match(line):
        draft.sent[header[1]] = header[2].strip()
    else:
        draft.in_request = bool(line.strip())


def _add_untold(draft: _Draft, line: str) -> None:
    """A line after a command whose output shows no head: the body, or a person's words."""
    if not draft.body:
        if label := _LABEL.match(line):
            line = label["rest"]
        if told := _TOLD_STATUS.match(line.strip()):
            draft.status, draft.in_body = int(told["labelled"] or told["plain"]), True
            return
    if line.strip() and not _ELISION.match(line):
        draft.body.append(line)


def _add_to_answer(draft: _Draft, line: str) -> None:
    head = line[1:].lstrip() if line.startswith("<") and not line.startswith("<!") else line
    if draft.status == 0:
        _add_untold(draft, line)
    elif draft.in_body:
        draft.body.append(line)
    elif not head.strip():
        draft.in_body = True
    elif header := _HEADER.match(head):
        draft.headers[header[1]] = header[2].strip()
    else:
        draft.in_body = True
        draft.body.append(line)
