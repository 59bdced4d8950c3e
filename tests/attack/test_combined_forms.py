"""Escapings and encodings one within another, wrapped and cut: no combination that is in scope
(`redaction/traces.py`) shows a secret."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Callable, Sequence
from random import Random
from urllib.parse import quote, quote_plus

import pytest

from gatewatch.redaction.looks import HIDDEN
from gatewatch.redaction.redactor import Redactor

Form = Callable[[str], str]

SECRETS = (
    "p@ss/w0rd+with=specials&more",
    "R4nd0mKey40charsLongAbcdefghijklmnop12345",
    "Planted&password: 03 <x>\"y'\\z",
    "abc'D&1/9+",
    "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJlLWNhbmFyeQ",
    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    # What looks like an escape, and is none.
    "ab\\zc'd<1",
    "a%2fb\\x&q",
    "p\\100ss&#1;",
    'k&amp;y\\n"z%',
)
# A text that grew beyond what is kept of a body tells nothing of what was hidden in it.
_MOST = 20_000
_TELLS = 16
_LONG = 20


def _every(text: str, escape: str) -> str:
    return "".join(escape % ord(one) for one in text)


def _each(text: str, escape: str) -> str:
    return "".join(one if one.isalnum() else escape % ord(one) for one in text)


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


ESCAPINGS: dict[str, Form] = {
    "URL": lambda s: quote(s, safe=""),
    "every character in a URL": lambda s: _every(s, "%%%02x"),
    "form": quote_plus,
    "JSON": lambda s: json.dumps(s)[1:-1],
    "JSON with escaped slashes": lambda s: json.dumps(s)[1:-1].replace("/", "\\/"),
    "JSON as Go writes it": lambda s: _each(s, "\\u%04x"),
    "every character in JSON": lambda s: _every(s, "\\u%04X"),
    "JavaScript": lambda s: _each(s, "\\x%02x"),
    "octal": lambda s: _every(s, "\\%03o"),
    "octal where special": lambda s: _each(s, "\\%03o"),
    "HTML": html.escape,
    "entities": lambda s: _every(s, "&#%d;"),
    "hex entities": lambda s: _every(s, "&#x%X;"),
    "Python": lambda s: _every(s, "\\U%08x"),
    "Rust": lambda s: _each(s, "\\u{%x}"),
    "escape()": lambda s: _every(s, "%%u%04x"),
}
ENCODINGS: dict[str, Form] = {
    "Base64": _b64,
    "Base64 for URLs": lambda s: base64.urlsafe_b64encode(f"q:{s}".encode()).decode().rstrip("="),
    "Base64 of JSON": lambda s: _b64(f'{{"ab":"{s}"}}'),
    "hex": lambda s: s.encode().hex(),
    "hex in capitals": lambda s: s.encode().hex().upper(),
    "hex with colons": lambda s: s.encode().hex(":"),
    "hex in fours": lambda s: s.encode().hex(" ", 2),
    "Base32": lambda s: base64.b32encode(s.encode()).decode(),
    "Base32 in lower case": lambda s: base64.b32encode(f"k={s}".encode()).decode().lower(),
    "bytes": lambda s: str(list(s.encode())),
    "bytes as Go prints them": lambda s: f"[{' '.join(map(str, s.encode()))}]",
    "bytes as C has them": lambda s: ", ".join(f"0x{one:02x}" for one in s.encode()),
}
# Where numbers are parted by blanks, a line end within one makes two of it.
WRAPPABLE = {name: form for name, form in ENCODINGS.items() if "Go" not in name}


def _drawn(seed: int | str) -> Random:
    """The same combinations each time."""
    return Random(seed)  # noqa: S311 - it chooses cases


def _chain(random: Random, encodings: dict[str, Form], most: int = 2) -> list[str]:
    names = random.choices(list(ESCAPINGS), k=random.randint(0, 3))
    names += random.choices(list(encodings), k=random.randint(0, most))
    random.shuffle(names)
    return names


def _made(secret: str, names: Sequence[str]) -> str:
    """The first name is the innermost."""
    for name in names:
        secret = (ESCAPINGS | ENCODINGS)[name](secret)
    return secret


_REDACTORS = {secret: Redactor([secret]) for secret in SECRETS}

KINDS = {
    "three escapings in Base64": _made(SECRETS[0], ["every character in JSON"] * 3 + ["Base64"]),
    "three kinds of escapings in hex": _made(SECRETS[1], ["HTML", "octal", "URL", "hex"]),
    "two escapings between encodings": _made(
        SECRETS[5], ["Base64", "entities", "JavaScript", "Base32", "URL"]
    ),
    "Base64 as mails wrap it": "\r\n".join(
        (_b64("header: " * 7), _b64(SECRETS[5])[:30], _b64(SECRETS[5])[30:])
    ),
    "a line that ends as in HTTP": f"{SECRETS[0][:13]}\r\n {SECRETS[0][13:]}",
    "a header that was folded twice": "\r\n\t".join(
        (SECRETS[1][:9], SECRETS[1][9:20], SECRETS[1][20:])
    ),
    "wrapped hex": f"{SECRETS[1].encode().hex()[:40]}\r\n    {SECRETS[1].encode().hex()[40:]}",
    "wrapped Base32": "\n".join(
        base64.b32encode(SECRETS[1].encode()).decode()[at : at + 16] for at in range(0, 72, 16)
    ),
    "wrapped within an escape": f"{quote(SECRETS[0])[:12]}\n{quote(SECRETS[0])[12:]}",
    "a backslash of its own, in JSON in Base64": _made('k&amp;y\\n"z%', ["JSON", "Base64"]),
    "a percent sign of its own, in HTML in hex": _made("a%2fb\\x&q", ["HTML", "hex"]),
}


@pytest.mark.parametrize("shown", KINDS.values(), ids=KINDS)
def test_a_combination_is_hidden(shown: str) -> None:
    clean = Redactor(SECRETS).text(f"told {shown} then")
    assert HIDDEN in clean
    assert shown not in clean


CUTS = {
    "within a byte": (SECRETS[1], "[82, 52, 110, 100, 48, 109, 75, 101, 121, 5"),
    "within a byte of C's": (SECRETS[1], "0x52, 0x34, 0x6e, 0x64, 0x30, 0x6d, 0x4"),
    "behind the sign of a byte of C's": (SECRETS[1], "0x52, 0x34, 0x6e, 0x64, 0x30, 0x6d, 0x"),
    "within a byte, in a URL": (SECRETS[1], "%5B82%2C+52%2C+110%2C+100%2C+48%2C+109%2C+1"),
    "within an escape in Base64": (SECRETS[0], _b64("p\\u0040ss\\u002fw0rd\\u00")),
    "within an entity in hex": (SECRETS[0], b"p&#64;ss&#47;w0rd&#4".hex()),
    "within octal in Base32": (SECRETS[0], base64.b32encode(b"p\\100ss\\057w0rd\\05").decode()),
    "within Base64 in Base64": (SECRETS[0], _b64(_b64(SECRETS[0])[:15])[:18]),
    "within an escape in Base64 in a URL": (SECRETS[0], quote(_b64("p%40ss%2Fw0rd%2")[:-1])),
}


@pytest.mark.parametrize(("secret", "shown"), CUTS.values(), ids=CUTS)
def test_what_was_begun_where_a_text_was_cut_is_hidden(secret: str, shown: str) -> None:
    assert HIDDEN in Redactor([secret]).text(f"told {shown}", cut=True)


@pytest.mark.parametrize("seed", range(3))
def test_forms_within_forms(seed: int) -> None:
    random = _drawn(seed)
    for _ in range(350):
        secret, names = random.choice(SECRETS), _chain(random, ENCODINGS)
        shown = _made(secret, names)
        if len(shown) <= _MOST:
            assert HIDDEN in _REDACTORS[secret].text(f"told {shown} then"), (secret, names)


@pytest.mark.parametrize("seed", range(2))
def test_a_part_of_a_long_one_within_forms(seed: int) -> None:
    random = _drawn(seed)
    for _ in range(250):
        secret = random.choice([one for one in SECRETS if len(one) >= _LONG])
        start = random.randint(0, len(secret) - _TELLS)
        part, names = secret[start : start + _TELLS], _chain(random, ENCODINGS)
        shown = _made(part, names)
        if len(shown) <= _MOST:
            assert HIDDEN in _REDACTORS[secret].text(f"told {shown} then"), (part, names)


@pytest.mark.parametrize("seed", range(2))
def test_wherever_a_combination_is_cut(seed: int) -> None:
    """From eight characters of the secret on, wherever the bound of a body falls."""
    random = _drawn(seed)
    for _ in range(350):
        secret, names = random.choice(SECRETS), _chain(random, ENCODINGS)
        shown, least = _made(secret, names), len(_made(secret[:7], names)) + 8
        if not least < len(shown) <= _MOST:
            continue
        end = random.randint(least, len(shown))
        clean = _REDACTORS[secret].text(f"told {shown[:end]}", cut=True)
        assert HIDDEN in clean, (secret, names, end)


@pytest.mark.parametrize("seed", range(2))
def test_wherever_a_combination_is_wrapped(seed: int) -> None:
    random = _drawn(seed)
    for _ in range(250):
        secret, names = random.choice(SECRETS[:3]), _chain(random, WRAPPABLE)[:3]
        outside = [name for name in names if name in ESCAPINGS]
        names = [*(name for name in names if name in ENCODINGS), *outside]
        at, width = (
            len(names) - random.randint(0, len(outside)),
            random.choice([12, 16, 20, 60, 64, 76]),
        )
        line_end = random.choice(["\n", "\r\n", "\n    ", "\r\n\t"])
        inner = _made(secret, names[:at])
        lines = (inner[start : start + width] for start in range(0, len(inner), width))
        shown = _made(line_end.join(lines), names[at:])
        if len(shown) <= _MOST:
            assert HIDDEN in _REDACTORS[secret].text(f"told {shown} then"), (secret, names, at)


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha256", "sha512"])
def test_a_digest_within_forms(algorithm: str) -> None:
    random = _drawn(algorithm)
    for _ in range(150):
        secret, names = random.choice(SECRETS), _chain(random, ENCODINGS, most=1)
        told = random.choice(("", "Bearer ", "Basic ")) + secret + random.choice(("", "\n"))
        digest = hashlib.new(algorithm, told.encode(), usedforsecurity=False).digest()
        encoded = random.choice((digest.hex(), digest.hex(":"), base64.b64encode(digest).decode()))
        shown = _made(encoded, names)
        if len(shown) <= _MOST:
            assert HIDDEN in _REDACTORS[secret].text(f"told {shown} then"), (secret, names)
