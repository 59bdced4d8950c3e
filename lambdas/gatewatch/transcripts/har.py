"""A browser's session (HAR): the refusals in it, grouped by route, preflights recognised.

http://www.softwareishard.com/blog/har-12-spec/
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from gatewatch.model import Exchange, Request, Response
from gatewatch.redaction.redactor import Redactor
from gatewatch.transcripts import sent

Json = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Route:
    """The exchanges of one method and URL without its query; `name` is the called route."""

    name: str
    exchanges: tuple[Exchange, ...]


def is_har(value: object) -> bool:
    log = value.get("log") if isinstance(value, dict) else None
    return isinstance(log, dict) and isinstance(log.get("entries"), list)


def refused_routes(value: Json) -> list[Route]:
    """The routes with a refusal. A request whose preflight was refused is no refusal of its own:
    the browser never sent it."""
    entries = [entry for entry in _list(_map(value.get("log")).get("entries")) if entry]
    exchanges = [_exchange(_map(entry)) for entry in entries]
    by_route: dict[str, list[Exchange]] = {}
    for one in exchanges:
        by_route.setdefault(_name(one), []).append(one)
    stopped = {_path(one) for one in exchanges if _preflight_of(one) and _is_refusal(one)}
    refused = [
        Route(name, tuple(_distinct(found)))
        for name, found in by_route.items()
        if any(_is_refusal(one) and not _never_sent(one, stopped) for one in found)
    ]
    return list(_first_of_its_like(refused))


_VARIABLE = re.compile(r"(?<=/)(\d+|[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}|[0-9a-fA-F]{24,})(?=[/ ]|$)")


def _first_of_its_like(routes: Iterable[Route]) -> Iterator[Route]:
    """Paths that differ only by an id and got the same answers are one route."""
    alike: dict[object, list[Route]] = {}
    for route in routes:
        outcomes = tuple(_outcome(one) for one in route.exchanges)
        alike.setdefault((_VARIABLE.sub("{id}", route.name), outcomes), []).append(route)
    for first, *others in alike.values():
        more = f" and {len(others)} more like it" if others else ""
        yield Route(f"{first.name}{more}", first.exchanges)


def _name(one: Exchange) -> str:
    asked = _preflight_of(one)
    preflight = f" (preflight of {asked})" if asked else ""
    return f"{one.request.method} {Redactor().url(_path(one))}{preflight}"


def _path(one: Exchange) -> str:
    return one.request.url.partition("?")[0]


def _preflight_of(one: Exchange) -> str | None:
    """The method that a preflight asks for; None for other requests."""
    headers = {name.lower(): value for name, value in one.request.headers.items()}
    asked = headers.get("access-control-request-method")
    return asked if one.request.method == "OPTIONS" else None


def _is_refusal(one: Exchange) -> bool:
    headers = map(str.lower, one.response.headers)
    return one.response.status >= 400 or one.response.status == 0 or "x-amzn-waf-action" in headers


def _never_sent(one: Exchange, stopped: set[str]) -> bool:
    return one.response.status == 0 and _path(one) in stopped


def _distinct(found: Iterable[Exchange]) -> Iterator[Exchange]:
    """A session repeats itself: of looks with the same outcome, the first suffices."""
    seen: set[tuple[object, ...]] = set()
    for one in found:
        if (outcome := _outcome(one)) not in seen:
            seen.add(outcome)
            yield one


def _outcome(one: Exchange) -> tuple[object, ...]:
    return tuple(one.request.presented), one.response.status, one.response.body


def _exchange(entry: Json) -> Exchange:
    request, response = _map(entry.get("request")), _map(entry.get("response"))
    headers = _headers(request)
    return Exchange(
        request=Request(
            method=str(request.get("method") or "GET").upper(),
            url=str(request.get("url") or ""),
            headers=headers,
            credentials=sent.credentials(headers),
            at=_text(entry.get("startedDateTime")),
        ),
        response=Response(
            status=_status(response.get("status")),
            headers=_headers(response),
            body=_body(_map(response.get("content"))),
            error=_text(response.get("_error")) or _text(entry.get("_error")),
            elapsed_ms=_milliseconds(entry.get("time")),
            address=_text(entry.get("serverIPAddress")),
        ),
    )


def _headers(message: Json) -> dict[str, str]:
    pairs = (_map(one) for one in _list(message.get("headers")))
    named = ((_text(one.get("name")), _text(one.get("value"))) for one in pairs)
    return {name: value for name, value in named if name and value is not None and name[0] != ":"}


def _body(content: Json) -> str | None:
    """Browsers leave out bodies that they could not keep: these were not seen."""
    text = _text(content.get("text"))
    if text is None or content.get("encoding") != "base64":
        return text
    try:
        return base64.b64decode(text).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return None


def _status(value: object) -> int:
    return value if isinstance(value, int) and 0 <= value <= 999 else 0


_A_DAY = 86_400_000


def _milliseconds(value: object) -> float | None:
    """Programs write -1 for unknown."""
    return float(value) if isinstance(value, int | float) and 0 <= value <= _A_DAY else None


def _map(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
