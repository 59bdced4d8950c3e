"""A look as a command of curl, to take it again: only of what reads, and without its credential."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from gatewatch.gateway.url import API_ID_HEADER, parse, signing_service
from gatewatch.model import READING_METHODS, CredentialKind, Exchange, SentCredential, Validity
from gatewatch.notices.commands import may_be_signed
from gatewatch.redaction.looks import HIDDEN

_URL = re.compile(r"https?://[\x21-\x3b=\x3f-\x7e]+")
_SENT_ALONG = (API_ID_HEADER, "user-agent")
_VALUE = re.compile(r"[\x20-\x7e]+")
_LONGEST = 900


def curl(exchange: Exchange) -> str | None:
    """None for what may write, and where the evidence does not tell what was sent. A variable of
    the shell stands where a credential or another secret was."""
    request = exchange.request
    method = request.method.upper()
    carried = [_credential(one, exchange) for one in request.presented]
    if method not in READING_METHODS or not _URL.fullmatch(request.url.replace(HIDDEN, "")):
        return None
    if any(one is None for one in carried):
        return None
    parts = ("curl -gi", *_as_method(method), _quoted(request.url), *_headers(exchange), *carried)
    command = " ".join(part for part in parts if part)
    return command if len(command) <= _LONGEST else None


def _quoted(text: str) -> str:
    """As one word of the shell, whatever it holds; what was hidden is for a person to fill in."""
    known = (shlex.quote(part) if part else "" for part in text.split(HIDDEN))
    return '"$HIDDEN"'.join(known)


def _as_method(method: str) -> tuple[str, ...]:
    return {"GET": (), "HEAD": ("-I",)}.get(method, (f"-X {method}",))


def _headers(exchange: Exchange) -> Iterator[str]:
    """Those that select the API, or make the request look like a browser's."""
    sent = {name.lower(): value for name, value in exchange.request.headers.items()}
    for name in _SENT_ALONG:
        value = sent.get(name, "")
        if _VALUE.fullmatch(value) and HIDDEN not in value:
            yield f"-H {shlex.quote(f'{name}: {value}')}"


_PLAIN = {
    CredentialKind.NONE: "",
    CredentialKind.BEARER: '-H "authorization: Bearer ${}TOKEN"',
    CredentialKind.API_KEY: '-H "x-api-key: ${}API_KEY"',
    CredentialKind.BASIC: '--user "${}USERNAME:${}PASSWORD"',
    CredentialKind.COOKIE: '-H "cookie: ${}COOKIE"',
    CredentialKind.CLIENT_CERT: '--cert "${}CERTIFICATE" --key "${}PRIVATE_KEY"',
    CredentialKind.OTHER: '-H "${}HEADER"',
}


def _credential(sent: SentCredential, exchange: Exchange) -> str | None:
    """None for one that nobody could send again from what is known."""
    if sent.kind is CredentialKind.SIGV4:
        return _signed(exchange)
    shown = _PLAIN.get(sent.kind)
    which = "INVALID_" if sent.validity is Validity.INVALID else ""
    return None if shown is None else shown.replace("{}", which)


def _signed(exchange: Exchange) -> str | None:
    region = parse(exchange.request.url).region
    service = signing_service(exchange.request.url)
    if region is None or not service or not may_be_signed(exchange):
        return None
    return (
        f"--aws-sigv4 {shlex.quote(f'aws:amz:{region}:{service}')}"
        ' --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY"'
        ' -H "x-amz-security-token: $AWS_SESSION_TOKEN"'
    )
