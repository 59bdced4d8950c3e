"""What redaction costs, in characters: of the views of a text, and of what is searched of them."""

from __future__ import annotations

import base64
import json

import pytest

from gatewatch.redaction.traces import Traces
from gatewatch.redaction.views import views
from tests.redaction.test_redaction import FORMS, SECRET

_MIXED = "%25\\u0070&amp;\\x41 deadbeefcafe 12, 13, 14, 15 QmFzZTY0\n"
BODIES = {
    "every form": json.dumps([make(SECRET) for make in FORMS.values()]) * 6,
    "escapes of one kind": "\\u0070" * 8_000,
    "escaped signs of escapes": "%25" * 16_000,
    "all kinds in lines": _MIXED * 800,
    "all kinds in Base64": base64.b64encode((_MIXED * 600).encode()).decode(),
    "all kinds in Base64 twice": base64.b64encode(
        base64.b64encode((_MIXED * 400).encode())
    ).decode(),
    "all kinds in hex": (_MIXED * 400).encode().hex(),
    "all kinds as bytes": str(list((_MIXED * 150).encode())),
    "JSON in lines": json.dumps([{"url": "https://h/a%20b", "n": n} for n in range(900)], indent=2),
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_the_views_of_a_text_are_bounded(body: str) -> None:
    assert sum(len(one.text) for one in views(body)) < 100 * len(body)


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_what_views_say_in_common_is_searched_once(
    body: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    searched: list[tuple[str, bool]] = []
    search = Traces._search

    def counting(traces: Traces, text: str, is_decoded: bool) -> object:
        searched.append((text, is_decoded))
        return search(traces, text, is_decoded)

    monkeypatch.setattr(Traces, "_search", counting)
    Traces([SECRET]).spans(body)
    assert len(searched) == len(set(searched))
    assert sum(len(text) for text, _ in searched) < 50 * len(body)
