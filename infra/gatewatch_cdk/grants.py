"""Grants what a configuration needs to the one function that uses it, on exact ARNs."""

from __future__ import annotations

import re
from collections.abc import Sequence

from aws_cdk import ArnFormat, Stack

from gatewatch_cdk.function import ServiceFunction
from gatewatch_cdk.nag import acknowledge, wildcard
from gatewatch_cdk.needs import Calls, Needs

# Secrets Manager adds a dash and six characters to a secret's name in its ARN.
_SUFFIXED = re.compile(r"-[A-Za-z0-9]{6}$")


def let_tell(incidents: ServiceFunction, needs: Needs, keys: Sequence[str]) -> None:
    """Topics of `notify`; a topic under its own key needs its publisher to get a data key."""
    incidents.allow("sns:Publish", on=list(needs.topics))
    if needs.topics:
        incidents.allow("kms:Decrypt", "kms:GenerateDataKey", on=list(keys))


def let_call(probe: ServiceFunction, needs: Calls, keys: Sequence[str]) -> None:
    """Secrets, parameters and roles of the credentials, and calls with the probe's own identity."""
    stack = Stack.of(probe)
    probe.allow(
        "secretsmanager:GetSecretValue", on=[secret_arn(stack, name) for name in needs.secrets]
    )
    probe.allow("ssm:GetParameter", on=[parameter_arn(stack, name) for name in needs.parameters])
    probe.allow("kms:Decrypt", on=list(keys))
    probe.allow("sts:AssumeRole", on=list(needs.roles))
    for region, api_id, stage in needs.invoked:
        routes = stack.format_arn(
            service="execute-api", region=region, resource=api_id, resource_name=f"{stage}/*"
        )
        probe.allow("execute-api:Invoke", on=[routes])
        acknowledge(
            probe.role,
            wildcard(stack, routes),
            "The stage of an API that is watched; its routes change without a deployment.",
        )


def secret_arn(stack: Stack, name: str) -> str:
    """The ARN for a name, or for an ARN with or without its suffix."""
    if not name.startswith("arn:"):
        return str(
            stack.format_arn(
                service="secretsmanager",
                resource="secret",
                resource_name=f"{name}-??????",
                arn_format=ArnFormat.COLON_RESOURCE_NAME,
            )
        )
    return name if _SUFFIXED.search(name) else f"{name}-??????"


def parameter_arn(stack: Stack, name: str) -> str:
    """The ARN for a name, with or without a version or label, or for an ARN."""
    if name.startswith("arn:"):
        return name
    bare = name.partition(":")[0].lstrip("/")
    return str(stack.format_arn(service="ssm", resource="parameter", resource_name=bare))
