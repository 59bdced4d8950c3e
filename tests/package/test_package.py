"""The wheel and the sdist in dist/: what is in them, and that each runs where it is installed,
far from this checkout. `make package` builds them first."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from gatewatch import __version__
from tests.servers import answering, serving

ROOT = Path(__file__).parents[2]
NAME = f"gatewatch-{__version__}"
WHEEL = ROOT / "dist" / f"{NAME}-py3-none-any.whl"
SDIST = ROOT / "dist" / f"{NAME}.tar.gz"
pytestmark = pytest.mark.timeout(600)  # an environment is made and filled
HASHED = ("--require-hashes", "--requirement")
LOCKS = ROOT / "requirements"
LAMBDAS, INFRA = ROOT / "lambdas", ROOT / "infra"
FOLDERS = (LAMBDAS / "gatewatch", INFRA / "gatewatch_cdk", LAMBDAS / "handlers")
FILES = [
    *(
        file
        for folder in FOLDERS
        for file in folder.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    ),
    LAMBDAS / "requirements.txt",
]

Command = Callable[..., subprocess.CompletedProcess[str]]


def pip(python: Path, *arguments: str | Path) -> None:
    quiet = ("--quiet", "--disable-pip-version-check", "--no-input")
    subprocess.run([python, "-m", "pip", *arguments, *quiet], check=True)


@pytest.fixture(scope="module", params=[WHEEL, SDIST], ids=["wheel", "sdist"])
def gatewatch(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Command:
    """The command out of a new environment that holds the file, and what it asks for."""
    folder = tmp_path_factory.mktemp("elsewhere")
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv" / "bin" / "python"
    pip(python, "install", *HASHED, LOCKS / "core.txt", *HASHED, LOCKS / "build.txt")
    pip(python, "install", "--no-deps", "--no-index", "--no-build-isolation", request.param)
    pip(python, "check")
    known = {key: text for key, text in os.environ.items() if not key.startswith("PYTHON")}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [python.with_name("gatewatch"), *arguments]
        return subprocess.run(
            command, cwd=folder, env=known, capture_output=True, text=True, check=False
        )

    return run


def test_it_says_its_version(gatewatch: Command) -> None:
    done = gatewatch("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"gatewatch {__version__}\n", "")


def test_the_demo_runs(gatewatch: Command) -> None:
    done = gatewatch("demo")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count(" RESOLVED ") == 5


def test_it_checks_a_url(gatewatch: Command) -> None:
    refusal = answering(
        "403 Forbidden",
        b'{"message":"Missing Authentication Token"}',
        "x-amzn-errortype: MissingAuthenticationTokenException\r\n"
        "x-amzn-requestid: r\r\nx-amz-apigw-id: a\r\n",
    )
    with serving(refusal) as server:
        done = gatewatch("check", f"http://{server.place}/prod/x", "--format", "json")
    assert done.returncode == 1
    assert "route_not_found" in str(json.loads(done.stdout)["diagnosis"])


def test_it_reads_a_paste_and_a_configuration(gatewatch: Command) -> None:
    examples = ROOT / "examples"
    assert gatewatch("explain", str(examples / "curl.txt")).returncode == 0
    assert gatewatch("validate", "--config", str(examples / "gatewatch.yaml")).returncode == 0


def test_the_wheel_holds_the_package_and_nothing_else() -> None:
    names = set(zipfile.ZipFile(WHEEL).namelist())
    meta = {
        f"{NAME}.dist-info/{one}" for one in ("METADATA", "WHEEL", "RECORD", "entry_points.txt")
    }
    assert names == {*map(in_wheel, FILES)} | meta | {f"{NAME}.dist-info/licenses/LICENSE"}
    assert {"gatewatch/py.typed", "gatewatch_cdk/py.typed"} <= names


def test_the_sdist_holds_what_the_wheel_is_built_from() -> None:
    with tarfile.open(SDIST) as archive:
        names = {one.name.partition("/")[2] for one in archive if one.isfile()}
    beside = {"README.md", "CHANGELOG.md", "LICENSE", "pyproject.toml", "PKG-INFO", ".gitignore"}
    assert names == {one.relative_to(ROOT).as_posix() for one in FILES} | beside


def in_wheel(file: Path) -> str:
    """Of lambdas/, all but the package itself goes to the constructs, which build functions."""
    folder = INFRA if file.is_relative_to(INFRA) else LAMBDAS
    name = file.relative_to(folder).as_posix()
    is_ours = folder == INFRA or file.is_relative_to(LAMBDAS / "gatewatch")
    return name if is_ours else f"gatewatch_cdk/lambdas/{name}"


def test_the_sdist_builds_the_same_wheel_as_the_checkout(tmp_path: Path) -> None:
    """`python -m build` makes the wheel out of the sdist; this one is out of the checkout."""
    builder = [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", tmp_path]
    subprocess.run([*builder, ROOT], check=True, capture_output=True)
    assert (tmp_path / WHEEL.name).read_bytes() == WHEEL.read_bytes()
