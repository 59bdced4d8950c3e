"""Why no HTTP response came, in the words of curl, Python, Node, Go, Java, .NET, browsers …

A wording that leaves several reasons open means all of them.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from gatewatch.gateway.answers import NO_RESPONSE, Answer

_NO_ADDRESS = frozenset({Answer.DNS_FAILURE})
_NO_CONNECTION = frozenset({Answer.CONNECT_FAILURE})
_NO_TLS = frozenset({Answer.TLS_FAILURE})
_NO_CLIENT_CERTIFICATE = frozenset({Answer.CERTIFICATE_REQUIRED})
_LATE = frozenset({Answer.TIMEOUT})
_SILENT = frozenset({Answer.SILENCE})
_CLOSED = frozenset({Answer.RESET})
_BY_PROXY = frozenset({Answer.PROXY_REFUSED})

# Specific wordings come before shared ones: botocore reports "Could not connect to the endpoint
# URL" for names without an address, too; urllib3 puts the proxy's refusal last.
_TEXTS: tuple[tuple[frozenset[Answer], str], ...] = (
    (_SILENT, r"^timeout: .* in phase (?:first_byte|transfer)$"),
    (_LATE, r"^timeout: .* in phase \w+$"),
    (
        _BY_PROXY,
        r"from proxy after connect|connect tunnel failed|tunnel connection failed"
        r"|tunnel(?:l?ing socket)? could not be established|unable to tunnel through proxy"
        r"|tunnel_connection_failed|proxy connect aborted|proxy authentication required"
        r"|proxy responded with|http proxy error|proxy error: \d{3}",
    ),
    (
        _BY_PROXY | _NO_CONNECTION | _NO_ADDRESS,
        r"proxyconnect|cannot connect to proxy|unable to connect to proxy|proxy_connection_failed"
        r"|could not resolve proxy|curl: \((5|97)\)",
    ),
    (
        _NO_ADDRESS,
        r"^dns:|(?:couldn't|could not|unable to|failed to|cannot|can't) resolve|resolve host"
        r"|name or service not known|nodename nor servname|enotfound|eai_again|eai_noname"
        r"|name.not.resolved|no such host|host is unknown|(?:name|dns) resolution"
        r"|nameresolution|getaddrinfo|gethostbyname|unknown ?host|nxdomain|servfail|gaierror"
        r"|no address associated|name does not resolve|remote name could not be resolved"
        r"|hostname could not be found|failed to lookup address|dns (?:error|lookup)|dns_probe"
        r"|getaddresses|inaccessible host|server can't find|resolutionerror|curl: \(6\)",
    ),
    (_NO_CLIENT_CERTIFICATE, r"certificate[ _]required|bad[ _]certificate|bad_ssl_client_auth"),
    (_NO_TLS | _NO_CLIENT_CERTIFICATE, r"curl: \(58\)|client certificate"),
    (_CLOSED, r"curl: \((52|55|56|92)\)|ssl_(?:read|write).{0,80}reset by peer"),
    (
        _NO_TLS,
        r"^tls:|ssl|certificate|handshake|err_cert|\btls|x509|pkix|schannel|self.signed"
        r"|leaf_signature|trust relationship|hostname.{0,200}(?:doesn't|does not) match"
        r"|hostname mismatch|unknown (?:authority|ca\b)"
        r"|curl: \((35|51|53|54|59|60|64|66|77|80|82|83|90|91)\)",
    ),
    (
        _SILENT,
        r"\b0 bytes received|read[ _-]?timed?[ _-]?out"
        r"|timeout(?: \w+){0,3} waiting for (?:the |a )?(?:response|answer)",
    ),
    (
        _LATE,
        r"connect(?:ion|ing)?[ _-]?timed?[ _-]?out|etimedout"
        r"|(?:failed|unable) to connect.{0,80}timed?[ _-]?out|dial tcp.{0,80}timed?[ _-]?out"
        r"|properly respond after a period",
    ),
    (_LATE | _SILENT, r"^timeout:|timed?[ _-]?out|deadline|took too long|curl: \(28\)"),
    (
        _CLOSED,
        r"^reset:|reset by peer|empty reply|closed connection|without response|econnreset"
        r"|hang up|\beof\b|connection[ ._]reset|empty.response|connection.(?:was )?closed"
        r"|remote end closed|remotedisconnected|broken pipe|epipe|forcibly closed"
        r"|not closed cleanly"
        r"|connection aborted|connection was lost|other side closed|protocol_error|goaway"
        r"|failed to respond|prematurely closed|connection was aborted"
        r"|stream (?:was )?(?:reset|error)"
        r"|curl: \((16|18|95)\)",
    ),
    (
        _NO_CONNECTION,
        r"^connect:|connection.?refused|actively refused|refused to connect|econnrefused"
        r"|couldn't connect to|failed to connect|unreach|no route"
        r"|(?:could not|unable to|cannot|can't) connect to the (?:remote )?server|curl: \(7\)"
        r"|connect to \S+ .{0,80}failed",
    ),
    (
        _NO_CONNECTION | _NO_ADDRESS,
        r"could not connect to the endpoint|failed to establish a new connection"
        r"|endpointconnectionerror|(?:could not|unable to|cannot|can't) connect"
        r"|error sending request|error trying to connect",
    ),
)
_PATTERNS = tuple((answers, re.compile(text, re.IGNORECASE)) for answers, text in _TEXTS)


_NOT_REACHED = re.compile(
    r"dns: |connect: |tls: certificate not accepted|timeout: .* in phase (dns|connect|tls)$"
)


def is_unreached(error: str | None) -> bool:
    """Whether the prober's words say that the host was not reached.

    Then no request was sent, and any other look at the host would have failed alike. A refused
    handshake does not count: it may be the credential's fault.
    """
    return error is not None and _NOT_REACHED.match(error) is not None


def without_response(error: str | None, phases: Collection[str] = ()) -> frozenset[Answer]:
    """The answers that an error text may mean; all without a text, none if it is unknown.

    `phases` are those that ended: after the handshake, the other side was silent.
    """
    if not error:
        return NO_RESPONSE
    meant = next((answers for answers, pattern in _PATTERNS if pattern.search(error)), frozenset())
    if meant == _LATE | _SILENT and phases:
        return _SILENT if "tls" in phases else _LATE
    return meant
