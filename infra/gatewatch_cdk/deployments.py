"""Several deployments in one file: which configuration goes to which account and region.

Pure: text in, values out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated

import msgspec
from msgspec import Meta

from gatewatch.config.authored import Authored
from gatewatch.config.conform import deviations
from gatewatch.config.document import read_document
from gatewatch.config.findings import Findings
from gatewatch.config.problems import ConfigError
from gatewatch.config.values import Region, Text
from gatewatch.cost.at_once import LEAST, MOST

Account = Annotated[
    str,
    Meta(
        pattern=r"^[0-9]{12}$(?!\n)",
        extra_json_schema={"description": 'the twelve digits of an account in quotes, as "0123…"'},
    ),
]
STACK_NAME = r"^[A-Za-z][A-Za-z0-9-]*$(?!\n)"
"""https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html"""
StackName = Annotated[
    str,
    Meta(
        pattern=STACK_NAME,
        max_length=128,
        extra_json_schema={
            "description": "the name of a stack: a letter, then letters, digits and dashes"
        },
    ),
]


class Deployment(Authored, frozen=True, kw_only=True):
    """One stack: its account and region, and the file with what it watches.

    `config` is relative to the file of deployments. `stack`: its name, where the same name is
    deployed to several places; without it, the name under which it is listed here. The rest is as
    for GatewatchStack.
    """

    account: Account
    region: Region
    config: Text
    stack: StackName | None = None
    secret_keys: tuple[Text, ...] = ()
    topic_keys: tuple[Text, ...] = ()
    max_concurrency: Annotated[int, Meta(ge=LEAST, le=MOST)] | None = None
    codedeploy_groups: tuple[Text, ...] = ()
    codepipeline: bool = False
    api_changes: bool = True


class Deployments(Authored, frozen=True, kw_only=True):
    deployments: dict[StackName, Deployment]


def read_deployments(text: str, name: str) -> dict[str, Deployment]:
    """By the name under which `cdk deploy` takes each. Raises ConfigError with all problems;
    `name` is the file's."""
    document = read_document(text)
    findings = Findings(document)
    if not findings.problems:
        kind = msgspec.inspect.type_info(Deployments)
        findings.take(deviations({} if document.value is None else document.value, kind))
    if findings.problems:
        raise ConfigError(name, findings.problems)
    found = msgspec.convert(document.value, Deployments).deployments
    if not found:
        findings.add(("deployments",), "expected at least one")
    for label, first in _twice(found.items()):
        findings.add(
            ("deployments", label), f"the same stack, account and region as deployments.{first}"
        )
    if findings.problems:
        raise ConfigError(name, findings.problems)
    return found


def _twice(found: Iterable[tuple[str, Deployment]]) -> Iterator[tuple[str, str]]:
    """Each deployment that would overwrite an earlier one, with that one."""
    known: dict[tuple[str, str, str], str] = {}
    for label, one in found:
        place = (one.stack or label, one.account, one.region)
        if place in known:
            yield label, known[place]
        known.setdefault(place, label)
