"""The state of a stack, the outputs of a deployed one, and which of them belong to one monitor."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from gatewatch.adapters.aws.client import client
from gatewatch.service.releases.stack_state import StackState


def outputs(stack: str, region: str | None = None) -> dict[str, str]:
    """The stack's outputs by name; raises KeyError where there is no such stack, and other errors
    as botocore raises them."""
    from botocore.exceptions import ClientError

    try:
        found = _described(stack, region)
    except ClientError as error:
        if "does not exist" in str(error.response["Error"].get("Message")):
            raise KeyError(stack) from None
        raise
    return {str(one["OutputKey"]): str(one["OutputValue"]) for one in found.get("Outputs", [])}


def stack_state(stack: str) -> StackState:
    """Raises errors as botocore raises them."""
    found = _described(stack)
    changed: datetime = found.get("LastUpdatedTime") or found["CreationTime"]
    return StackState(str(found["StackStatus"]), changed)


def _described(stack: str, region: str | None = None) -> Mapping[str, Any]:
    [found] = client("cloudformation", region).describe_stacks(StackName=stack)["Stacks"]
    return dict(found)


def region_of_calls(region: str | None = None) -> str:
    """The region where stacks are looked up: the given one, or that of the AWS settings."""
    return str(client("cloudformation", region).meta.region_name)


_MARKS = ("StateTable", "ConfigBucket", "ConfigPointer")
_PLAIN = "Monitor"


def monitor_name(prefix: str) -> str:
    """What commands call a monitor: what its outputs' names begin with."""
    return prefix or _PLAIN


def monitors(outputs: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """The outputs of each monitor of a stack, by its name and then without what they begin with.

    A team's own output may be called like one of ours; a monitor has all of `_MARKS`.
    """
    first = _MARKS[0]
    prefixes = [name.removesuffix(first) for name in outputs if name.endswith(first)]
    return {
        monitor_name(prefix): {
            name.removeprefix(prefix): value
            for name, value in outputs.items()
            if name.startswith(prefix)
        }
        for prefix in sorted(prefixes)
        if all(f"{prefix}{mark}" in outputs for mark in _MARKS)
    }
