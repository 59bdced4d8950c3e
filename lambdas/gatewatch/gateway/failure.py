"""Why no HTTP response came, as clients word it: curl, Python, Node, Go, Java, browsers."""

from __future__ import annotations

import re

from gatewatch.gateway.answers import NO_RESPONSE, Answer

_TEXTS = (
    (
        Answer.DNS_FAILURE,
        r"^dns:|could not resolve|name or service not known|nodename nor servname|enotfound"
        r"|eai_again|name.not.resolved|no such host|name resolution|getaddrinfo|unknownhost"
        r"|nxdomain|curl: \(6\)",
    ),
    (Answer.CERTIFICATE_REQUIRED, r"certificate[ _]required|bad[ _]certificate"),
    (Answer.TLS_FAILURE, r"^tls:|ssl|certificate|handshake|err_cert|\btls\b|curl: \((35|60)\)"),
    (Answer.TIMEOUT, r"^timeout:|timed?[ _-]?out|deadline|etimedout|curl: \(28\)"),
    (
        Answer.RESET,
        r"^reset:|reset by peer|empty reply|closed connection|without response|econnreset"
        r"|hang up|unexpected eof|connection[ ._]reset|empty.response|connection.closed"
        r"|remote end closed|broken pipe|epipe|curl: \((52|56|92)\)",
    ),
    (
        Answer.CONNECT_FAILURE,
        r"^connect:|refused|couldn't connect|failed to connect|unreach|no route"
        r"|curl: \(7\)",
    ),
)
_PATTERNS = tuple((answer, re.compile(text, re.IGNORECASE)) for answer, text in _TEXTS)


def without_response(error: str | None) -> frozenset[Answer]:
    """What an error text means; everything where there is none, nothing where it is not known."""
    if not error:
        return NO_RESPONSE
    for answer, pattern in _PATTERNS:
        if pattern.search(error):
            return frozenset({answer})
    return frozenset()
