"""Accepts findings of cdk-nag; each reason stands with the construct it concerns."""

from __future__ import annotations

from aws_cdk import Acknowledgment, CfnElement, Stack, Validations
from constructs import Construct


def acknowledge(construct: Construct, finding: str, reason: str) -> None:
    """`finding` is the report's name without the pack: `S1`, `IAM5[Resource::*]`."""
    Validations.of(construct).acknowledge(
        Acknowledgment(id=f"AwsSolutions::AwsSolutions-{finding}", reason=reason)
    )


def below(construct: Construct, path: str) -> str:
    """The finding about a wildcard below one of our own resources, such as `/config/*`."""
    resource = construct.node.default_child
    if not isinstance(resource, CfnElement):
        raise TypeError(f"{construct.node.path} is no resource")
    return f"IAM5[Resource::<{Stack.of(construct).get_logical_id(resource)}.Arn>{path}]"


def wildcard(stack: Stack, arn: str) -> str:
    """The finding about an ARN that stands for several resources, as the report writes it: what
    only the deployment knows, such as an account, by name."""
    return f"IAM5[Resource::{_written(stack.resolve(arn))}]"


def _written(value: object) -> str:
    match value:
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(map(_written, parts))
        case {"Ref": name}:
            return f"<{name}>"
        case _:
            return str(value)
