"""Which addresses are public: those outside IANA's registries of special purposes.

Python's `is_global` depends on the Python version, so it is not used. Registries as of 2025-10:
https://www.iana.org/assignments/iana-ipv4-special-registry
https://www.iana.org/assignments/iana-ipv6-special-registry
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

IpAddress = IPv4Address | IPv6Address

_SPECIAL_IPV4 = tuple(
    ip_network(one)
    for one in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # shared by a carrier
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link-local
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast included
    )
)
# IPv6 addresses outside it are not assigned: https://www.iana.org/assignments/ipv6-address-space
_UNICAST = ip_network("2000::/3")
_SPECIAL_IPV6 = tuple(
    ip_network(one)
    for one in (
        "2001::/23",  # protocol assignments, with Teredo, ORCHID and benchmarks
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
        "3ffe::/16",  # the former 6bone
    )
)
# A call there reaches the machine itself: its metadata, its keys, its neighbours.
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
_OWN = tuple(
    ip_network(one)
    for one in (
        "0.0.0.0/8",
        "169.254.0.0/16",
        "224.0.0.0/4",
        "255.255.255.255/32",
        "fe80::/10",
        "fec0::/10",
        "fd00:ec2::/32",
        "ff00::/8",
    )
)
_LOOPBACK_IPV4, _LOOPBACK_IPV6 = ip_network("127.0.0.0/8"), IPv6Address("::1")
# A name server may embed an IPv4 address in an IPv6 one, which a translator extracts: IPv4-mapped
# (RFC 4291) or behind NAT64's well-known prefix (RFC 6052).
_TRANSLATED = tuple(ip_network(one) for one in ("::ffff:0:0/96", "64:ff9b::/96"))
# Other forms that embed one: IPv4-compatible and -translated, a network's own NAT64 prefix, Teredo,
# 6to4. No API is called by them, so their target is not computed.
_DISGUISES = tuple(
    ip_network(one)
    for one in ("::/96", "::ffff:0:0:0/96", "64:ff9b:1::/48", "2001::/32", "2002::/16")
)


def address_of(text: str) -> IpAddress:
    """The address that a connection to this one reaches; raises ValueError. A zone is ignored: it
    only names the interface."""
    address = ip_address(text.partition("%")[0])
    if any(address in network for network in _TRANSLATED):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def is_loopback_address(address: IpAddress) -> bool:
    return address in _LOOPBACK_IPV4 or address == _LOOPBACK_IPV6


def is_public(address: IpAddress) -> bool:
    if isinstance(address, IPv4Address):
        return not any(address in one for one in _SPECIAL_IPV4)
    return address in _UNICAST and not any(address in one for one in _SPECIAL_IPV6)


def is_never_met(address: IpAddress) -> bool:
    """Whether no range that a deployment allows may include it."""
    if any(address in one for one in _OWN):
        return True
    return address != _LOOPBACK_IPV6 and any(address in one for one in _DISGUISES)
