"""`python -m gatewatch.pages DIRECTORY` writes the generated documents; `make docs` runs it."""

from __future__ import annotations

import sys
from pathlib import Path

from gatewatch.pages.documents import documents


def write(directory: Path) -> None:
    texts = documents()
    for name, text in texts.items():
        file = directory / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    known = {directory / name for name in texts}
    for file in set((directory / "causes").glob("*.md")) - known:
        file.unlink()


if __name__ == "__main__":
    write(Path(sys.argv[1]))
