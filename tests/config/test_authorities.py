"""Certificates of private authorities: read from a file, carried in the configuration as text."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
import trustme

from gatewatch.adapters.local.authority import authorities, read_authority
from gatewatch.config.author import load
from gatewatch.config.canonical import Config, OAuth2
from gatewatch.config.lookups import Lookups, Missing
from gatewatch.config.problems import ConfigError
from gatewatch.service.published import Allowed, fingerprint, made_of, needs_deployment

PEM = trustme.CA().cert_pem.bytes().decode()
OTHER = trustme.CA().cert_pem.bytes().decode()
TEXT = """
credentials:
  machine:
    oauth2:
      token_url: https://auth.example.com/token
      client: {secret: gatewatch/client}
      ca_file: auth.pem
apis:
  orders:
    url: https://api.example.com
    ca_file: own.pem
    routes: [GET /orders: {access: protected, as: [machine]}]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "own.pem").write_text(PEM)
    (tmp_path / "auth.pem").write_text(OTHER)
    return tmp_path


def _loaded(folder: Path) -> Config:
    return load(TEXT, "f", Lookups(ca_file=authorities(folder)))


def test_the_configuration_holds_the_text_and_not_the_file(folder: Path) -> None:
    found = _loaded(folder)
    source = found.credentials[0].source
    assert isinstance(source, OAuth2)
    assert (found.apis[0].authority, source.authority) == (PEM, OTHER)
    written = msgspec.json.encode(found)
    assert b"own.pem" not in written
    assert msgspec.json.decode(written, type=Config) == found


def test_a_configuration_of_before_is_still_read(folder: Path) -> None:
    (folder / "own.pem").unlink()
    written = json.loads(msgspec.json.encode(load(TEXT.replace("ca_file: own.pem", ""), "f",
        Lookups(ca_file=authorities(folder)))))  # fmt: skip
    [api] = written["apis"]
    assert api["ca_file"] is None
    del api["private"], api["api_id"]
    assert msgspec.json.decode(json.dumps(written), type=Config).apis[0].authority is None


def test_only_certificates_are_taken(tmp_path: Path) -> None:
    (tmp_path / "two.pem").write_text(f"subject=Orders\n{PEM}some words\n{OTHER}end\n")
    assert read_authority(tmp_path / "two.pem") == PEM + OTHER


REFUSED = {
    "no such file": None,
    "it holds a private key; expected certificates only": PEM
    + trustme.CA().issue_cert("x").private_key_pem.bytes().decode(),
    "it holds no PEM certificate (BEGIN CERTIFICATE)": "hunter2",
    "its certificate is damaged": PEM.replace("MII", "AII"),
    "expected at most 16384 characters, the certificates of your own authority only": PEM * 40,
}


@pytest.mark.parametrize("told", REFUSED)
def test_what_is_no_authority_is_refused(told: str, tmp_path: Path) -> None:
    file = tmp_path / "own.pem"
    if (content := REFUSED[told]) is not None:
        file.write_text(content)
    assert read_authority(file) == Missing(f"own.pem: {told}")


def test_a_refusal_has_its_place(folder: Path) -> None:
    for name in ("own.pem", "auth.pem"):
        (folder / name).unlink()
    with pytest.raises(ConfigError) as refusal:
        _loaded(folder)
    assert str(refusal.value).splitlines() == [
        "f:7: credentials.machine.oauth2.ca_file: auth.pem: no such file",
        "f:11: apis.orders.ca_file: own.pem: no such file",
    ]


def test_the_account_trusts_what_it_was_deployed_for(folder: Path) -> None:
    hosts = ("api.example.com:443", "auth.example.com:443")
    found = _loaded(folder)
    [machine] = found.credentials
    granted = Allowed(
        secrets=("gatewatch/client",),
        credentials={"machine": hosts},
        sources={"machine": made_of(machine.source)},
    )
    assert list(needs_deployment(found, granted)) == [
        "api orders trusts an authority (ca_file) that is new: needs cdk deploy",
        "credential machine trusts an authority (ca_file) that is new: needs cdk deploy",
    ]
    known = (fingerprint(PEM), fingerprint(OTHER))
    allowed = msgspec.structs.replace(granted, authorities=known)
    assert list(needs_deployment(found, allowed)) == []
