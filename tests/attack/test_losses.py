"""What is lost of an exchange makes no cause more certain: any header, any piece of the body.

Pastes are cut at both ends and in the middle, proxies drop headers, logs shorten values. A recorded
answer of which that was taken must never be diagnosed more surely than the whole one.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.diagnosis.test_untold import (
    ROWS,
    copied,
    overclaims,
    told,
    without_caller,
    without_status,
)

Row = dict[str, Any]
Loss = Callable[[Row, Random], None]
A_ROW, A_SEED = 39, 100
WHOLE = {name: told(row) for name, row in ROWS.items()}


def a_header(row: Row, chance: Random) -> None:
    if names := sorted(row["response"]["headers"]):
        row["response"]["headers"].pop(chance.choice(names))


def the_spelling_of_a_header(row: Row, chance: Random) -> None:
    """Clients spell names in their own way, and join what comes twice."""
    if names := sorted(row["response"]["headers"]):
        name = chance.choice(names)
        value = row["response"]["headers"].pop(name)
        spelled = chance.choice([name.lower(), name.upper(), name.title()])
        row["response"]["headers"][spelled] = chance.choice([f" {value} ", f"{value}, {value}"])


def a_piece_of_a_header(row: Row, chance: Random) -> None:
    if names := sorted(row["response"]["headers"]):
        name = chance.choice(names)
        row["response"]["headers"][name] = _less(row["response"]["headers"][name], chance)


def a_header_of_the_request(row: Row, chance: Random) -> None:
    if names := sorted(row["request"]["headers"]):
        row["request"]["headers"].pop(chance.choice(names))


def a_part_of_the_request(row: Row, chance: Random) -> None:
    row["request"].pop(chance.choice(["method", "url"]), None)


def who_called(row: Row, _: Random) -> None:
    without_caller(row)
    row["request"]["headers"] = {}


def the_status(row: Row, _: Random) -> None:
    without_status(row)


def a_piece_of_the_body(row: Row, chance: Random) -> None:
    _keep(row, _less(row["response"].get("body") or "", chance))


def half_a_character_of_the_body(row: Row, chance: Random) -> None:
    body = row["response"].get("body") or ""
    start = chance.randrange(len(body) + 1)
    _keep(row, f"{body[:start]}\N{REPLACEMENT CHARACTER}{body[start + chance.randrange(4) :]}")


def the_end_of_the_body(row: Row, chance: Random) -> None:
    body = row["response"].get("body") or ""
    _keep(row, body[: chance.randrange(len(body) + 1)])


def the_beginning_of_the_body(row: Row, chance: Random) -> None:
    body = row["response"].get("body") or ""
    _keep(row, body[chance.randrange(len(body) + 1) :])


def the_body(row: Row, _: Random) -> None:
    """It began, and was reset before it came."""
    if _refuses(row):
        row["response"] |= {"body": None, "is_cut": True}


def all_but_the_status(row: Row, _: Random) -> None:
    if _refuses(row):
        unread = "the answer was not read (a fault)"
        row["response"] |= {"body": None, "headers": {}, "is_cut": True, "unread": [unread]}


def _less(text: str, chance: Random) -> str:
    start = chance.randrange(len(text) + 1)
    return text[:start] + text[chance.randrange(start, len(text) + 1) :]


def _refuses(row: Row) -> bool:
    return (row["response"].get("status") or 0) >= 400


def _keep(row: Row, body: str) -> None:
    """A success is told by its status alone, so its body proves nothing."""
    if _refuses(row) and row["response"].get("body"):
        row["response"]["body"] = body


LOSSES: tuple[Loss, ...] = (
    a_header,
    a_piece_of_a_header,
    a_piece_of_the_body,
    the_end_of_the_body,
    the_beginning_of_the_body,
    half_a_character_of_the_body,
    the_body,
    all_but_the_status,
    the_spelling_of_a_header,
    a_header_of_the_request,
    a_part_of_the_request,
    who_called,
    the_status,
)


@pytest.mark.parametrize("name", ROWS)
def test_no_single_loss_makes_a_recorded_answer_surer(name: str) -> None:
    chance = Random(name)  # noqa: S311 - dice that fall alike each time
    for at in range(A_ROW):
        less = copied(ROWS[name])
        LOSSES[at % len(LOSSES)](less, chance)
        assert overclaims(WHOLE[name], told(less)) == [], less["response"]


@settings(deadline=None)
@given(st.integers(min_value=0))
def test_no_losses_make_an_answer_surer(seed: int) -> None:
    chance = Random(seed)  # noqa: S311 - Hypothesis throws these dice
    for _ in range(A_SEED):
        name = chance.choice(sorted(ROWS))
        less = copied(ROWS[name])
        losses = chance.choices(LOSSES, k=chance.choice([1, 1, 1, 2, 3]))
        for loss in losses:
            loss(less, chance)
        assert overclaims(WHOLE[name], told(less)) == [], (losses, less)
