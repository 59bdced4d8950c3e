"""Answers whose `Content-Encoding` is none, is not known, breaks off or bursts: what could not be
read is said, in text and exit code, and what is expected of it is unknown."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gatewatch.cli.main import app
from tests.servers import Handler, answering, serving

CONTENT = b'{"ok": true, "state": "accepted"}'
LIST = json.dumps([{"id": n, "name": f"order {n * 7919}"} for n in range(9_000)]).encode()


def packed(coding: str, body: bytes, *, status: str = "200 OK") -> Handler:
    headers = f"Content-Type: application/json\r\nContent-Encoding: {coding}\r\n"
    return answering(status, body, headers)


def bare(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


UNREADABLE = {
    "text that is no gzip": (packed("gzip", CONTENT), "it is no gzip"),
    "zeros": (packed("gzip", bytes(99)), "it is no gzip"),
    "zeros, said to be deflate": (packed("deflate", bytes(99)), "it is no deflate"),
    "a gzip's head alone": (packed("gzip", b"\x1f\x8b\x08broken"), "it"),
    "zlib, said to be gzip": (packed("gzip", zlib.compress(CONTENT)), "it is no gzip"),
    "text that is no deflate": (packed("deflate", b"\xff" + CONTENT), "it is no deflate"),
    "a gzip without its end": (packed("gzip", gzip.compress(CONTENT)[:-1]), "breaks off"),
    "half a gzip": (packed("x-gzip", gzip.compress(LIST)[:900]), "breaks off"),
    "half a deflate": (packed("deflate", bare(LIST)[:900]), "breaks off"),
    "a wrong checksum": (packed("gzip", gzip.compress(CONTENT)[:-8] + b"\1" * 8), "it is no gzip"),
    "text after a gzip": (packed("gzip", gzip.compress(CONTENT) + b"and more"), "is broken"),
    "a broken second member": (
        packed("gzip", gzip.compress(CONTENT) + gzip.compress(LIST)[:500] + b"\xff" * 500),
        "is broken",
    ),
    "a bomb": (packed("gzip", gzip.compress(bytes(30_000_000))), "more than 100 times its size"),
    "brotli": (packed("br", b"\x0b\x02\x80{}\x03"), "packed as br"),
    "brotli in capitals": (packed("BR", CONTENT), "packed as br"),
    "zstd": (packed("zstd", b"\x28\xb5\x2f\xfd"), "packed as zstd"),
    "a packing of no name": (packed("x-secret-packing", CONTENT), "in a way that is not known"),
    "packed twice": (packed("gzip, gzip", gzip.compress(gzip.compress(CONTENT))), "more than once"),
    "packed in two lines": (
        packed("gzip\r\nContent-Encoding: gzip", gzip.compress(gzip.compress(CONTENT))),
        "more than once",
    ),
}

READABLE = {
    "gzip": packed("gzip", gzip.compress(CONTENT)),
    "GZip with a blank": packed(" GZip ", gzip.compress(CONTENT)),
    "gzip filled up with zeros": packed("gzip", gzip.compress(CONTENT) + bytes(99)),
    "deflate": packed("deflate", zlib.compress(CONTENT)),
    "deflate without a head": packed("deflate", bare(CONTENT)),
    "identity": packed("identity", CONTENT),
    "no coding named": packed("", CONTENT),
    "gzip and identity": packed("identity, gzip", gzip.compress(CONTENT)),
    "a small one that shrinks well": packed("gzip", gzip.compress(CONTENT + b" " * 60_000)),
}


def command(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, list(words))
    return done.exit_code, done.output


@pytest.fixture(params=UNREADABLE)
def unreadable(request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    handle, told = UNREADABLE[request.param]
    with serving(handle) as server:
        yield f"http://{server.place}", told


@pytest.fixture(params=READABLE)
def readable(request: pytest.FixtureRequest) -> Iterator[str]:
    with serving(READABLE[request.param]) as server:
        yield f"http://{server.place}"


def test_check_is_undecided_and_says_so(unreadable: tuple[str, str]) -> None:
    url, told = unreadable
    code, output = command("check", f"{url}/x")
    assert code == 2
    assert "nothing stopped the request" not in output
    assert "undecided: the body cannot be read: " in output
    assert told in output


def test_its_record_says_so_and_holds_no_name_of_the_server_s(unreadable: tuple[str, str]) -> None:
    url, told = unreadable
    code, output = command("check", f"{url}/x", "--format", "json")
    [exchange] = json.loads(output)["exchanges"][:1]
    [sentence] = exchange["response"]["unread"]
    assert (code, exchange["response"]["is_cut"], told in sentence) == (2, True, True)
    assert "secret" not in sentence


@pytest.mark.parametrize(
    "expect", ["", ", expect: {body: accepted}", ", expect: {json: {'$.ok': true}}"]
)
def test_run_passes_nothing_that_could_not_be_read(
    unreadable: tuple[str, str], expect: str, tmp_path: Path
) -> None:
    code, output = ran(unreadable[0], expect, tmp_path)
    verdict = json.loads(output)["verdicts"][0]
    assert (code, verdict["outcome"]) == (2, "unknown")
    assert "the body cannot be read: " in verdict["because"]


def ran(url: str, expect: str, folder: Path) -> tuple[int, str]:
    config = folder / "gatewatch.yaml"
    config.write_text(
        f"apis:\n  orders:\n    url: {url}\n    routes:\n"
        f"      - GET /r: {{access: public{expect}}}\n"
    )
    return command("run", "--config", str(config), "--format", "json")


def test_check_takes_what_is_packed_well(readable: str) -> None:
    code, output = command("check", f"{readable}/x")
    assert code == 0
    assert "ok: nothing stopped the request" in output


def test_run_finds_what_is_expected_in_what_is_packed_well(readable: str, tmp_path: Path) -> None:
    code, output = ran(readable, ", expect: {body: accepted, json: {$.ok: true}}", tmp_path)
    assert (code, json.loads(output)["verdicts"][0]["outcome"]) == (0, "pass")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_nothing_is_packed_anyhow(method: str) -> None:
    with serving(packed("gzip", b"")) as server:
        assert command("check", f"http://{server.place}/x", "-X", method)[0] == 0


def test_a_long_list_is_read_as_far_as_any_other() -> None:
    with serving(packed("gzip", gzip.compress(LIST))) as server:
        assert command("check", f"http://{server.place}/x")[0] == 0


def test_a_refusal_that_is_packed_badly_is_a_finding_still() -> None:
    with serving(packed("gzip", b'{"message":"no"}', status="403 Forbidden")) as server:
        code, output = command("check", f"http://{server.place}/x")
    assert code in (1, 2)
    assert "the body cannot be read: it is no gzip" in output
