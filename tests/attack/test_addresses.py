"""Addresses that are no API's: whatever form they are written in, a deployed probe meets none."""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewatch.gateway.addresses import address_of, is_public
from gatewatch.gateway.url import AmbiguousUrlError, joined_url
from gatewatch.probe.resolve import Address, NoAddressError, Resolver, system_look_up

# The ends of the blocks of IANA's registries, and what stands for an address of IPv4.
SPECIAL = """
0.0.0.0 0.255.255.255 10.0.0.0 10.255.255.255 100.64.0.0 100.127.255.255 127.0.0.0 127.0.0.1
127.255.255.255 169.254.0.0 169.254.169.254 169.254.170.2 169.254.255.255 172.16.0.0
172.31.255.255 192.0.0.0 192.0.0.8 192.0.0.170 192.0.0.255 192.0.2.0 192.0.2.255 192.88.99.0
192.88.99.255 192.168.0.0 192.168.255.255 198.18.0.0 198.19.255.255 198.51.100.0 198.51.100.255
203.0.113.0 203.0.113.255 224.0.0.0 239.255.255.255 240.0.0.0 255.255.255.254 255.255.255.255
:: ::1 ::2 ::7f00:1 ::a00:1 ::a9fe:a9fe ::808:808 ::ffff:0.0.0.0 ::ffff:10.0.0.1
::ffff:127.0.0.1 ::ffff:169.254.169.254 ::ffff:0:10.0.0.1 ::ffff:0:8.8.8.8
::ffff:0:169.254.169.254 ::fffe:8.8.8.8 64:ff9b::10.0.0.1 64:ff9b::127.0.0.1
64:ff9b::169.254.169.254 64:ff9b:0:0:0:1:808:808 64:ff9b:1:: 64:ff9b:1::8.8.8.8
64:ff9b:1:a9fe:a9:fe00:: 64:ff9b:1:ffff:ffff:ffff:ffff:ffff 100:: 100::ffff:ffff:ffff:ffff
100:0:0:1:: 200::1 400::1 1000::1 2001:: 2001:0:a9fe:a9fe::1 2001:0:808:808:0:0:5601:5601
2001:2::1 2001:10::1 2001:20::1 2001:db8:: 2001:db8:ffff:ffff:ffff:ffff:ffff:ffff 2002::
2002:a9fe:a9fe::1 2002:808:808::1 2002:ffff:ffff::1 3fff:: 3fff:fff:ffff:ffff::1 3ffe::1
4000::1 5f00::1 8000::1 fc00:: fd00:ec2::254 fdff:ffff::1 fe00::1 fe80:: fe80::1 fe80::1%eth0
febf::1 fec0:: fec0::1 feff::1 ff00:: ff02::1 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff
"""
PUBLIC = """
1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 93.184.216.34 100.63.255.255 100.128.0.0 126.255.255.255
128.0.0.0 169.253.255.255 172.15.255.255 172.32.0.0 192.167.255.255 192.169.0.0 198.17.255.255
198.20.0.0 203.0.112.255 223.255.255.255 ::ffff:8.8.8.8 64:ff9b::8.8.8.8 2000::1 2001:200::1
2001:4860:4860::8888 2003::1 2600:1f00::1 2606:4700::1111 2a05:d014::1 3fff:1000::1
"""


def met(address: str, *networks: str) -> bool:
    """Whether a probe that is let into these ranges connects there."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET

    def look_up(_: str, port: int) -> list[Address]:
        return [(family, (address, port))]

    try:
        return bool(Resolver(look_up, networks).resolve("api.example.com", 443, 5))
    except NoAddressError:
        return False


@pytest.mark.parametrize("address", SPECIAL.split())
def test_an_address_of_special_purpose_is_not_public(address: str) -> None:
    assert not met(address)


@pytest.mark.parametrize("address", PUBLIC.split())
def test_every_other_one_is(address: str) -> None:
    assert met(address)


@pytest.mark.parametrize(
    "address",
    [
        *("169.254.169.254", "::ffff:169.254.169.254", "64:ff9b::169.254.169.254", "::a9fe:a9fe"),
        *("::ffff:0:169.254.169.254", "64:ff9b:1::169.254.169.254", "2002:a9fe:a9fe::1"),
        *("2001:0:a9fe:a9fe::1", "fd00:ec2::254", "fe80::1", "fec0::1", "0.0.0.0", "::"),
    ],
)
def test_no_range_lets_in_the_machine_itself(address: str) -> None:
    assert not met(address, "0.0.0.0/0", "::/0")


def test_of_several_addresses_one_that_is_not_public_is_too_many() -> None:
    def look_up(_: str, port: int) -> list[Address]:
        found = ("8.8.8.8", "10.0.0.7")
        return [(socket.AF_INET, (address, port)) for address in found]

    with pytest.raises(NoAddressError):
        Resolver(look_up, ()).resolve("api.example.com", 443, 5)


NUMBERS = {
    "decimal": "2130706433",
    "octal": "0177.0.0.1",
    "hexadecimal": "0x7f000001",
    "hexadecimal parts": "0x7f.0.0.1",
    "short": "127.1",
    "shorter": "0",
    "a zero in front": "127.0.0.01",
    "link-local, decimal": "2852039166",
    "link-local, octal": "0251.0376.0251.0376",
}


@pytest.mark.parametrize("told", NUMBERS)
def test_a_number_for_an_address_is_no_host_and_leads_nowhere(told: str) -> None:
    with pytest.raises(AmbiguousUrlError):
        joined_url(f"https://{NUMBERS[told]}", "/")
    with pytest.raises(NoAddressError):
        Resolver(system_look_up, ()).resolve(NUMBERS[told], 443, 5)


@given(st.integers(0, 2**32 - 1))
def test_an_address_in_disguise_is_as_public_as_it_is_without(bits: int) -> None:
    plain = IPv4Address(bits)
    for hidden in (f"::ffff:{plain}", f"64:ff9b::{plain}"):
        assert address_of(hidden) == plain
        assert met(hidden) is met(str(plain)) is is_public(plain)
    for form in (0, 0xFFFF << 48, 0x0064FF9B0001 << 80):
        assert not met(str(IPv6Address(form | bits)))
    assert not met(str(IPv6Address(0x2002 << 112 | bits << 80)))
    assert not met(str(IPv6Address(0x20010000 << 96 | bits << 64 | bits ^ 0xFFFFFFFF)))


@given(st.integers(0, 2**128 - 1))
def test_what_is_no_unicast_address_is_never_public(bits: int) -> None:
    address = IPv6Address(bits)
    if address_of(str(address)) == address and bits >> 125 != 1:
        assert not met(str(address))
