"""A function inside a VPC: the permissions that Lambda needs and its code must not have."""

from __future__ import annotations

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_

from gatewatch.config.canonical import Network
from gatewatch_cdk.function import ServiceFunction
from gatewatch_cdk.nag import acknowledge

# https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions
_INTERFACES = [
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
]


def join(function: ServiceFunction, network: Network) -> None:
    """Uses ids only, so that nothing is looked up at synthesis."""
    resource = function.function.node.default_child
    if not isinstance(resource, lambda_.CfnFunction):
        raise TypeError(f"{function.node.path} is no function of this stack")
    resource.vpc_config = lambda_.CfnFunction.VpcConfigProperty(
        subnet_ids=list(network.subnets), security_group_ids=list(network.security_groups)
    )
    function.allow(*_INTERFACES, on=["*"])
    acknowledge(
        function.role,
        "IAM5[Resource::*]",
        "Lambda makes and removes the interfaces in the VPC with this role; EC2 knows neither "
        "their ids beforehand nor resources for its Describe calls. The code itself is denied it.",
    )
    function.role.add_to_principal_policy(_not_the_code(Stack.of(function)))


def _not_the_code(stack: Stack) -> iam.PolicyStatement:
    """Calls by the code carry its function's ARN; calls by Lambda itself do not.

    https://docs.aws.amazon.com/lambda/latest/dg/permissions-source-function-arn.html
    """
    any_function = stack.format_arn(
        service="lambda",
        resource="function",
        resource_name="*",
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )
    return iam.PolicyStatement(
        effect=iam.Effect.DENY,
        actions=_INTERFACES,
        resources=["*"],
        conditions={"ArnLike": {"lambda:SourceFunctionArn": any_function}},
    )
