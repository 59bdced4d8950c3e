"""The texts in which IAM and policies refuse: which policy, how, and for which method ARN.

Wordings grew a suffix in 2025 that names the policy; older texts have none. Match by prefix,
then read the suffix.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class PolicySource(StrEnum):
    """`LIMIT`: a policy that only narrows what others allow, such as an organisation's service or
    resource control policy, or a permissions boundary.
    """

    IDENTITY = "identity"
    RESOURCE = "resource"
    ENDPOINT = "endpoint"
    SESSION = "session"
    LIMIT = "limit"
    UNSTATED = "unstated"


@dataclass(frozen=True, slots=True)
class MethodArn:
    """`arn:aws:execute-api:region:account:api/stage/METHOD/path`, as a denial quotes it.

    It shows which route the gateway matched.
    """

    region: str
    account: str
    api_id: str
    stage: str
    method: str
    path: str


@dataclass(frozen=True, slots=True)
class Denial:
    """`by_authorizer`: the text of an authorizer's policy, which names no user and no ARN."""

    by_authorizer: bool
    source: PolicySource
    explicit: bool | None
    anonymous: bool = False
    arn: MethodArn | None = None


_IAM = re.compile(r"User: (?P<user>\S.*?) is not authorized to perform: (execute-api|appsync):\w+")
_AUTHORIZER = re.compile(r"User is not authorized to access this resource")
_EXPLICIT = re.compile(r"with an explicit deny")
_IMPLICIT = re.compile(r"because no ")
_SOURCES = (
    (PolicySource.IDENTITY, re.compile(r"identity-based policy")),
    (PolicySource.RESOURCE, re.compile(r"resource-based policy")),
    (PolicySource.ENDPOINT, re.compile(r"VPC endpoint policy", re.IGNORECASE)),
    (PolicySource.SESSION, re.compile(r"session policy")),
    (PolicySource.LIMIT, re.compile(r"(service|resource) control polic|permissions boundar")),
)
_ARN = re.compile(
    r"arn:[\w-]+:execute-api:(?P<region>[\w-]*):(?P<account>[\w*]*):"
    r"(?P<api_id>[a-z0-9]+)/(?P<stage>\$default|[A-Za-z0-9_-]+)/"
    r"(?P<method>[A-Z*]+)(?P<path>(/\S*)?)"
)


def read_denial(message: str) -> Denial | None:
    """None if the text is not a policy's refusal."""
    user = _IAM.search(message)
    if user is None and not _AUTHORIZER.search(message):
        return None
    arn = _ARN.search(message)
    return Denial(
        by_authorizer=user is None,
        source=_source(message),
        explicit=_effect(message),
        anonymous=user is not None and user["user"] == "anonymous",
        arn=MethodArn(**_arn_fields(arn)) if arn else None,
    )


def _source(message: str) -> PolicySource:
    return next((name for name, text in _SOURCES if text.search(message)), PolicySource.UNSTATED)


def _effect(message: str) -> bool | None:
    if _EXPLICIT.search(message):
        return True
    return False if _IMPLICIT.search(message) else None


def _arn_fields(match: re.Match[str]) -> dict[str, str]:
    return {name: match[name] for name in MethodArn.__slots__}
