"""State files: whose they are, and what becomes of a watch when one cannot be used."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from time import sleep

import pytest

from gatewatch.adapters.local.sqlite import Owner, SqliteStore
from gatewatch.cli.main import main
from gatewatch.cli.watch import Health
from gatewatch.model import Finding
from gatewatch.ports import StateError

# Nobody listens there: a run is short, and remembers that nothing was reached.
NOWHERE = "http://127.0.0.1:1"


def written(*apis: str) -> str:
    """Each is `name@path of its URL: route, route`; both routes are public."""
    text = "apis:\n"
    for one in apis:
        place, _, routes = one.partition(": ")
        name, _, path = place.partition("@")
        text += f"  {name}:\n    url: {NOWHERE}/{path}\n    routes:\n"
        text += "".join(f"      - GET {route}: public\n" for route in routes.split(", "))
    return text


def run(folder: Path, name: str) -> tuple[int, Path]:
    state = folder / "state"
    with pytest.raises(SystemExit) as ended:
        main(["run", "--config", str(folder / name), "--state", str(state), "--format", "json"])
    return int(str(ended.value.code)), state


OTHERS = {
    "another_api": ["users@u: /x"],
    "the_same_name_elsewhere": ["orders@staging: /x"],
    "another_route_of_the_same_api": ["orders@o: /y"],
    "one_api_in_common": ["orders@o: /x", "users@u: /x"],
    "fewer_apis": ["orders@o: /x"],
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_another_configuration_is_refused_in_one_line(
    tmp_path: Path, other: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.yaml").write_text(written("orders@o: /x", "carts@c: /x"))
    (tmp_path / "b.yaml").write_text(written(*other))
    assert run(tmp_path, "a.yaml")[0] != 3
    _, state = run(tmp_path, "a.yaml")
    before = state.read_bytes()
    capsys.readouterr()
    assert run(tmp_path, "b.yaml")[0] == 3
    out, said = capsys.readouterr()
    assert out == ""
    assert said.count("\n") == 1
    assert str(tmp_path / "a.yaml") in said
    assert "--state" in said
    assert state.read_bytes() == before
    assert run(tmp_path, "a.yaml")[0] != 3


ONE = ["orders@o: /x", "carts@c: /x"]


def _moved(folder: Path) -> None:
    (folder / "a.yaml").rename(folder / "b.yaml")


def _moved_and(*apis: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        _moved(folder)
        (folder / "b.yaml").write_text(written(*apis))

    return change


def _edited(*apis: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / "b.yaml").symlink_to(folder / "a.yaml")
        (folder / "a.yaml").write_text(written(*apis))

    return change


SAME = {
    "moved": _moved,
    "moved_and_an_api_renamed": _moved_and("bestellungen@o: /x", "carts@c: /x"),
    "moved_and_an_api_removed": _moved_and("orders@o: /x"),
    "an_api_renamed": _edited("bestellungen@o: /x", "carts@c: /x"),
    "an_api_added": _edited(*ONE, "users@u: /x"),
    "an_api_removed": _edited("orders@o: /x"),
    "all_of_it_anew": _edited("users@u: /x"),
    "a_copy_of_it": lambda folder: (folder / "b.yaml").write_text(written(*ONE)),
    "a_copy_with_more": lambda folder: (folder / "b.yaml").write_text(written(*ONE, "u@u: /x")),
}


@pytest.mark.parametrize("change", SAME.values(), ids=SAME)
def test_one_configuration_keeps_its_state_whatever_becomes_of_its_file(
    tmp_path: Path, change: Callable[[Path], object]
) -> None:
    (tmp_path / "a.yaml").write_text(written(*ONE))
    run(tmp_path, "a.yaml")
    change(tmp_path)
    assert run(tmp_path, "b.yaml")[0] != 3


def test_a_folder_that_was_copied_with_its_state_may_be_edited(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "gatewatch.yaml").write_text(written(*ONE))
    assert _run_beside(tmp_path / "a") != 3
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    (tmp_path / "b" / "gatewatch.yaml").write_text(written("orders@o: /x"))
    assert _run_beside(tmp_path / "b") != 3
    assert _run_beside(tmp_path / "a") != 3


def _run_beside(folder: Path) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["run", "--config", str(folder / "gatewatch.yaml"), "--format", "json"])
    return int(str(ended.value.code))


def test_one_that_has_nothing_in_common_with_a_file_that_is_gone_is_refused(
    tmp_path: Path,
) -> None:
    (tmp_path / "a.yaml").write_text(written(*ONE))
    (tmp_path / "b.yaml").write_text(written("users@u: /x"))
    run(tmp_path, "a.yaml")
    (tmp_path / "a.yaml").unlink()
    assert run(tmp_path, "b.yaml")[0] == 3


def test_a_state_of_before_belongs_to_who_comes_first(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(written(*ONE))
    _, state = run(tmp_path, "a.yaml")
    with sqlite3.connect(state) as old:
        old.execute("DROP TABLE owner")
        old.execute("PRAGMA user_version = 3")
    assert run(tmp_path, "a.yaml")[0] != 3


def test_reading_a_state_takes_it_from_nobody(tmp_path: Path) -> None:
    file = tmp_path / "state"
    SqliteStore(file, Owner("/a", frozenset({("orders", "GET /x", "e")}))).close()
    SqliteStore(file).close()
    SqliteStore(file, Owner("/a", frozenset())).close()


def _away(folder: Path) -> None:
    shutil.rmtree(folder)


def _replaced(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


@pytest.mark.parametrize("lose", [_away, _replaced], ids=["vanished", "replaced"])
def test_a_store_whose_folder_is_lost_is_made_anew(
    tmp_path: Path, lose: Callable[[Path], None]
) -> None:
    folder = tmp_path / "kept"
    store = SqliteStore(folder / "state")
    store.ready()
    lose(folder)
    store.ready()
    store.latch("orders", "POST /x", "e", Finding.PROTECTED_ROUTE_OPEN)
    assert len(SqliteStore(folder / "state").latched()) == 1


def test_a_place_that_cannot_be_had_is_tried_again(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    store = SqliteStore(folder / "state")
    shutil.rmtree(folder)
    folder.write_text("a file is in its way")
    for _ in range(2):
        with pytest.raises(StateError):
            store.ready()
    folder.unlink()
    store.ready()
    assert store.apis() == []


def test_trouble_is_said_once_and_that_it_is_over(capsys: pytest.CaptureFixture[str]) -> None:
    health = Health()
    for trouble in (None, "full", "full", None, None, "locked", "full", None):
        health.say(trouble)
    said = [line.split(";")[0] for line in capsys.readouterr().err.splitlines()]
    over = "gatewatch: the state can be used again, and looks are remembered"
    full = "gatewatch: full"
    assert said == [full, over, "gatewatch: locked", full, over]


def test_a_watch_outlives_the_loss_of_its_folder(tmp_path: Path) -> None:
    """In a process of its own, with a file in the way of the folder for a while."""
    (tmp_path / "a.yaml").write_text(written(*ONE))
    folder = tmp_path / "kept"
    words = ["watch", "--config", "a.yaml", "--state", "kept/state", "--format", "json"]
    process = subprocess.Popen(
        [sys.executable, "-m", "gatewatch", *words, "--ticks", "12", "--tick", "0.5"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "COLUMNS": "200"},
    )
    assert process.stdout is not None
    first = process.stdout.readline()

    def lose() -> None:
        process.send_signal(signal.SIGSTOP)  # no tick falls between the two
        shutil.rmtree(folder)
        folder.write_text("in its way")
        process.send_signal(signal.SIGCONT)
        sleep(1.5)
        folder.unlink()

    Thread(target=lose).start()
    out, said = process.communicate(timeout=60)
    lines = [first, *out.splitlines()]
    assert json.loads(lines[-1])["summary"]["at"] > json.loads(lines[0])["summary"]["at"]
    assert (folder / "state").exists()
    reasons = [line for line in said.splitlines() if "cannot be used" in line]
    assert reasons
    assert len(reasons) == len(set(reasons))
    assert said.count("can be used again") == 1
