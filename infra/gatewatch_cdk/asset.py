"""The Lambda functions' code, with what it imports: built for their platform, without Docker."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

from aws_cdk import aws_lambda as lambda_

import gatewatch

PACKAGE = Path(gatewatch.__file__).resolve().parent
_WITH_US = Path(__file__).resolve().parent / "lambdas"
_IN_CHECKOUT = PACKAGE.parent
# The wheel brings the entry points and the list of libraries here; a checkout has them apart.
LAMBDAS = _WITH_US if _WITH_US.exists() else _IN_CHECKOUT
REQUIREMENTS = LAMBDAS / "requirements.txt"
PYTHON = "3.14"  # the newest of Lambda's for which every wheel exists
# pip takes a tag as it stands: each generation of manylinux that Amazon Linux 2023 can load.
_PLATFORMS = ("manylinux2014_aarch64", "manylinux_2_17_aarch64", "manylinux_2_28_aarch64")
_UV_PLATFORM = "aarch64-manylinux_2_28"
# Only the command line needs these, or they read what people write; Lambda reads canonical JSON.
LEFT_OUT = (
    "gatewatch/__main__.py",
    "gatewatch/adapters/local/authority.py",
    "gatewatch/adapters/local/included.py",
    "gatewatch/cli",
    "gatewatch/cost",
    "gatewatch/pages",
    "gatewatch/reports",
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
            "lines",
            "lookups",
            "maintenance",
            "network",
            "parts",
            "reference",
            "verification",
        )
    ),
)
# Commands of the libraries and their tests, and parts of Powertools that no handler imports.
_UNUSED = (
    "bin",
    "regex/tests",
    "aws_lambda_powertools/event_handler",
    "aws_lambda_powertools/utilities/idempotency",
    "aws_lambda_powertools/utilities/parser",
)
# What makes guesses at a text's encoding fast. None is made here.
_SPEED = "charset_normalizer/*.so"
# What tzdata brings for programs that compile or list zones.
_UNREAD = {"tzdata.zi", "zone.tab", "zone1970.tab", "zonenow.tab", "iso3166.tab"}
# What pip writes differently from one machine to the next, and what nothing imports.
_UNSTABLE = {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"}


class CannotBuildError(Exception):
    """Raised where nothing is there that installs the functions' libraries."""


def code() -> lambda_.Code:
    """The asset, built once for each state of the sources: below a checkout's build/, or in the
    user's cache."""
    fingerprint = _fingerprint()
    folder = _cache() / fingerprint[:16]
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        print("building the functions of Gatewatch, once", file=sys.stderr)  # noqa: T201
        with tempfile.TemporaryDirectory(dir=folder.parent) as unfinished:
            build(Path(unfinished) / "asset")
            _move(Path(unfinished) / "asset", folder)
    return lambda_.Code.from_asset(str(folder), asset_hash=fingerprint)


def _cache() -> Path:
    """https://specifications.freedesktop.org/basedir-spec/latest/"""
    if not _WITH_US.exists():
        return _IN_CHECKOUT.parent / "build" / "asset"
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "gatewatch" / "asset"


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
    command = [*_installer(), "--target", str(folder), "--only-binary=:all:"]
    command += ["--python-version", PYTHON, "--require-hashes", "--requirement", str(REQUIREMENTS)]
    # Standard output belongs to the CDK's command line.
    subprocess.run(command, check=True, stdout=sys.stderr)  # noqa: S603
    prune(folder)
    copy_sources(folder)


def _installer() -> Sequence[str]:
    """pip of this environment; or uv, whose environments have no pip."""
    if find_spec("pip") is not None:
        platforms = [word for one in _PLATFORMS for word in ("--platform", one)]
        quiet = ("--quiet", "--disable-pip-version-check", "--no-compile")
        pip = (sys.executable, "-m", "pip", "install")
        return (*pip, *quiet, "--implementation", "cp", *platforms)
    if (uv := shutil.which("uv")) is not None:
        return (uv, "pip", "install", "--quiet", "--python-platform", _UV_PLATFORM)
    raise CannotBuildError(
        "the functions' libraries cannot be installed: expected pip in this environment "
        f"({sys.executable} -m ensurepip), or uv on the PATH"
    )


def prune(folder: Path) -> None:
    """Remove from the installed libraries what nothing here reads."""
    for file in sorted(folder.rglob("*")):
        if file.name in _UNSTABLE | _UNREAD:
            file.unlink()
    for unused in _UNUSED:
        shutil.rmtree(folder / unused, ignore_errors=True)
    for file in folder.glob(_SPEED):
        file.unlink()


def copy_sources(folder: Path) -> None:
    """Our own code, without what is left out."""
    for name, source in _sources():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)


def _sources() -> Iterator[tuple[Path, Path]]:
    """Each file's name in the asset, and where it is."""
    for package in (PACKAGE, LAMBDAS / "handlers"):
        for file in sorted(package.rglob("*")):
            name = file.relative_to(package.parent)
            kept = not any(name.is_relative_to(one) for one in LEFT_OUT)
            if kept and file.is_file() and "__pycache__" not in name.parts:
                yield name, file


def _fingerprint() -> str:
    digest = hashlib.sha256()
    ours = ((Path(file.name), file) for file in (Path(__file__), REQUIREMENTS))
    for name, file in (*ours, *_sources()):
        content = file.read_bytes()
        digest.update(f"{name.as_posix()} {len(content)}\n".encode() + content)
    return digest.hexdigest()
