"""Gatewatch as others have it: out of its wheel, in an environment of its own."""

from __future__ import annotations

import site
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def built(folder: Path) -> Path:
    """A new wheel of this checkout."""
    _pip(Path(sys.executable), "wheel", "--no-deps", "--no-build-isolation", "-w", folder, ROOT)
    [wheel] = folder.glob("gatewatch-*.whl")
    return wheel


def installed(wheel: Path, folder: Path) -> Path:
    """The interpreter of a new environment with this wheel.

    Half a gigabyte of libraries is lent by the present environment; but not our own code there,
    since a path in a .pth file has its own .pth files left alone.
    """
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    _pip(python, "install", "--no-deps", "--no-index", wheel)
    [target] = folder.glob("lib/python*/site-packages")
    (target / "lent.pth").write_text("".join(f"{one}\n" for one in site.getsitepackages()))
    return python


def _pip(python: Path, *arguments: str | Path) -> None:
    quiet = ("--quiet", "--disable-pip-version-check", "--no-input")
    subprocess.run([python, "-m", "pip", *arguments, *quiet], check=True, stdout=sys.stderr)
