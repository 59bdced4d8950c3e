"""Client certificates over real mutual TLS, and what is told where the pair is none."""

from __future__ import annotations

import ssl
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from tests.callers import Caller, config, why
from tests.servers import RawServer, answering, serving

HOST = "api.example.com"
CERTIFICATE = "client_certificate: {certificate: {file: cert.pem}, private_key: {file: key.pem}}"


@dataclass(frozen=True)
class Place:
    """A server that lets in only whom its authority knows; `folder` holds the caller's files."""

    server: RawServer
    authority: trustme.CA
    folder: Path

    def keep(self, issued: trustme.LeafCert) -> None:
        chain = b"".join(blob.bytes() for blob in issued.cert_chain_pems)
        (self.folder / "cert.pem").write_bytes(chain)
        (self.folder / "key.pem").write_bytes(issued.private_key_pem.bytes())

    def caller(self, credentials: str, used: str) -> Caller:
        api = f"connect_to: '{self.server.place}', ca_file: {self.folder / 'ca.pem'},"
        found = config(credentials, f"https://{HOST}/prod", used, api=api)
        return Caller(found, self.folder)

    def call(self, credentials: str = f"c: {{{CERTIFICATE}}}", used: str = "c") -> str:
        """The status, the error, or why nothing was sent."""
        caller = self.caller(credentials, used)
        [raw] = caller.call()
        caller.prober.close()
        return why(raw) or raw.error or str(raw.status)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(HOST).configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with serving(answering(), context) as server:
        found = Place(server, authority, tmp_path)
        found.keep(authority.issue_cert("monitor.example.com"))
        yield found


def test_a_certificate_opens_the_door(place: Place) -> None:
    assert place.call() == "200"


def test_a_certificate_may_bring_its_chain(place: Place) -> None:
    between = place.authority.create_child_ca()
    place.keep(between.issue_cert("monitor.example.com"))
    assert (place.folder / "cert.pem").read_text().count("BEGIN CERTIFICATE") == 2
    assert place.call() == "200"


def test_the_redactor_knows_the_key(place: Place) -> None:
    caller = place.caller(f"c: {{{CERTIFICATE}}}", "c")
    caller.call()
    caller.prober.close()
    key = (place.folder / "key.pem").read_text()
    assert caller.prober.redactor().text(f"told {key.strip()[40:]}") == "told <redacted>"


def test_a_stranger_stays_outside(place: Place) -> None:
    place.keep(trustme.CA().issue_cert("monitor.example.com"))
    assert place.call() == "tls: unknown ca"


def test_it_joins_a_token_and_a_key(place: Place) -> None:
    (place.folder / "token").write_text("planted-token\n")
    (place.folder / "partner").write_text("planted-key\n")
    credentials = (
        "user: {bearer: {file: token}}, partner-key: {api_key: {file: partner}}, "
        f"certificate: {{{CERTIFICATE}}}"
    )
    assert place.call(credentials, "user + partner-key + certificate") == "200"
    [head] = place.server.requests
    assert b"Authorization: Bearer planted-token\r\n" in head
    assert b"x-api-key: planted-key\r\n" in head


def _another_key(place: Place) -> None:
    key = place.authority.issue_cert("other.example.com").private_key_pem
    (place.folder / "key.pem").write_bytes(key.bytes())


def _encrypted(place: Place, form: PrivateFormat) -> None:
    file = place.folder / "key.pem"
    key = load_pem_private_key(file.read_bytes(), None)
    locked = key.private_bytes(Encoding.PEM, form, BestAvailableEncryption(b"planted"))
    file.write_bytes(locked)


def _damaged(place: Place) -> None:
    file = place.folder / "key.pem"
    first, body, *rest = file.read_text().splitlines()
    file.write_text("\n".join([first, body[::-1], *rest]))


ENCRYPTED = "the private key is encrypted; expected one without a password"
WRONG = {
    "another key": (_another_key, "the private key belongs to another certificate"),
    "encrypted": (lambda place: _encrypted(place, PrivateFormat.PKCS8), ENCRYPTED),
    "encrypted, old form": (
        lambda place: _encrypted(place, PrivateFormat.TraditionalOpenSSL),
        ENCRYPTED,
    ),
    "damaged": (_damaged, "the certificate or its key is damaged"),
    "no certificate": (
        lambda place: (place.folder / "cert.pem").write_text("pländed"),
        "the certificate is no PEM text (BEGIN CERTIFICATE)",
    ),
    "no key": (
        lambda place: (place.folder / "key.pem").write_text("planted"),
        "the private key is no PEM text (BEGIN PRIVATE KEY)",
    ),
    "swapped": (
        lambda place: (place.folder / "key.pem").write_text(
            (place.folder / "cert.pem").read_text()
        ),
        "the private key is no PEM text (BEGIN PRIVATE KEY)",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_pair_that_is_none_is_told_in_one_line_and_not_sent(case: str, place: Place) -> None:
    spoil, told = WRONG[case]
    spoil(place)
    assert place.call() == f"client certificate of file cert.pem: {told}"
    assert place.server.requests == []


def test_on_disk_it_is_its_owners_alone_and_gone_at_once(
    place: Place, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path_factory.mktemp("scratch")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    modes: list[int] = []
    load = ssl.SSLContext.load_cert_chain

    def watched(self: ssl.SSLContext, certfile: str, *args: Any, **kwargs: Any) -> None:
        modes.append(stat.S_IMODE(Path(certfile).stat().st_mode))
        assert Path(certfile).parent == folder
        load(self, certfile, *args, **kwargs)

    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", watched)
    assert place.call() == "200"
    assert modes
    assert set(modes) == {0o600}
    assert list(folder.iterdir()) == []


def test_a_connection_with_a_certificate_is_never_used_without(tmp_path: Path) -> None:
    """The server only wants a certificate; it tells connections with and without apart."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(HOST).configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_OPTIONAL
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    seen: list[bool] = []

    def note(to: Any, head: bytes) -> None:
        shown = bool(to.getpeercert())
        seen.append(shown == (b"x-shown: with\r\n" in head))
        answering()(to, head)

    (tmp_path / "shown").write_text("with")
    (tmp_path / "hidden").write_text("without")
    credentials = (
        f"c: {{{CERTIFICATE}}}, y: {{header: {{name: x-shown, value: {{file: shown}}}}}}, "
        "n: {header: {name: x-shown, value: {file: hidden}}}"
    )
    with serving(note, context) as server:
        place = Place(server, authority, tmp_path)
        place.keep(authority.issue_cert("monitor.example.com"))
        caller = place.caller(credentials, "c + y, n, y + c, n")
        for _ in range(5):
            assert {raw.status for raw in caller.call()} == {200}
        caller.prober.close()
    assert len(seen) == 20
    assert all(seen)
