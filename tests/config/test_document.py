"""What is read of a YAML text: the same with the parser in C and without it, and within bounds."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from gatewatch.config import credentials, document
from gatewatch.config.author import load
from gatewatch.config.document import MOST_CHARACTERS, MOST_VALUES, Document, read_document
from gatewatch.config.problems import ConfigError

ROOT = Path(__file__).parents[2]
FILES = [*sorted((Path(__file__).parent / "refused").glob("*.yaml")), *ROOT.glob("examples/*.yaml")]
TEXTS = {
    "nothing": "",
    "only a comment": "# nothing\n",
    "numbers": "[1, 0x1F, 0o7, 012, 1_000, 1.5, 1e3, .inf, -.INF, .nan, 1:30, 9999999999999999999]",
    "words": "[yes, No, on, OFF, true, ~, null, '', 'yes', \"no\", 2026-01-01, =]",
    "tags": "[!!str 5, !!int '5', !own x, ! 12, !!null x, !!bool on, !!float 1]",
    "a tag alone": "- !\n- ! 'x'\n",
    "texts": "a: |\n  b\n  c\nd: >-\n  e\n  f\ng: 'h''i'\nj: \"k\\u00e9\\n\"\n",
    "aliases": "a: &a {x: &x [1, 2]}\nb: *a\nc: [*x, *x]\n",
    "an alias as a key": "&k a: 1\n*k : 2\nb: *k\n",
    "an alias to what it stands in": "a: &a [*a]",
    "an alias to nothing": "a: *b",
    "two anchors of one name": "a: &a 1\nb: &a 2\n",
    "a merge": "a: &a {x: 1}\nb: {<<: *a}\n",
    "a key twice": "a: 1\nb: 2\na: 3\n",
    "a list as a key": "? [a, b]\n: c\nd: {[e]: f, {g: h}: i, j: k}\n",
    "an anchor in a key that is passed over": "? [&a x]\n: &b y\nc: [*a, *b]\n",
    "control characters": 'a: "\\x07"\n"\\x07": 1\nb: "\\u202e"\n',
    "two documents": "a: 1\n---\nb: 2\n",
    "one marked document": "%YAML 1.1\n---\na: 1\n...\n",
    "a byte-order mark": "\ufeffa: 1\n",
    "a byte-order mark inside": "a: 1\n\ufeffb: 2\n",
    "an escape of no character": '"\\UFFFFFFFF"',
    "half a character": "a: '\ud800'",
    "no end": "a: [1, 2\n",
    "a quote without end": "a: 'b\n",
    "a tab": "a:\n\tb: 1\n",
    "a tab before a comment": "a: 1\t# one\n",
    "a bad indentation": "a:\n  b: 1\n c: 2\n",
    "a reserved character": "a: @b\n",
    "41 lists": "[" * 41 + "]" * 41,
    "40 lists": "[" * 40 + "]" * 40,
    "lines of another system": "a: 1\r\nb:\r\n  - c\r\n",
}


def in_c(text: str) -> Document:
    assert document._FAST is yaml.CSafeLoader
    return read_document(text)


def in_python(text: str) -> Document:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(document, "_FAST", yaml.SafeLoader)
        return read_document(text)


needs_c = pytest.mark.skipif(
    not hasattr(yaml, "CSafeLoader"), reason="this PyYAML has no parser in C"
)


@needs_c
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_both_parsers_find_the_same(text: str) -> None:
    assert in_c(text) == in_python(text)


@needs_c
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_both_parsers_find_the_same_in_a_file(file: Path) -> None:
    assert in_c(file.read_text()) == in_python(file.read_text())


@needs_c
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
        max_leaves=12,
    )
)
def test_both_parsers_find_the_same_in_whatever_is_written(value: object) -> None:
    text = yaml.safe_dump(value)
    assert in_c(text) == in_python(text)


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ((), 1),
        (("a",), 1),
        (("a", "b"), 2),
        (("a", "b", 1), 4),
        (("a", "b", 1, "c"), 4),
        (("a", "b", 1, "d"), 5),
        (("a", "b", 1, "d", "e"), 5),
        (("a", "b", 9), 2),
        (("again",), 6),
        (("again", 1, "d"), 5),
        (("nowhere", "at", "all"), 1),
    ],
)
def test_each_place_has_its_line_or_that_of_what_it_is_in(
    path: tuple[str | int, ...], line: int
) -> None:
    text = "a:\n  b: &b\n  - 1\n  - c: 2\n    d: 3\nagain: *b\n"
    assert read_document(text).line(path) == line


def routes(count: int) -> str:
    lines = "".join(
        f"      - GET /r{n}: {{access: protected, guarded_by: api_key, as: [partner]}}\n"
        for n in range(count)
    )
    return (
        "credentials: {partner: {api_key: {env: KEY}}}\napis:\n  orders:\n"
        f"    url: https://api.example.com\n    routes:\n{lines}"
    )


def test_fifty_thousand_routes_with_three_keys_each_are_read() -> None:
    found = load(routes(50_000), "many.yaml")
    assert [len(api.routes) for api in found.apis] == [50_000]
    assert found.apis[0].routes[-1].callers == (("partner",),)


def test_their_values_are_half_of_what_a_file_may_have() -> None:
    assert read_document(routes(1_000)).size * 50 < MOST_VALUES * 0.6


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param(
            f"apis: [\n{'a, ' * MOST_VALUES}]",
            "f:2: (the whole file): expected at most 1,000,000 values and keys; here are more; "
            "split it (`include`), or watch fewer routes",
            id="values",
        ),
        pytest.param(
            "a" * (MOST_CHARACTERS + 5),
            "f: (the whole file): expected a file of at most 32,000,000 characters; here: "
            "32,000,005; split it (`include`), or watch fewer routes",
            id="characters",
        ),
        pytest.param(
            "a:\n  " + "[" * 41 + "]" * 41,
            f"f:2: a{'[0]' * 40}: values nested less deeply: at most 40 levels",
            id="levels",
        ),
    ],
)
def test_a_limit_says_what_it_is_and_what_to_do(text: str, told: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load(text, "f")
    assert str(refused.value) == told


@pytest.mark.parametrize("reads", [in_c, in_python])
def test_an_alias_bomb_is_bounded_by_what_it_repeats(reads: object) -> None:
    """A thousand millions of values: the ninth line alone repeats a hundred million."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    [problem] = reads("\n".join(lines)).problems  # type: ignore[operator]
    assert (problem.line, problem.expected) == (6, "less repeated or nested content")


def test_of_many_problems_the_first_thousand_are_told_and_the_others_counted() -> None:
    text = routes(3_000).replace("guarded_by", "garded_by")
    with pytest.raises(ConfigError) as refused:
        load(text, "f")
    lines = str(refused.value).splitlines()
    assert len(lines) == 1_001
    assert lines[0].startswith("f:6: ")
    assert lines[0].endswith('(did you mean "guarded_by"?)')
    assert lines[-1] == "f: and 2,000 more problems"


def test_a_word_is_compared_with_others_only_where_it_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """20,000 wrong names beside a thousand right ones would be compared for minutes."""
    compared: list[str] = []

    def counted(word: str, *_: object, **__: object) -> list[str]:
        compared.append(word)
        return []

    monkeypatch.setattr("gatewatch.config.problems.get_close_matches", counted)
    with pytest.raises(ConfigError):
        load(routes(3_000).replace("as: [partner]", "as: [partnr]"), "f")
    assert 0 < len(compared) <= 100


def test_the_hosts_of_many_credentials_are_found_in_one_pass(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """300 credentials at 300 APIs are no 90,000 pairs."""
    asked: list[str] = []
    host_of = credentials.host_of

    def counted(url: str) -> str:
        asked.append(url)
        return host_of(url)

    monkeypatch.setattr(credentials, "host_of", counted)
    keys = "".join(f"  c{n}: {{bearer: {{env: K}}}}\n" for n in range(300))
    apis = "".join(
        f"  a{n}: {{url: 'https://h{n}.example.com', "
        f"routes: [GET /: {{access: public, as: [c{n}]}}]}}\n"
        for n in range(300)
    )
    found = load(f"credentials:\n{keys}apis:\n{apis}", "f")
    assert [one.hosts for one in found.credentials] == [
        (f"h{n}.example.com:443",) for n in range(300)
    ]
    assert len(asked) <= 300
