"""A probe under eight hostile hosts of each sort: in a process of its own, which tells its peak.

It is asked of the kernel: what `getrusage` tells begins with the peak of the parent.
"""

from __future__ import annotations

import gzip
import json
import socket
import subprocess
import sys
from contextlib import ExitStack

import pytest

from tests.servers import Handler, serving

HOSTS, ROUTES = 8, 12
MOST_BYTES = 256_000_000
HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
LINE = b"y" * 60_000


def pours(beginning: bytes, again: bytes, times: int = 2_000) -> Handler:
    """Much of the same, until nobody listens any more."""

    def handle(to: socket.socket, _: bytes) -> None:
        to.sendall(beginning)
        for _ in range(times):
            to.sendall(again)
        to.close()

    return handle


HOSTILE = {
    "97 headers of 60 kB": pours(HEAD, b"X-A: " + LINE + b"\r\n", 97),
    "headers without end": pours(HEAD, b"X-A: " + LINE + b"\r\n"),
    "short headers without end": pours(HEAD, b"X: y\r\n" * 10_000),
    "a header line without end": pours(HEAD + b"X-A: ", LINE),
    "a status line without end": pours(b"HTTP/1.1 200 ", LINE),
    "a storm of 103": pours(b"", b"HTTP/1.1 103 Early Hints\r\nLink: " + LINE + b"\r\n\r\n"),
    "a storm of short 103": pours(b"", b"HTTP/1.1 103 E\r\n\r\n" * 4_000),
    "a storm of 100": pours(b"", b"HTTP/1.1 100 Continue\r\nX: " + LINE + b"\r\n\r\n"),
    "a bomb": pours(HEAD + b"Content-Encoding: gzip\r\n\r\n", gzip.compress(bytes(50_000_000)), 1),
    "lists without end": pours(HEAD + b"Content-Type: application/json\r\n\r\n", b"[" * 60_000),
    "many small lists": pours(HEAD + b"\r\n[", b"[]," * 20_000),
    "a body without end": pours(HEAD + b"\r\n", LINE),
    "chunks with extensions": pours(CHUNKED, b"1;" + LINE + b"\r\na\r\n"),
    "a chunk length without end": pours(CHUNKED, b"0" * 60_000),
    "trailers without end": pours(CHUNKED + b"0\r\n", b"X-A: " + LINE + b"\r\n"),
}
# The first line of the final answer came: that much is known of it.
WITHOUT_STATUS = {"a status line without end", *(one for one in HOSTILE if "storm" in one)}

PROBE = """
import json, re, sys
from pathlib import Path
from gatewatch.adapters.local.clock import SystemClock
from gatewatch.evidence import evidence
from gatewatch.plan import Attempt
from gatewatch.probe.credentials import Keyring
from gatewatch.probe.prober import Prober
from gatewatch.probe.vault import Vault
from gatewatch.redaction.redactor import Redactor

clock = SystemClock()
prober = Prober(Keyring((), Vault(lambda _: "", clock)), clock)
places, routes = sys.argv[2:], int(sys.argv[1])
attempts = [
    Attempt(api="a", route=f"GET /{n}", entrance=f"http://{place}", method="GET",
            url=f"http://{place}/{n}", timeout_seconds=20)
    for place in places for n in range(routes)
]
found = prober.send_all(attempts, lambda raw: (evidence(raw, Redactor()), raw.not_sent))
print(json.dumps({
    "peak": int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) * 1024,
    "statuses": sorted({one.response.status for one, _ in found}),
    "sent": sum(not_sent is None for _, not_sent in found),
}))
"""


@pytest.mark.parametrize("name", HOSTILE)
def test_eight_hostile_hosts_of_one_sort_stay_within_half_of_the_function(name: str) -> None:
    with ExitStack() as stack:
        places = [stack.enter_context(serving(HOSTILE[name])).place for _ in range(HOSTS)]
        done = subprocess.run(
            [sys.executable, "-c", PROBE, str(ROUTES), *places],
            capture_output=True,
            check=True,
            text=True,
        )
    found = json.loads(done.stdout)
    assert found["peak"] < MOST_BYTES
    assert found["sent"] == HOSTS * ROUTES
    assert found["statuses"] == [0 if name in WITHOUT_STATUS else 200]
