"""Finds the credentials anywhere in a paste: they are secrets of the whole paste.

The search reads the plain text, so the form of the paste, and whether it can be parsed, make no
difference. AWS's own words are never taken for a credential: hiding them would hide the subject.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from urllib.parse import unquote_plus

from gatewatch.gateway.wire_formats import WIRES
from gatewatch.model import CredentialKind
from gatewatch.redaction.looks import TOKENS
from gatewatch.redaction.names import is_secret_field, is_secret_header, is_secret_parameter
from gatewatch.redaction.views import unescaped

_DEPTH = 2


def credentials(text: str) -> frozenset[str]:
    """Every value in the place of a credential, escaped and unescaped."""
    found: set[str] = set()
    for _ in range(_DEPTH + 1):
        found.update(_shown(text))
        if (plain := unescaped(text)) == text:
            break
        text = plain
    return frozenset(
        value for one in found for value in (one, unquote_plus(one)) if _is_credential(value)
    )


def _shown(text: str) -> Iterator[str]:
    yield from _tokens(text)
    yield from _phrases(text)
    yield from _after_scheme(text)
    yield from _fields(text)
    yield from _pairs(text)
    yield from _elements(text)
    for user_info in _USER_INFO.finditer(text):
        yield from _login(user_info[1])
    if _CLIENT.search(text):
        yield from _options(text)
    if _IN_BASE64 in text:
        for encoded in _ENCODED.finditer(text):
            yield from _shown(_decoded(encoded[1]))


# As HAR files keep a body that is no text.
_IN_BASE64 = '"base64"'
_ENCODED = re.compile(r'"text"\s*:\s*"([A-Za-z0-9+/]{8,}={0,2})"')


def _tokens(text: str) -> Iterator[str]:
    for marker, token in TOKENS:
        if marker in text:
            yield from (match[0] for match in token.finditer(text))


# What curl says of cookies, a netrc of passwords, Python of both, Digest of itself, and AWS of keys
# in its console's file and in its tables.
_PHRASES = (
    re.compile(r"(?i)\bcookie\s+[^\s=;]{1,256}=\"?([^\";\s]+)"),
    re.compile(r"\blogin\s+\S{1,256}\s+password\s+(\S+)"),
    re.compile(r"\bauth=\(\s?[\"'][^\"'\r\n]{0,256}[\"'],\s?[\"']([^\"'\r\n]+)"),
    re.compile(r"\bHTTPBasicAuth\(\s?[\"'][^\"'\r\n]{0,256}[\"'],\s?[\"']([^\"'\r\n]+)"),
    re.compile(r"\b(?:response|cnonce|nonce)=\"([^\"\s]{8,256})\""),
    re.compile(r"\bA[KS]IA[A-Z0-9]{12,}\"?[,;\s]{1,4}\"?([\w/+=]{30,})"),
    re.compile(
        r"(?i)\b(?:key|token|secret|password)\s+(?:is\s+|was\s+)?[\"'`]?"
        r"(?=[\w.~+/=-]{0,64}\d)(?=[\w.~+/=-]{0,64}[a-z])([\w.~+/=-]{12,})"
    ),
    re.compile(r"(?i)\b(?:secret_?access_?key|session_?token)[ \t|]{1,40}([\w/+=]{16,})"),
)
_SET_ON_THE_NEXT_LINE = re.compile(
    r"\bname:[ ]?[\"']?([\w-]{1,64})[\"']?\r?\n\s{0,40}value:[ ]?[\"']?([^\s\"']+)"
)
_SET_IN_A_SHELL = re.compile(
    r"(?m)^[^\S\r\n]{0,8}(?:[$#>%][ \t]{1,4})?set[ \t]+(?:-\w+[ \t]+)*"
    r"(\w{1,64})[ \t]+[\"']?([^\s\"']+)"
)
_LISTED = re.compile(r"[\"']([\w-]{1,64})[\"'],\s?b?[\"']([^\"'\r\n]+)")


def _phrases(text: str) -> Iterator[str]:
    for phrase in _PHRASES:
        yield from (match[1] for match in phrase.finditer(text))
    for setting in (_SET_ON_THE_NEXT_LINE, _SET_IN_A_SHELL):
        for set_ in setting.finditer(text):
            if is_secret_field(set_[1].lower()):
                yield set_[2]
    for listed in _LISTED.finditer(text):
        # A name may just as well be followed by another.
        if is_secret_header(listed[1]) and _is_random(listed[2]):
            yield listed[2]


_USER_INFO = re.compile(r"(?<=//)([^/?#\s\"'<>\\]+)@")


def _login(pair: str) -> Iterator[str]:
    """A password; or the user's name, where it is a token that stands alone."""
    user, _, password = pair.partition(":")
    if password:
        yield password
    if not password or _is_random(user):
        yield user


def _is_random(text: str) -> bool:
    return len(text) >= 12 and any(map(str.isdigit, text)) and any(map(str.isalpha, text))


_SCHEMES = "bearer|basic|token|apikey|digest|negotiate"
_SCHEME = re.compile(
    rf"(?i)\b({_SCHEMES})\s+(?=[\w.~+/=-]*\d|[\w.~+/=-]{{16}})(?P<value>[\w.~+/=-]{{6,}})"
)
_SIGNED = re.compile(r"\b(?:Credential=([^/,\s\"']+)|Signature=([0-9a-fA-F]{8,}))")


def _after_scheme(text: str) -> Iterator[str]:
    for match in _SCHEME.finditer(text):
        yield from _after(match[1], match["value"])
    for signed in _SIGNED.finditer(text):
        yield signed[1] or signed[2]


def _after(scheme: str, value: str) -> Iterator[str]:
    yield value
    if scheme.lower() == "basic":
        yield from _login(_decoded(value))


def _decoded(basic: str) -> str:
    try:
        return b64decode(basic + "==").decode("utf-8", "replace")
    except ValueError:
        return ""


# A name and what is set to it, in a header, in JSON, in a form, in a shell or in a log.
_FIELD = re.compile(
    r"(?<![\w.-])(?P<name>[A-Za-z_][\w.\[\]-]{0,63})[\"']?\s{0,8}(?:=>|[:=])\s{0,8}\[?\s{0,8}"
    r"(?:b?(?P<quote>[\"']))?"
)
_IN_QUOTES = {
    '"': re.compile(r'(?:[^"\\\r\n]|\\.)*'),
    "'": re.compile(r"(?:[^'\\\r\n]|\\.)*"),
}
_BARE = re.compile(rf"(?i:(?:{_SCHEMES})\s+)?[^\s&;,\"'<>(){{}}\[\]]*")
_AUTHORIZATION = re.compile(r"(?:[A-Za-z][\w-]{0,32}\s+)?[^\s&;,\"'<>(){}\[\]]*")
_LINE = re.compile(r"[^\r\n\"']*")
_AT_LINE_START = re.compile(r"(?:^|\n)[<>*\s]{0,4}\Z")


def _fields(text: str) -> Iterator[str]:
    taken = _Taken(text)
    for field in _FIELD.finditer(text):
        name = field["name"].lower()
        before = text[max(0, field.start() - 5) : field.start()]
        if "cookie" in name:
            pattern = _IN_QUOTES[field["quote"]] if field["quote"] else _LINE
            yield from _cookies(name, taken.value(field.end(), pattern))
        elif _is_secret(name, before):
            for pattern in _patterns(name, field["quote"], before):
                yield from _told(name, taken.value(field.end(), pattern).strip())


def _patterns(name: str, quote: str | None, before: str) -> Iterator[re.Pattern[str]]:
    """The forms of a field's value: all between its quotes, or a word, or a header's line."""
    if quote:
        yield _IN_QUOTES[quote]
        return
    yield _AUTHORIZATION if name.endswith("authorization") else _BARE
    if _AT_LINE_START.search(before):
        yield _LINE


# A field may stand in the value of another; so many deep, it is one of a text that means nothing.
_MOST_NESTED = 6


class _Taken:
    """The values in a text; only a few may be nested."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._ends: defaultdict[re.Pattern[str], deque[int]] = defaultdict(
            lambda: deque([0] * _MOST_NESTED, maxlen=_MOST_NESTED)
        )

    def value(self, start: int, pattern: re.Pattern[str]) -> str:
        ends = self._ends[pattern]
        match = pattern.match(self._text, start) if start >= min(ends) else None
        if match is None:
            return ""
        ends.append(match.end())
        return match[0]


_ANY_WORD = re.compile(r"(?i)passw|pwd|passphrase|secret")
_LONGER_THAN_A_WORD = 12


def _told(name: str, value: str) -> Iterator[str]:
    """The secrets in a field of this name; a single word counts only where passwords stand."""
    scheme, blank, rest = value.partition(" ")
    if scheme.startswith("AWS4-"):
        return
    if blank and (name.endswith("authorization") or re.fullmatch(_SCHEMES, scheme.lower())):
        yield from _after(scheme, rest.strip())
    elif _ANY_WORD.search(name) or not _is_word(value):
        yield value
        yield value.partition("=")[2]


def _is_word(value: str) -> bool:
    return value.isalpha() and value.islower() and len(value) < _LONGER_THAN_A_WORD


def _is_secret(name: str, before: str) -> bool:
    if is_secret_field(name) or before.endswith(("?", "&", "&amp;", ";")):
        return is_secret_parameter(name)
    return name.startswith("x-") and is_secret_header(name)


def _cookies(name: str, header: str) -> Iterator[str]:
    """All cookie values; in `Set-Cookie` only the first pair is one, the rest are attributes."""
    if name.startswith("set"):
        yield from (cookie[1] for cookie in _SET_COOKIE.finditer(header))
        return
    for pair in header.split(";"):
        yield pair.partition("=")[2].strip(" \"'")


# Several are joined by commas, or by line ends that may be escaped.
_SET_COOKIE = re.compile(r"(?:^|\\n|\n|,\s?)\s*[^=;,\s]{1,256}=\"?([^;,\s\"\\]*)")


_STRING = r'"((?:[^"\\]|\\.)*)"'
_NAME = r'"(?:name|key)"\s*:\s*"([^"\\]{1,64})"'
_NAMED = re.compile(rf'{_NAME}[^{{}}]{{0,300}}?"value"\s*:\s*{_STRING}')
_NAMED_AFTER = re.compile(rf'"value"\s*:\s*{_STRING}[^{{}}]{{0,300}}?{_NAME}')
_COOKIES = re.compile(r'"cookies"\s*:\s*\[((?:[^\[\]{}]*\{[^{}]*\})*)')
_COOKIE = re.compile(rf'"value"\s*:\s*{_STRING}')


def _pairs(text: str) -> Iterator[str]:
    """In lists of names and values, as browsers and Postman write them."""
    if '"value"' not in text:
        return
    named = [(match[1], match[2]) for match in _NAMED.finditer(text)]
    named += [(match[2], match[1]) for match in _NAMED_AFTER.finditer(text)]
    for name, value in named:
        if "cookie" in name.lower():
            yield from _cookies(name.lower(), value)
        elif is_secret_parameter(name):
            yield from _told(name, value)
    for cookies in _COOKIES.finditer(text):
        yield from (cookie[1] for cookie in _COOKIE.finditer(cookies[1]))


_ELEMENT = re.compile(r"<([A-Za-z][\w:.-]{0,63})(?:\s[^<>]{0,200})?>([^<>]{1,8192})</")
_PART = re.compile(r'\bname="([^"\r\n]{1,64})"\r?\n(?:[\w-]+:[^\r\n]*\r?\n)*\r?\n([^\r\n]+)')


def _elements(text: str) -> Iterator[str]:
    """Of XML, and of forms in parts."""
    for pattern in (_ELEMENT, _PART):
        for match in pattern.finditer(text):
            if is_secret_field(match[1].rpartition(":")[2]):
                yield from _told(match[1], match[2].strip())


_CLIENT = re.compile(r"\b(?:(?:aws)?curl|wget|https?|xh)(?:\.exe)?\s")
_OPTION = re.compile(
    r"(?<!\S)(?:--(?P<long>[A-Za-z][\w-]*)(?:=|\s+)|-[A-Za-z#0-9]{0,8}?(?P<short>[uUbEaH])\s*)"
    r"(?:\\\r?\n\s*)?"
    r"(?:\$?'(?P<single>[^'\r\n]*)'|\"(?P<double>(?:[^\"\\\r\n]|\\.)*)\"|(?P<bare>[^\s'\"-]\S*))"
)
_LOGINS = frozenset({"u", "U", "a", "user", "proxy-user", "auth"})
_CERTIFICATES = frozenset({"E", "cert", "proxy-cert"})
_ALONE = frozenset({"oauth2-bearer", "pass", "proxy-pass"})


_LONG = (*sorted(_LOGINS | _CERTIFICATES | _ALONE), "cookie", "data-urlencode", "header")
_SHORTEST_OPTION = 3


def _in_full(option: str) -> str:
    """curl accepts the beginning of a long option."""
    if len(option) < _SHORTEST_OPTION:
        return option
    return next((one for one in _LONG if one.startswith(option)), option)


def _options(text: str) -> Iterator[str]:
    """The credentials in a command. https://curl.se/docs/manpage.html"""
    for option in _OPTION.finditer(text):
        name = _in_full(option["long"]) if option["long"] else option["short"]
        value = option["single"] or option["double"] or option["bare"] or ""
        if name in _LOGINS:
            yield from _login(value)
        elif name in ("H", "header"):
            header, _, content = value.partition(":")
            yield from _told(header.lower(), content.strip()) if is_secret_header(header) else ()
        elif name in ("b", "cookie"):
            yield from _cookies("cookie", value)
        elif name in _CERTIFICATES:
            yield value.rpartition(":")[2] if ":" in value else ""
        elif name == "data-urlencode":
            field, _, content = value.partition("=")
            yield content if is_secret_parameter(field) else ""
        elif name in _ALONE or is_secret_field(name):
            yield value


_SHORTEST, _SHORTEST_WORD = 4, 6
_NONE = re.compile(
    r"\w+://.*|arn:.*|\d{4}-\d\d-\d\d[T ].*|<[^<>]*>|\$?\{.*\}|\$[A-Z][A-Z0-9_]*|\*.*\*|(.)\1*"
    rf"|(?i:.*redacted.*|true|false|null|none|undefined|string|aws4-hmac-sha256|{_SCHEMES})",
    re.DOTALL,
)
_WORD = re.compile(r"[A-Za-z]{4,}")


def _known_words(texts: Iterable[str]) -> frozenset[str]:
    return frozenset(word.lower() for text in texts for word in _WORD.findall(text))


_GATEWAYS = _known_words(
    part
    for wire in WIRES
    for part in (*wire.error_types, wire.wording.pattern if wire.wording else "")
)


def _is_credential(value: str) -> bool:
    """Whether it may be a secret: no placeholder, no short word, and none of AWS's own words."""
    if len(value) < (_SHORTEST_WORD if value.isalpha() else _SHORTEST):
        return False
    if _NONE.fullmatch(value) or value in _KINDS:
        return False
    words = [word.lower() for word in _WORD.findall(value)]
    return not words or not _GATEWAYS.issuperset(words) or any(map(str.isdigit, value))


_KINDS = frozenset(kind.value for kind in CredentialKind)
