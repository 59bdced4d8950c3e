"""Names and answers that attack whoever reads a report: no format is broken by them."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from markdown_it import MarkdownIt
from msgspec.structs import replace

from gatewatch.cli import show, show_release
from gatewatch.cli.reporting import Output, Written
from gatewatch.config.lines import Place, Places
from gatewatch.model import Layer, Outcome
from gatewatch.release.checked import Checked, Standing
from gatewatch.release.decide import Release
from gatewatch.reports import Format, github, junit, markdown, sarif, write
from tests.builders import verdict
from tests.reports.releases import (
    EARLIER,
    EVERYTHING,
    GONE,
    NEW,
    OLDER,
    SECRET,
    UNKNOWN,
    look,
    release,
)
from tests.reports.schema import parsed, problems_of_junit, problems_of_sarif
from tests.reports.test_github import read

HOSTILE = {
    "nul": "a\0b",
    "ansi": "\x1b[31mred\x1b]8;;https://evil.example\x07link",
    "c1": "a\x9b31mb\x85c",
    "lines": "a\r\n::error title=forged::b\n## forged\n\n<b>c",
    "separators": "a\u2028::error::b\u2029c\x0bd\x0ce",
    "surrogate": "a\ud800b\udfffc",
    "noncharacters": "a\ufffeb\uffffc",
    "bidi": "a\u202eb\u2066c\u200fd",
    "tags": "a\U000e0041b",
    "cdata": "]]><failure/><![CDATA[",
    "entity": "&lol; &#0; &amp;",
    "html": "<script>alert(1)</script><img src=x onerror=alert(1)></details><!--",
    "markdown": "[a](https://evil.example) ![b](x) **c** _d_ ~~e~~ # f https://evil.example",
    "mention": "@everyone @org/team #1 GH-1 www.evil.example a@evil.example",
    "www": "www.evil.example",
    "issue": "GH-1 gh-2",
    "emphasis": "_a_ b",
    "shortcode": ":skull: a",
    "list": "- a",
    "number": "1. a",
    "rule": "---",
    "table": "a | b \\| c \\\\| d |",
    "ticks": "`a``b```c````",
    "fence": "```\n</details>\n~~~",
    "command": "::error file=a,line=1::b %0A::error::c %25 ##[error]d ::stop-commands::x",
    "commas": "a:b,c=d%,e::f",
    "unicode": "ключ 鍵 🔑 e\u0301",
    "long": "x" * 100_000,
    "empty": "",
}
PLACES = Places(otherwise=Place("gatewatch.yaml", 3))


def hostile(text: str) -> Release:
    """Every kind of look with this text wherever others choose one."""

    def of(one: Checked) -> Checked:
        assert one.verdict is not None
        changed = replace(
            one.verdict, because=text, cause=text or "x", scope=text, next_probe=_asked(text)
        )
        before = None if one.before is None else replace(one.before, since=text, last_good=text)
        names = {"api": f"a{text}", "route": f"GET /{text}", "caller": text, "entrance": text}
        told = {"because": text, "verdict": changed, "before": before, "renamed": text}
        return replace(one, **names, **told)

    def _asked(text: str) -> Any:
        assert NEW.verdict is not None
        assert NEW.verdict.next_probe is not None
        return replace(NEW.verdict.next_probe, url=text, why=text, credential=text, method=text)

    gone = replace(GONE, api=text, route=text, caller=text, entrance=text)
    return release(
        *map(of, EVERYTHING), gone=(gone,), because=text, baseline=text or "x", baseline_at=text
    )


def controls(text: str) -> set[str]:
    """What moves a cursor, turns the direction of writing, or is no character."""
    bad = (*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A))
    worse = (0x2028, 0x2029, 0x200F, *range(0xD800, 0xE000), 0xFFFE, 0xFFFF)
    return (set(text) & set(map(chr, (*bad, *worse)))) - {"\n"}


@pytest.mark.parametrize("form", Format)
@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_in_a_report_controls_a_screen(name: str, form: Format) -> None:
    text = write(form, hostile(HOSTILE[name]), PLACES)
    assert controls(text) == set()
    text.encode()


@pytest.mark.parametrize("name", HOSTILE)
def test_the_xml_stays_valid_with_its_counts(name: str) -> None:
    text = junit.write(hostile(HOSTILE[name]), PLACES)
    assert problems_of_junit(text) == []
    whole = parsed(text)
    assert len(list(whole.iter("testcase"))) == len(EVERYTHING)
    assert whole.attrib["failures"] == "2"


@pytest.mark.parametrize("name", HOSTILE)
def test_the_sarif_stays_valid(name: str) -> None:
    text = sarif.write(hostile(HOSTILE[name]), PLACES)
    assert problems_of_sarif(text) == []
    assert len(json.loads(text)["runs"][0]["results"]) == 7


@pytest.mark.parametrize("name", HOSTILE)
def test_no_annotation_is_forged(name: str) -> None:
    found = list(read(github.write(hostile(HOSTILE[name]), PLACES)))
    assert len(found) == 8
    assert {properties.get("file") for _, properties, _ in found} == {"gatewatch.yaml", None}


@pytest.mark.parametrize("name", [one for one in HOSTILE if one != "empty"])
def test_the_markdown_has_only_our_own_structure(name: str) -> None:
    """Foreign text is in code: there, GitHub makes neither links nor mentions nor HTML of it."""
    plain = MarkdownIt("commonmark").enable("table")
    text = markdown.write(hostile(HOSTILE[name]), PLACES)
    expected = markdown.write(hostile("plain"), PLACES)
    assert _structure(plain, text) == _structure(plain, expected)
    assert not _outside_code(plain, text) & _MEANINGFUL


_MEANINGFUL = {"evil", "everyone", "org", "GH-1", "gh-2", "forged", ":skull:", "#1"}


def _structure(renderer: MarkdownIt, text: str) -> list[str]:
    blocks = [token for token in renderer.parse(text) if token.type != "inline"]
    return [
        token.content if token.type == "html_block" else f"{token.type} {token.tag}"
        for token in blocks
    ]


def _outside_code(renderer: MarkdownIt, text: str) -> set[str]:
    inline = [child for token in renderer.parse(text) for child in token.children or ()]
    assert {child.type for child in inline} <= {
        "text",
        "code_inline",
        "strong_open",
        "strong_close",
    }
    words = " ".join(child.content for child in inline if child.type == "text")
    return {word for word in words.replace("@", " ").replace(".", " ").split() if word}


@pytest.mark.parametrize("form", Format)
@pytest.mark.parametrize(
    "told",
    [
        f'header x-token is "{SECRET}", expected "on"',
        f"$.a is {SECRET}, expected 1, expected 2",
        f"$.a is a\n, expected {SECRET}\n, expected 3",
    ],
)
def test_the_value_of_an_answer_is_not_repeated(told: str, form: Format) -> None:
    """Where `expect` wants another; in the terminal, its owner sees it."""
    failed = replace(NEW, verdict=verdict(because=told), because=told)
    doubted = look(
        Standing.UNKNOWN,
        verdict(Outcome.UNKNOWN, layer=Layer.UNKNOWN, because=told),
        stops=True,
        because=f"it is not what its owner expects: {told}",
    )
    assert SECRET not in write(form, release(failed, doubted), PLACES)


@pytest.mark.parametrize("form", Format)
def test_ten_thousand_routes_are_reported(form: Format) -> None:
    many = [
        replace(one, route=f"GET /{number}", api=f"api-{number % 500}")
        for number in range(10_000)
        for one in (NEW, OLDER, UNKNOWN)
    ]
    text = write(form, release(*many, gone=(GONE,) * 10_000), PLACES)
    if form is Format.JUNIT:
        assert parsed(text).attrib["tests"] == "30000"
    if form is Format.SARIF:
        assert len(json.loads(text)["runs"][0]["results"]) == 25_000


COMMANDS = re.compile(r"(?m)^\s*::|##\[")


@pytest.mark.parametrize("text", [HOSTILE["command"], HOSTILE["lines"], "::a", "###[a]b"])
@pytest.mark.parametrize("form", [one for one in Format if one is not Format.GITHUB])
def test_no_report_that_is_printed_commands_a_runner(form: Format, text: str) -> None:
    assert COMMANDS.search(write(form, hostile(text), PLACES)) is None


@pytest.mark.parametrize("text", [HOSTILE["command"], "###[a]b"])
def test_an_annotation_holds_no_other_command(text: str) -> None:
    assert "##[" not in github.write(hostile(text), PLACES)


def test_json_that_is_printed_commands_no_runner_and_is_the_same() -> None:
    written = Written(hostile(HOSTILE["command"]), PLACES).text(Output.JSON)
    assert COMMANDS.search(written) is None
    assert "##[error]" in json.loads(written)["looks"][0]["route"]


@pytest.mark.parametrize("width", range(20, 140, 7))
def test_no_line_of_a_terminal_commands_a_runner(
    monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    """Wherever a line is broken."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    console = show.console()
    console.width = width
    attacking = replace(hostile("a ::error::b ##[error]c " * 9), baseline_at=EARLIER)
    with console.capture() as captured:
        show.put(console, show_release.release(attacking))
    assert "error" in captured.get()
    assert COMMANDS.search(captured.get()) is None
