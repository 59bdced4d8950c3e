"""The Lambda functions' code, with what it imports: built for their platform, without Docker."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from aws_cdk import aws_lambda as lambda_

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "lambdas"
PYTHON = "3.14"  # the newest of Lambda's for which every wheel exists
# pip takes a tag as it stands: each generation of manylinux that Amazon Linux 2023 can load.
_PLATFORMS = ("manylinux2014_aarch64", "manylinux_2_17_aarch64", "manylinux_2_28_aarch64")
# Only the command line needs these, or they read what people write; Lambda reads canonical JSON.
LEFT_OUT = (
    "gatewatch/__main__.py",
    "gatewatch/adapters/local/authority.py",
    "gatewatch/cli",
    "gatewatch/cost",
    "gatewatch/pages",
    "gatewatch/sandbox",
    "gatewatch/transcripts",
    *(
        f"gatewatch/config/{name}.py"
        for name in (
            "author",
            "authored",
            "conform",
            "credentials",
            "document",
            "expand",
            "findings",
            "limits",
            "lookups",
            "maintenance",
            "network",
            "reference",
        )
    ),
)
# Commands of the libraries, and parts of Powertools that no handler imports.
_UNUSED = (
    "bin",
    "aws_lambda_powertools/event_handler",
    "aws_lambda_powertools/utilities/idempotency",
    "aws_lambda_powertools/utilities/parser",
)
# What tzdata brings for programs that compile or list zones.
_UNREAD = {"tzdata.zi", "zone.tab", "zone1970.tab", "zonenow.tab", "iso3166.tab"}
# What pip writes differently from one machine to the next, and what nothing imports.
_UNSTABLE = {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"}


def code() -> lambda_.Code:
    """The asset, built once for each state of the sources, below build/."""
    fingerprint = _fingerprint()
    folder = ROOT / "build" / "asset" / fingerprint[:16]
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as unfinished:
            build(Path(unfinished) / "asset")
            _move(Path(unfinished) / "asset", folder)
    return lambda_.Code.from_asset(str(folder), asset_hash=fingerprint)


def _move(built: Path, folder: Path) -> None:
    """A concurrent build produces the same files."""
    try:
        built.rename(folder)
    except OSError:
        if not folder.exists():
            raise


def build(folder: Path) -> None:
    """Writes the asset into a new folder; needs the package index, never a compiler."""
    folder.mkdir(parents=True)
    platforms = [word for one in _PLATFORMS for word in ("--platform", one)]
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += [
        "--require-hashes",
        "--requirement",
        str(SOURCES / "requirements.txt"),
        "--target",
        str(folder),
    ]
    command += ["--only-binary=:all:", "--no-compile", "--implementation", "cp"]
    command += ["--python-version", PYTHON, *platforms]
    # Standard output belongs to the CDK's command line.
    subprocess.run(command, check=True, stdout=sys.stderr)  # noqa: S603
    prune(folder)
    copy_sources(folder)


def prune(folder: Path) -> None:
    """Remove from the installed libraries what nothing here reads."""
    for file in sorted(folder.rglob("*")):
        if file.name in _UNSTABLE | _UNREAD:
            file.unlink()
    for unused in _UNUSED:
        shutil.rmtree(folder / unused, ignore_errors=True)


def copy_sources(folder: Path) -> None:
    """Our own code, without what is left out."""
    for source in _sources():
        target = folder / source.relative_to(SOURCES)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)


def _sources() -> Iterator[Path]:
    left_out = tuple(SOURCES / one for one in LEFT_OUT)
    for package in ("gatewatch", "handlers"):
        for file in sorted((SOURCES / package).rglob("*")):
            kept = not any(file.is_relative_to(one) for one in left_out)
            if kept and file.is_file() and "__pycache__" not in file.parts:
                yield file


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for file in (Path(__file__), SOURCES / "requirements.txt", *_sources()):
        content = file.read_bytes()
        digest.update(f"{file.relative_to(ROOT).as_posix()} {len(content)}\n".encode() + content)
    return digest.hexdigest()
