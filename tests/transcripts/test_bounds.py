"""`explain` answers any input, soon: it never fails, and its work grows with the input at most.

Times are of this thread's processor, so that a busy machine changes nothing.
"""

from __future__ import annotations

import json
from time import thread_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewatch.cli.explain import as_json
from gatewatch.diagnosis.diagnose import diagnose
from gatewatch.transcripts.read import read_transcript

LONG = 1_000_000
SECONDS = 3.0
"""Each takes well below one second here; a machine may be slower, but no input may run away."""
SECONDS_EACH = 0.01
URL = "https://abc123.execute-api.us-east-1.amazonaws.com/prod/orders"


def explained(text: str) -> tuple[int, float]:
    """How many things were explained, and the processor's seconds that it took."""
    started = thread_time()
    found = [as_json(one, diagnose(one.exchanges)) for one in read_transcript(text).transcripts]
    return len(found), thread_time() - started


def row(url: str = URL, **changes: object) -> dict[str, object]:
    answer = {"status": 403, "headers": {}, **changes}
    return {"request": {"method": "GET", "url": url, "credential": "none"}, "response": answer}


def filled(unit: str, before: str = "", after: str = "") -> str:
    return f"{before}{unit * (LONG // len(unit))}{after}"


def written(*rows: dict[str, object]) -> str:
    return json.dumps(rows[0] if len(rows) == 1 else {"exchanges": rows})


ONE_THING = {
    "a letter": filled("a"),
    "white space": filled(" ", after="{"),
    "braces": filled("{"),
    "brackets": filled("["),
    "quotes": filled('"'),
    "backslashes": filled("\\"),
    "prefixes of a log": filled("[x] "),
    "dates": filled("2026-11-22T01:02:03Z "),
    "arrows": filled("< "),
    "schemes": filled("Bearer "),
    "tokens": filled("eyJ"),
    "an unfinished message": filled('\\"', before='{"message":"'),
    "options of a command": filled("-H 'a: b' ", before="curl "),
    "quotes of a command": filled("'", before="curl "),
    "headers": filled("a: b\n", before="HTTP/1.1 403 Forbidden\n"),
    "a body of letters": written(row(body=filled("a"))),
    "a body of schemes": written(row(body=filled("Bearer "))),
    "a body of markup": written(row(body=filled("<", before="<html>"))),
    "a denial of denials": written(row(body=filled("User: ", before='{"Message":"'))),
    "error types": written(row(headers={"x-amzn-errortype": filled("a,")})),
    "challenges": written(row(headers={"www-authenticate": filled("Bearer error=")})),
    "a host of labels": written(row(filled("a.", before="https://"))),
    "a host of dashes": written(row(filled("a-", before="https://", after=".execute-api.x"))),
    "a path of segments": written(row(filled("a/", before="https://a.example/"))),
    "credentials": json.dumps(
        {
            "request": {"method": "GET", "url": URL, "credentials": [{"kind": "unknown"}] * 30_000},
            "response": {"status": 403},
        }
    ),
    "a group of equal looks": written(*[row()] * 2_000),
    "a group of other looks": written(
        *(row(status=400 + at % 200, headers={f"h{at}": "v"}) for at in range(500))
    ),
}
MANY_THINGS = {
    "responses": "HTTP/1.1 403 Forbidden\n\n" * 5_000,
    "requests and responses": "> GET / HTTP/1.1\n>\n< HTTP/1.1 403 Forbidden\n<\n" * 5_000,
    "lines": f"{json.dumps(row())}\n" * 5_000,
    "a browser's session": json.dumps(
        {
            "log": {
                "entries": [
                    {
                        "request": {"method": "GET", "url": f"{URL}/x{at}", "headers": []},
                        "response": {"status": 403, "headers": [], "content": {"text": "{}"}},
                    }
                    for at in range(5_000)
                ]
            }
        }
    ),
}


@pytest.mark.parametrize("name", ONE_THING)
def test_no_input_of_a_megabyte_takes_long(name: str) -> None:
    _, seconds = explained(ONE_THING[name])
    assert seconds < SECONDS


@pytest.mark.parametrize("name", MANY_THINGS)
def test_many_things_take_time_for_each_at_most(name: str) -> None:
    count, seconds = explained(MANY_THINGS[name])
    assert count == 5_000
    assert seconds / count < SECONDS_EACH


_PIECES = st.sampled_from(
    [
        "HTTP/1.1 403 Forbidden\n",
        "> GET /x HTTP/1.1\n",
        "< x-amzn-errortype: ForbiddenException\n",
        "curl -H 'authorization: Bearer ",
        '{"message":',
        '{"request":{"method":"GET","url":"',
        '"response":{"status":',
        '"exchanges":[',
        '{"log":{"entries":[',
        "User: anonymous is not authorized to perform: execute-api:Invoke on resource: arn:",
        "\n",
        "}]",
    ]
)


@given(st.lists(_PIECES | st.text(max_size=30), max_size=12), st.integers(1, 300))
def test_any_text_is_answered_within_a_second(pieces: list[str], times: int) -> None:
    _, seconds = explained("".join(pieces) * times)
    assert seconds < SECONDS


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "request": st.fixed_dictionaries(
                    {
                        "method": st.sampled_from(["GET", "OPTIONS", "POST", ""]),
                        "url": st.sampled_from([URL, f"{URL}/x", "https://api.example.com", "["]),
                        "credential": st.sampled_from(["none", "bearer", "sigv4", "unknown", 3]),
                    }
                ),
                "response": st.fixed_dictionaries(
                    {
                        "status": st.integers(-1, 700),
                        "headers": st.dictionaries(
                            st.sampled_from(["x-amzn-errortype", "apigw-requestid", "via"]),
                            st.text(max_size=20),
                        ),
                        "body": st.none() | st.text(max_size=60),
                    }
                ),
            }
        ),
        min_size=1,
        max_size=40,
    )
)
def test_any_group_of_looks_is_answered_within_a_second(rows: list[dict[str, object]]) -> None:
    _, seconds = explained(json.dumps({"exchanges": rows}))
    assert seconds < SECONDS
