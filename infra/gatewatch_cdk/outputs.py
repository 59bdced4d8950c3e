"""The outputs by which people and the `gatewatch` commands find a monitor in its stack."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from aws_cdk import CfnOutput, Stack
from constructs import Construct, IConstruct

import gatewatch
from gatewatch_cdk.function import ServiceFunction


def top_stack(scope: IConstruct) -> Stack:
    """The stack that people name: of a nested one, CloudFormation makes up the name, which is not
    known at synthesis."""
    stack = Stack.of(scope)
    while stack.nested_stack_parent is not None:
        stack = stack.nested_stack_parent
    return stack


def prefix_of(monitor: IConstruct) -> str:
    """The monitor's path within its stack, as far as an output's name can hold it."""
    path = monitor.node.path.removeprefix(top_stack(monitor).node.path)
    return re.sub(r"[^A-Za-z0-9]", "", path)


class Outputs:
    """All names begin with `prefix`, so that several monitors, and a team's own outputs, do not
    collide: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/outputs-section-structure.html
    """

    def __init__(self, monitor: Construct, prefix: str) -> None:
        self._prefix = prefix
        top = top_stack(monitor)
        is_nested = top is not Stack.of(monitor)
        self._scope = (
            Construct(top, f"{prefix}Outputs") if is_nested else Construct(monitor, "Outputs")
        )

    def say(self, values: Mapping[str, tuple[str, str]]) -> None:
        """Each name's value and description."""
        for name, (value, description) in values.items():
            output = CfnOutput(self._scope, name, value=value, description=description)
            output.override_logical_id(f"{self._prefix}{name}")

    def say_what_runs(self, deployment: str) -> None:
        self.say(
            {
                "Version": (gatewatch.__version__, "The version of Gatewatch that is deployed"),
                "Deployment": (deployment, "Its name in metrics and messages"),
            }
        )

    def say_functions(self, functions: Mapping[str, ServiceFunction]) -> None:
        self.say(dict(_of_functions(functions)))


def _of_functions(
    functions: Mapping[str, ServiceFunction],
) -> Iterator[tuple[str, tuple[str, str]]]:
    for name, function in functions.items():
        group = function.log_group.log_group_name
        yield f"{name}Log", (group, f"aws logs tail shows what {name} writes here")
        role = function.role.role_arn
        yield f"{name}Role", (role, f"The role of {name}, for policies of other accounts")
