"""Checks what a deployment is given beside its configuration. Pure: values in, values out."""

from __future__ import annotations

import re
from collections.abc import Sequence

from aws_cdk import Token

from gatewatch.cost.at_once import LEAST, MOST

_KEY_ARN = re.compile(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+")
EXPECTED_CONCURRENCY = f"expected a whole number from {LEAST} to {MOST}"


class UnusableSettingError(ValueError):
    """Raised where a setting cannot be deployed; says what was expected."""


def key_arns(name: str, given: Sequence[str]) -> tuple[str, ...]:
    """A policy grants nothing on an alias or a bare id:
    https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html
    """
    for one in given:
        if not Token.is_unresolved(one) and not _KEY_ARN.fullmatch(one):
            raise UnusableSettingError(
                f"{name}: expected ARNs of KMS keys such as "
                f"arn:aws:kms:REGION:ACCOUNT:key/ID, found {one!r}"
            )
    return tuple(given)


def told_apart(keys: Sequence[str]) -> None:
    """Keys were once granted to all roles alike."""
    if keys:
        raise UnusableSettingError(
            "keys: expected secret_keys (that encrypt your secrets, for the probes) and topic_keys "
            "(that encrypt the topics of notify, for the writer) instead; on the command line, "
            "secret-keys and topic-keys"
        )


def concurrency(given: int | None) -> int | None:
    if given is not None and not LEAST <= given <= MOST:
        raise UnusableSettingError(f"max_concurrency: {EXPECTED_CONCURRENCY}, found {given}")
    return given
