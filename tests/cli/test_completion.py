"""Completion as the shell asks for it, and the help that stands for it where there is none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gatewatch.cli.main import main

BIN = Path(sys.executable).parent
CONFIG = """
apis:
  orders: {url: https://h.example.com, routes: [GET /: public]}
  order-history: {url: https://h.example.com, routes: [GET /: public]}
  stock: {url: https://h.example.com, routes: [GET /: public]}
"""


def completed(line: str, folder: Path) -> list[str]:
    """What bash offers when somebody presses Tab at the end of the line."""
    script = f"""
        source <(gatewatch --show-completion bash)
        COMP_WORDS=({line})
        COMP_CWORD=$(({len((line + "_").split())} - 1))
        _gatewatch_completion gatewatch
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    known = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"}
    command = ["bash", "-c", script]
    done = subprocess.run(
        command, cwd=folder, env=known, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    return done.stdout.split()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "gatewatch.yaml").write_text(CONFIG)
    (tmp_path / "other.yaml").write_text("apis: {invoices: {}}")
    (tmp_path / "broken.yaml").write_text("apis: [")
    return tmp_path


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("gatewatch che", ["check"]),
        ("gatewatch sandbox re", ["restore"]),
        ("gatewatch check --as", ["--as"]),
        ("gatewatch causes waf_b", ["waf_blocked"]),
        ("gatewatch sandbox flip route_del", ["route_deleted"]),
        ("gatewatch sandbox --fault route_del", ["route_deleted"]),
        ("gatewatch ack ord", ["orders", "order-history"]),
        ("gatewatch ack --config other.yaml in", ["invoices"]),
        ("gatewatch ack --config broken.yaml in", []),
        ("gatewatch ack --config missing.yaml in", []),
    ],
)
def test_bash_completes(line: str, offered: list[str], folder: Path) -> None:
    assert completed(line, folder) == offered


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_each_shell_can_be_had(shell: str) -> None:
    known = {**os.environ, "_GATEWATCH_COMPLETE": f"source_{shell}"}
    done = subprocess.run(
        [BIN / "gatewatch"], env=known, capture_output=True, text=True, check=True
    )
    assert f"_GATEWATCH_COMPLETE=complete_{shell}" in done.stdout


@pytest.mark.parametrize("command", [["-h"], ["check", "-h"], ["sandbox", "flip", "-h"]])
def test_the_short_form_of_help(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(command)
    assert ended.value.code == 0
    assert f"Usage: gatewatch {' '.join(command[:-1])}".strip() in capsys.readouterr().out


def test_alone_it_prints_the_help_and_is_no_success(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([])
    assert ended.value.code == 3
    printed = capsys.readouterr()
    assert "Usage: gatewatch" in printed.out
    assert printed.err == ""
