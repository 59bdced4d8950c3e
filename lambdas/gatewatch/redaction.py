"""Takes secrets out of text: known ones in every form they travel in, unknown ones by their look.

Gateways echo credentials: in clear in older texts, hashed since 2025, and inside a canonical
request when a signature fails.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import parse_qsl, quote, quote_plus, urlencode, urlsplit, urlunsplit

HIDDEN = "<redacted>"
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")

_SECRET_HEADERS = frozenset(
    {
        "authorization",
        "proxy-authorization",
        "cookie",
        "set-cookie",
        "x-api-key",
        "x-amz-security-token",
    }
)
_SECRET_NAME = re.compile(
    r"(?i)(token|secret|passw|signature|credential|api[-_]?key|^key$|^sig$|^code$|^auth$|session)"
)
# Each is tried only where its marker stands in the text, and takes time in proportion to it.
_LOOKS: tuple[tuple[str, re.Pattern[str], str], ...] = (
    # A JSON Web Token, whole or cut.
    ("eyJ", re.compile(r"eyJ[\w-]{5,}(\.[\w-]*){0,2}"), HIDDEN),
    # An AWS access key id.
    ("A", re.compile(r"\b(AKIA|ASIA)[A-Z0-9]{12,}\b"), HIDDEN),
    # A bearer or basic credential, wherever it stands; words such as "bearer token" are none.
    (
        " ",
        re.compile(r"(?i)\b(bearer|basic)\s+(?=[\w.~+/=-]*\d|[\w.~+/=-]{16})[\w.~+/=-]{6,}(?!=)"),
        rf"\1 {HIDDEN}",
    ),
    # The echo of a header without `=` (wording before 2025).
    (
        "not a valid key=value pair",
        re.compile(
            r"'?(?<![^'\"\s])[^'\"\s]++'? (not a valid key=value pair)( \(missing equal-sign\))?"
        ),
        rf"{HIDDEN} \1\2",
    ),
    (
        "in Authorization header",
        re.compile(r"(in Authorization header: )'[^']*'?"),
        rf"\1'{HIDDEN}'",
    ),
    # The hash of a header (wording since 2025): a short secret can be guessed from it.
    ("encoded with Base64", re.compile(r"(encoded with Base64\): )'[^']*'?"), rf"\1'{HIDDEN}'"),
    # The echoed canonical request, which holds the session token.
    (
        "The Canonical String",
        re.compile(r"(The Canonical String for this request should have been).*", re.DOTALL),
        rf"\1 {HIDDEN}",
    ),
    ("Credential=", re.compile(r"(Credential=)[^/,\s]+"), rf"\1{HIDDEN}"),
    ("Signature=", re.compile(r"(Signature=)[0-9a-fA-F]{8,}"), rf"\1{HIDDEN}"),
)


class Redactor:
    """Knows the secrets of a run. The same redactor serves every text that leaves the process."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms = {form.lower() for secret in secrets for form in _forms(secret)}
        self._known = sorted(forms, key=len, reverse=True)

    def text(self, text: str) -> str:
        """The text without secrets, and without characters that a terminal would obey."""
        text = _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text)
        folded = text.lower()
        found = [re.escape(form) for form in self._known if form in folded]
        if found:
            text = re.sub("|".join(found), HIDDEN, text, flags=re.IGNORECASE)
        for marker, look, replacement in _LOOKS:
            if marker in text:
                text = look.sub(replacement, text)
        return text

    def headers(self, headers: Iterable[tuple[str, str]]) -> dict[str, str]:
        """Headers by name as spelled; those of one name joined by commas."""
        shown: dict[str, str] = {}
        for name, value in headers:
            kept = HIDDEN if name.lower() in _SECRET_HEADERS else self.text(value)
            shown[name] = f"{shown[name]}, {kept}" if name in shown else kept
        return shown

    def url(self, url: str) -> str:
        """Without user info, and without the values of parameters that carry secrets."""
        try:
            parts = urlsplit(url)
            pairs = parse_qsl(parts.query, keep_blank_values=True)
        except ValueError:
            return self.text(url)
        netloc = parts.netloc.rpartition("@")[2]
        query = parts.query
        if any(_SECRET_NAME.search(name) for name, _ in pairs):
            hidden = [(n, HIDDEN if _SECRET_NAME.search(n) else v) for n, v in pairs]
            query = urlencode(hidden, safe="<>")
        return self.text(urlunsplit((parts.scheme, netloc, parts.path, query, parts.fragment)))

    def mapping(self, values: Mapping[str, str]) -> dict[str, str]:
        return self.headers(values.items())


def _forms(secret: str) -> Iterator[str]:
    """The ways in which a secret may stand in a text, without those too short to tell.

    They are matched without regard to case, since escapes and hex digits come in both.
    """
    for value in (secret, f"Bearer {secret}", f"Basic {secret}"):
        yield from _digests(value)
    found = {
        secret,
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        json.dumps(secret)[1:-1].replace("/", "\\/"),
        _html(secret),
        secret.encode().hex(),
        *_url_encoded(secret),
        *_base64_inside(secret),
    }
    yield from (form for form in found if len(form) >= 4)


def _url_encoded(secret: str) -> Iterator[str]:
    for encoded in (quote(secret, safe=""), quote(secret), quote_plus(secret)):
        yield from (encoded, quote(encoded, safe=""))


def _html(secret: str) -> str:
    escapes = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"}
    return "".join(escapes.get(character, character) for character in secret)


def _base64_inside(secret: str) -> Iterator[str]:
    """Base64 of the secret by itself and at any place inside a longer text.

    Characters that share bits with a neighbour differ from text to text and are left off.
    """
    raw = secret.encode()
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        whole = encode(raw).decode()
        yield from (whole, whole.rstrip("="))
        for offset in range(3):
            encoded = encode(b"\0" * offset + raw).decode().rstrip("=")
            start = -(-offset * 8 // 6)
            end = (offset + len(raw)) * 8 // 6
            if end - start >= 8:
                yield encoded[start:end]


def _digests(value: str) -> Iterator[str]:
    raw = value.encode()
    for digest in (hashlib.sha256(raw).digest(), hashlib.sha1(raw, usedforsecurity=False).digest()):
        yield digest.hex()
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            encoded = encode(digest).decode()
            yield from (encoded, encoded.rstrip("="))
