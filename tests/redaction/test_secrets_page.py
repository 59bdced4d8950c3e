"""`docs/secrets.md` names each form that is undone, no other, and the bounds that hold."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from random import Random
from string import ascii_letters, digits

import pytest

from gatewatch.redaction import traces, views
from gatewatch.redaction.looks import HIDDEN
from gatewatch.redaction.redactor import Redactor
from tests.redaction.test_redaction import FORMS

PAGE = (Path(__file__).parent.parent.parent / "docs" / "secrets.md").read_text()
KNOWN = " ".join(PAGE.partition("## Known")[2].partition("\n## ")[0].split())


def undone() -> set[str]:
    """The names of all that is undone, or known of each secret."""
    escapes = {name for kinds in views.ESCAPES.values() for name in kinds}
    return escapes | views.ENCODINGS.keys() | traces.DIGESTS.keys()


def test_the_page_names_each_form_and_no_other() -> None:
    assert set(re.findall(r"\*\*(.+?)\*\*", KNOWN)) == undone()


# By what a form of the tests is called that shows it.
SHOWN = {
    "URLs": "URL",
    "C": "octal",
    "Rust": "Rust's",
    "Python": "Python's",
    "byte values": "bytes",
}


@pytest.mark.parametrize("name", sorted(undone()))
def test_each_form_is_tried(name: str) -> None:
    word = SHOWN.get(name, name).lower()
    assert any(word in form.lower() for form in FORMS)


@pytest.mark.parametrize(
    "told",
    [
        f"escaped up to {views._MOST_ESCAPINGS} times",
        f"encoded up to {views._MOST_ENCODINGS} times",
        f"from {traces._TELLS_WHOLE} bytes of the digest on",
        f"{traces._TELLS_ALWAYS} characters in a row of one of {traces._LONG} or more",
        f"{traces._SHORTEST} characters of its beginning where a text was cut",
        f"known of {traces._MOST_DIGESTED:,} at once",
    ],
)
def test_the_page_says_the_bounds_that_hold(told: str) -> None:
    assert told in KNOWN


def least(length: int) -> int:
    """How long a part of a secret of that length must be to be hidden, as the page says it."""
    if length >= 20:
        return 16
    return length if length <= 8 else max(8, length * 3 // 4)


@pytest.mark.parametrize("length", range(4, 60))
def test_a_part_is_hidden_from_the_length_on_that_the_page_says(length: int) -> None:
    secret = "".join(Random(length).sample(f"{ascii_letters}{digits}-_", length))  # noqa: S311 - a fake
    size = least(len(secret))
    redactor = Redactor([secret])
    for at in range(len(secret) - size + 1):
        part = secret[at : at + size]
        assert redactor.text(f"( {part} )") == f"( {HIDDEN} )"
        assert redactor.text(f"( {part[:-1]} )") == f"( {part[:-1]} )"


SECRET = "p@ss/w0rd+with=specials&more"
_URL = "p%40ss%2Fw0rd%2Bwith%3Dspecials%26more"
_BASE64 = base64.b64encode(SECRET.encode()).decode()
_HEX = SECRET.encode().hex()
WRAPPED = {
    "outside": "p@ss/w0rd+with\n    =specials&more",
    "within an escape": f"{_URL[:11]}\r\n\t{_URL[11:]}",
    "under an escape": "p@ss/w0rd+with\\r\\n  =specials&more",
    "Base64": f"{_BASE64[:17]}\n{_BASE64[17:]}",
    "hex": f"{_HEX[:17]}\n{_HEX[17:]}",
    "before it was encoded": base64.b64encode(b"p@ss/w0rd+with\n  =specials&more").decode(),
    "Base64 that was encoded": base64.b64encode(
        f"{_BASE64[:17]}\n{_BASE64[17:]}".encode()
    ).decode(),
}


@pytest.mark.parametrize("shown", WRAPPED.values(), ids=WRAPPED)
def test_a_wrap_is_undone_where_the_page_says(shown: str) -> None:
    assert HIDDEN in Redactor([SECRET]).text(f"told {shown} then")


def _in_lines(text: str) -> str:
    return "\n  ".join(text[at : at + 7] for at in range(0, len(text), 7))


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


LEFT_WRAPPED = {
    "digits that blanks part": " ".join(map(str, SECRET.encode())).replace("1", "1\n"),
    "an escape that was encoded": _encoded(
        _in_lines("".join(f"%{one:02x}" for one in SECRET.encode()))
    ),
    "hex that was encoded": _encoded(_in_lines(_HEX)),
}


@pytest.mark.parametrize("shown", LEFT_WRAPPED.values(), ids=LEFT_WRAPPED)
def test_what_the_page_leaves_open_of_wraps(shown: str) -> None:
    assert HIDDEN not in Redactor([SECRET]).text(f"told {shown} then")
