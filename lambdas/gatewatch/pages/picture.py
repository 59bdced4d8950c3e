"""The decision tree as SVG: plain shapes and text in whatever fonts the reader has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap
from xml.sax.saxutils import escape

from gatewatch.model import Layer
from gatewatch.pages.tree import Branch, LeftCause
from gatewatch.pages.words import caller_phrase, outcome_phrase

_WIDTH = 1000
_LINE = 18
_GAP = 14
_TOP = 56
_ANSWER, _CAUSES = 70, 400
_ANSWER_CHARACTERS, _CAUSES_CHARACTERS = 44, 84
_COLOURS = {
    Layer.NETWORK: "#8250df",
    Layer.EDGE: "#1b7c83",
    Layer.ROUTING: "#9a6700",
    Layer.AUTH: "#cf222e",
    Layer.THROTTLE: "#0969da",
    Layer.REQUEST: "#1a7f37",
    Layer.INTEGRATION: "#bf3989",
    Layer.BACKEND: "#57606a",
}
_STYLE = (
    "text{font:12px ui-sans-serif,system-ui,sans-serif;fill:#1f2328}"
    ".b{font-weight:600}.d{fill:#57606a}.c{font-weight:600}.i{font-style:italic}"
)


def picture(branches: Sequence[Branch]) -> str:
    body: list[str] = []
    top, heading, status = _TOP, ("", ""), -1
    for branch in branches:
        new = (branch.answer, branch.sign) != heading
        if new:
            body.append(f'<path d="M10 {top - 4}H{_WIDTH - 10}" stroke="#d0d7de"/>')
            top += _GAP
        if branch.status != status:
            body.append(_text(14, top, str(branch.status), "b"))
        lines, height = _block(branch, top, named=new)
        body += lines
        top += height + _GAP
        heading, status = (branch.answer, branch.sign), branch.status
    return "\n".join((*_head(top), *body, "</svg>")) + "\n"


def _head(height: int) -> Iterator[str]:
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}"'
        f' width="{_WIDTH}" height="{height}" role="img">'
    )
    yield "<title>The answers that the most causes give, and how to tell the causes apart</title>"
    yield f"<style>{_STYLE}</style>"
    yield f'<rect width="{_WIDTH}" height="{height}" rx="6" fill="#ffffff"/>'
    yield _text(14, 20, "status", "d")
    yield _text(_ANSWER, 20, "answer, header, what the caller sent", "d")
    yield _text(_CAUSES, 20, "causes, likeliest first; below, the next look", "d")
    x = 14
    for layer, colour in _COLOURS.items():
        yield f'<circle cx="{x + 5}" cy="38" r="5" fill="{colour}"/>'
        yield _text(x + 15, 42, layer, "d")
        x += 35 + 8 * len(layer)


def _block(branch: Branch, top: int, *, named: bool) -> tuple[list[str], int]:
    """One branch and its height in pixels; the answer is said once for its callers."""
    left: list[tuple[str, str]] = []
    if named:
        left += _wrapped(f"{branch.answer} ({branch.api})", _ANSWER_CHARACTERS, "b")
        left += _wrapped(branch.sign, _ANSWER_CHARACTERS, "d")
    left += _wrapped(caller_phrase(branch), _ANSWER_CHARACTERS, "")
    lines = [_text(_ANSWER, top + at * _LINE, *one) for at, one in enumerate(left)]
    right = [_causes(row) for row in _rows(branch.causes)]
    right += [_tspan(*one) for one in _look(branch)]
    lines += [
        f'<text x="{_CAUSES}" y="{top + at * _LINE}">{one}</text>' for at, one in enumerate(right)
    ]
    height = max(len(left), len(right)) * _LINE
    middle = _CAUSES - 14
    lines.append(f'<path d="M{middle} {top - 11}v{height - 4}" stroke="#afb8c1"/>')
    return lines, height


def _wrapped(text: str, width: int, style: str) -> list[tuple[str, str]]:
    return [(line, style) for line in wrap(text, width)]


def _rows(causes: Sequence[LeftCause]) -> Iterator[list[LeftCause]]:
    row: list[LeftCause] = []
    for one in causes:
        if row and sum(len(other.cause) + 3 for other in (*row, one)) > _CAUSES_CHARACTERS:
            yield row
            row = []
        row.append(one)
    yield row


def _causes(row: Sequence[LeftCause]) -> str:
    return " · ".join(
        f'<tspan class="c" style="fill:{_COLOURS[one.layer]}">{one.cause}</tspan>' for one in row
    )


def _look(branch: Branch) -> Iterator[tuple[str, str]]:
    if branch.look is None:
        return
    yield from _wrapped(f"look at {branch.look}", _CAUSES_CHARACTERS, "i")
    for outcome in branch.outcomes:
        yield from _wrapped(f"— {outcome_phrase(outcome)}", _CAUSES_CHARACTERS, "d")


def _text(x: int, y: int, text: str, style: str = "") -> str:
    return f'<text x="{x}" y="{y}" class="{style}">{escape(text)}</text>'


def _tspan(text: str, style: str) -> str:
    return f'<tspan class="{style}">{escape(text)}</tspan>'
