"""What is lost of an exchange makes no cause more certain: any header, any piece of the body.

Pastes are cut at both ends and in the middle, proxies drop headers, logs shorten values. A recorded
answer of which that was taken must never be diagnosed more surely than the whole one.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewatch.model import Confidence, Diagnosis

from ..test_untold import RANKS, ROWS, copied, told

Row = dict[str, Any]
Loss = Callable[[Row, Random], None]
A_ROW = 40


def a_header(row: Row, chance: Random) -> None:
    if names := sorted(row["response"]["headers"]):
        row["response"]["headers"].pop(chance.choice(names))


def the_end_of_the_error_type(row: Row, chance: Random) -> None:
    for name, value in row["response"]["headers"].items():
        if name.lower() == "x-amzn-errortype":
            row["response"]["headers"][name] = value[: chance.randrange(1, len(value))]


def a_piece_of_the_body(row: Row, chance: Random) -> None:
    body = row["response"].get("body") or ""
    start = chance.randrange(len(body) + 1)
    _keep(row, body[:start] + body[chance.randrange(start, len(body) + 1) :])


def the_end_of_the_body(row: Row, chance: Random) -> None:
    body = row["response"].get("body") or ""
    _keep(row, body[: chance.randrange(len(body) + 1)])


def the_beginning_of_the_body(row: Row, chance: Random) -> None:
    body = row["response"].get("body") or ""
    _keep(row, body[chance.randrange(len(body) + 1) :])


def _keep(row: Row, body: str) -> None:
    """A success is told by its status alone, so its body proves nothing."""
    if row["response"].get("status", 0) >= 400 and row["response"].get("body"):
        row["response"]["body"] = body


LOSSES: tuple[Loss, ...] = (
    a_header,
    the_end_of_the_error_type,
    a_piece_of_the_body,
    the_end_of_the_body,
    the_beginning_of_the_body,
)


def surer(whole: Diagnosis, less: Diagnosis) -> list[str]:
    """Where the lesser evidence says more. Unknown claims nothing."""
    if less.confidence is Confidence.UNKNOWN:
        return []
    found = []
    if RANKS[less.confidence] > RANKS[whole.confidence]:
        found.append(f"{less.cause} became {less.confidence}")
    if RANKS[less.layer_confidence] > RANKS[whole.layer_confidence]:
        found.append(f"layer {less.layer} became {less.layer_confidence}")
    return found


@pytest.mark.parametrize("name", ROWS)
def test_no_single_loss_makes_a_recorded_answer_surer(name: str) -> None:
    whole, chance = told(ROWS[name]), Random(name)  # noqa: S311 - dice that fall alike each time
    for at in range(A_ROW):
        less = copied(ROWS[name])
        LOSSES[at % len(LOSSES)](less, chance)
        assert surer(whole, told(less)) == [], less["response"]


@given(st.sampled_from(sorted(ROWS)), st.sampled_from(LOSSES), st.randoms(use_true_random=False))
def test_no_loss_makes_an_answer_surer(name: str, loss: Loss, chance: Random) -> None:
    less = copied(ROWS[name])
    loss(less, chance)
    assert surer(told(ROWS[name]), told(less)) == [], less["response"]
