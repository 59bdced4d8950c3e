"""How many attempts may be under way at once."""

from __future__ import annotations

import pytest

from gatewatch.attempt import Attempt
from gatewatch.probe.schedule import Schedule


def attempts(host: str, count: int) -> list[Attempt]:
    url = f"https://{host}/x"
    return [Attempt("a", "GET /x", url, "GET", url, timeout_seconds=1) for _ in range(count)]


@pytest.mark.parametrize(
    ("waiting", "room"),
    [
        ([], 0),
        (attempts("a", 3), 3),
        (attempts("a", 20), 6),
        (attempts("a", 20) + attempts("b", 1), 7),
    ],
    ids=["none", "fewer than a host takes", "one host", "two hosts"],
)
def test_there_is_no_more_room_than_hosts_give(waiting: list[Attempt], room: int) -> None:
    assert Schedule(waiting, per_host=6).room == room
