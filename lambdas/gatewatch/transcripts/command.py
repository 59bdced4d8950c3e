"""What a curl command sends, and how it prints the received status.

Only a word that looks like a URL is taken for one: others may be the value of an unknown option,
and so a secret. https://curl.se/docs/manpage.html
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field

from gatewatch.config.pattern import search

# The options that stand alone; any other takes the next word, unless that is a URL.
_ALONE = re.compile(
    r"--(no-.*|fail.*|http[0-9].*|tlsv1.*|ssl|ssl-reqd|ipv4|ipv6|anyauth|basic|digest|negotiate|ntlm"
    r"|compressed|get|globoff|head|include|insecure|proxy-insecure|location|location-trusted"
    r"|path-as-is|progress-bar|raw|remote-name|show-error|silent|tcp-nodelay|trace-time|verbose)"
)
_LETTERS_ALONE = frozenset("#012346afgGiIjJklLMnNOpqRsSvZ")
_TAKES_URL = re.compile(r"-d|--data.*|--json|-e|--referer|-x|--proxy|--url")
_URL = re.compile(r"\w+://\S*")
_HOST_AND_PATH = re.compile(r"(\w[\w-]*(\.[\w-]+)+|localhost)(:\d+)?([/?].*)?")


@dataclass(slots=True)
class Command:
    method: str = "GET"
    url: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    write_out: str = ""

    def status_in(self, output: str) -> tuple[int | None, str]:
        """The status that `--write-out` printed at the end, if any, and the output before it.

        curl prints 000 where no HTTP response came.
        """
        printed = _printed(self.write_out)
        try:
            match = search(printed, output.rstrip("\r\n% ")) if printed else None
        except TimeoutError:
            return None, output
        return (int(match["status"]), output[: match.start()]) if match else (None, output)


_VARIABLE = re.compile(r"%\{(?P<name>[^}]*)\}|\\[nrt]|\s+")
_STATUS_VARIABLES = ("http_code", "response_code")


def _printed(template: str) -> str | None:
    """The pattern of a `--write-out` template's output, if the status is part of it."""
    parts, end, told = [], 0, False
    for variable in _VARIABLE.finditer(template):
        parts.append(re.escape(template[end : variable.start()]))
        name, end = variable["name"], variable.end()
        is_status = name in _STATUS_VARIABLES and not told
        told = told or is_status
        parts.append(r"(?P<status>\d{3})" if is_status else r"\s*" if name is None else r"\S*")
    parts.append(re.escape(template[end:]))
    return "".join(parts) + r"\s*$" if told else None


def read_command(text: str) -> Command | None:
    """None where the command names no URL."""
    try:
        program, *words = shlex.split(text.rstrip("\\^` "), comments=False)
    except ValueError:
        program, *words = text.split()
    command = Command()
    if program == "awscurl":
        command.headers["authorization"] = "AWS4-HMAC-SHA256 <redacted>"
    words.reverse()
    while words:
        word = words.pop()
        if word.startswith("--"):
            name, equals, value = word.partition("=")
            alone = equals or _ALONE.fullmatch(name)
            _apply(command, name, value if alone else _value(name, words))
        elif word.startswith("-"):
            _letters(command, word[1:], words)
        else:
            _aim(command, word)
    return command if command.url else None


def _letters(command: Command, letters: str, words: list[str]) -> None:
    """Options of one letter, joined or not: `-sS`, `-X PUT`, `-XPUT`, `-sXPUT`."""
    for at, letter in enumerate(letters):
        if letter in _LETTERS_ALONE:
            _apply(command, f"-{letter}", "")
            continue
        name = f"-{letter}"
        _apply(command, name, letters[at + 1 :] or _value(name, words))
        return


def _value(name: str, words: list[str]) -> str:
    """The word after an option, removed from `words`."""
    if not words or (_URL.fullmatch(words[-1]) and not _TAKES_URL.fullmatch(name)):
        return ""
    return words.pop()


def _aim(command: Command, word: str) -> None:
    if command.url:
        return
    if _URL.fullmatch(word):
        command.url = word
    elif _HOST_AND_PATH.fullmatch(word):
        command.url = f"https://{word}"


def _apply(command: Command, name: str, value: str) -> None:
    match name:
        case "-X" | "--request":
            command.method = value.upper()
        case "-I" | "--head":
            command.method = "HEAD"
        case "-H" | "--header":
            header, colon, text = value.partition(":")
            if colon:
                command.headers[header.strip()] = text.strip()
        case "-u" | "--user":
            command.headers.setdefault("authorization", "Basic <redacted>")
        case "--oauth2-bearer":
            command.headers.setdefault("authorization", "Bearer <redacted>")
        case "--aws-sigv4":
            command.headers["authorization"] = "AWS4-HMAC-SHA256 <redacted>"
        case "-b" | "--cookie":
            command.headers.setdefault("cookie", "<redacted>")
        case "-w" | "--write-out":
            command.write_out = value
        case "--url":
            _aim(command, value)
        case _ if name.startswith(("-d", "--data", "--json")) and command.method == "GET":
            command.method = "POST"
        case _:
            pass
