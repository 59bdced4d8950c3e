"""Checks what a deployment is given beside its configuration. Pure: values in, values out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from aws_cdk import Token

from gatewatch.cost.at_once import LEAST, MOST, NEW_ACCOUNT, AtOnce

_KEY_ARN = re.compile(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+")
_GROUP_ARN = re.compile(
    r"arn:aws[a-z-]*:codedeploy:[a-z0-9-]+:[0-9]{12}:deploymentgroup:[^/\s*?]{1,100}/[^/\s*?]{1,100}"
)
"""https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscodedeploy.html"""
_DIMENSION = re.compile(r"(?![: ])[ !#-&(-\[\]-~]{1,255}")
EXPECTED_CONCURRENCY = f"expected a whole number from {LEAST} to {MOST}"


class UnusableSettingError(ValueError):
    """Raised where a setting cannot be deployed; says what was expected."""


def key_arns(name: str, given: Sequence[str]) -> tuple[str, ...]:
    """A policy grants nothing on an alias or a bare id:
    https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html
    """
    if isinstance(given, str):
        raise UnusableSettingError(f"{name}: expected a list of ARNs, found the text {given!r}")
    for one in given:
        if not _is_key_arn(one):
            raise UnusableSettingError(
                f"{name}: expected ARNs of KMS keys such as "
                f"arn:aws:kms:REGION:ACCOUNT:key/ID, found {_shown(one)}"
            )
    return tuple(given)


def deployment_group_arns(name: str, given: Sequence[str]) -> tuple[str, ...]:
    for one in given:
        if not Token.is_unresolved(one) and _GROUP_ARN.fullmatch(one) is None:
            raise UnusableSettingError(
                f"{name}: expected ARNs of deployment groups such as arn:aws:codedeploy:REGION:"
                f"ACCOUNT:deploymentgroup:APPLICATION/GROUP, found {_shown(one)}"
            )
    return tuple(given)


def _is_key_arn(given: object) -> bool:
    """What only the deployment knows may be one."""
    return isinstance(given, str) and (
        Token.is_unresolved(given) or _KEY_ARN.fullmatch(given) is not None
    )


def _shown(given: object) -> str:
    """A construct has no form of its own."""
    return repr(given) if isinstance(given, str | int) else type(given).__name__


def told_apart(keys: Sequence[str]) -> None:
    """Keys were once granted to all roles alike."""
    if keys:
        raise UnusableSettingError(
            "keys: expected secret_keys (that encrypt your secrets, for the probes) and topic_keys "
            "(that encrypt the topics of notify, for the writer) instead; on the command line, "
            "secret-keys and topic-keys"
        )


def concurrency(given: object, name: str = "max_concurrency") -> int | None:
    if given is None:
        return None
    if isinstance(given, bool) or not isinstance(given, int) or not LEAST <= given <= MOST:
        raise UnusableSettingError(f"{name}: {EXPECTED_CONCURRENCY}, found {given}")
    return given


def deployment_name(given: str) -> str:
    """The value of a metric's dimension, and quoted in the searches of alarms and the dashboard:
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Dimension.html
    """
    if not _is_dimension(given):
        raise UnusableSettingError(
            "deployment: expected 1 to 255 printable ASCII characters without quotes and "
            f"backslashes, the first no colon or blank, found {given!r}"
        )
    return given


def _is_dimension(given: object) -> bool:
    return isinstance(given, str) and (
        Token.is_unresolved(given) or _DIMENSION.fullmatch(given) is not None
    )


def output_prefix(given: str) -> str:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/outputs-section-structure.html"""
    if not re.fullmatch("[A-Za-z0-9]*", given):
        raise UnusableSettingError(f"prefix: expected letters and digits, found {given!r}")
    return given


def too_few(wanted: AtOnce, given: int | None) -> Iterator[tuple[str, str]]:
    """Warnings, each with its kind: where probes will wait for each other, or for the account."""
    most = max(wanted.probes, wanted.twins)
    if given is not None and given < most:
        yield (
            "concurrency",
            f"max_concurrency is {given}; while nothing answers, this configuration needs {most} "
            "probes at once, and with fewer its looks come late",
        )
    if given is None and wanted.all > NEW_ACCOUNT:
        yield (
            "quota",
            f"while nothing answers, this configuration runs up to {wanted.all} Lambda functions "
            f"at once; a new account may run {NEW_ACCOUNT} in all: ask for more (Service Quotas, "
            "Lambda, concurrent executions), or set max_concurrency",
        )
