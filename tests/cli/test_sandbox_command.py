"""`gatewatch sandbox`, run as people run it: in one terminal, switched from another."""

from __future__ import annotations

import itertools
import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatewatch.sandbox.faults import FAULTS
from gatewatch.sandbox.faults.base import HEALTH, PARTNERS
from gatewatch.sandbox.orders import API_KEY, RECEIPTS

COMMAND = [sys.executable, "-m", "gatewatch", "sandbox"]


class Terminal:
    """A sandbox that runs in a folder, and commands typed in another terminal."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            [*COMMAND, "--folder", str(folder), "--format", "json", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.said = json.loads(self.process.stdout.readline())

    def type(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "gatewatch", *arguments]
        known = {**os.environ, **environment}
        return subprocess.run(command, capture_output=True, text=True, check=False, env=known)

    def check(self, url: str) -> dict[str, object]:
        place = ("--connect-to", self.said["connect_to"], "--ca-file", self.said["ca_file"])
        done = self.type("check", url, *place, "--format", "json")
        diagnosis: dict[str, object] = json.loads(done.stdout)["diagnosis"]
        return diagnosis

    def switch(self, *arguments: str) -> object:
        where = ("--folder", str(self.folder), "--format", "json")
        return json.loads(self.type("sandbox", *arguments, *where).stdout)["on"]

    def stop(self, number: int = signal.SIGINT) -> int:
        self.process.send_signal(number)
        status = self.process.wait(timeout=20)
        for pipe in (self.process.stdout, self.process.stderr):
            assert pipe is not None
            pipe.close()
        return status


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    started = Terminal(tmp_path / "sandbox")
    yield started
    if started.process.poll() is None:
        started.stop()


def test_a_fault_is_switched_from_another_terminal_and_undone(terminal: Terminal) -> None:
    assert terminal.check(HEALTH.url)["cause"] == "ok"
    assert terminal.switch("flip", "policy_denies") == ["policy_denies"]
    assert terminal.check(HEALTH.url)["cause"] == "resource_policy_deny"
    assert terminal.switch("flip", "key_rotated") == ["policy_denies", "key_rotated"]
    assert terminal.switch("flip", "policy_denies") == ["key_rotated"]
    assert terminal.check(HEALTH.url)["cause"] == "ok"
    assert terminal.switch("restore") == []


def test_what_it_writes_watches_all_of_it_and_passes(terminal: Terminal) -> None:
    lines = Path(terminal.said["environment"]).read_text().splitlines()
    secrets = dict(line.removeprefix("export ").split("=", 1) for line in lines)
    done = terminal.type("run", "--config", terminal.said["config"], "--format", "json", **secrets)
    assert done.returncode == 0, done.stderr
    verdicts = json.loads(done.stdout)["verdicts"]
    assert {one["api"] for one in verdicts} == {
        "orders",
        "carts",
        "domain",
        "site",
        "receipts",
    }
    assert {one["outcome"] for one in verdicts} == {"pass"}


def test_it_starts_with_the_faults_that_are_named(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, "--fault", "stage_renamed", "--fault", "key_rotated")
    assert terminal.said["on"] == ["stage_renamed", "key_rotated"]
    assert terminal.check(HEALTH.url)["layer"] == "ambiguous"
    assert terminal.stop() == 0


def test_a_name_that_is_gone_from_the_start_has_its_certificate(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, "--fault", "function_url_deleted")
    assert terminal.check(f"https://{RECEIPTS}/")["cause"] == "function_url_not_found"
    assert terminal.stop() == 0


def test_what_it_prints_says_how_to_reach_it(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*COMMAND, "--folder", str(tmp_path / "a folder")], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    said = "".join(itertools.takewhile(lambda line: "restore" not in line, process.stdout))
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=20) == 0
    process.stdout.close()
    assert f"'{tmp_path}/a folder/sandbox-ca.pem'" in said
    assert f". '{tmp_path}/a folder/environment.sh'" in said
    assert f"SANDBOX_API_KEY={API_KEY}" in said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_cleanly(tmp_path: Path, number: int) -> None:
    terminal = Terminal(tmp_path)
    assert terminal.stop(number) == 0
    assert not (tmp_path / "control.json").exists()


def test_only_its_owner_can_read_the_token_and_the_keys(terminal: Terminal) -> None:
    private = [*terminal.folder.glob("control.json"), *terminal.folder.glob("*.key")]
    assert len(private) == 3
    assert {stat.S_IMODE(file.stat().st_mode) for file in private} == {0o600}


def test_without_the_token_nothing_is_switched(terminal: Terminal) -> None:
    file = terminal.folder / "control.json"
    known = json.loads(file.read_text())
    file.write_text(json.dumps({**known, "token": "guessed"}))
    done = terminal.type("sandbox", "flip", "policy_denies", "--folder", str(terminal.folder))
    assert done.returncode == 3
    assert "was not started there" in done.stderr
    assert terminal.check(HEALTH.url)["cause"] == "ok"
    file.write_text(json.dumps(known))


def test_a_fault_that_does_not_go_with_another_is_refused(terminal: Terminal) -> None:
    terminal.switch("flip", "method_changed")
    done = terminal.type("sandbox", "flip", "key_demanded", "--folder", str(terminal.folder))
    assert done.returncode == 3
    assert "does not go with the faults that are on" in done.stderr


def test_a_folder_holds_one_sandbox(terminal: Terminal) -> None:
    done = terminal.type("sandbox", "--folder", str(terminal.folder))
    assert (done.returncode, done.stdout) == (3, "")
    assert "already" in done.stderr
    assert terminal.switch("restore") == []


def test_switching_without_a_sandbox_says_how_to_start_one(tmp_path: Path) -> None:
    done = subprocess.run(
        [*COMMAND, "flip", "key_rotated", "--folder", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3
    assert "`gatewatch sandbox` starts one" in done.stderr


def test_a_misspelt_fault_gets_the_nearest_name() -> None:
    done = subprocess.run(
        [*COMMAND, "--fault", "key_rotatd"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 3
    assert 'did you mean "key_rotated"?' in done.stderr


def test_the_list_tells_every_fault_and_its_cause() -> None:
    done = subprocess.run(
        [*COMMAND, "--list", "--format", "json"], capture_output=True, text=True, check=False
    )
    told = {one["name"]: one for one in json.loads(done.stdout)}
    assert list(told) == list(FAULTS)
    assert told["key_rotated"]["cause"] == "api_key_invalid"
    assert told["key_rotated"]["url"] == PARTNERS.url
