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
    from gatewatch.config.document import read_document

    try:
        value = read_document(file.read_text(encoding="utf-8")).value
    except (OSError, UnicodeDecodeError):
        return ()
    found = value.get("apis") if isinstance(value, dict) else None
    return map(str, found) if isinstance(found, dict) else ()


def _beginning(incomplete: str, words: Iterable[str]) -> list[str]:
    return [word for word in words if word.startswith(incomplete)]
