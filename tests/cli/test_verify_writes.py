"""A verification sends no write again that got through, and changes nothing that a monitor stores:
counted at the server."""

from __future__ import annotations

import contextlib
import socket
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gatewatch.adapters.local.sqlite import SqliteStore
from gatewatch.cli.main import main
from gatewatch.model import Finding
from tests.servers import RawServer, answering, serving

SOON = ("--for", "1s", "--deadline", "3s")
REFUSES = answering(
    "401 Unauthorized",
    b'{"message":"Unauthorized"}',
    "x-amzn-errortype: UnauthorizedException\r\nx-amzn-requestid: a\r\n"
    "content-type: application/json\r\n",
)
NO_SUCH_ROUTE = answering(
    "403 Forbidden",
    b'{"message":"Missing Authentication Token"}',
    "x-amzn-errortype: MissingAuthenticationTokenException\r\nx-amzn-requestid: a\r\n"
    "content-type: application/json\r\n",
)
OPEN = answering()


@dataclass
class Shop:
    """`on_write`: what becomes of each POST, the last one of all later ones."""

    folder: Path
    on_write: list[object] = field(default_factory=lambda: [OPEN])
    writes: int = 0

    def handle(self, connection: socket.socket, head: bytes) -> None:
        method, path, _ = head.split(b" ", 2)
        if method != b"GET":
            answer = self.on_write[min(self.writes, len(self.on_write) - 1)]
            self.writes += 1
            answer(connection, head)  # type: ignore[operator]
        else:
            (OPEN if path == b"/health" else NO_SUCH_ROUTE)(connection, head)

    @property
    def state(self) -> Path:
        return self.folder / ".gatewatch" / "gatewatch.yaml.sqlite3"

    def stored(self) -> list[str]:
        with sqlite3.connect(f"file:{self.state}?mode=ro", uri=True) as opened:
            return list(opened.iterdump())


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Shop, RawServer]]:
    monkeypatch.chdir(tmp_path)
    found = Shop(tmp_path)
    with serving(found.handle) as server:
        (tmp_path / "gatewatch.yaml").write_text(
            f"""
defaults: {{timeout: 500ms}}
apis:
  shop:
    url: http://{server.place}
    routes:
      - GET /health: public
      - POST /orders: {{access: protected, guarded_by: lambda}}
"""
        )
        yield found, server


def gatewatch(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    return int(ended.value.code or 0)


@pytest.mark.parametrize(
    ("on_write", "code"),
    [
        pytest.param([OPEN], 1, id="open"),
        pytest.param([OPEN, REFUSES], 1, id="open_at_first"),
    ],
)
def test_a_write_that_got_through_is_sent_once(
    shop: tuple[Shop, RawServer], on_write: list[object], code: int
) -> None:
    place, _ = shop
    place.on_write = on_write
    found = gatewatch("verify", *SOON)
    assert place.writes == 1
    assert found == code


def test_a_write_in_doubt_is_sent_once_and_passes_nothing(shop: tuple[Shop, RawServer]) -> None:
    """What answers everything alike proves no guard."""
    _, server = shop
    server.handle = OPEN
    assert gatewatch("verify", *SOON) != 0
    assert sum(one.startswith(b"POST") for one in server.requests) == 1


def silent(connection: socket.socket, _: bytes) -> None:
    """The answer of an API whose backend takes its time."""
    connection.settimeout(3)
    with contextlib.suppress(OSError):
        connection.recv(1)


@pytest.mark.parametrize(
    ("on_write", "writes"),
    [
        pytest.param([silent], 2, id="silent"),
        pytest.param([REFUSES, silent, silent, REFUSES], 3, id="silent_twice"),
    ],
)
def test_a_write_that_twice_gets_no_answer_is_not_sent_again_and_passes_nothing(
    shop: tuple[Shop, RawServer], on_write: list[object], writes: int
) -> None:
    place, _ = shop
    place.on_write = on_write
    assert gatewatch("verify", "--for", "2s", "--deadline", "9s") != 0
    assert place.writes == writes


def test_one_answer_to_a_write_may_be_lost(shop: tuple[Shop, RawServer]) -> None:
    place, _ = shop
    place.on_write = [REFUSES, silent, REFUSES]
    assert gatewatch("verify", "--for", "3s", "--deadline", "30s") == 0
    assert place.writes > 3


def test_a_write_that_the_monitor_holds_back_is_never_sent(shop: tuple[Shop, RawServer]) -> None:
    place, server = shop
    place.on_write = [REFUSES]
    gatewatch("run")
    place.writes = 0
    SqliteStore(place.state).latch(
        "shop", "POST /orders", f"http://{server.place}", Finding.PROTECTED_ROUTE_OPEN
    )
    before = place.stored()
    assert "POST /orders" in f"{before}"
    codes = [gatewatch("verify", *SOON, *more) for more in ([], ["--route", "POST /orders"])]
    assert (place.writes, 0 in codes) == (0, False)
    assert place.stored() == before


def test_with_a_baseline_the_state_stays_as_it_is_and_its_latches_hold(
    shop: tuple[Shop, RawServer], capsys: pytest.CaptureFixture[str]
) -> None:
    place, server = shop
    place.on_write = [REFUSES]
    capsys.readouterr()
    gatewatch("run", "--format", "json")
    (place.folder / "before.json").write_text(capsys.readouterr().out)
    SqliteStore(place.state).latch(
        "shop", "POST /orders", f"http://{server.place}", Finding.PROTECTED_ROUTE_OPEN
    )
    before, place.writes = place.stored(), 0
    gatewatch("verify", *SOON, "--baseline", "before.json", "--save", "after.json")
    assert (place.writes, place.stored()) == (0, before)
