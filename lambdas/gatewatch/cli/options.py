"""Options that several commands share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from gatewatch.cli.setting import DEFAULT_CONFIG


class Format(StrEnum):
    TEXT = "text"
    JSON = "json"


ConfigFile = Annotated[
    Path, typer.Option("--config", "-c", help="The configuration.", show_default=True)
]
StateFile = Annotated[
    Path | None,
    typer.Option(
        "--state",
        help="The configuration's state file. [default: in .gatewatch/ beside it]",
    ),
]
OutputFormat = Annotated[Format, typer.Option("--format", "-f", help="How to print the result.")]
HowLong = Annotated[
    str, typer.Option("--for", metavar="TIME", help="How long: 30m, 2h, 3d; at most 7d.")
]
Why = Annotated[str | None, typer.Option("--why", help="A note for the others.")]

CONFIG = DEFAULT_CONFIG
