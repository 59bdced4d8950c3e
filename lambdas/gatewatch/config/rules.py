"""What must hold between the values of a configuration, written or pushed. Each value's own bounds
are in its type."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import urlsplit

import msgspec
from msgspec import UNSET, UnsetType

from gatewatch.config.canonical import (
    HEARTBEAT,
    Api,
    ApiKey,
    ClientCertificate,
    Config,
    CredentialSource,
    Expect,
    Header,
    Heartbeat,
    Hook,
    OAuth2,
    Route,
    Sigv4,
    Verification,
    caller_name,
)
from gatewatch.config.headers import directs, header_problem
from gatewatch.config.jsonpath import is_path
from gatewatch.config.pattern import is_pattern
from gatewatch.config.problems import Path, Problem
from gatewatch.config.template import is_json, template_problem
from gatewatch.config.values import TOPIC, TOPIC_PATTERN
from gatewatch.config.windows import window_problem
from gatewatch.gateway.url import AmbiguousUrlError, host_of, is_loopback_host, joined_url, parse
from gatewatch.model import Access

MOST_PLACES = 200_000
MOST_SMALL = 100
"""Beyond, latencies and an overview are worth what they cost: a few dollars for all routes."""
_MOST_ROUTE_BYTES = 20_000
_MOST_CREDENTIAL_BYTES = 60_000
_DEEPEST = 40
_MOST_EXPECTATIONS = 50
HTTPS = "expected https (plain http only to loopback)"
JSON_PATH = "expected a JSON path such as $.ok, with at most one .. and no regular expression"
_Sources = Mapping[str, CredentialSource]


def problems(config: Config) -> Iterator[Problem]:
    """All of them, each with its place."""
    yield from _twice((api.name for api in config.apis), ("apis",))
    yield from _twice((one.name for one in config.credentials), ("credentials",))
    places = sum(len(api.routes) * len(api.entrances) for api in config.apis)
    if places > MOST_PLACES:
        yield Problem(("apis",), f"expected at most {MOST_PLACES} routes at entrances", places)
    if config.is_small and places > MOST_SMALL:
        yield Problem(("small",), f"expected at most {MOST_SMALL} routes at entrances", places)
    for one in config.credentials:
        yield from _of_source(one.source, ("credentials", one.name))
        if len(msgspec.json.encode(one.source)) > _MOST_CREDENTIAL_BYTES:
            expected = f"expected a credential of at most {_MOST_CREDENTIAL_BYTES} bytes"
            yield Problem(("credentials", one.name), expected)
    yield from _of_channels(config)
    yield from _of_windows(config)
    yield from _of_verification(config.verification)
    sources = {one.name: one.source for one in config.credentials}
    if places <= MOST_PLACES:
        for api in config.apis:
            yield from _of_api(api, sources)


def _of_verification(verification: Verification) -> Iterator[Problem]:
    if verification.deadline_seconds < verification.for_seconds:
        least = f"{verification.for_seconds:g}s"
        yield Problem(("verify", "deadline"), f"expected at least `for`, which is {least}")


def _twice(names: Iterable[str], path: Path) -> Iterator[Problem]:
    for name, count in Counter(names).items():
        if count > 1:
            yield Problem((*path, name), f"expected once, not {count} times")


def _of_source(source: CredentialSource, path: Path) -> Iterator[Problem]:
    name = source.header if isinstance(source, ApiKey) else None
    name = source.name if isinstance(source, Header) else name
    if name is not None and directs(name):
        yield Problem(path, "expected another header: this one would change what is called", name)
    if isinstance(source, OAuth2):
        if not is_secure(source.token_url):
            yield Problem((*path, "token_url"), HTTPS)
        yield from _of_url(source.token_url, "", (*path, "token_url"))


def is_secure(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "https" or is_loopback_host(parts.hostname)


def _unsignable(api: Api, sources: _Sources, path: Path) -> Iterator[Problem]:
    """A signature names a region, which custom domains do not tell."""
    found = {name: sources.get(name) for name in sorted(api.presented)}
    vague = [name for name, one in found.items() if isinstance(one, Sigv4) and one.region is None]
    for at, entrance in enumerate(api.entrances if vague else ()):
        is_placed = parse(entrance.url).region is not None or _is_yet_unknown(entrance.url)
        if not entrance.closed and not is_placed:
            expected = f"expected a region in credential {vague[0]}, since this URL names none"
            yield Problem((*path, "also_at" if at else "url"), expected, entrance.url)


def _is_yet_unknown(url: str) -> bool:
    """A URL that only the deployment knows has a placeholder of RFC 2606."""
    return (urlsplit(url).hostname or "").endswith(".invalid")


def _of_url(base: str, target: str, path: Path) -> Iterator[Problem]:
    try:
        joined_url(base, target)
    except AmbiguousUrlError as error:
        yield Problem(path, f"expected a URL that everybody reads alike: {error}", base + target)


def _of_channels(config: Config) -> Iterator[Problem]:
    known = {api.name for api in config.apis}
    keys: set[str] = set()
    shapes: dict[str, str | UnsetType] = {}
    for at, channel in enumerate(config.notify):
        path = ("notify", at)
        if channel.topic and not re.match(TOPIC_PATTERN, channel.topic):
            yield Problem((*path, "sns"), f"expected {TOPIC}", channel.topic)
        ways = bool(channel.topic), channel.bus is not UNSET, channel.hook is not UNSET
        if sum(ways) != 1:
            yield Problem(path, "expected one of a topic, an event bus and a hook")
        if channel.key == HEARTBEAT:
            expected = "expected another name: the heartbeat is called that"
            yield Problem((*path, "name"), expected, channel.called)
        if not channel.topic and channel.key in keys:
            expected = "expected a name of its own: another channel is called that"
            yield Problem((*path, "name"), expected, channel.called)
        if channel.topic and shapes.setdefault(channel.topic, channel.shape) != channel.shape:
            yield Problem((*path, "as"), "expected one shape for one topic", channel.topic)
        keys.add(channel.key)
        yield from _of_hook(channel.hook, path)
        if channel.quiet is not UNSET and (told := window_problem(channel.quiet.window)):
            yield Problem((*path, "quiet"), told)
        if channel.apis == ():
            yield Problem((*path, "apis"), "expected at least one API")
        for name in channel.apis or ():
            if name not in known:
                yield Problem((*path, "apis"), "no such API", name)
    if config.heartbeat is not UNSET:
        yield from _of_heartbeat(config.heartbeat)


def problem_of_template(template: str | None, content_type: str | None) -> str | None:
    if template is None:
        return None
    return template_problem(template, is_json=is_json(content_type))


def _of_hook(hook: Hook | UnsetType, path: Path) -> Iterator[Problem]:
    """What is sent there goes to its hosts and to no others."""
    if hook is UNSET:
        return
    if (told := problem_of_template(hook.template, hook.content_type)) is not None:
        yield Problem((*path, "webhook", "template"), told)
    if not isinstance(hook.url, str):
        return
    if not is_secure(hook.url):
        yield Problem(path, HTTPS)
    if hook.hosts != (host_of(hook.url),):
        yield Problem(path, "expected the host of its URL")


def _of_heartbeat(beat: Heartbeat) -> Iterator[Problem]:
    path = ("heartbeat",)
    if (beat.url is None) is not bool(beat.topic):
        yield Problem(path, "expected one of a URL and a topic")
    if beat.topic and not re.match(TOPIC_PATTERN, beat.topic):
        yield Problem((*path, "sns"), f"expected {TOPIC}", beat.topic)
    if isinstance(beat.url, str) and beat.hosts != (host_of(beat.url),):
        yield Problem(path, "expected the host of its URL")
    if beat.url is not None and not beat.hosts:
        yield Problem((*path, "host"), "missing")
    if isinstance(beat.url, str) and not is_secure(beat.url):
        yield Problem((*path, "url"), HTTPS)


def _of_windows(config: Config) -> Iterator[Problem]:
    known = {api.name for api in config.apis}
    for at, window in enumerate(config.maintenance):
        if (expected := window_problem(window)) is not None:
            yield Problem((f"maintenance {window.cron or window.start}",), expected)
        for name in window.apis:
            if name not in known:
                yield Problem(("maintenance", at, "apis"), "no such API", name)


def _of_api(api: Api, sources: _Sources) -> Iterator[Problem]:
    path = ("apis", api.name)
    for entrance in api.entrances:
        bad = [*_of_url(entrance.url, "", (*path, "url"))]
        yield from bad or _of_entrance(api, entrance.url, path)
        if bad:
            return
    yield from _unsignable(api, sources, path)
    yield from _twice((one.name for one in api.routes), (*path, "routes"))
    yield from _twice((one.url for one in api.entrances if not one.closed), (*path, "also_at"))
    place = api.connect_to
    if place and api.presented and not is_loopback_host(place.rpartition(":")[0].strip("[]")):
        expected = "expected a loopback address, since credentials are sent there"
        yield Problem((*path, "connect_to"), expected, place)
    for at, route in enumerate(api.routes):
        yield from _of_route(route, api, sources, (*path, "routes", at, route.name))


def _of_entrance(api: Api, url: str, path: Path) -> Iterator[Problem]:
    if not is_secure(url):
        yield Problem((*path, "url"), HTTPS, url)
    if parse(url).endpoint and api.api_id is None:
        yield Problem((*path, "url"), "expected api_id beside it: this names the endpoint", url)


def _of_route(route: Route, api: Api, sources: _Sources, path: Path) -> Iterator[Problem]:
    if len(msgspec.json.encode(route)) > _MOST_ROUTE_BYTES:
        yield Problem(path, f"expected a route of at most {_MOST_ROUTE_BYTES} bytes")
        return
    if not route.name.startswith(f"{route.method} /"):
        yield Problem(path, f"expected a name that begins with {route.method}")
    if route.access is Access.PUBLIC and route.guarded_by:
        yield Problem((*path, "guarded_by"), "a public route has no guard; is it protected?")
    if route.open_share is not None and route.open_share[0] > route.open_share[1]:
        yield Problem((*path, "open_after"), "expected no more failures than looks")
    # A target that stays within one of these URLs stays within all of them.
    yield from _of_url(api.entrances[0].url, route.target, path)
    for callers in route.callers:
        yield from _of_callers(callers, sources, (*path, "as"))
    for name, value in route.headers.items():
        if (expected := header_problem(name, value)) is not None:
            yield Problem((*path, "headers", name), expected)
    yield from _of_expect(route.expect, (*path, "expect"))


def _of_callers(callers: tuple[str, ...], sources: _Sources, path: Path) -> Iterator[Problem]:
    for name in callers:
        if name not in sources:
            yield Problem(path, "no such credential", name)
    filled = Counter(filled_by(sources[name]) for name in callers if name in sources)
    for place, count in filled.items():
        if count > 1:
            yield Problem(path, f"{count} credentials fill {place}", caller_name(callers))


def filled_by(source: CredentialSource) -> str:
    """The one place in a request that a credential fills."""
    match source:
        case ApiKey() as key:
            return f"the {key.header.lower()} header"
        case Header() as header:
            return f"the {header.name.lower()} header"
        case ClientCertificate():
            return "the client certificate"
        case _:
            return "the authorization header"


def _of_expect(expect: Expect, path: Path) -> Iterator[Problem]:
    for key, found in (("json", expect.json), ("headers", expect.headers)):
        if len(found) > _MOST_EXPECTATIONS:
            yield Problem((*path, key), f"expected at most {_MOST_EXPECTATIONS}", len(found))
            return
    if expect.body is not None and not is_pattern(expect.body):
        yield Problem((*path, "body"), "expected a regular expression", expect.body)
    for name, pattern in expect.headers.items():
        if not is_pattern(pattern):
            yield Problem((*path, "headers", name), "expected a regular expression", pattern)
    for query, value in expect.json.items():
        if not is_path(query):
            yield Problem((*path, "json", query), JSON_PATH, query)
        if not _is_flat(value):
            yield Problem((*path, "json", query), f"expected at most {_DEEPEST} levels")


def _is_flat(value: object) -> bool:
    """Whether it is nested no deeper than the limit for everything read here."""
    level = [value]
    for _ in range(_DEEPEST):
        level = [inner for one in level for inner in _inside(one)]
        if not level:
            return True
    return False


def _inside(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, (list, tuple)) else ()
