"""Which addresses are public: what IANA's registries of special purposes leave of the Internet.

Python's `is_global` is not asked: what it says changes with its version. Registries as of 2025-10:
https://www.iana.org/assignments/iana-ipv4-special-registry
https://www.iana.org/assignments/iana-ipv6-special-registry
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

Address = IPv4Address | IPv6Address

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
# Nothing else of IPv6 is given out: https://www.iana.org/assignments/ipv6-address-space
_UNICAST = ip_network("2000::/3")
_SPECIAL_IPV6 = tuple(
    ip_network(one)
    for one in (
        "2001::/23",  # protocol assignments, with Teredo, ORCHID and benchmarks
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
        "3ffe::/16",  # the 6bone, given back
    )
)
# Whoever asks there asks the machine itself: its metadata, its keys, its neighbours.
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
# A name server may write an address of IPv4 into one of IPv6, for a translator to take it out: as
# IPv4-mapped (RFC 4291) and behind NAT64's well-known prefix (RFC 6052).
_TRANSLATED = tuple(ip_network(one) for one in ("::ffff:0:0/96", "64:ff9b::/96"))
# The other forms that do the same: IPv4-compatible and -translated, NAT64 of a network's own,
# Teredo, 6to4. No API is called by them, so where they lead is not worked out.
_DISGUISES = tuple(
    ip_network(one)
    for one in ("::/96", "::ffff:0:0:0/96", "64:ff9b:1::/48", "2001::/32", "2002::/16")
)


def address_of(text: str) -> Address:
    """The address that is reached by this one; raises ValueError. A zone only says through which
    interface."""
    found = ip_address(text.partition("%")[0])
    if any(found in one for one in _TRANSLATED):
        return IPv4Address(int(found) & 0xFFFFFFFF)
    return found


def is_loopback(address: Address) -> bool:
    return address in _LOOPBACK_IPV4 or address == _LOOPBACK_IPV6


def is_public(address: Address) -> bool:
    if isinstance(address, IPv4Address):
        return not any(address in one for one in _SPECIAL_IPV4)
    return address in _UNICAST and not any(address in one for one in _SPECIAL_IPV6)


def is_never_met(address: Address) -> bool:
    """Whether no range that a deployment names may let it in."""
    if any(address in one for one in _OWN):
        return True
    return address != _LOOPBACK_IPV6 and any(address in one for one in _DISGUISES)
