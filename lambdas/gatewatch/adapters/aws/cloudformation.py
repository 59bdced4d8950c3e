"""What a deployed stack says of itself."""

from __future__ import annotations

from gatewatch.adapters.aws.client import client


def outputs(stack: str) -> dict[str, str]:
    """The stack's outputs by name; errors are raised as botocore raises them."""
    [found] = client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    return {str(one["OutputKey"]): str(one["OutputValue"]) for one in found.get("Outputs", [])}
