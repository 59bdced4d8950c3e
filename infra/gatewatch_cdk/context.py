"""What the CDK's command line is told beside the configuration: `-c NAME=VALUE`, or cdk.json.

Pure: values in, values out. docs/account.md tells what each means.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from gatewatch_cdk.deployments import STACK_NAME
from gatewatch_cdk.settings import (
    EXPECTED_CONCURRENCY,
    UnusableSettingError,
    concurrency,
    deployment_group_arns,
    key_arns,
    told_apart,
)

_OF_ONE = (
    "config",
    "deployment",
    "secret-keys",
    "topic-keys",
    "max-concurrency",
    "codedeploy-groups",
    "codepipeline",
    "api-changes",
)
_NAMES = (*_OF_ONE, "deployments", "samples", "take-over", "keys")
_LIKENESS = 0.85
"""From which on a name is taken for a slip, such as `max_concurrency` and `confg`."""
_ALLOWED = "allowed"


@dataclass(frozen=True, slots=True)
class Context:
    """`deployments`: the file that says what those before it say, for several stacks."""

    config: str
    deployment: str
    secret_keys: tuple[str, ...]
    topic_keys: tuple[str, ...]
    max_concurrency: int | None
    codedeploy_groups: tuple[str, ...]
    codepipeline: bool
    api_changes: bool
    deployments: str | None
    take_over: str | None
    lets_samples: bool


def read_context(given: Mapping[str, object]) -> Context:
    """`given`: all of the app's context but the CDK's own flags. Raises UnusableSettingError."""
    _refuse_slips(given)
    told_apart(_words(given, "keys"))
    deployments = _text(given, "deployments")
    if deployments is not None and (also := [one for one in _OF_ONE if one in given]):
        raise UnusableSettingError(
            f"{', '.join(also)}: not together with deployments; {deployments} says it for each"
        )
    return Context(
        config=_text(given, "config") or "gatewatch.yaml",
        deployment=_stack_name(given) or "Gatewatch",
        secret_keys=key_arns("secret-keys", _words(given, "secret-keys")),
        topic_keys=key_arns("topic-keys", _words(given, "topic-keys")),
        max_concurrency=_concurrency(given),
        codedeploy_groups=deployment_group_arns(
            "codedeploy-groups", _words(given, "codedeploy-groups")
        ),
        codepipeline=_switch(given, "codepipeline", default=False),
        api_changes=_switch(given, "api-changes", default=True),
        deployments=deployments,
        take_over=_given(given, "take-over") or None,
        lets_samples=_lets_samples(given),
    )


def _refuse_slips(given: Mapping[str, object]) -> None:
    """The CDK takes any name, so that a misspelt one would be passed over in silence."""
    for name in given:
        meant = get_close_matches(name, _NAMES, n=1, cutoff=_LIKENESS)
        if meant and name not in _NAMES:
            raise UnusableSettingError(f'{name}: unknown; did you mean "{meant[0]}"?')


def _given(given: Mapping[str, object], name: str) -> str | None:
    """The command line gives text, cdk.json anything."""
    value = given.get(name)
    if value is not None and not isinstance(value, str):
        raise UnusableSettingError(f"{name}: expected a text, found {value!r}")
    return value


def _text(given: Mapping[str, object], name: str) -> str | None:
    """An empty one is a variable that was not set, and no wish for the default."""
    value = _given(given, name)
    if value == "":
        raise UnusableSettingError(f"{name}: expected a text, found an empty one")
    return value


def _words(given: Mapping[str, object], name: str) -> tuple[str, ...]:
    return tuple((_given(given, name) or "").split())


def _stack_name(given: Mapping[str, object]) -> str | None:
    name = _text(given, "deployment")
    if name is not None and not (re.search(STACK_NAME, name) and len(name) <= 128):
        raise UnusableSettingError(
            "deployment: expected the name of a stack: a letter, then letters, digits and dashes, "
            f"at most 128; found {name!r}"
        )
    return name


def _concurrency(given: Mapping[str, object]) -> int | None:
    name = "max-concurrency"
    value = given.get(name)
    if isinstance(value, str):
        if not re.fullmatch("[0-9]{1,9}", value):
            raise UnusableSettingError(f"{name}: {EXPECTED_CONCURRENCY}, found {value}")
        value = int(value)
    return concurrency(value, name)


def _switch(given: Mapping[str, object], name: str, *, default: bool) -> bool:
    """The command line gives text, cdk.json may have it bare."""
    value = given.get(name)
    if value is None or isinstance(value, bool):
        return default if value is None else value
    if value not in ("true", "false"):
        raise UnusableSettingError(f"{name}: expected true or false, found {value!r}")
    return value == "true"


def _lets_samples(given: Mapping[str, object]) -> bool:
    value = _given(given, "samples")
    if value not in (None, _ALLOWED):
        raise UnusableSettingError(f"samples: expected {_ALLOWED}, found {value!r}")
    return value == _ALLOWED
