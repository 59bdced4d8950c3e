"""Turns the authored network into a canonical one, and checks that its ranges are private."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network

from gatewatch.config import authored
from gatewatch.config.canonical import Network
from gatewatch.config.findings import Findings
from gatewatch.config.problems import Path
from gatewatch.config.values import MOST_SECURITY_GROUPS, MOST_SUBNETS, RANGE

# RFC 1918, RFC 6598 and RFC 4193. Loopback, link-local and AWS's own services are in none of them,
# but for those in fd00:ec2::/32, which the resolver refuses by itself.
_PRIVATE = tuple(
    ip_network(one)
    for one in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
)


def network(written: authored.Network, path: Path, findings: Findings) -> Network:
    for key, found, most in (
        ("subnets", written.subnets, MOST_SUBNETS),
        ("security_groups", written.security_groups, MOST_SECURITY_GROUPS),
    ):
        if not 1 <= len(found) <= most:
            findings.add((*path, key), f"expected from 1 to {most}; here: {len(found)}")
    if not written.ranges:
        findings.add((*path, "ranges"), f"expected at least one; {RANGE}")
    return Network(
        subnets=_sorted(written.subnets),
        security_groups=_sorted(written.security_groups),
        ranges=_sorted(list(_ranges(written.ranges, (*path, "ranges"), findings))),
    )


def _sorted(values: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted(set(values)))


def _ranges(written: Sequence[str], path: Path, findings: Findings) -> Iterator[str]:
    for at, text in enumerate(written):
        try:
            found = ip_network(text)
        except ValueError:
            findings.add((*path, at), f"expected {RANGE}", text)
            continue
        if not any(_within(found, one) for one in _PRIVATE):
            findings.add((*path, at), f"expected {RANGE}", text)
        yield str(found)


def _within(one: IPv4Network | IPv6Network, other: IPv4Network | IPv6Network) -> bool:
    if isinstance(one, IPv4Network) and isinstance(other, IPv4Network):
        return one.subnet_of(other)
    if isinstance(one, IPv6Network) and isinstance(other, IPv6Network):
        return one.subnet_of(other)
    return False
