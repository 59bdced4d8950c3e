"""Whatever stands in a file or behind a command: one line that says what is wrong, exit code 3, and
never a traceback, nor an exit code that means a finding."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gatewatch.cli.main import main

YAML = 'apis: {a: {url: "http://127.0.0.1:1", routes: [GET /x: {access: public%s}]}}\n'
DIGITS = "9" * 400
ENTRY: dict[str, Any] = {
    "startedDateTime": "2026-11-22T09:00:00.000Z",
    "time": 41.5,
    "request": {
        "method": "GET",
        "url": "https://abc123.execute-api.us-east-1.amazonaws.com/prod/x",
        "httpVersion": "HTTP/1.1",
        "headers": [{"name": "x-api-key", "value": "k"}],
        "queryString": [],
        "cookies": [],
        "headersSize": 100,
        "bodySize": 0,
    },
    "response": {
        "status": 403,
        "statusText": "Forbidden",
        "httpVersion": "HTTP/1.1",
        "headers": [{"name": "x-amzn-errortype", "value": "ForbiddenException"}],
        "cookies": [],
        "content": {"size": 23, "mimeType": "application/json", "text": '{"message":"Forbidden"}'},
        "redirectURL": "",
        "headersSize": 100,
        "bodySize": 23,
    },
    "cache": {},
    "timings": {"send": 1, "wait": 40, "receive": 0.5},
}
HAR: dict[str, Any] = {"log": {"version": "1.2", "creator": {"name": "x"}, "entries": [ENTRY]}}
EXCHANGE: dict[str, Any] = {
    "id": "one",
    "api_kind": "rest",
    "request": {
        "method": "GET",
        "url": "https://abc123.execute-api.us-east-1.amazonaws.com/prod/x",
        "credential": "none",
        "headers": {"Accept": "*/*"},
        "credentials": [{"kind": "api_key", "validity": "valid"}],
        "purpose": "look",
        "route": "GET /x",
        "entrance": "https://abc123.execute-api.us-east-1.amazonaws.com/prod",
        "at": "2026-11-22T09:00:00+00:00",
    },
    "response": {
        "status": 403,
        "headers": {"x-amzn-errortype": "ForbiddenException"},
        "body": '{"message":"Forbidden"}',
        "error": None,
        "elapsed_ms": 41,
        "address": "192.0.2.1",
        "phases_ms": {"dns": 1.0},
        "certificate_expires": "2027-01-01T00:00:00+00:00",
    },
}
VERBOSE = """\
*   Trying 192.0.2.1:443...
* Connected to abc123.execute-api.us-east-1.amazonaws.com (192.0.2.1) port 443 (#0)
* SSL connection using TLSv1.3 / TLS_AES_128_GCM_SHA256
*  expire date: Jan  1 00:00:00 2027 GMT
> GET /prod/x HTTP/1.1
> Host: abc123.execute-api.us-east-1.amazonaws.com
> Accept: */*
>
< HTTP/1.1 403 Forbidden
< Date: Sun, 22 Nov 2026 01:02:03 GMT
< Content-Length: 23
< x-amzn-ErrorType: ForbiddenException
<
{"message":"Forbidden"}
"""


def run(*arguments: str) -> tuple[int, str]:
    """The exit code and what was said of errors."""
    told, shown = io.StringIO(), io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with (
        contextlib.redirect_stderr(told),
        contextlib.redirect_stdout(shown),
        pytest.raises(SystemExit) as ended,
    ):
        main(list(arguments))
    return int(ended.value.code or 0), told.getvalue()


def of_file(content: bytes, *before: str) -> tuple[int, str]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "input"
        file.write_bytes(content)
        return run(*before, str(file))


def is_clean(code: int, told: str) -> bool:
    return code in (0, 2, 3) and "internal error" not in told and "Traceback" not in told


def is_said(code: int, told: str, lines: int = 1) -> bool:
    return is_clean(code, told) and code == 3 and len(told.splitlines()) == lines


def route(text: str) -> bytes:
    return (YAML % f", {text}").encode()


WRITTEN: dict[str, bytes] = {
    "a whole number of 400 digits": route(f"open_after: {DIGITS}"),
    "a whole number of 309 digits": route(f"resolve_after: 1{'0' * 308}"),
    "a whole number of 5,000 digits": route(f"open_after: {DIGITS * 13}"),
    "a number in a path": route(f"path: {{id: {DIGITS}}}"),
    "a number in a query": route(f"query: {{id: -{DIGITS}}}"),
    "a number in an expectation": route(f"expect: {{json: {{$.a: {DIGITS}}}}}"),
    "a status of 400 digits": route(f"expect: {{status: {DIGITS}}}"),
    "a float of 400 digits": route(f"query: {{id: {DIGITS}.5}}"),
    "a float beyond all": route("query: {id: 1.0e+999}"),
    "a hexadecimal number": route(f"query: {{id: 0x{'F' * 400}}}"),
    "an octal number": route(f"query: {{id: 0{'7' * 400}}}"),
    "a sexagesimal number": route(f"open_after: {'59:' * 200}59"),
    "digits of another script": YAML.replace("1:1", "1:4\u0664").encode() % b"",
    "a duration in another script": route("timeout: \u0663s"),
    "a duration of 400 digits": route(f"timeout: {DIGITS}d"),
    "a fraction of 400 digits": route(f"every: 1.{DIGITS}d"),
    "a share of 400 digits": route(f"open_after: {DIGITS} of {DIGITS}"),
    "a port of 400 digits": YAML.replace("127.0.0.1:1", f"127.0.0.1:{DIGITS}").encode() % b"",
    "a cron field of 5,000 digits": (YAML % "").encode()
    + f'maintenance: [{{cron: "{"1" * 5_000} 2 * * *", for: 1h}}]\n'.encode(),
    "a cron range of 5,000 digits": (YAML % "").encode()
    + f'maintenance: [{{cron: "0-{"9" * 5_000} 2 * * *", for: 1h}}]\n'.encode(),
    "a window of 400 digits": (YAML % "").encode()
    + f'maintenance: [{{cron: "0 2 * * *", for: {DIGITS}d}}]\n'.encode(),
    "a moment that is none": (YAML % "").encode()
    + b"maintenance: [{from: 2099-13-45T99:99, for: 1h}]\n",
    "100,000 brackets": b"[" * 100_000,
    "5,000 mappings": b"{a: " * 5_000,
    "100,000 dashes": b"- " * 100_000,
    "100,000 anchors": b"&a " * 100_000,
    "an alias bomb": b"a: &a [x,x,x,x,x,x,x,x,x]\n"
    + b"".join(
        f"{chr(97 + n)}: &{chr(97 + n)} [{','.join([f'*{chr(96 + n)}'] * 9)}]\n".encode()
        for n in range(1, 12)
    ),
    "an alias of itself": b"apis: &a [*a]\n",
    "a null": b"apis: {a: \x00}\n",
    "half of a surrogate pair": b'apis: {a: {url: "\\ud800"}}\n',
    "an escape of no character": b'apis: "\\UFFFFFFFF"\n',
    "UTF-16": (YAML % "").encode("utf-16"),
    "UTF-32": (YAML % "").encode("utf-32"),
    "Latin-1": "owner: b\u00fccher\n".encode("latin-1"),
    "6 MB": b"a" * 6_000_000,
    "a tag": b"!!python/object:os.system x\n",
    "a binary": b"apis: !!binary x\n",
    "two documents": b"a: 1\n---\nb: 2\n",
    "a list for a key": b"? [a]\n: b\n",
    "nothing": b"",
    "a directive": b"%YAML 9.9\n---\na: 1\n",
}


@pytest.mark.parametrize("command", [("validate",), ("run",)], ids=" ".join)
@pytest.mark.parametrize("told", WRITTEN)
def test_a_bad_file_is_one_line(told: str, command: tuple[str, ...]) -> None:
    code, said = of_file(WRITTEN[told], *command, "--config")
    assert is_clean(code, said), said
    assert code == 3
    assert len(said.splitlines()) <= 2, said


def test_a_file_without_end_is_refused() -> None:
    assert is_said(*run("validate", "--config", "/dev/zero"))
    assert is_said(*run("check", "http://127.0.0.1:1/", "--ca-file", "/dev/zero"))


def _har(change: Any) -> bytes:
    entry = json.loads(json.dumps(ENTRY))
    change(entry)
    return json.dumps({"log": {"entries": [entry]}}).encode()


PASTED: dict[str, bytes] = {
    "HAR with a time of 400 digits": _har(lambda one: one.update(time="T")).replace(
        b'"T"', DIGITS.encode()
    ),
    "HAR with a status of 400 digits": _har(lambda one: one["response"].update(status="T")).replace(
        b'"T"', DIGITS.encode()
    ),
    "HAR with a time of NaN": _har(lambda one: one.update(time=float("nan"))),
    "HAR with a time of Infinity": _har(lambda one: one.update(time=float("-inf"))),
    "HAR with half of a surrogate pair": _har(
        lambda one: one["response"]["content"].update(text="\ud800")
    ),
    "HAR with a size of 400 digits": _har(lambda one: one["response"].update(bodySize="T")).replace(
        b'"T"', DIGITS.encode()
    ),
    "HAR without requests": _har(lambda one: one.pop("request")),
    "HAR with a list for a header": _har(lambda one: one["response"].update(headers=[[]])),
    "HAR with a base64 that is none": _har(
        lambda one: one["response"]["content"].update(encoding="base64", text="\u00e4")
    ),
    "HAR with a date of no calendar": _har(lambda one: one.update(startedDateTime="9" * 400)),
    "an exchange with a status of 400 digits": json.dumps(EXCHANGE).replace("403", DIGITS).encode(),
    "an exchange with an end of no calendar": json.dumps(EXCHANGE)
    .replace("2027-01-01", "0000-99-99")
    .encode(),
    "an exchange with 1e999": json.dumps(EXCHANGE).replace(": 41", ": 1e999").encode(),
    "a URL with a port of 400 digits": json.dumps(EXCHANGE)
    .replace("amazonaws.com/prod/x", f"amazonaws.com:{DIGITS}/x")
    .encode(),
    "a URL with an open bracket": json.dumps(EXCHANGE)
    .replace("https://abc", "https://[abc")
    .encode(),
    "a raw response of 400 digits": f"HTTP/1.1 {DIGITS} Forbidden\r\n\r\n".encode(),
    "a raw length of 5,000 digits": (
        b"HTTP/1.1 403 F\r\nContent-Length: " + b"9" * 5_200 + b"\r\n\r\n"
    ),
    "a certificate of no calendar": VERBOSE.replace("Jan  1", "Foo 99").encode(),
    "a port of 5,000 digits": VERBOSE.replace("port 443", f"port {DIGITS * 13}").encode(),
    "UTF-16": VERBOSE.encode("utf-16"),
    "a null": VERBOSE.replace("Forbidden", "\x00").encode(),
    "100,000 brackets": b"[" * 100_000,
    "100,000 objects": b'{"a":' * 100_000,
    "nothing": b"",
    "a character reference of 5,000 digits": json.dumps(EXCHANGE)
    .replace('\\"Forbidden\\"', f"&#{'9' * 5_000};")
    .encode(),
}


@pytest.mark.parametrize("form", ["text", "json", "jsonl"])
@pytest.mark.parametrize("told", PASTED)
def test_a_bad_paste_is_explained_or_refused(told: str, form: str) -> None:
    code, said = of_file(PASTED[told], "explain", "--format", form)
    assert is_clean(code, said), said
    assert len(said.splitlines()) <= 1, said


ASKED: dict[str, tuple[str, ...]] = {
    "a port of 400 digits": (f"http://127.0.0.1:{DIGITS}/",),
    "an open bracket": ("http://[",),
    "an empty host": ("http://",),
    "a port of letters": ("http://h:abc",),
    "a backslash": ("http://victim\\@h/",),
    "dots": ("http://127.0.0.1:1/../x",),
    "half of a surrogate pair": ("http://127.0.0.1:1/\udc80",),
    "a host beyond ASCII": ("http://b\u00fccher.example/",),
    "a host that is too long": ("http://" + "a" * 3_000 + ".example/",),
    "a method of 10,000 characters": ("http://127.0.0.1:1/", "-X", "A" * 10_000),
    "no time": ("http://127.0.0.1:1/", "--timeout", "nan"),
    "endless time": ("http://127.0.0.1:1/", "--timeout", "inf"),
    "400 digits of time": ("http://127.0.0.1:1/", "--timeout", DIGITS),
    "a place of 400 digits": ("http://127.0.0.1:1/", "--connect-to", f"h:{DIGITS}"),
    "a place of a port too large": ("http://127.0.0.1:1/", "--connect-to", "127.0.0.1:99999"),
    "a credential that is none": ("http://127.0.0.1:1/", "--as", "bearer=env:\udc80"),
}


@pytest.mark.parametrize("told", ASKED)
def test_a_bad_question_is_one_line(told: str) -> None:
    code, said = run("check", *ASKED[told])
    assert is_said(code, said), (code, said)


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(("sandbox", "--port", "99999999"), id="a port beyond the last"),
        pytest.param(("run", "--config", "CONFIG", "--state", "/"), id="a state that is the root"),
    ],
)
def test_a_place_that_cannot_be_used_is_one_line(
    files: dict[str, str], arguments: tuple[str, ...]
) -> None:
    code, said = run(*(files.get(one, one) for one in arguments))
    assert is_said(code, said), (code, said)


# Streams that are closed, full, or read no further.

COMMANDS = {
    "validate": ("validate", "--config", "CONFIG"),
    "explain": ("explain", "PASTE"),
    "explain as JSON": ("explain", "PASTE", "--format", "jsonl"),
    "causes": ("causes",),
    "schema": ("schema",),
    "help": ("--help",),
    "plan": ("plan", "--config", "CONFIG"),
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("streams")
    (folder / "gatewatch.yaml").write_text(YAML % "")
    (folder / "paste.txt").write_text(VERBOSE)
    return {"CONFIG": str(folder / "gatewatch.yaml"), "PASTE": str(folder / "paste.txt")}


@pytest.mark.parametrize(
    "how", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-", "2>/dev/full", "| true"]
)
@pytest.mark.parametrize("command", ["explain", "causes", "plan"])
def test_a_stream_that_nobody_reads_changes_nothing(
    command: str, how: str, files: dict[str, str], tmp_path: Path
) -> None:
    words = [files.get(word, word) for word in COMMANDS[command]]
    gatewatch = f"{sys.executable} -m gatewatch {' '.join(words)}"
    redirected = f"{gatewatch} {how}; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", redirected], capture_output=True, check=False, cwd=tmp_path, text=True
    )
    assert done.returncode == 0
    assert "Traceback" not in done.stderr


# Everything else.

_ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from([10**400, -(10**19), 1e308, "", [], {}, [[]], "\ud800", "\x00", "403", "//"]),
)


def _paths(value: Any) -> list[tuple[Any, Any]]:
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    below = [
        pair for key in keys if isinstance(value[key], (dict, list)) for pair in _paths(value[key])
    ]
    return [(value, key) for key in keys] + below


@st.composite
def _spoilt(draw: st.DrawFn, whole: Any) -> bytes:
    found = json.loads(json.dumps(whole))
    for _ in range(draw(st.integers(1, 3))):
        if not (places := _paths(found)):
            break
        holder, key = places[draw(st.integers(0, len(places) - 1))]
        if draw(st.booleans()):
            holder[key] = draw(_ODD)
        else:
            del holder[key]
    sys.set_int_max_str_digits(0)
    text = json.dumps(found)
    sys.set_int_max_str_digits(4_300)
    return text.encode()


@st.composite
def _cut(draw: st.DrawFn, whole: bytes) -> bytes:
    start, end = draw(st.integers(0, len(whole))), draw(st.integers(0, len(whole)))
    return whole[:start] + draw(st.binary(max_size=20)) + whole[end:]


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    st.one_of(
        _spoilt(HAR),
        _spoilt(EXCHANGE),
        _spoilt({"id": "group", "exchanges": [EXCHANGE, EXCHANGE]}),
        _cut(VERBOSE.encode()),
        _cut(json.dumps(HAR).encode()),
        st.binary(max_size=200),
    ),
    st.sampled_from(["text", "jsonl"]),
)
def test_any_paste_is_explained_or_refused(content: bytes, form: str) -> None:
    code, said = of_file(content, "explain", "--format", form)
    assert is_clean(code, said), said


WHOLE: dict[str, Any] = {
    "defaults": {"every": "1m", "timeout": "10s", "open_after": 2},
    "credentials": {
        "user": {"bearer": {"env": "TOKEN"}},
        "login": {
            "oauth2": {
                "token_url": "https://auth.example.com/token",
                "client_id": "c",
                "client_secret": {"file": "x"},
                "scope": ["a"],
            },
            "for": ["a.example.com"],
        },
        "signer": {"sigv4": {"role": "arn:aws:iam::111122223333:role/caller"}},
    },
    "apis": {
        "a": {
            "url": "https://a.example.com/prod",
            "also_at": [{"ssm": "/a/url"}],
            "owner": "team",
            "remind_every": "4h",
            "routes": [
                {
                    "GET /x/{id}": {
                        "access": "protected",
                        "as": ["user"],
                        "guarded_by": ["jwt"],
                        "path": {"id": 42},
                        "query": {"q": 1.5},
                        "headers": {"X-A": "b"},
                        "expect": {
                            "status": [200],
                            "json": {"$.a": 1},
                            "body": "x",
                            "within": "1s",
                        },
                        "open_after": "3 of 10",
                    }
                }
            ],
        }
    },
    "notify": [{"sns": "arn:aws:sns:us-east-1:111122223333:on-call", "severity": ["high"]}],
    "maintenance": [
        {"cron": "0 2 * * SUN", "for": "2h", "timezone": "Europe/Berlin", "apis": ["a"]}
    ],
    "network": {
        "subnets": ["subnet-0a1b2c3d"],
        "security_groups": ["sg-0a1b2c3d"],
        "ranges": ["10.0.0.0/16"],
    },
}


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(_spoilt(WHOLE), _cut(json.dumps(WHOLE).encode()), st.binary(max_size=100)))
def test_any_file_is_taken_or_refused(content: bytes) -> None:
    code, said = of_file(content, "validate", "--config")
    assert is_clean(code, said), said
    assert (code == 3) is bool(said)


@given(st.text(max_size=60).filter(lambda text: not text.startswith("-")))
def test_any_url_is_refused_in_one_line_or_looked_at(text: str) -> None:
    code, said = run("check", f"ftp://{text}")
    assert is_said(code, said), said
