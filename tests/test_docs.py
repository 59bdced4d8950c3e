"""The documents: each transcript is what the command prints, each command is one that there is,
each example loads, each link leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gatewatch.cli.init import STARTER
from gatewatch.cli.main import main
from gatewatch.config.author import load
from gatewatch.transcripts.read import read_transcript
from tests.test_walks import WALKED

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
TRANSCRIPT = re.compile(r"^```console\n(.*?)^```", re.DOTALL | re.MULTILINE)
SHELL = re.compile(r"^```sh\n(.*?)^```", re.DOTALL | re.MULTILINE)
YAML = re.compile(r"^```yaml\n(.*?)^```", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")


def transcripts() -> list[object]:
    """Those of a walk follow one upon the other: test_walks.py."""
    return [
        pytest.param(block, id=f"{file.name}: {block.splitlines()[0]}")
        for file in DOCUMENTS
        if file.name not in WALKED
        for block in TRANSCRIPT.findall(file.read_text())
    ]


@pytest.mark.parametrize("block", transcripts())
def test_a_transcript_is_what_the_command_prints(
    block: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("COLUMNS", "80")
    command, *shown = block.splitlines()
    with pytest.raises(SystemExit):
        main(command.removeprefix("$ gatewatch ").split())
    printed = [line.rstrip() for line in capsys.readouterr().out.strip("\n").splitlines()]
    assert printed == shown


def commands() -> list[str]:
    return [
        line.partition("#")[0].strip()
        for file in DOCUMENTS
        for block in SHELL.findall(file.read_text())
        for line in block.splitlines()
        if line.strip()
    ]


@pytest.mark.parametrize("command", sorted(set(commands())))
def test_a_command_takes_these_arguments(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    program, *arguments = command.split()
    if program == "make":
        assert re.search(rf"^{arguments[0]}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
        return
    assert program == ".venv/bin/gatewatch"
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "--help"])
    assert ended.value.code == 0


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: file.name)
def test_what_docs_ask_for_is_there_in_a_fresh_checkout(file: Path) -> None:
    """Nothing of node_modules, which `make` sets up; and each target exists."""
    text = file.read_text()
    assert "node_modules/" not in text
    targets = set(re.findall(r"^[a-z0-9]+(?=:)", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"(?:`|^   )make ([a-z0-9]+)", text, re.MULTILINE)) <= targets


def pieces() -> list[object]:
    return [
        pytest.param(block, id=f"{file.name}: {block.splitlines()[0]}")
        for file in DOCUMENTS
        for block in YAML.findall(file.read_text())
    ]


@pytest.mark.parametrize("block", pieces())
def test_a_piece_of_a_configuration_is_out_of_an_example(block: str) -> None:
    assert any(block in file.read_text() for file in (ROOT / "examples").rglob("*.yaml"))


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: file.name)
def test_links_lead_somewhere(file: Path) -> None:
    for target in LINK.findall(file.read_text()):
        assert (file.parent / target).exists(), target


@pytest.mark.parametrize(
    "file", sorted((ROOT / "examples").glob("*.*")), ids=lambda file: file.name
)
def test_an_example_loads(file: Path) -> None:
    text = file.read_text()
    if file.suffix == ".yaml":
        assert load(text, file.name).apis
    else:
        contents = read_transcript(text)
        assert contents.transcripts
        assert not contents.unreadable


def test_the_starter_file_is_an_example() -> None:
    assert (ROOT / "examples" / "gatewatch.yaml").read_text() == STARTER
