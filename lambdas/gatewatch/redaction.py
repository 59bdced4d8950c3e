"""Takes secrets out of text: known ones by their traces, unknown ones by their look.

Gateways echo credentials: in clear in older texts, hashed since 2025, and inside a canonical
request when a signature fails.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from gatewatch.traces import Traces

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
    r"(?i)(token|secret|passw|pwd|signature|credential|api[-_]?key|session|jwt|hmac|assertion|ticket"
    r"|authorization$|^(x-)?(auth|key|sig|code|sid|otp|pin)$)"
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
    # A parameter of a challenge, or an attribute, that is named like a secret.
    (
        '="',
        re.compile(r'(?i)((?:token|secret|passw\w{0,8}|api[-_]?key)=")[^"]{4,}"?'),
        rf'\1{HIDDEN}"',
    ),
    ("Credential=", re.compile(r"(Credential=)[^/,\s]+"), rf"\1{HIDDEN}"),
    ("Signature=", re.compile(r"(Signature=)[0-9a-fA-F]{8,}"), rf"\1{HIDDEN}"),
)


_USER_INFO = re.compile(r"(?<=//)[^/]*@")


@lru_cache(maxsize=1024)
def is_secret_header(name: str) -> bool:
    """Whether the value of such a header is a credential, told by its name."""
    folded = name.lower()
    if folded in _SECRET_HEADERS:
        return True
    return not folded.startswith("access-control-") and bool(_SECRET_NAME.search(folded))


class Redactor:
    """Knows the secrets of a run. The same redactor serves every text that leaves the process."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._traces = Traces(secrets)

    def text(self, text: str, *, cut: bool = False) -> str:
        """The text without secrets, and without characters that a terminal would obey.

        `cut`: it ends where somebody cut it, so what a secret begins with is hidden there, too.
        """
        text = _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text)
        if spans := self._traces.spans(text, cut=cut):
            ends = [0, *(end for _, end in spans)]
            kept = [text[end:start] for end, (start, _) in zip(ends, spans, strict=False)]
            text = HIDDEN.join((*kept, text[ends[-1] :]))
        for marker, look, replacement in _LOOKS:
            if marker in text:
                text = look.sub(replacement, text)
        return text

    def headers(
        self, headers: Iterable[tuple[str, str]], most: int | None = None
    ) -> dict[str, str]:
        """Headers by name as spelled; those of one name joined by commas.

        `most`: how many characters of each name and value are shown.
        """
        shown: dict[str, str] = {}
        for received, value in headers:
            name = self._beginning(received, most)
            kept = HIDDEN if is_secret_header(received) else self._beginning(value, most)
            shown[name] = f"{shown[name]}, {kept}"[:most] if name in shown else kept
        return shown

    def _beginning(self, text: str, most: int | None) -> str:
        """Cut before it is searched, so that its length costs nothing."""
        return self.text(text[:most], cut=most is not None and len(text) > most)[:most]

    def url(self, url: str) -> str:
        """Without user info, fragment, and the values of parameters that carry secrets."""
        try:
            parts = urlsplit(url)
            pairs = parse_qsl(parts.query, keep_blank_values=True)
        except ValueError:
            return self.text(_USER_INFO.sub("", url))
        netloc = parts.netloc.rpartition("@")[2]
        query = parts.query
        if any(_SECRET_NAME.search(name) for name, _ in pairs):
            hidden = [(n, HIDDEN if _SECRET_NAME.search(n) else v) for n, v in pairs]
            query = urlencode(hidden, safe="<>")
        return self.text(urlunsplit((parts.scheme, netloc, parts.path, query, "")))
