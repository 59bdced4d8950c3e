"""The built docs site: whole by itself, each link and each anchor leads somewhere in it."""

from __future__ import annotations

from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urljoin, urlsplit

import pytest

ROOT = Path(__file__).parent.parent.parent
SITE = ROOT / "build" / "site"
PAGES = sorted(file.relative_to(SITE).as_posix() for file in SITE.rglob("*.html"))
HERE = "https://here.invalid/"


class Page(NamedTuple):
    links: tuple[str, ...]
    loaded: tuple[str, ...]
    anchors: frozenset[str]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.anchors: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.anchors |= {values[name] for name in ("id", "name") if name in values}
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        elif tag in ("script", "img", "iframe") and "src" in values:
            self.loaded.append(values["src"])
        elif tag == "link" and "href" in values:
            self.loaded.append(values["href"])


@cache
def read(name: str) -> Page:
    reader = _Reader()
    reader.feed((SITE / name).read_text(encoding="utf-8"))
    return Page(tuple(reader.links), tuple(reader.loaded), frozenset(reader.anchors))


def leads_somewhere(page: str, link: str) -> bool:
    target = urlsplit(urljoin(HERE + page, link))
    path = unquote(target.path).lstrip("/")
    name = f"{path}index.html" if path == "" or path.endswith("/") else path
    if not (SITE / name).is_file():
        return False
    return not target.fragment or unquote(target.fragment) in read(name).anchors


def test_every_page_of_the_repository_is_in_it() -> None:
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    assert len(PAGES) == len(documents) + 1  # 404.html


@pytest.mark.parametrize("page", PAGES)
def test_a_page_loads_nothing_from_elsewhere(page: str) -> None:
    assert [one for one in read(page).loaded if urlsplit(one).netloc] == []


@pytest.mark.parametrize("page", PAGES)
def test_links_and_anchors_lead_somewhere(page: str) -> None:
    inner = [link for link in read(page).links if urljoin(HERE, link).startswith(HERE)]
    assert [link for link in inner if not leads_somewhere(page, link)] == []


def test_styles_name_no_other_host() -> None:
    styles = [file.read_text(encoding="utf-8") for file in SITE.rglob("*.css")]
    assert styles
    assert [
        text for text in styles if "url(http" in text or "url(//" in text or "@import" in text
    ] == []


def test_the_layer_strip_and_the_tree_show() -> None:
    assert "●───●" in (SITE / "index.html").read_text(encoding="utf-8")
    pictures = read("decision-tree/index.html").loaded
    assert any(one.endswith("decision-tree.svg") for one in pictures)
