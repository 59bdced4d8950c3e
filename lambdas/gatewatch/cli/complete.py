"""What the shell completes: from local files only; an unreadable file completes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import typer

from gatewatch.cli.setting import DEFAULT_CONFIG


def causes(incomplete: str) -> list[str]:
    from gatewatch.diagnosis.causes import catalogue

    return _beginning(incomplete, catalogue())


def faults(incomplete: str) -> list[str]:
    from gatewatch.sandbox.faults import FAULTS

    return _beginning(incomplete, FAULTS)


def apis(context: typer.Context, incomplete: str) -> list[str]:
    """The configured APIs. Routes are left out: bash would not quote the blank in them."""
    return _beginning(incomplete, _apis(Path(context.params.get("config") or DEFAULT_CONFIG)))


def _apis(file: Path) -> Iterable[str]:
    from gatewatch.adapters.local.included import included
    from gatewatch.config.author import api_names
    from gatewatch.config.lookups import Lookups

    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ()
    return api_names(text, str(file), Lookups(included=included(file)))


def _beginning(incomplete: str, words: Iterable[str]) -> list[str]:
    return [word for word in words if word.startswith(incomplete)]
