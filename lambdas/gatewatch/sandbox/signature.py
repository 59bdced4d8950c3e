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

from gatewatch.sandbox.answers import rest
from gatewatch.sandbox.answers.base import Answer, Basis
from gatewatch.sandbox.world import Signer

_TOLERANCE = timedelta(minutes=5)
_FORM = "%Y%m%dT%H%M%SZ"
_ALGORITHM = "AWS4-HMAC-SHA256"
_PARTS = ("Credential", "Signature", "SignedHeaders")


@dataclass(frozen=True, slots=True)
class Signed:
    """What a request shows of its signature. Header names are lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a credential must be scoped to; any region where that is None."""

    region: str | None
    service: str


def refuse_form(authorization: str) -> Answer | None:
    """The refusal of a header that has not the form of a signature.

    One word lacks every parameter; a scheme and a word without an equal sign is no pair (F3).
    """
    _, _, value = authorization.partition(" ")
    hashed = _hashed(authorization)
    pairs = [pair.strip() for pair in (value or authorization).split(",")]
    if value and any("=" not in pair for pair in pairs):
        return rest.no_key_value_pair(hashed)
    lacking = [name for name in _PARTS if name not in _fields(authorization)]
    return rest.parameters_required(lacking, hashed) if lacking else None


def _hashed(authorization: str) -> str:
    digest = hashlib.sha256(authorization.encode("latin-1", "replace")).digest()
    return base64.b64encode(digest).decode()


def verify(
    request: Signed, signers: Mapping[str, Signer], scope: Scope, now: datetime
) -> Signer | Answer:
    """The identity that signed, or the gateway's refusal: scope, then key, time and signature."""
    fields = _fields(request.headers["authorization"])
    parts = fields["Credential"].split("/")
    if len(parts) != 5:
        text = "Credential must have exactly 5 slash-delimited elements"
        return rest.signature_refused(text, Basis.INFERRED)
    key_id, day, region, service, _ = parts
    refusal = _wrong_scope(scope, region, service)
    if refusal is not None:
        return refusal
    signer = signers.get(key_id)
    if signer is None or signer.session_token != request.headers.get("x-amz-security-token"):
        return rest.SECURITY_TOKEN_INVALID
    if signer.expired:
        return rest.SECURITY_TOKEN_EXPIRED
    sent = request.headers.get("x-amz-date", "")
    if (untimely := _untimely(sent, now)) is not None:
        return untimely
    text = "\n".join(
        (
            _ALGORITHM,
            sent,
            f"{day}/{region}/{service}/aws4_request",
            hashlib.sha256(_canonical(request, fields["SignedHeaders"]).encode()).hexdigest(),
        )
    )
    key = b"AWS4" + signer.secret_access_key.encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    wanted = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    is_good = hmac.compare_digest(wanted, fields["Signature"])
    return signer if is_good else rest.SIGNATURE_MISMATCH


def _wrong_scope(scope: Scope, region: str, service: str) -> Answer | None:
    if scope.region is not None and region != scope.region:
        text = f"Credential should be scoped to a valid region, not '{region}'. "
        return rest.signature_refused(text, Basis.DOCUMENTED)
    if service != scope.service:
        text = f"Credential should be scoped to correct service: '{scope.service}'. "
        return rest.signature_refused(text, Basis.DOCUMENTED)
    return None


def _fields(authorization: str) -> dict[str, str]:
    pairs = authorization.partition(" ")[2].split(",")
    return {name.strip(): value for name, _, value in (pair.partition("=") for pair in pairs)}


def _untimely(sent: str, now: datetime) -> Answer | None:
    try:
        when = datetime.strptime(sent, _FORM).replace(tzinfo=UTC)
    except ValueError:
        return rest.SIGNATURE_MISMATCH
    now = now.replace(microsecond=0)
    at = now.strftime(_FORM)
    if when < now - _TOLERANCE:
        limit = (now - _TOLERANCE).strftime(_FORM)
        text = f"Signature expired: {sent} is now earlier than {limit} ({at} - 5 min.)"
        return rest.signature_refused(text, Basis.RECORDED, "fd-055")
    if when > now + _TOLERANCE:
        limit = (now + _TOLERANCE).strftime(_FORM)
        text = f"Signature not yet current: {sent} is still later than {limit} ({at} + 5 min.)"
        return rest.signature_refused(text, Basis.DOCUMENTED)
    return None


def _canonical(request: Signed, signed_headers: str) -> str:
    names = signed_headers.split(";")
    headers = "".join(f"{name}:{request.headers.get(name, '').strip()}\n" for name in names)
    path = quote(quote(unquote(request.path), safe="/~"), safe="/~")
    pairs = sorted(pair.partition("=")[::2] for pair in request.query.split("&") if pair)
    query = "&".join(f"{name}={value}" for name, value in pairs)
    sent_hash = request.headers.get("x-amz-content-sha256")
    payload = sent_hash or hashlib.sha256(request.body).hexdigest()
    return "\n".join((request.method, path, query, headers, signed_headers, payload))
