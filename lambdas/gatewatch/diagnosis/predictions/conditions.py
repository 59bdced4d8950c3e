"""What a URL and a method rule out by their form alone."""

from __future__ import annotations

from gatewatch.diagnosis.predictions.rules import Condition
from gatewatch.gateway.url import HostKind

_OWN_NAMES = (HostKind.CUSTOM, HostKind.UNKNOWN)
_AWS_NAMES = (HostKind.EXECUTE_API, HostKind.FUNCTION_URL)
_DEFAULT_NAMES = (HostKind.EXECUTE_API, HostKind.UNKNOWN, HostKind.LOAD_BALANCER)

MAY_BE_ROOT = Condition(
    lambda shape: shape.depth <= 1,
    "the path is too deep to be the root of an API",
)
ON_A_CUSTOM_DOMAIN = Condition(
    lambda shape: shape.host_kind in _OWN_NAMES,
    "the host is not a custom domain",
)
IS_ROOT = Condition(
    lambda shape: shape.is_root is True,
    "the path is not the root of the API",
)
PREFLIGHT_OR_HEAD = Condition(
    lambda shape: shape.method in ("HEAD", "OPTIONS"),
    "the method is neither HEAD nor OPTIONS",
)
NAMES_A_SEGMENT = Condition(
    lambda shape: shape.depth >= 1 or not shape.has_address,
    "the path has no segment that could be a stage",
)
NAMES_A_STAGE_ITSELF = Condition(
    lambda shape: shape.host_kind in _DEFAULT_NAMES or shape.behind_cdn is not False,
    "a custom domain without a CDN before it takes the stage from its mapping, not from the URL",
)
NAMES_NO_STAGE = Condition(
    lambda shape: shape.names_a_stage is not True,
    "the URL names a stage",
)
MAYBE_LONG = Condition(
    lambda shape: shape.took_as_long_as_a_timeout is not False,
    "the answer came soon",
)
NOT_LONG = Condition(
    lambda shape: shape.took_as_long_as_a_timeout is not True,
    "the answer took as long as an integration is given",
)
INSIDE_A_VPC = Condition(
    lambda shape: shape.in_vpc is not False,
    "the connection went to a public address",
)
SURELY_INSIDE_A_VPC = Condition(
    lambda shape: shape.in_vpc is True,
    "the connection is not known to have gone to a private address",
)
A_WRITE_WITH_A_BODY = Condition(
    lambda shape: shape.method in ("POST", "PUT", "PATCH", ""),
    "the method carries no body",
)
A_NAME_OF_THE_OWNERS = Condition(
    lambda shape: shape.host_kind not in (HostKind.EXECUTE_API, HostKind.CLOUDFRONT),
    "the host is a name that AWS gave",
)
BEHIND_A_CDN = Condition(
    lambda shape: shape.behind_cdn is not False and shape.host_kind not in _AWS_NAMES,
    "no CDN of the owner's stands before this host",
)
