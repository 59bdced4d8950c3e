"""Removes secrets from all output: known ones by their traces, others by their look."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

from gatewatch.redaction.looks import HIDDEN, without_secrets
from gatewatch.redaction.names import is_secret_header, is_secret_parameter
from gatewatch.redaction.traces import Traces

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_USER_INFO = re.compile(r"(?<=//)[^/]*@")


class Redactor:
    """Knows the secrets of a run; all output goes through it."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._traces: tuple[Traces, ...] = (Traces(secrets),)

    def knowing(self, secrets: Iterable[str]) -> Redactor:
        """A redactor that knows these, too; itself if there are none."""
        more = frozenset(secrets)
        if not more:
            return self
        both = Redactor()
        both._traces = (*self._traces, Traces(more))
        return both

    def text(self, text: str, *, cut: bool = False) -> str:
        """The text without secrets, and without characters that a terminal would obey.

        `cut`: the text was cut at its end, so the beginning of a secret is hidden there, too.
        """
        for traces in self._traces:
            text = _hidden(text, traces, cut)
        # Controls last: a carriage return may separate the lines of a wrapped secret.
        return without_secrets(_CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text))

    def headers(
        self, headers: Iterable[tuple[str, str]], most: int | None = None
    ) -> dict[str, str]:
        """Headers by name as spelled, equal names joined by commas.

        `most`: how many characters of each name and value are shown.
        """
        shown: dict[str, str] = {}
        for received, value in headers:
            name = self._beginning(received, most)
            kept = HIDDEN if is_secret_header(received) else self._beginning(value, most)
            shown[name] = f"{shown[name]}, {kept}"[:most] if name in shown else kept
        return shown

    def _beginning(self, text: str, most: int | None) -> str:
        """Redacts at most this many characters: it cuts first, so that length costs nothing."""
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
        if any(is_secret_parameter(name) for name, _ in pairs):
            hidden = [(n, HIDDEN if is_secret_parameter(n) else v) for n, v in pairs]
            query = urlencode(hidden, safe="<>")
        return self.text(urlunsplit((parts.scheme, netloc, parts.path, query, "")))


def _hidden(text: str, traces: Traces, cut: bool) -> str:
    spans = traces.spans(text, cut=cut)
    ends = [0, *(end for _, end in spans)]
    kept = [text[end:start] for end, (start, _) in zip(ends, spans, strict=False)]
    return HIDDEN.join((*kept, text[ends[-1] :]))


_SHORTEST = 6


def shown_in(url: str, headers: Iterable[tuple[str, str]] = ()) -> Iterator[str]:
    """The credentials in a request's own URL and headers, which its answer may echo."""
    try:
        parts = urlsplit(url)
        pairs = [*parse_qsl(parts.query), *parse_qsl(parts.fragment)]
    except ValueError:
        return
    user, _, password = parts.netloc.rpartition("@")[0].partition(":")
    values = [unquote(password or user)]
    values += [value for name, value in pairs if is_secret_parameter(name)]
    values += [part for name, sent in headers if is_secret_header(name) for part in sent.split()]
    yield from (value for value in values if len(value) >= _SHORTEST)
