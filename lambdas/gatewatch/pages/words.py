"""The phrases of a page, the same in Markdown and in the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gatewatch.pages.page import LookAlike, Shown
from gatewatch.pages.tree import Branch, Leaf

OWNERS = {
    "api": "the API's team",
    "caller": "whoever owns the calling credential or configuration",
    "platform": "AWS",
}
_LISTED = 3


def apart(name: str, one: LookAlike) -> Iterator[str]:
    """What separates a cause from a look-alike, in sentences."""
    if one.look is None:
        yield "no look of a caller's: confirm each"
    else:
        kept = ((one.this, name), (one.that, one.cause))
        yield f"{one.look}: " + ", ".join(
            f"{listed(answers)} → {cause}" for answers, cause in kept if answers
        )
    if one.unless:
        yield f"never {one.cause} where {' or where '.join(one.unless)}"


def listed(answers: Sequence[str]) -> str:
    more = len(answers) - _LISTED
    return " or ".join(answers[:_LISTED]) + (f" or {more} more" if more > 0 else "")


def seen_phrase(shown: Shown) -> str:
    """The answers, those by inference marked as such, and where else they come."""
    inferred = f"{listed(shown.surmised)} (inferred)" if shown.surmised else ""
    sure = " or ".join(shown.answers)
    also = f"the same at {' and '.join(shown.also)}" if shown.also else ""
    return "; ".join(part for part in (sure, inferred, also) if part)


def status_phrase(status: int) -> str:
    return str(status) if status else "no response"


def caller_phrase(branch: Branch) -> str:
    return (
        f"to a caller that sent {' or '.join(branch.callers)}" if branch.callers else "to anybody"
    )


def outcome_phrase(outcome: Leaf) -> str:
    return f"{outcome.answer} → {listed(outcome.causes)}"
