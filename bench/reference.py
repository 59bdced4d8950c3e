"""Writes docs/configuration.md anew, from the types that read a configuration."""

from __future__ import annotations

from pathlib import Path

from gatewatch.config.reference import reference_page

PAGE = Path(__file__).parent.parent / "docs" / "configuration.md"

if __name__ == "__main__":
    PAGE.write_text(reference_page(), encoding="utf-8")
