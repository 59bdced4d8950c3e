"""Grants what a configuration needs to the one function that uses it, on exact ARNs."""

from __future__ import annotations

import re
from collections.abc import Sequence

from aws_cdk import ArnFormat, Stack

from gatewatch_cdk.function import ServiceFunction
from gatewatch_cdk.nag import acknowledge, wildcard
from gatewatch_cdk.needs import Calls, Deliveries, Needs, Returns

# Secrets Manager adds a dash and six characters to a secret's name in its ARN.
_SUFFIXED = re.compile(r"-[A-Za-z0-9]{6}$")
_ARN_PARTS = 6


def let_tell(incidents: ServiceFunction, needs: Needs, keys: Sequence[str]) -> None:
    """Topics and event buses of `notify`."""
    _let_publish(incidents, needs.topics, keys)
    stack = Stack.of(incidents)
    incidents.allow("events:PutEvents", on=[bus_arn(stack, name) for name in needs.buses])


def let_deliver(
    deliver: ServiceFunction, needs: Deliveries, *, secrets: Sequence[str], topics: Sequence[str]
) -> None:
    """What hooks and the heartbeat are sent with. `secrets`, `topics`: the keys that encrypt
    these."""
    _let_read(deliver, needs, secrets)
    _let_publish(deliver, needs.topics, topics)


def let_take_over(acknowledge: ServiceFunction, needs: Returns, keys: Sequence[str]) -> None:
    """The secrets that webhooks are signed with. `keys`: those that encrypt them."""
    _let_read(acknowledge, needs, keys)


def _let_publish(function: ServiceFunction, topics: Sequence[str], keys: Sequence[str]) -> None:
    """A topic under its own key needs its publisher to get a data key."""
    function.allow("sns:Publish", on=list(topics))
    if topics:
        function.allow("kms:Decrypt", "kms:GenerateDataKey", on=list(keys))


def _let_read(
    function: ServiceFunction, needs: Calls | Deliveries | Returns, keys: Sequence[str]
) -> None:
    """Secrets and parameters."""
    stack = Stack.of(function)
    function.allow(
        "secretsmanager:GetSecretValue",
        on=[arn for name in needs.secrets for arn in secret_arns(stack, name)],
    )
    function.allow("ssm:GetParameter", on=[parameter_arn(stack, name) for name in needs.parameters])
    if needs.secrets or needs.parameters:
        function.allow("kms:Decrypt", on=list(keys))


def let_ask(dispatch: ServiceFunction, needs: Needs) -> None:
    """Whether anybody listens to the topics of `notify` and of the heartbeat. A topic of another
    account answers only where its own policy lets it."""
    beats = needs.deliveries.topics if needs.deliveries else ()
    dispatch.allow("sns:GetTopicAttributes", on=sorted({*needs.topics, *beats}))


def let_call(probe: ServiceFunction, needs: Calls, keys: Sequence[str]) -> None:
    """Secrets, parameters and roles of the credentials, and calls with the probe's own identity."""
    stack = Stack.of(probe)
    _let_read(probe, needs, keys)
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


def let_answer_hooks(verify: ServiceFunction, groups: Sequence[str]) -> None:
    """https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscodedeploy.html"""
    verify.allow("codedeploy:PutLifecycleEventHookExecutionStatus", on=list(groups))


def let_answer_jobs(verify: ServiceFunction) -> None:
    """https://docs.aws.amazon.com/codepipeline/latest/userguide/permissions-reference.html"""
    verify.allow("codepipeline:PutJobSuccessResult", "codepipeline:PutJobFailureResult", on=["*"])
    acknowledge(
        verify.role,
        "IAM5[Resource::*]",
        "A job of CodePipeline is no resource; whoever answers one must know its id, which "
        "CodePipeline gives to the function that it invokes.",
    )


def secret_arns(stack: Stack, name: str) -> list[str]:
    """The ARN for a name, or for an ARN with or without its suffix. One that ends like a suffix may
    lack it all the same (`…:secret:prod/my-secret`), and nothing tells them apart; both are the
    same secret, or nobody's.

    https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot.html#ARN_secretnamehyphen
    """
    if not name.startswith("arn:"):
        bare = stack.format_arn(
            service="secretsmanager",
            resource="secret",
            resource_name=name,
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        return [f"{bare}-??????"]
    return [*([name] if _SUFFIXED.search(name) else []), f"{name}-??????"]


def parameter_arn(stack: Stack, name: str) -> str:
    """The ARN for a name or an ARN, either with or without a version or label."""
    if name.startswith("arn:"):
        return ":".join(name.split(":")[:_ARN_PARTS])
    bare = name.partition(":")[0].lstrip("/")
    return str(stack.format_arn(service="ssm", resource="parameter", resource_name=bare))


def bus_arn(stack: Stack, name: str) -> str:
    """The ARN for the name of a bus of this account and region, or for an ARN."""
    if name.startswith("arn:"):
        return name
    return str(stack.format_arn(service="events", resource="event-bus", resource_name=name))
