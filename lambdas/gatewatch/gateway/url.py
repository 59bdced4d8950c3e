"""What the form of a URL shows: its front door, and where its stage would stand.

It never guesses: a host that could be several things is of unknown kind.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import quote, urlsplit

from gatewatch.gateway.addresses import is_loopback_address


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
"""Names the API to a VPC endpoint, if the host does not.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-private-api-test-invoke-url.html
"""


@dataclass(frozen=True, slots=True)
class Address:
    """A URL in its parts. `segments` are the non-empty parts of its path, stage included.

    `ends_in_slash`: a slash follows the last segment, which makes it another resource. `endpoint`:
    the VPC endpoint, if the host names one.
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
        """The segment in the place where a default endpoint names its stage."""
        named = self.host_kind is HostKind.EXECUTE_API and bool(self.segments)
        return self.segments[0] if named else None


@lru_cache(maxsize=4096)
def parse(url: str) -> Address:
    """Accepts any text: without a URL, the address is of unknown kind, never an error."""
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


_OCTET = r"(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
# Some readers take a name whose last label is a number for an address (https://url.spec.whatwg.org).
_NAME = rf"({_LABEL}\.)*(?!([0-9]+|0x[0-9a-f]*)(?![a-z0-9_.-])){_LABEL}"
PORT = r"([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
NAMED_HOST = rf"(?=[^:/]{{1,253}}([:/]|$))(({_OCTET}\.){{3}}{_OCTET}|{_NAME})"
_HOST = rf"({NAMED_HOST}|\[[0-9a-f:]{{2,39}}\])"
_CHARACTER = r"([A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-F]{2})"
_PATH = rf"(/{_CHARACTER}*)*"
_QUERY = rf"(\?({_CHARACTER}|[/?])+)?"
BASE_PATTERN = rf"^https?://{_HOST}(:{PORT})?{_PATH}$(?!\n)"
"""A URL that all programs read alike: lower case up to the end of the host, no user info, and
nothing in its path that a sender would rewrite."""
TARGET_PATTERN = rf"^/(?!/){_CHARACTER}*{_PATH}{_QUERY}$(?!\n)"
"""A path and a query that keep the host, whichever base URL they follow."""
_BASE = re.compile(BASE_PATTERN)
_TARGET = re.compile(rf"({TARGET_PATTERN})|{_QUERY}")
_DOTS = re.compile(r"/\.\.?(/|$)")


class AmbiguousUrlError(ValueError):
    """Raised for a URL that two programs may read differently; the message names the part."""


def joined_url(base: str, target: str) -> str:
    """The URL that is called; both the checks of where a call goes and the sender use this one.

    Raises AmbiguousUrlError. Some senders resolve a dot segment and others send it.
    """
    url = base + target
    if not (_BASE.match(base) and _TARGET.fullmatch(target)):
        raise AmbiguousUrlError("it can be read in more than one way")
    if "[" in base and not _is_ipv6(base[base.index("[") + 1 : base.index("]")]):
        raise AmbiguousUrlError("it names no address of IPv6")
    if tidied_base(base) + tidied(target) != url:
        raise AmbiguousUrlError("some senders would write it otherwise")
    if _DOTS.search(base.partition("://")[2]) or _DOTS.search(target.partition("?")[0]):
        raise AmbiguousUrlError("it has a segment . or .. in its path")
    return url


def halves(url: str) -> tuple[str, str]:
    """A URL as a base without query, and a target that is at most a query."""
    base, mark, query = url.partition("?")
    return base, mark + query if query else ""


def _is_ipv6(text: str) -> bool:
    try:
        return ip_address(text).version == 6
    except ValueError:
        return False


def with_root(url: str) -> str:
    """The same URL with the path `/` if it has none, as senders request it."""
    return _NO_PATH.sub(r"\1/", url)


_NO_PATH = re.compile(r"^(https?://[^/?]+)(?=\?|$)")
_UNTIDY = re.compile(r"%([0-9A-Fa-f]{2})|[^A-Za-z0-9._~!$&'()*+,;=:@/?-]")
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]")


def tidied(text: str) -> str:
    """A path or query with every character as senders write it (RFC 3986, section 6.2.2)."""
    return _UNTIDY.sub(_written, text)


def _written(found: re.Match[str]) -> str:
    if found[1] is None:
        return quote(found[0], safe="", errors="replace")
    meant = chr(int(found[1], 16))
    return meant if _UNRESERVED.match(meant) else found[0].upper()


def tidied_base(url: str) -> str:
    """The same for a URL without query, with its scheme and host in lower case."""
    scheme, _, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    return f"{scheme.lower()}://{authority.lower()}{slash}{tidied(path)}"


def host_of(url: str) -> str:
    """Where a request to this URL goes, as `host:port`."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or (80 if parts.scheme == 'http' else 443)}"


def is_loopback_host(host: str | None) -> bool:
    try:
        return host == "localhost" or is_loopback_address(ip_address(host or ""))
    except ValueError:
        return False


_LOCAL = re.compile(
    r"localhost|.*\.localhost|localhost\.localstack\.cloud|.*\.localhost\.localstack\.cloud"
    r"|host\.docker\.internal|0\.0\.0\.0"
)


def is_local(host: str) -> bool:
    """Whether the name leads to the caller's own machine, which runs no API Gateway."""
    return bool(_LOCAL.fullmatch(host)) or is_loopback_host(host)


def signing_service(url: str) -> str:
    """The service name in a signature for this front door."""
    return _SERVICES.get(parse(url).host_kind, "execute-api")


_SERVICES = {HostKind.FUNCTION_URL: "lambda", HostKind.APPSYNC: "appsync"}
