"""Who called: every reading of the credentials that were presented."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from itertools import product

from gatewatch.gateway.url import HostKind, parse
from gatewatch.model import (
    CredentialKind,
    Request,
    SentCredential,
    Validity,
)


@dataclass(frozen=True, slots=True)
class Caller:
    """One reading of what was presented; None means not presented.

    `signature` and `token` stand in Authorization: SigV4, or anything else. `is_near`: we sent it
    ourselves, straight to a name of AWS's, so nothing on the way can have removed a header.
    """

    signature: Validity | None = None
    token: Validity | None = None
    api_key: Validity | None = None
    other: Validity | None = None
    is_near: bool = False

    @property
    def presents(self) -> tuple[Validity | None, ...]:
        return (self.signature, self.token, self.api_key, self.other)

    @property
    def presents_nothing(self) -> bool:
        return not any(self.presents)


_TOKENS = frozenset({CredentialKind.BEARER, CredentialKind.BASIC})


_JUDGED = (Validity.VALID, Validity.INVALID)


def callers(request: Request, subject: Request) -> frozenset[Caller]:
    """Every reading of what was presented; an unknown validity is read both ways."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    presented = _with_headers(request.presented, headers)
    query = parse(request.url).query
    if "X-Amz-Signature=" in query:
        presented = (*presented, SentCredential(CredentialKind.SIGV4))
    elif query != parse(subject.url).query:
        # An authorizer may take its identity from the query.
        presented = (*presented, SentCredential(CredentialKind.OTHER))
    elif request.credential is None and not presented and not request.route:
        # The evidence says nothing about the caller. Our own looks name their route, and say all.
        presented = (SentCredential(CredentialKind.UNKNOWN),)
    readings = _readings(_few_of_each(presented), bool(headers))
    if request.route:
        near = parse(request.url).host_kind is HostKind.EXECUTE_API
        return frozenset(replace(reading, is_near=near) for reading in readings)
    return readings | _IN_ANOTHER_HEADER if readings == _NOTHING else readings


_NOTHING = frozenset({Caller()})


_IN_ANOTHER_HEADER = frozenset({Caller(other=Validity.UNKNOWN)})
"""A report that no credential was sent may leave out an identity in another header."""


def _few_of_each(presented: tuple[SentCredential, ...]) -> tuple[SentCredential, ...]:
    """At most as many equal credentials as `Caller` has fields for them."""
    if len(presented) <= _FIELDS:
        return presented
    counts = {sent: min(count, _FIELDS) for sent, count in Counter(presented).items()}
    return tuple(sent for sent, count in counts.items() for _ in range(count))


_FIELDS = len(fields(Caller))


@lru_cache(maxsize=1024)
def _readings(presented: tuple[SentCredential, ...], headers_shown: bool) -> frozenset[Caller]:
    readings: set[Caller] = {Caller()}
    for credential in presented:
        options = _options(credential, headers_shown)
        readings = {_add(reading, option) for reading, option in product(readings, options)}
    return frozenset(readings)


def _with_headers(
    presented: tuple[SentCredential, ...], headers: Mapping[str, str]
) -> tuple[SentCredential, ...]:
    """Adds credentials that only the headers show. An empty Authorization presents nothing."""
    kinds = {credential.kind for credential in presented}
    credentials = list(presented)
    authorization = headers.get("authorization", "").strip()
    if authorization and not kinds & {*_TOKENS, CredentialKind.SIGV4, CredentialKind.UNKNOWN}:
        signed = authorization.startswith("AWS4-")
        credentials.append(
            SentCredential(CredentialKind.SIGV4 if signed else CredentialKind.BEARER)
        )
    if "x-api-key" in headers and CredentialKind.API_KEY not in kinds:
        credentials.append(SentCredential(CredentialKind.API_KEY))
    return tuple(credentials)


def _options(credential: SentCredential, headers_shown: bool) -> Iterable[dict[str, Validity]]:
    """The fields of `Caller` that one credential may fill."""
    judged = _JUDGED if credential.validity is Validity.UNKNOWN else (credential.validity,)
    for field in _fields(credential.kind, headers_shown):
        for validity in judged:
            yield {field: validity} if field else {}


def _fields(kind: CredentialKind, headers_shown: bool) -> tuple[str, ...]:
    match kind:
        case CredentialKind.BEARER | CredentialKind.BASIC:
            return ("token",)
        case CredentialKind.SIGV4:
            return ("signature",)
        case CredentialKind.API_KEY:
            return ("api_key",)
        case CredentialKind.UNKNOWN:
            return ("", "signature", "token", "api_key", "other")
        case CredentialKind.OTHER:
            return ("other",) if headers_shown else ("other", "token")
        case CredentialKind.COOKIE | CredentialKind.CLIENT_CERT:
            return ("other",)
        case CredentialKind.NONE:
            return ("",)


def _add(reading: Caller, fields: Mapping[str, Validity]) -> Caller:
    return Caller(
        signature=fields.get("signature", reading.signature),
        token=fields.get("token", reading.token),
        api_key=fields.get("api_key", reading.api_key),
        other=fields.get("other", reading.other),
    )
