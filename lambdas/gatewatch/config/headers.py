"""Which headers a configuration may set: none that decides where a request goes, what it is, or who
calls."""

from __future__ import annotations

import re

from gatewatch.config.values import HEADER_NAME_PATTERN, HEADER_VALUE_PATTERN
from gatewatch.gateway.url import API_ID_HEADER

# What decides where a request goes, how it is read, or which method it really is.
_OWN = re.compile(
    r"host|content-length|transfer-encoding|te|trailer|connection|keep-alive|upgrade|expect"
    rf"|proxy-.*|x-http-method(-override)?|x-method-override|{API_ID_HEADER}"
    r"|forwarded|x-forwarded-(host|server)|x-original-(host|url)|x-rewrite-url"
)
_CREDENTIALS = frozenset({"authorization", "x-api-key", "cookie", "x-amz-security-token"})
_NAME = re.compile(HEADER_NAME_PATTERN)
_VALUE = re.compile(HEADER_VALUE_PATTERN)


def directs(name: str) -> bool:
    return bool(_OWN.fullmatch(name.lower()))


def header_problem(name: str, value: str) -> str | None:
    """What was expected instead of this header; None for a valid one."""
    if name.lower() in _CREDENTIALS:
        return "expected a credential under `as` instead"
    if name.lower() == API_ID_HEADER:
        return "expected `api_id` of the API instead"
    if directs(name):
        return "expected another header: this one would change what is called"
    if not _NAME.match(name):
        return "expected the name of a header such as X-Tenant"
    if not _VALUE.match(value):
        return "expected a value of printable ASCII characters"
    return None
