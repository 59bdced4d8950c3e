"""Writes docs/configuration.md and docs/message.schema.json anew, from the types themselves."""

from __future__ import annotations

from pathlib import Path

import msgspec

from gatewatch.config.reference import reference_page
from gatewatch.notices.machine import schema

DOCS = Path(__file__).parent.parent / "docs"
PAGE = DOCS / "configuration.md"

if __name__ == "__main__":
    PAGE.write_text(reference_page(), encoding="utf-8")
    written = msgspec.json.format(msgspec.json.encode(schema())).decode()
    (DOCS / "message.schema.json").write_text(f"{written}\n", encoding="utf-8")
