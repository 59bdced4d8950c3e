"""`gatewatch explain`: the diagnosis of a paste, without sending anything."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.text import Text

from gatewatch.cli import show
from gatewatch.cli.exits import UsageError, of_explanations, say, until_closed
from gatewatch.diagnosis.diagnose import diagnose
from gatewatch.model import Diagnosis
from gatewatch.transcripts.credentials import credentials
from gatewatch.transcripts.read import Contents, Transcript, read_transcript


class ExplainFormat(StrEnum):
    TEXT = "text"
    JSON = "json"
    JSONL = "jsonl"


def explain(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="What to read; - is standard input.")
    ],
    output: Annotated[
        ExplainFormat, typer.Option("--format", "-f", help="How to print the result.")
    ] = ExplainFormat.TEXT,
) -> None:
    """Diagnose recorded responses: a browser's HAR file, exchanges in JSON or JSON Lines, groups of
    looks at one route, raw HTTP, the output of `curl -v`, or just a body. Nothing is sent.

    Exit code 0 when a diagnosis was printed, 2 when all are unknown.

    **Examples**

    ```
    curl -v https://api.example.com/orders 2>&1 | gatewatch explain -
    gatewatch explain exchanges.jsonl --format jsonl
    ```
    """
    unreadable = 0
    explained: list[tuple[Transcript, Diagnosis]] = []
    texts = [(name, _text(name)) for name in files]
    secrets = frozenset[str]().union(*(credentials(text) for _, text in texts))
    for name, text in texts:
        contents = read_transcript(text, secrets)
        unreadable += _complain(name, contents)
        if not contents.transcripts and not contents.unreadable:
            say(f"{name}: nothing in it was refused")
        for transcript in contents.transcripts:
            if transcript.left_out:
                place = transcript.id or name
                note = f"{place}: {transcript.left_out} further looks were left out"
                say(note)
            explained.append((transcript, diagnose(transcript.exchanges)))
    with until_closed():
        _print(explained, output)
    raise typer.Exit(of_explanations([diagnosis for _, diagnosis in explained], unreadable))


def _text(name: str) -> str:
    if name == "-":
        return sys.stdin.buffer.read().decode("utf-8", "replace")
    try:
        return Path(name).read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise UsageError(f"{name}: {error.strerror}") from None


def _complain(name: str, contents: Contents) -> int:
    for line in contents.unreadable:
        say(f"{name}:{line.line}: {line.reason}")
    return len(contents.unreadable)


_MOST_IN_FULL = 100
"""Nobody reads more; the others are counted, and `--format jsonl` has them all."""


def _print(found: list[tuple[Transcript, Diagnosis]], output: ExplainFormat) -> None:
    if output is ExplainFormat.TEXT:
        console = show.console()
        for transcript, diagnosis in found[:_MOST_IN_FULL]:
            console.print(Text(transcript.id or "", style="bold"))
            show.put(console, show.diagnosis(diagnosis, transcript.exchanges))
        show.put(console, show.verdicts_by_count(further for _, further in found[_MOST_IN_FULL:]))
        return
    lines = [as_json(transcript, diagnosis) for transcript, diagnosis in found]
    if output is ExplainFormat.JSON:
        typer.echo(msgspec.json.encode([msgspec.Raw(line) for line in lines]))
        return
    for line in lines:
        typer.echo(line)


def as_json(transcript: Transcript, diagnosis: Diagnosis) -> bytes:
    """One line of the contract: `id`, then the diagnosis."""
    return msgspec.json.encode({"id": transcript.id, **_fields(diagnosis)})


def _fields(diagnosis: Diagnosis) -> dict[str, object]:
    fields: dict[str, object] = msgspec.to_builtins(diagnosis)
    parts = [_fields(part) for part in diagnosis.parts]
    return {**fields, "parts": parts} if parts else {k: fields[k] for k in fields if k != "parts"}
