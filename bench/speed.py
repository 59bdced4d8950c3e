"""How fast the parts are, as ratios of processor time against what people would use instead.

Each pair is timed in turns, several times, and the medians are compared: a busy machine slows
both alike. Nothing here is asserted.
"""

from __future__ import annotations

import json
import multiprocessing
import socket
import ssl
import tempfile
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from time import process_time

import requests
import trustme
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from rich.console import Console
from rich.table import Table

from gatewatch.adapters.local.clock import SystemClock
from gatewatch.attempt import Attempt
from gatewatch.diagnosis.diagnose import diagnose
from gatewatch.evidence import evidence
from gatewatch.ports import Keys
from gatewatch.probe.credentials import Keyring
from gatewatch.probe.prober import Limits, Prober
from gatewatch.probe.sigv4 import sign
from gatewatch.probe.vault import Vault
from gatewatch.redaction.redactor import Redactor
from gatewatch.transcripts.exchanges import exchange

ROUNDS = 5
REQUESTS = 300
CORPUS = Path(__file__).parent.parent / "tests" / "corpus" / "observed.jsonl"
ANSWER = (
    b"HTTP/1.1 403 Forbidden\r\nDate: Sun, 22 Nov 2026 01:02:03 GMT\r\nContent-Length: 23\r\n"
    b"Content-Type: application/json\r\nx-amzn-RequestId: r\r\nx-amz-apigw-id: a\r\n"
    b'x-amzn-ErrorType: ForbiddenException\r\n\r\n{"message":"Forbidden"}'
)

Work = Callable[[], object]


def serve(told: Connection, folder: str) -> None:
    """A target that costs next to nothing, in a process of its own."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(f"{folder}/ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        told.send(listener.getsockname()[1])
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=_answer, args=(context, connection), daemon=True).start()


def _answer(context: ssl.SSLContext, connection: socket.socket) -> None:
    with context.wrap_socket(connection, server_side=True) as secure:
        while secure.recv(65_536):
            secure.sendall(ANSWER)


def seconds(work: Work) -> float:
    started = process_time()
    work()
    return process_time() - started


def compared(ours: Work, theirs: Work) -> tuple[float, float]:
    """The medians of both, after one round that is not counted."""
    pairs = [(seconds(ours), seconds(theirs)) for _ in range(ROUNDS + 1)][1:]
    return median(one for one, _ in pairs), median(other for _, other in pairs)


def sending(port: int, ca_file: str) -> tuple[float, float]:
    """Per request: our prober with everything it notes, against a session of `requests`."""
    prober = Prober(Keyring((), Vault(lambda _: "", SystemClock())), SystemClock(), Limits(1, 1))
    url = f"https://localhost:{port}/prod/orders"
    one = Attempt("a", "GET /x", url, "GET", url, timeout_seconds=5, authority=_text(ca_file))
    session = requests.Session()
    session.trust_env = False
    session.verify = ca_file

    def plain() -> None:
        for _ in range(REQUESTS):
            session.get(url, timeout=5, allow_redirects=False)

    ours, theirs = compared(lambda: prober.send_all([one] * REQUESTS, lambda raw: raw), plain)
    prober.close()
    return ours / REQUESTS, theirs / REQUESTS


def _text(file: str) -> str:
    return Path(file).read_text("ascii")


def signing() -> tuple[float, float]:
    """Per signature: ours, against botocore's."""
    url = "https://abc123.execute-api.us-east-1.amazonaws.com/prod/orders?page=1"
    ours = Keys("AKIAEXAMPLE000000001", "example/secret")
    theirs = SigV4Auth(
        Credentials(ours.access_key_id, ours.secret_access_key), "execute-api", "us-east-1"
    )
    now = datetime.now(UTC)

    def own() -> None:
        for _ in range(REQUESTS):
            sign("GET", url, ours, "us-east-1", "execute-api", now)

    def botocore() -> None:
        for _ in range(REQUESTS):
            theirs.add_auth(AWSRequest("GET", url))

    one, other = compared(own, botocore)
    return one / REQUESTS, other / REQUESTS


def reasoning(port: int, ca_file: str) -> tuple[float, float]:
    """Per look: record and diagnosis of recorded refusals, against sending the look."""
    rows = [exchange(json.loads(line)) for line in CORPUS.read_text("utf-8").splitlines()]
    spent = median(seconds(lambda: [diagnose([row]) for row in rows]) for _ in range(ROUNDS))
    return spent / len(rows), sending(port, ca_file)[0]


def recording(port: int, ca_file: str) -> tuple[float, float]:
    """Per look: the record, with ten secrets to look for, against sending the look."""
    prober = Prober(Keyring((), Vault(lambda _: "", SystemClock())), SystemClock(), Limits(1, 1))
    url = f"https://localhost:{port}/prod/orders"
    one = Attempt("a", "GET /x", url, "GET", url, timeout_seconds=5, authority=_text(ca_file))
    [raw] = prober.send_all([one], lambda raw: raw)
    prober.close()
    redactor = Redactor(f"example-secret-{at}-value" for at in range(10))
    made = median(
        seconds(lambda: [evidence(raw, redactor) for _ in range(REQUESTS)]) for _ in range(ROUNDS)
    )
    return made / REQUESTS, sending(port, ca_file)[0]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        here, there = multiprocessing.Pipe()
        target = multiprocessing.Process(target=serve, args=(there, folder), daemon=True)
        target.start()
        port, ca_file = here.recv(), f"{folder}/ca.pem"
        table = Table("what", "µs", "against", "µs", "ratio", title="processor time, medians")
        for what, against, (ours, theirs) in (
            ("send a look", "requests.Session", sending(port, ca_file)),
            ("sign a request", "botocore", signing()),
            ("record it, 10 secrets", "sending it", recording(port, ca_file)),
            ("diagnose it", "sending it", reasoning(port, ca_file)),
        ):
            ratio = f"{ours / theirs:.2f}"
            table.add_row(what, f"{ours * 1e6:.0f}", against, f"{theirs * 1e6:.0f}", ratio)
        Console().print(table)
        target.terminate()


if __name__ == "__main__":
    main()
