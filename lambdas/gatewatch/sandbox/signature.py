"""Checks a SigV4 signature as the gateway would, from the specification alone.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, unquote

from gatewatch.sandbox.answers import (
    SECURITY_TOKEN_INVALID,
    SIGNATURE_MISMATCH,
    Answer,
    incomplete_signature,
    signature_expired,
)
from gatewatch.sandbox.api import Signer

_TOLERANCE = timedelta(minutes=5)
_FORM = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, slots=True)
class Signed:
    """What a request shows of its signature. Header names are lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]


def is_signature(authorization: str) -> bool:
    return authorization.startswith("AWS4-HMAC-SHA256 ") and "Credential=" in authorization


def refuse_form(authorization: str) -> Answer:
    digest = hashlib.sha256(authorization.encode("latin-1", "replace")).digest()
    return incomplete_signature(base64.b64encode(digest).decode())


def verify(request: Signed, signers: Mapping[str, Signer], now: datetime) -> Signer | Answer:
    """The identity that signed, or the gateway's refusal."""
    fields = _fields(request.headers["authorization"])
    key_id, day, region, service, _ = fields["Credential"].split("/")
    signer = signers.get(key_id)
    if signer is None:
        return SECURITY_TOKEN_INVALID
    sent = request.headers.get("x-amz-date", "")
    if (late := _too_old(sent, now)) is not None:
        return late
    text = "\n".join(
        (
            "AWS4-HMAC-SHA256",
            sent,
            f"{day}/{region}/{service}/aws4_request",
            hashlib.sha256(_canonical(request, fields["SignedHeaders"]).encode()).hexdigest(),
        )
    )
    key = b"AWS4" + signer.secret_access_key.encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    wanted = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    return signer if hmac.compare_digest(wanted, fields["Signature"]) else SIGNATURE_MISMATCH


def _fields(authorization: str) -> dict[str, str]:
    pairs = authorization.partition(" ")[2].split(",")
    return {name.strip(): value for name, _, value in (pair.partition("=") for pair in pairs)}


def _too_old(sent: str, now: datetime) -> Answer | None:
    when = datetime.strptime(sent, _FORM).replace(tzinfo=UTC)
    limit = now - _TOLERANCE
    if when >= limit.replace(microsecond=0):
        return None
    return signature_expired(sent, now.strftime(_FORM), limit.strftime(_FORM))


def _canonical(request: Signed, signed_headers: str) -> str:
    names = signed_headers.split(";")
    headers = "".join(f"{name}:{request.headers.get(name, '').strip()}\n" for name in names)
    path = quote(quote(unquote(request.path), safe="/~"), safe="/~")
    pairs = sorted(pair.partition("=")[::2] for pair in request.query.split("&") if pair)
    query = "&".join(f"{name}={value}" for name, value in pairs)
    empty = hashlib.sha256(b"").hexdigest()
    return "\n".join((request.method, path, query, headers, signed_headers, empty))
