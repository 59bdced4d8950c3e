"""To which addresses a deployed probe connects, whatever name it was asked for: real sockets."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path

import pytest

from gatewatch.adapters.secrets import reader
from gatewatch.config.canonical import OAuth2
from gatewatch.ports import SecretError
from gatewatch.probe.resolve import Address, NoAddressError, Resolver
from gatewatch.probe.vault import Vault
from gatewatch.raw import RawExchange
from tests.callers import HandClock, config, why
from tests.probe.test_prober import attempt, prober, sent
from tests.servers import answering, serving
from tests.token_server import TokenServer, granting, keep_client, login

EVERYWHERE = ("0.0.0.0/0", "::/0")


def _named(address: str, port: int = 443) -> list[Address]:
    family = socket.AF_INET6 if ip_address(address).version == 6 else socket.AF_INET
    return [(family, (address, port))]


def _met(address: str, networks: Sequence[str]) -> bool:
    resolver = Resolver(lambda _, port: _named(address, port), networks)
    try:
        return bool(resolver.resolve("api.example.com", 443, 5))
    except NoAddressError:
        return False


def _asked(networks: Sequence[str]) -> tuple[RawExchange, list[bytes]]:
    """A look at a name that leads to a server on this machine."""
    with serving(answering()) as server:
        resolver = Resolver(lambda _, __: _named("127.0.0.1", server.port), networks)
        [raw] = sent(prober(resolver=resolver), attempt("http://inner.example.com/"))
    return raw, server.requests


def test_an_address_of_a_deployed_range_is_connected_to() -> None:
    raw, requests = _asked(["10.0.0.0/8", "127.0.0.0/8"])
    assert (raw.status, len(requests)) == (200, 1)


def test_any_other_private_address_is_not_even_dialled() -> None:
    raw, requests = _asked(["10.0.0.0/8"])
    assert (raw.status, requests) == (0, [])
    assert why(raw) == (
        "127.0.0.1 may not be connected to: "
        "a private API needs `private: true` and a network whose ranges hold its address"
    )


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:4700::1111"])
def test_public_addresses_are_always_met(address: str) -> None:
    assert _met(address, [])


@pytest.mark.parametrize(
    ("address", "networks", "met"),
    [
        ("10.20.3.4", ["10.20.0.0/16"], True),
        ("10.21.3.4", ["10.20.0.0/16"], False),
        ("100.64.0.9", ["100.64.0.0/10"], True),
        ("fd12::7", ["fd12::/48"], True),
        ("fd13::7", ["fd12::/48"], False),
        ("::ffff:10.20.3.4", ["10.20.0.0/16"], True),
        ("::ffff:10.21.3.4", ["10.20.0.0/16"], False),
        ("64:ff9b::10.20.3.4", ["10.20.0.0/16"], True),
        ("64:ff9b::10.21.3.4", ["10.20.0.0/16"], False),
    ],
)
def test_private_addresses_are_met_in_the_ranges_only(
    address: str, networks: list[str], met: bool
) -> None:
    assert _met(address, networks) is met


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "169.254.170.2",
        "fd00:ec2::254",
        "fe80::1",
        "::ffff:169.254.169.254",
        "64:ff9b::169.254.169.254",
        "2002:a9fe:a9fe::1",
        "0.0.0.0",
        "224.0.0.251",
        "ff02::fb",
    ],
)
def test_no_range_lets_in_the_machines_own_services(address: str) -> None:
    assert not _met(address, EVERYWHERE)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::ffff:127.0.0.1", "64:ff9b::127.0.0.1"])
def test_no_private_range_lets_in_loopback(address: str) -> None:
    private = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"]
    assert not _met(address, private)


@pytest.mark.parametrize(("networks", "asked"), [((), 0), (("127.0.0.0/8",), 1), (None, 1)])
def test_a_token_is_asked_for_under_the_same_rule(
    tmp_path: Path, networks: tuple[str, ...] | None, asked: int
) -> None:
    keep_client(tmp_path)
    server = TokenServer()
    with granting(server):
        login_text = login(server.url, "client: {file: client}")
        [found] = config(login_text, "http://127.0.0.1:1/prod").credentials
        assert isinstance(found.source, OAuth2)
        vault = Vault(reader(tmp_path), HandClock(), networks=networks)
        try:
            assert vault.token(found.source) == "granted-token-1"
        except SecretError as error:
            assert "may not be connected to" in str(error)  # noqa: PT017
    assert len(server.asked) == asked
