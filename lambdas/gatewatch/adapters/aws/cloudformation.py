"""The outputs of a deployed stack, and which of them belong to one monitor."""

from __future__ import annotations

from collections.abc import Mapping

from gatewatch.adapters.aws.client import client


def outputs(stack: str, region: str | None = None) -> dict[str, str]:
    """The stack's outputs by name; raises KeyError where there is no such stack, and other errors
    as botocore raises them."""
    from botocore.exceptions import ClientError

    try:
        [found] = client("cloudformation", region).describe_stacks(StackName=stack)["Stacks"]
    except ClientError as error:
        if "does not exist" in str(error.response["Error"].get("Message")):
            raise KeyError(stack) from None
        raise
    return {str(one["OutputKey"]): str(one["OutputValue"]) for one in found.get("Outputs", [])}


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
