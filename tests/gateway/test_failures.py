"""Why no HTTP response came, in the words of many clients: what each may mean, and no more."""

from __future__ import annotations

import pytest

from gatewatch.diagnosis.diagnose import diagnose
from gatewatch.model import Confidence, Diagnosis, Exchange, Request, Response
from gatewatch.transcripts.read import read_transcript

HOST = "p7c2w0jx5t.execute-api.us-east-2.amazonaws.com"
URL = f"https://{HOST}/prod/notes"


def told(error: str) -> Diagnosis:
    request = Request(method="GET", url=URL)
    return diagnose([Exchange(request=request, response=Response(error=error))])


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (f"Couldn't resolve host '{HOST}'", "dns_failure"),
        (f"Could not resolve host: {HOST}", "dns_failure"),
        (f"unable to resolve host address '{HOST}'", "dns_failure"),
        (f"HTTPSConnectionPool: NameResolutionError: Failed to resolve '{HOST}'", "dns_failure"),
        (f"The remote name could not be resolved: '{HOST}'", "dns_failure"),
        ("socket.gaierror: [Errno -5] No address associated with hostname", "dns_failure"),
        ("No such host is known. (h.example.com:443)", "dns_failure"),
        (f"dial tcp: lookup {HOST}: no such host", "dns_failure"),
        (f"java.net.UnknownHostException: {HOST}", "dns_failure"),
        ("failed to lookup address information: Name does not resolve", "dns_failure"),
        ("A server with the specified hostname could not be found.", "dns_failure"),
        ("php_network_getaddresses: getaddrinfo failed", "dns_failure"),
        ("Inaccessible host: `h.example.com' at port `undefined'", "dns_failure"),
        ("net::ERR_NAME_NOT_RESOLVED", "dns_failure"),
        ("SSLError: hostname 'h.example.com' doesn't match '*.example.org'", "tls_failure"),
        ("ssl.CertificateError: hostname 'h.example.com' doesn't match", "tls_failure"),
        ("unable to verify: hostname h.example.com does not match", "tls_failure"),
        ("x509: certificate signed by unknown authority", "tls_failure"),
        ("PKIX path building failed", "tls_failure"),
        ("DEPTH_ZERO_SELF_SIGNED_CERT", "tls_failure"),
        ("The underlying connection was closed: no trust relationship", "tls_failure"),
        ("curl: (51) no alternative name matches", "tls_failure"),
        ("tlsv13 alert certificate required", "client_certificate_required"),
        ("curl: (56) Received HTTP code 403 from proxy after CONNECT", "proxy_denied"),
        ("curl: (56) CONNECT tunnel failed, response 403", "proxy_denied"),
        ("OSError('Tunnel connection failed: 403 Forbidden')", "proxy_denied"),
        ("tunneling socket could not be established, statusCode=403", "proxy_denied"),
        ("java.io.IOException: Unable to tunnel through proxy", "proxy_denied"),
        ("net::ERR_TUNNEL_CONNECTION_FAILED", "proxy_denied"),
        ("curl: (92) HTTP/2 stream 0 was not closed cleanly: INTERNAL_ERROR", "connection_reset"),
        ("curl: (56) OpenSSL SSL_read: Connection reset by peer, errno 104", "connection_reset"),
        ('Get "https://h.example.com": EOF', "connection_reset"),
        ("An existing connection was forcibly closed by the remote host", "connection_reset"),
        ("SocketError: other side closed", "connection_reset"),
        ("org.apache.http.NoHttpResponseException: h:443 failed to respond", "connection_reset"),
        ("net::ERR_HTTP2_PROTOCOL_ERROR", "connection_reset"),
        ("dial tcp 192.0.2.1:443: i/o timeout", "timeout"),
        ("did not properly respond after a period of time", "timeout"),
        ("Unable to connect to the remote server", "connect_failure"),
        ("No connection could be made because the target actively refused it", "connect_failure"),
        ("connect EHOSTUNREACH 192.0.2.1:443", "connect_failure"),
    ],
)
def test_a_wording_of_one_reason(error: str, cause: str) -> None:
    found = told(error)
    assert (found.cause, found.confidence) == (cause, Confidence.CERTAIN)


@pytest.mark.parametrize(
    ("error", "causes"),
    [
        (
            f'Could not connect to the endpoint URL: "{URL}"',
            {"dns_failure", "connect_failure"},
        ),
        ("Failed to establish a new connection", {"dns_failure", "connect_failure"}),
        ("HeadersTimeoutError: Headers Timeout Error", {"timeout", "integration_timeout"}),
        (
            "curl: (58) unable to load client cert",
            {"tls_failure", "client_certificate_required"},
        ),
        (
            "ProxyError('Cannot connect to proxy.')",
            {"proxy_denied", "connect_failure", "dns_failure"},
        ),
    ],
)
def test_a_wording_that_leaves_the_reason_open(error: str, causes: set[str]) -> None:
    found = told(error)
    assert {one.cause for one in found.candidates} == causes
    assert found.confidence is Confidence.AMBIGUOUS


def test_a_reason_that_is_told_last_comes_before_what_it_is_told_in() -> None:
    chain = (
        "HTTPSConnectionPool: Max retries exceeded (Caused by NewConnectionError: Failed to"
        " establish a new connection: [Errno 111] Connection refused)"
    )
    assert told(chain).cause == "connect_failure"
    resolved = chain.replace(
        "[Errno 111] Connection refused", "[Errno -2] Name or service not known"
    )
    assert told(resolved).cause == "dns_failure"


def test_words_that_nobody_knows_claim_nothing() -> None:
    assert told("the cat sat on the cable").cause == "unknown"


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        (f"curl: (6) Couldn't resolve host '{HOST}'", "dns_failure"),
        ("curl: (92) HTTP/2 stream 1 was not closed cleanly", "connection_reset"),
        ("curl: (56) CONNECT tunnel failed, response 403", "proxy_denied"),
        (f"requests.exceptions.ConnectionError: NameResolutionError('{HOST}')", "dns_failure"),
        (f'Could not connect to the endpoint URL: "{URL}"', "connect_failure"),
        (
            f"System.Net.WebException: The remote name could not be resolved: '{HOST}'",
            "dns_failure",
        ),
        ("Error: getaddrinfo ENOTFOUND h.example.com", "dns_failure"),
    ],
)
def test_an_error_by_itself_is_read(line: str, cause: str) -> None:
    [found] = read_transcript(line).transcripts
    diagnosis = diagnose(found.exchanges)
    assert cause in {one.cause for one in diagnosis.candidates}


@pytest.mark.parametrize(
    "text", ["Import failed: Forbidden", "my certificate is fine", "access refused", "not an error"]
)
def test_prose_is_no_error_of_a_client(text: str) -> None:
    assert read_transcript(text).transcripts == ()
