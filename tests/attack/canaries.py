"""Canaries: secrets to plant, a server that repeats them in every form at every place of an answer,
and what finds them again in whatever was put out."""

from __future__ import annotations

import base64
import json
import re
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from posixpath import commonprefix
from random import Random
from string import ascii_letters, digits

from gatewatch.redaction.looks import HIDDEN
from tests.redaction.test_redaction import FORMS

_TOLD_WHOLE = 8
_LONG = 20
_TELLS = 16
_SIZES = (5, 8, 16, 32, 64)


FILLER = "."


def random_text(seed: object, length: int, alphabet: str = f"{ascii_letters}{digits}-_") -> str:
    return "".join(Random(str(seed)).choices(alphabet, k=length))  # noqa: S311 - a fake


def core(form: str, secret: str) -> str:
    """The form without what stands around it in any."""
    shown = FORMS[form](secret).strip('"')
    for scheme in ("Bearer ", "Basic "):
        shown = shown.removeprefix(scheme)
    return shown.strip("=\n")


class Finder:
    """Finds what gives a secret away in any form: not only the whole of it, but any half of a part
    that is so long that it must be hidden (docs/secrets.md)."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._blocks: dict[str, tuple[str, str]] = {}
        for secret in dict.fromkeys(secrets):
            other = random_text("decoy", len(secret))
            for form in FORMS:
                if not _is_left_open(secret, form):
                    self._add(secret, form, core(form, other))
        self._sizes = sorted({len(block) for block in self._blocks})
        self._heads = {block[: self._sizes[0]] for block in self._blocks}
        self._searched: set[str] = set()

    def _add(self, secret: str, form: str, decoy: str) -> None:
        """`decoy`: the same form of another secret; what both have in common is none of it."""
        shown = core(form, secret)
        size = _block(shown, secret, form)
        first = len(commonprefix((shown, decoy))) if size < len(shown) else 0
        for at in range(first, len(shown) - size + 1, size):
            if (block := shown[at : at + size]) not in decoy:
                self._blocks[block] = (secret, form)

    def found(self, text: str) -> set[tuple[str, str]]:
        """Which secrets, and in which form. What was said before is not searched again."""
        pieces = {piece for each in _readings(text) for piece in each.split(HIDDEN)}
        new = pieces - self._searched
        self._searched |= new
        return {self._blocks[block] for piece in new for block in self._blocks_in(piece)}

    def _blocks_in(self, piece: str) -> Iterator[str]:
        least = self._sizes[0]
        for at in range(len(piece) - least + 1):
            if piece[at : at + least] in self._heads:
                blocks = (piece[at : at + size] for size in self._sizes)
                yield from (block for block in blocks if block in self._blocks)


def _is_left_open(secret: str, form: str) -> bool:
    """Of one of up to eight characters, the whole is hidden, and no part (docs/secrets.md)."""
    return form.startswith("all but") and len(secret) <= _TOLD_WHOLE


def _block(shown: str, secret: str, form: str) -> int:
    if len(secret) <= _TOLD_WHOLE or len(shown) < min(_SIZES):
        return len(shown)
    if form.startswith(("SHA", "MD5")):
        return 8
    told = _TELLS / len(secret) if len(secret) >= _LONG else 3 / 4
    wanted = ceil(len(shown) * told / 2)
    return max(size for size in _SIZES if size <= max(wanted, _SIZES[0]))


def _readings(text: str) -> set[str]:
    """As it is, without wrapped lines, and as a program reads it that takes JSON apart."""
    text = text.replace(FILLER * 50, "")
    plain = text.replace("\\n", "\n").replace('\\"', '"').replace("\\\\", "\\")
    return {text, re.sub(r"\s*\n\s*", "", text), plain}


Place = Callable[[Sequence[str]], bytes]
"""The answer that has these forms at one place."""
_REFUSED = "x-amzn-ErrorType: AccessDeniedException\r\nx-amzn-RequestId: r\r\nx-amz-apigw-id: a\r\n"


def _answer(head: str, body: bytes, reason: str = "Forbidden") -> bytes:
    length = f"Content-Length: {len(body)}\r\n\r\n"
    return f"HTTP/1.1 403 {reason}\r\n{_REFUSED}{head}{length}".encode() + body


def _message(forms: Sequence[str]) -> bytes:
    return json.dumps({"message": " | ".join(("Forbidden", *forms))}).encode()


def _of_line(forms: Iterable[str]) -> list[str]:
    """Those that a header's line can carry."""
    return [one for one in forms if one.isprintable()]


def _in_body(forms: Sequence[str]) -> bytes:
    return _answer("Content-Type: application/json\r\n", _message(forms))


def _in_headers(forms: Sequence[str]) -> bytes:
    head = "".join(f"X-Echo-{at}: {one}\r\n" for at, one in enumerate(_of_line(forms)))
    return _answer(head, b'{"message":"Forbidden"}')


def _in_header_names(forms: Sequence[str]) -> bytes:
    head = "".join(f"X-{one}: told\r\n{one}: told\r\n" for one in forms)
    return _answer(head, b'{"message":"Forbidden"}')


def _in_urls(forms: Sequence[str]) -> bytes:
    lines = _of_line(forms)
    head = "".join(
        f"Link: <https://h.example.com/{one}>; rel=next\r\nX-At-{at}: /cb?id=1&b={one}#{one}\r\n"
        for at, one in enumerate(lines)
    )
    where = f"Location: https://u:{lines[0]}@h.example.com/{lines[-1]}?session={lines[0]}\r\n"
    return _answer(where + head, b"").replace(b" 403 Forbidden", b" 302 Found", 1)


def _in_reason(forms: Sequence[str]) -> bytes:
    return _answer("", b'{"message":"Forbidden"}', reason=" ".join(_of_line(forms))[:4_000])


def _in_trailers(forms: Sequence[str]) -> bytes:
    lines = _of_line(forms)
    trailers = "".join(f"X-Trailer-{at}: {one}\r\n" for at, one in enumerate(lines))
    extension = lines[0].replace(";", "")
    return (
        f"HTTP/1.1 403 Forbidden\r\n{_REFUSED}Transfer-Encoding: chunked\r\nTrailer: X-Trailer-0"
        f'\r\n\r\n17;x="{extension}"\r\n{{"message":"Forbidden"}}\r\n0\r\n{trailers}\r\n'
    ).encode()


def _in_no_status(forms: Sequence[str]) -> bytes:
    """No status line and no header line: what the libraries complain of they quote."""
    [line] = _of_line(forms)
    return f"HTTP/9.{line} {line}\r\n{line}\r\n\r\n".encode()


def _in_a_bad_length(forms: Sequence[str]) -> bytes:
    [line] = _of_line(forms)
    return f"HTTP/1.1 403 Forbidden\r\n{_REFUSED}Content-Length: {line}\r\n\r\nx".encode()


def _in_a_bad_chunk(forms: Sequence[str]) -> bytes:
    head = f"HTTP/1.1 403 Forbidden\r\n{_REFUSED}Transfer-Encoding: chunked\r\n\r\n"
    return f"{head}{_of_line(forms)[0]}\r\n".encode()


def _cut_by_the_bound(forms: Sequence[str]) -> bytes:
    """The bound of a body falls within one."""
    [form] = forms
    beginning = f'{{"message":"Forbidden {form} '
    filler = FILLER * ((65_536 - len(beginning) - len(form) // 2) // len(FILLER))
    return _answer("", (beginning + filler + form * 3).encode()[:70_000])


def _broken_off(forms: Sequence[str]) -> bytes:
    [form] = forms
    head = f"HTTP/1.1 403 Forbidden\r\n{_REFUSED}Content-Length: 900000\r\n\r\n"
    return f'{head}{{"message":"Forbidden {form} {form[: len(form) * 3 // 5]}'.encode()


def _of_name(form: str) -> bool:
    return re.fullmatch(r"[!#$%&'*+.^`|~\w-]+", form, re.ASCII) is not None


@dataclass(frozen=True)
class Stage:
    """One place; `room`: how many characters of forms an answer of it carries, `most`: how many
    forms; `carries`: which; `every`: so many forms are passed over in a whole run, as each answer
    carries few. Where one `cuts` what it carries, a form that lacks the secret's beginning may be
    cut to a part that nothing tells (docs/secrets.md)."""

    place: Place
    room: int = 50_000
    most: int = 10_000
    every: int = 1
    closes: bool = False
    carries: Callable[[str], bool] = str.isprintable
    cuts: bool = False

    def of(self, secrets: Iterable[str]) -> list[str]:
        """Every form that the place can carry."""
        names = [one for one in FORMS if not (self.cuts and one == "all but the first character")]
        forms = (FORMS[name](secret) for secret in secrets for name in names)
        return [one for one in forms if self.carries(one)]


STAGES = {
    "body": Stage(_in_body, carries=bool),
    "headers": Stage(_in_headers, most=90, every=4),
    "names": Stage(_in_header_names, most=45, every=9, carries=_of_name),
    "urls": Stage(_in_urls, most=45, every=11),
    "reason": Stage(_in_reason, room=3_500, every=67),
    "trailers": Stage(_in_trailers, most=90, every=13),
    "status": Stage(_in_no_status, most=1, every=101, closes=True),
    "length": Stage(_in_a_bad_length, most=1, every=103, closes=True),
    "chunk": Stage(_in_a_bad_chunk, most=1, every=151, closes=True),
    "bound": Stage(_cut_by_the_bound, most=1, every=83, carries=bool, cuts=True),
    "broken": Stage(_broken_off, most=1, every=67, closes=True, carries=bool, cuts=True),
}
_SENT_ANSWERS = 6


@dataclass
class Echo:
    """`GET /prod/PLACE/N` has the Nth share of all forms at that place; `/prod/sent/N` a share of
    the forms of whatever credential was sent, be it in the URL."""

    secrets: Sequence[str]
    stages: Mapping[str, Stage] = field(default_factory=lambda: STAGES)
    seen: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._shares = {
            name: list(_shared(stage.of(self.secrets)[:: stage.every], stage))
            for name, stage in self.stages.items()
        }

    @property
    def carried(self) -> int:
        """How many forms at all places."""
        return sum(len(share) for shares in self._shares.values() for share in shares)

    @property
    def paths(self) -> list[str]:
        places = [f"/{name}/{n}" for name, found in self._shares.items() for n in range(len(found))]
        return [*places, *(f"/sent/{n}" for n in range(_SENT_ANSWERS))]

    def __call__(self, to: socket.socket, head: bytes) -> None:
        shown = list(sent_in(head))
        self.seen.update(shown)
        parts = head.split(b" ")[1].decode().partition("?")[0].split("/")
        name, number = parts[2] if len(parts) > 3 else "", parts[-1]
        if name in self.stages and number.isdigit():
            stage = self.stages[name]
            to.sendall(stage.place(self._shares[name][int(number)]))
            if stage.closes:
                to.close()
            return
        forms = [make(one) for one in shown for make in FORMS.values()]
        share = forms[int(number) :: _SENT_ANSWERS] if name == "sent" else shown
        to.sendall(_answer("".join(f"X-Sent: {one}\r\n" for one in shown), _message(share)))


def _shared(forms: Iterable[str], stage: Stage) -> Iterator[list[str]]:
    share: list[str] = []
    room = 0
    for form in forms:
        size = len(json.dumps(form))
        if share and (room + size > stage.room or len(share) == stage.most):
            yield share
            share, room = [], 0
        share.append(form)
        room += size
    yield share


_CREDENTIAL_HEADERS = ("authorization", "x-api-key", "cookie", "x-custom", "x-amz-security-token")


def sent_in(head: bytes) -> Iterator[str]:
    """The credentials of a request."""
    first, *lines = head.decode("latin-1").split("\r\n")
    for line in lines:
        name, _, value = line.partition(": ")
        if name.lower() not in _CREDENTIAL_HEADERS or "deliberately-invalid" in value:
            continue
        if "Credential=" in value:
            yield value.split("Credential=")[1].split("/")[0]
        elif value.startswith("Basic "):
            pair = base64.b64decode(value.removeprefix("Basic ")).decode()
            if "deliberately-invalid" not in pair:
                yield from (value.removeprefix("Basic "), pair.partition(":")[2])
        else:
            yield value.removeprefix("Bearer ")
    if token := re.search(r"access_token=([^&\s]+)", first):
        yield token[1]
