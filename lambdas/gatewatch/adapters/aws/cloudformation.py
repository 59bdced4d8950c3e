"""The outputs of a deployed stack."""

from __future__ import annotations

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
