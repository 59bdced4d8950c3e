"""The URLs at which the watched stage of an API answers, and the one at which it must not."""

from __future__ import annotations

import aws_cdk as cdk
from constructs import IConstruct

from gatewatch_cdk.readers.domains import domains
from gatewatch_cdk.readers.reading import Entrances, Remark
from gatewatch_cdk.readers.stages import Choice, endpoint
from gatewatch_cdk.readers.tree import Tree


def entrances(
    api: IConstruct,
    api_id: str,
    names: frozenset[str],
    choice: Choice,
    tree: Tree,
    *,
    is_private: bool,
    condition: str | None,
    is_disabled: bool | None,
) -> Entrances:
    """`names`: what references to the API are named. `is_disabled`: whether its default endpoint
    is; None where only the deployment knows."""
    if choice.stage is None:
        return Entrances(lack=choice.lack, remarks=choice.remarks)
    found = domains(tree, names, choice.stage, is_private=is_private, condition=condition)
    own = endpoint(api, api_id, choice.stage)
    remarks = (*choice.remarks, *found.remarks)
    if is_disabled is None:
        lack = "only the deployment decides whether its default endpoint is disabled"
        return Entrances(lack=lack, remarks=remarks)
    if not is_disabled:
        return Entrances(opened=(own, *found.urls), custom=found.urls, remarks=remarks)
    lack = "" if found.urls else _no_entrance(found.remarks)
    return Entrances(
        opened=found.urls, closed=(own,), custom=found.urls, lack=lack, remarks=remarks
    )


def _no_entrance(remarks: tuple[Remark, ...]) -> str:
    because = "; ".join(one.text.partition("; give")[0] for one in remarks)
    lack = "its default endpoint is disabled, and no custom domain of this app leads to it"
    return f"{lack}: {because}" if because else lack


def method_arns(api: IConstruct, api_id: str) -> str:
    """All methods of the API, in all stages."""
    stack = cdk.Stack.of(api)
    arn = stack.format_arn(service="execute-api", resource=api_id, resource_name="*/*/*")
    return str(arn)
