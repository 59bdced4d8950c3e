"""Gives mkdocs the repository's own pages, at their own places in the tree.

So a link from a page in `docs/` to the README or to a test is valid here as it is on GitHub, and
nothing is copied or rewritten. Linked files that are not pages come with the site as text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel

ROOT = Path(__file__).parent.parent
STYLE = ROOT / "website" / "extra.css"
CAUSES = "docs/causes/README.md"
_SHOWN = {".md", ".svg", ".css"}
_LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")
_CAUSE = re.compile(r"^\| \[(?P<id>\w+)\]\(\w+\.md\) \| (?P<layer>\w+) \|", re.MULTILINE)


def on_config(config: MkDocsConfig) -> None:
    """Puts the pages of the causes into the navigation, by layer."""
    for entry in config.nav or ():
        if entry == {"Causes": CAUSES}:
            entry["Causes"] = [{"All causes": CAUSES}, *_causes()]


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Replaces what mkdocs found in `docs/` by the pages of the repository; the theme's stay."""
    theme = [file for file in files if file.src_dir != config.docs_dir]
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    linked = {target for page in pages for target in _linked(page)}
    ours = sorted({*pages, *linked, STYLE})
    return Files([*theme, *(_file(path, config) for path in ours)])


def _causes() -> Iterator[dict[str, Any]]:
    rows = _CAUSE.finditer((ROOT / CAUSES).read_text(encoding="utf-8"))
    for layer, causes in groupby(rows, key=lambda row: row["layer"]):
        yield {layer: [f"docs/causes/{cause['id']}.md" for cause in causes]}


def _linked(page: Path) -> Iterator[Path]:
    for target in _LINK.findall(page.read_text(encoding="utf-8")):
        path = (page.parent / target).resolve()
        if path.is_file() and path.suffix != ".md":
            yield path


def _file(path: Path, config: MkDocsConfig) -> File:
    source = path.relative_to(ROOT).as_posix()
    return File(
        source,
        src_dir=str(ROOT),
        dest_dir=config.site_dir,
        use_directory_urls=config.use_directory_urls,
        dest_uri=_destination(source, config),
        inclusion=InclusionLevel.INCLUDED,
    )


def _destination(source: str, config: MkDocsConfig) -> str:
    """`docs/cost.md` is the page `cost/`; browsers show a `.txt` and would download a `.py`."""
    short = source.removeprefix("docs/")
    if Path(short).suffix not in _SHOWN:
        return f"{short}.txt"
    return File(short, str(ROOT), config.site_dir, config.use_directory_urls).dest_uri
