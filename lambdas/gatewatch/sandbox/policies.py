"""Resource policies, reduced to what decides: effect, who, which methods, from where."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase


class PolicyEffect(StrEnum):
    ALLOW = "Allow"
    DENY = "Deny"


class PolicyOutcome(StrEnum):
    ALLOWED = "allowed"
    EXPLICIT_DENY = "explicit deny"
    IMPLICIT_DENY = "implicit deny"


@dataclass(frozen=True, slots=True)
class Statement:
    """`resource` is a pattern over stage/METHOD/path; no `source_addresses`: from anywhere."""

    effect: PolicyEffect
    resource: str = "*"
    source_addresses: frozenset[str] | None = None

    def covers(self, resource: str, address: str) -> bool:
        from_there = self.source_addresses is None or address in self.source_addresses
        return from_there and fnmatchcase(resource, self.resource)


Policy = tuple[Statement, ...]
DENY_EVERYBODY: Policy = (Statement(PolicyEffect.ALLOW), Statement(PolicyEffect.DENY))


def decide(policy: Iterable[Statement], resource: str, address: str) -> PolicyOutcome:
    effects = {one.effect for one in policy if one.covers(resource, address)}
    if PolicyEffect.DENY in effects:
        return PolicyOutcome.EXPLICIT_DENY
    return PolicyOutcome.ALLOWED if PolicyEffect.ALLOW in effects else PolicyOutcome.IMPLICIT_DENY
