"""The pages that are walked as a stranger follows them: files saved and commands typed in order,
in an empty folder, beside a real sandbox."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
WALKED = {"quickstart.md": 2, "verify.md": 0}
"""By page, how many files it lets one save."""
PORT = "4443"
INCIDENT = re.compile(r"\b01[0-9A-Z]{24}\b")
_BLOCK = re.compile(
    r"^```(?P<kind>\w+)(?: title=\"(?P<file>[^\"]+)\")?\n(?P<text>.*?)^```", re.M | re.S
)
_COMMAND = re.compile(r"^\$ (?P<typed>(?:.*\\\n)*.*)\n(?P<shown>(?:(?!\$ ).*\n)*)", re.M)
_SANDBOX = "gatewatch sandbox --port"
# What differs from run to run.
_VARYING = (
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"), "<time>"),
    (re.compile(r"\b\d+ ms\b"), "<latency>"),
    (re.compile(r"x-amzn-requestid: \S+"), "<request id>"),
    (re.compile(r"x-amz-apigw-id: \S+"), "<gateway's id>"),
    (re.compile(r"acknowledged by \S+"), "<somebody>"),
    (re.compile(r"\b01[0-9A-Z]{12,24}\b"), "<incident>"),
    (re.compile(r"[·✖?]{3,}"), "<answers>"),
    (re.compile(r"\bafter \d+ s\b"), "<seconds>"),
)


class Saved(NamedTuple):
    file: str
    text: str


class Typed(NamedTuple):
    command: str
    shown: str


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def steps(name: str) -> Iterator[Saved | Typed]:
    for block in _BLOCK.finditer(page(name)):
        if block["file"]:
            yield Saved(block["file"], block["text"])
        elif block["kind"] == "console":
            for command in _COMMAND.finditer(block["text"]):
                yield Typed(command["typed"], command["shown"])


def masked(text: str) -> str:
    lines = "\n".join(line.rstrip() for line in text.splitlines()).strip("\n")
    for varying, name in _VARYING:
        lines = varying.sub(name, lines)
    return lines + "\n"


def is_shown(shown: str, printed: str) -> bool:
    """Whether the page shows what was printed; `…` stands for any lines."""
    lines = [
        r"(?:.*\n)*?" if line == "…" else re.escape(line) + r"\n" for line in shown.splitlines()
    ]
    return re.fullmatch("".join(lines), printed) is not None


class Terminal:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sourced = ""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self.environment = {**os.environ, "PATH": path, "COLUMNS": "80"}

    def type(self, command: str) -> str:
        if command.startswith(". "):
            self.sourced += f"{command}\n"
        done = subprocess.run(
            ["bash", "-c", f"{self.sourced}{command}"],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.stdout

    @contextmanager
    def leave_running(self, command: str) -> Iterator[str]:
        """Until the block ends; what it prints first."""
        with subprocess.Popen(
            command.split(),
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            try:
                yield process.stdout.readline()
            finally:
                process.send_signal(signal.SIGINT)
                process.communicate(timeout=20)


def a_free_port() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])


@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", WALKED)
def test_a_stranger_gets_what_the_page_shows(tmp_path: Path, name: str) -> None:
    terminal, port = Terminal(tmp_path), a_free_port()
    incident: dict[str, str] = {}
    with ExitStack() as running:
        for step in steps(name):
            if isinstance(step, Saved):
                (tmp_path / step.file).write_text(step.text.replace(PORT, port))
                continue
            command = as_here(step.command.replace(PORT, port), incident)
            if command.startswith(_SANDBOX):
                printed = running.enter_context(terminal.leave_running(command))
                assert printed == step.shown.splitlines(keepends=True)[0]
                continue
            printed = terminal.type(command)
            assert is_shown(masked(step.shown), masked(printed)), f"$ {command}\n{printed}"
            incident.update(
                zip(INCIDENT.findall(step.shown), INCIDENT.findall(printed), strict=False)
            )


def as_here(command: str, incident: Mapping[str, str]) -> str:
    """The command with the incident's id of this run in place of the page's, or its beginning."""
    for shown, here in incident.items():
        for length in range(len(shown), 11, -1):
            command = command.replace(shown[:length], here[:length])
    return command


@pytest.mark.parametrize(("name", "saved"), WALKED.items())
def test_a_page_is_read_whole(name: str, saved: int) -> None:
    kinds = [type(step) for step in steps(name)]
    assert kinds.count(Saved) == saved
    assert kinds.count(Typed) == len(re.findall(r"^\$ (?!curl|cdk )", page(name), re.MULTILINE))
