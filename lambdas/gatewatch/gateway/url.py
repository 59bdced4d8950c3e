"""What a URL says by its shape: which front door it names, and where its stage would stand.

It must not guess: a host that could be several things says so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit


class HostKind(StrEnum):
    EXECUTE_API = "execute_api"
    FUNCTION_URL = "function_url"
    CLOUDFRONT = "cloudfront"
    APPSYNC = "appsync"
    COGNITO = "cognito"
    LOAD_BALANCER = "load_balancer"
    CUSTOM = "custom"
    UNKNOWN = "unknown"


# https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-call-api.html
_HOSTS: tuple[tuple[HostKind, re.Pattern[str]], ...] = (
    (
        HostKind.EXECUTE_API,
        re.compile(
            r"(?P<api_id>(?!vpce-)[\w-]+?)(-vpce-\w+)?\.execute-api\.(?P<region>[\w-]+)"
            r"(\.vpce)?\.(amazonaws\.com(\.cn)?|api\.aws)"
        ),
    ),
    (
        HostKind.EXECUTE_API,
        re.compile(
            r"(?P<endpoint>vpce-[\w-]+)\.execute-api\.(?P<region>[\w-]+)"
            r"\.vpce\.amazonaws\.com(\.cn)?"
        ),
    ),
    (
        HostKind.FUNCTION_URL,
        re.compile(
            r"(?P<api_id>\w+)\.lambda-url\.(?P<region>[\w-]+)\.on"
            r"\.(aws|amazonwebservices\.com\.cn)"
        ),
    ),
    (HostKind.CLOUDFRONT, re.compile(r"[\w-]+\.cloudfront\.net")),
    (
        HostKind.APPSYNC,
        re.compile(r"(?P<api_id>\w+)\.appsync(-realtime)?-api\.(?P<region>[\w-]+)\.amazonaws\.com"),
    ),
    (HostKind.COGNITO, re.compile(r"cognito-idp\.(?P<region>[\w-]+)\.amazonaws\.com")),
    (
        HostKind.LOAD_BALANCER,
        re.compile(r"[\w.-]+\.(?P<region>[\w-]+)\.elb\.amazonaws\.com"),
    ),
    (HostKind.CUSTOM, re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)+", re.IGNORECASE)),
)


_ADDRESS = re.compile(r"[\d.]+")
API_ID_HEADER = "x-apigw-api-id"
"""Tells a VPC endpoint for which API a request is, where its host does not.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-private-api-test-invoke-url.html
"""


@dataclass(frozen=True, slots=True)
class Address:
    """A URL taken apart. `segments` are the non-empty parts of its path, stage included.

    `ends_in_slash`: the path goes on after its last segment, which makes it another resource.
    `endpoint`: the name of the VPC endpoint that the host is.
    """

    host: str
    host_kind: HostKind
    segments: tuple[str, ...]
    ends_in_slash: bool = False
    query: str = ""
    port: int | None = None
    api_id: str | None = None
    region: str | None = None
    endpoint: str | None = None

    @property
    def stage(self) -> str | None:
        """The segment that stands where a default endpoint names its stage."""
        named = self.host_kind is HostKind.EXECUTE_API and bool(self.segments)
        return self.segments[0] if named else None


@lru_cache(maxsize=4096)
def parse(url: str) -> Address:
    """Takes any text: what is no URL becomes an address of unknown kind, never an error."""
    try:
        parts = urlsplit(url if "://" in url else f"//{url}")
        host, port, path = (parts.hostname or "").lower(), parts.port, parts.path
    except ValueError:
        return Address("", HostKind.UNKNOWN, ())
    kind, named = _kind_of(host)
    segments = tuple(segment for segment in path.split("/") if segment)
    return Address(
        host=host,
        host_kind=kind,
        segments=segments,
        ends_in_slash=bool(segments) and path.endswith("/"),
        query=parts.query,
        port=port,
        api_id=named.get("api_id"),
        region=named.get("region"),
        endpoint=named.get("endpoint"),
    )


def _kind_of(host: str) -> tuple[HostKind, dict[str, str | None]]:
    if _ADDRESS.fullmatch(host):
        return HostKind.UNKNOWN, {}
    for kind, pattern in _HOSTS:
        if match := pattern.fullmatch(host):
            return kind, match.groupdict()
    return HostKind.UNKNOWN, {}


def host_of(url: str) -> str:
    """The host and port that a request to this URL goes to, as `host:port`."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or (80 if parts.scheme == 'http' else 443)}"


def is_loopback(host: str | None) -> bool:
    try:
        return host == "localhost" or ip_address(host or "").is_loopback
    except ValueError:
        return False


_LOCAL = re.compile(
    r"localhost|.*\.localhost|localhost\.localstack\.cloud|.*\.localhost\.localstack\.cloud"
    r"|host\.docker\.internal|0\.0\.0\.0"
)


def is_local(host: str) -> bool:
    """Whether such a name leads to the caller's own machine, where no API Gateway is."""
    return bool(_LOCAL.fullmatch(host)) or is_loopback(host)


def signing_service(url: str) -> str:
    """The service that a signature for this front door names."""
    return _SERVICES.get(parse(url).host_kind, "execute-api")


_SERVICES = {HostKind.FUNCTION_URL: "lambda", HostKind.APPSYNC: "appsync"}
