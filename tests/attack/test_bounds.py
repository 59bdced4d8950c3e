"""However long a file is made, reading it takes no more than in proportion, and a bounded part of
it is shown.

The limits are generous: what grows with the square of its input takes minutes for these.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gatewatch.cli.main import app
from gatewatch.config.author import load
from gatewatch.config.problems import ConfigError
from gatewatch.transcripts.credentials import credentials
from gatewatch.transcripts.read import read_transcript

ANSWER = '\n< HTTP/1.1 403 Forbidden\n< x-amzn-requestid: a\n<\n{"message":"Forbidden"}\n'
LONG = 100_000


@contextmanager
def soon() -> Iterator[None]:
    started = time.process_time()
    yield
    assert time.process_time() - started < 20


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("* Connected to " + "a" * LONG, id="a name that does not end"),
        pytest.param("* Connected to " + "a (" * (LONG // 3), id="addresses that do not end"),
        pytest.param("* Connection #0 to host " + "a" * LONG, id="a host that does not end"),
        pytest.param("* " + "Connected to " * (LONG // 13), id="many notes in one"),
        pytest.param("* " + " " * LONG, id="a note of blanks"),
        pytest.param("< a: " + " " * LONG + "x", id="blanks"),
        pytest.param("curl " + "-H 'a: b' " * (LONG // 10), id="a long command"),
        pytest.param("curl " + " " * LONG, id="blanks after a command"),
        pytest.param(
            f"curl -w '{'x%{time_total}' * 12}%{{http_code}}y' https://h/\n{'x' * 200}403z",
            id="a template with many variables",
        ),
        pytest.param("curl " + "'" * LONG, id="quotes that do not end"),
        pytest.param("> " * (LONG // 2), id="quoted many times"),
    ],
)
def test_a_pasted_line_is_read_in_proportion_to_its_length(line: str) -> None:
    with soon():
        text = line + ANSWER
        [found] = read_transcript(text, credentials(text)).transcripts
    assert found.exchanges[-1].response.status == 403


BEGUN = """apis:
  orders:
    url: https://abc123.execute-api.us-east-1.amazonaws.com/prod
    routes:
      - GET /x: {access: public}
"""


@pytest.mark.parametrize(
    ("write", "told"),
    [
        pytest.param(
            lambda: BEGUN + "".join(f"    ke{n}: 1\n" for n in range(20_000)),
            "unknown key",
            id="twenty thousand unknown keys",
        ),
        pytest.param(
            lambda: f"apis: [{'a, ' * 1_000_000}]", "at most 1,000,000 values", id="a list of 3 MB"
        ),
        pytest.param(lambda: "apis: " + "[" * 100_000, "less deeply", id="a hundred thousand deep"),
    ],
)
def test_a_configuration_is_refused_in_proportion_to_its_length(
    write: Callable[[], str], told: str
) -> None:
    with soon(), pytest.raises(ConfigError, match=told):
        load(write(), "f")


def test_of_thousands_of_answers_some_are_shown_and_the_others_counted(tmp_path: Path) -> None:
    file = tmp_path / "many.jsonl"
    file.write_text('{"message":"Forbidden"}\n' * 3_000)
    found = CliRunner().invoke(app, ["explain", str(file)])
    assert found.exit_code == 0
    assert "and 2900 more, which --format jsonl prints in full:\n  2900 times: " in found.output
    assert found.output.count("possible causes") == 100


def test_more_exchanges_than_anybody_reads_are_left_out_and_said_so() -> None:
    one = '{"request":{"method":"GET","url":"https://h/x"},"response":{"status":200}}'
    with soon():
        found = read_transcript("[" + ",".join([one] * 30_000) + "]", frozenset())
    assert len(found.transcripts) == 10_000
    assert found.unreadable[0].reason == (
        "expected at most 10,000 exchanges at once; 20000 are left out"
    )
