"""AWS's partitions: to which one a region belongs, and where its console is.

https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-\d+")


@dataclass(frozen=True, slots=True)
class Partition:
    """`name` as in ARNs; `console`: the host's end, behind the region."""

    name: str
    console: str


_BY_START = (
    ("cn-", Partition("aws-cn", "console.amazonaws.cn")),
    ("us-gov-", Partition("aws-us-gov", "console.amazonaws-us-gov.com")),
    ("eusc-", Partition("aws-eusc", "console.amazonaws-eusc.eu")),
)
_PUBLIC = Partition("aws", "console.aws.amazon.com")


def partition_of(region: str | None) -> Partition | None:
    """None for what is no region, and for one whose console the public does not know."""
    if region is None or not _REGION.fullmatch(region) or "-iso" in region:
        return None
    return next((one for start, one in _BY_START if region.startswith(start)), _PUBLIC)


def console(region: str | None) -> str | None:
    found = partition_of(region)
    return None if found is None else f"https://{region}.{found.console}"
