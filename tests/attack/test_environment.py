"""What the environment says of TLS, proxies and credentials changes nothing, over real TLS."""

from __future__ import annotations

import json
import os
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

from gatewatch.adapters.aws import client as aws_client
from tests.servers import RawServer, answering, serving

RUN = """
from gatewatch.cli.main import main
main(["run", "--config", "gatewatch.yaml", "--format", "json"])
"""
HOST = "api.example.com"
CONFIG = """
credentials: {{caller: {{bearer: {{env: PLANTED}}}}}}
apis:
  trusted:
    url: https://{host}/prod
    connect_to: "{place}"
    ca_file: {ca}
    routes: [GET /x: {{access: protected, as: [caller]}}]
  stranger:
    url: https://{host}/other
    connect_to: "{place}"
    routes: [GET /x: {{access: public}}]
"""


# With the first, no certificate of today is strong enough; the second wants code to be loaded.
STRICT = """
openssl_conf = all
[all]
ssl_conf = ssl
[ssl]
system_default = strict
[strict]
CipherString = ALL:@SECLEVEL=5
"""
ENGINE = """
openssl_conf = all
config_diagnostics = 1
[all]
providers = providers
[providers]
planted = planted
[planted]
module = ./planted.so
activate = 1
"""


@dataclass(frozen=True)
class Place:
    """A server whose authority one API names and the other does not."""

    server: RawServer
    folder: Path

    def look(self, **environment: str) -> dict[str, set[str]]:
        """What was found at each API, in a process with these variables."""
        filled = {name: value.format(folder=self.folder) for name, value in environment.items()}
        done = subprocess.run(
            [sys.executable, "-c", RUN],
            cwd=self.folder,
            env={**os.environ, "PLANTED": "planted-bearer-token", **filled},
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert b"planted" not in done.stdout + done.stderr
        assert b"Traceback" not in done.stderr
        found: dict[str, set[str]] = {}
        for verdict in json.loads(done.stdout)["verdicts"]:
            seen = {one["response"].get("status", 0) for one in verdict["evidence"]} or {""}
            found.setdefault(verdict["api"], set()).update(f"{verdict['cause']} {s}" for s in seen)
        return found


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(HOST).configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    (tmp_path / "netrc").write_text(f"machine {HOST} login user password netrc-password\n")
    (tmp_path / "openssl.cnf").write_text("openssl_conf = nothing\n[nothing]\n")
    (tmp_path / "strict.cnf").write_text(STRICT)
    (tmp_path / "engine.cnf").write_text(ENGINE)
    os.mkfifo(tmp_path / "endless")
    (tmp_path / "hashed").mkdir()
    with serving(answering(), context) as server:
        text = CONFIG.format(host=HOST, place=server.place, ca=tmp_path / "ca.pem")
        (tmp_path / "gatewatch.yaml").write_text(text)
        yield Place(server, tmp_path)


def _closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


DEAD = f"http://user:proxy-password@127.0.0.1:{_closed_port()}"
CASES = {
    "nothing": {},
    "a file for TLS secrets": {"SSLKEYLOGFILE": "{folder}/keys.log"},
    "such a file that cannot be written": {"SSLKEYLOGFILE": "/nowhere/keys.log"},
    "such a file that is a folder": {"SSLKEYLOGFILE": "{folder}"},
    "proxies": {"HTTPS_PROXY": DEAD, "HTTP_PROXY": DEAD, "ALL_PROXY": DEAD},
    "proxies in lower case": {"https_proxy": DEAD, "http_proxy": DEAD, "all_proxy": DEAD},
    "a netrc": {"NETRC": "{folder}/netrc", "HOME": "{folder}"},
    "bundles that trust it": {
        "REQUESTS_CA_BUNDLE": "{folder}/ca.pem",
        "CURL_CA_BUNDLE": "{folder}/ca.pem",
        "SSL_CERT_FILE": "{folder}/ca.pem",
        "AWS_CA_BUNDLE": "{folder}/ca.pem",
    },
    "bundles that are not there": {
        "REQUESTS_CA_BUNDLE": "/nowhere",
        "CURL_CA_BUNDLE": "/nowhere",
        "SSL_CERT_FILE": "/nowhere",
        "SSL_CERT_DIR": "{folder}/hashed",
    },
    "no check": {"PYTHONHTTPSVERIFY": "0", "NODE_TLS_REJECT_UNAUTHORIZED": "0"},
    "OpenSSL's settings": {"OPENSSL_CONF": "{folder}/openssl.cnf", "OPENSSL_MODULES": "/nowhere"},
    "settings that let no server in": {"OPENSSL_CONF": "{folder}/strict.cnf"},
    "settings that load what is not there": {"OPENSSL_CONF": "{folder}/engine.cnf"},
    "files without an end": dict.fromkeys(
        (
            "OPENSSL_CONF",
            "OPENSSL_CONF_INCLUDE",
            "OPENSSL_ENGINES",
            "OPENSSL_MODULES",
            "SSL_CERT_FILE",
            "SSL_CERT_DIR",
            "SSLKEYLOGFILE",
            "REQUESTS_CA_BUNDLE",
            "CURL_CA_BUNDLE",
            "NETRC",
            "AWS_CA_BUNDLE",
            "AWS_CONFIG_FILE",
            "AWS_SHARED_CREDENTIALS_FILE",
        ),
        "{folder}/endless",
    ),
    "AWS elsewhere": dict.fromkeys(
        ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL_SECRETS_MANAGER"), DEAD
    ),
    "a word for requests": {"REQUESTS_METHODS": "x", "no_proxy": "*", "NO_PROXY": "*"},
}


@pytest.mark.parametrize("environment", CASES.values(), ids=CASES)
def test_a_call_is_the_same_whatever_the_environment_says(
    place: Place, environment: dict[str, str]
) -> None:
    files = set(place.folder.iterdir())
    found = place.look(**environment)
    assert {one.rpartition(" ")[2] for one in found["trusted"]} == {"200"}
    assert found["stranger"] == {"tls_failure 0"}
    sent = b"".join(place.server.requests)
    assert b"Bearer planted-bearer-token" in sent
    assert b"Basic" not in sent
    assert b"Proxy-Authorization" not in sent
    written = {one.name for one in set(place.folder.iterdir()) - files}
    assert written <= {".gatewatch", "__pycache__"}


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("file", ["{folder}/keys.log", "/nowhere/keys.log"])
def test_no_key_of_a_call_to_aws_is_written_down(
    file: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", file.format(folder=tmp_path))
    _anew()
    made = aws_client._made("a secret", "secretsmanager", "us-east-1", True)
    assert made.meta.service_model.service_name == "secretsmanager"
    assert not list(tmp_path.iterdir())
    _anew()


def _anew() -> None:
    aws_client._client.cache_clear()
    aws_client._session.cache_clear()
