"""Turns authored APIs and routes into canonical ones: fills in defaults and templates."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote, urlencode

import msgspec

from gatewatch.config import authored
from gatewatch.config.canonical import Api, Entrance, Expect, Route
from gatewatch.config.credentials import NamedSource
from gatewatch.config.findings import Findings
from gatewatch.config.headers import header_problem
from gatewatch.config.jsonpath import is_path
from gatewatch.config.limits import check_times, seconds
from gatewatch.config.lookups import NO_URL, Lookups, urls
from gatewatch.config.pattern import is_pattern
from gatewatch.config.problems import Path
from gatewatch.config.rules import HTTPS, JSON_PATH, is_secure
from gatewatch.config.values import METHODS
from gatewatch.config.verification import actions
from gatewatch.gateway.url import is_loopback_host, parse, tidied, tidied_base
from gatewatch.model import Access

_NO_ROUTES = "expected at least one; without a route no entrance is looked at, `closed_at` neither"


def api(
    name: str,
    raw: object,
    defaults: Iterable[authored.Defaults],
    sources: Mapping[str, NamedSource],
    lookups: Lookups,
    findings: Findings,
) -> Api | None:
    """`defaults`: those that are nearer to the API come later."""
    path = ("apis", name)
    if not isinstance(raw, dict):
        return None
    routes = tuple(_routes(raw.get("routes"), path, findings))
    if not routes and not findings.touch((*path, "routes")):
        findings.add((*path, "routes"), _NO_ROUTES)
    written = _outside(raw, path, findings)
    found = tuple(urls(written, lookups.parameter, path, findings, lookups.instead.get(name)))
    _check_place(written, found, bool(_used(routes)), path, findings)
    check_times(written, path, findings)
    settled = _settled(*defaults, written)
    return Api(
        name=name,
        entrances=_entrances(found),
        routes=tuple(
            made
            for place, key, route in routes
            if (made := _route(key, route, settled, written, sources, place, findings))
        ),
        owner=written.owner,
        severity=written.severity,
        runbook=written.runbook,
        connect_to=written.connect_to,
        remind_every_seconds=_interval(settled.remind_every),
        authority=lookups.authority(written.ca_file, (*path, "ca_file"), findings),
        private=written.private,
        api_id=written.api_id,
        verify=actions(written.verify, (*path, "verify"), findings),
    )


def _outside(raw: Mapping[str, object], path: Path, findings: Findings) -> authored.Api:
    """The API without its routes; wrong parts are already recorded and left out here."""
    sound = {
        key: value
        for key, value in raw.items()
        if key != "routes" and not findings.touch((*path, key))
    }
    return msgspec.convert({"url": NO_URL, **sound, "routes": []}, authored.Api)


def _routes(
    raw: object, path: Path, findings: Findings
) -> Iterator[tuple[Path, str, authored.Route]]:
    """Every route that is valid by itself; a bare access word is short for a mapping."""
    seen: dict[str, Path] = {}
    for at, entry in enumerate(raw if isinstance(raw, list) else ()):
        for key, value in entry.items() if isinstance(entry, dict) else ():
            place = (*path, "routes", at, key)
            if key in seen:
                findings.add(place, f"expected once; it stands at routes[{seen[key][-2]}] already")
            seen[key] = place
            if not findings.touch(place):
                long = {"access": value} if isinstance(value, str) else value
                yield place, key, msgspec.convert(long, authored.Route)


def _used(routes: tuple[tuple[Path, str, authored.Route], ...]) -> set[str]:
    return {name for _, _, route in routes for caller in route.callers for name in _split(caller)}


def _split(caller: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in caller.split("+"))


def _check_place(
    written: authored.Api,
    found: Iterable[tuple[str, str]],
    secrets: bool,
    path: Path,
    findings: Findings,
) -> None:
    """Credentials travel only over TLS to the real host, or stay on this machine. A VPC endpoint's
    own name alone leads to no API."""
    for key, url in found:
        if not is_secure(url):
            findings.add((*path, key), HTTPS, url)
        if parse(url).endpoint and written.api_id is None:
            findings.add((*path, key), "expected api_id beside it: this names the endpoint", url)
    if written.connect_to is None or not secrets:
        return
    if not is_loopback_host(written.connect_to.rpartition(":")[0].strip("[]")):
        findings.add(
            (*path, "connect_to"),
            "expected a loopback address, since credentials are sent there",
            written.connect_to,
        )


def _entrances(found: Iterable[tuple[str, str]]) -> tuple[Entrance, ...]:
    entrances = (
        Entrance(url=tidied_base(url).rstrip("/"), closed=key == "closed_at") for key, url in found
    )
    return tuple(dict.fromkeys(entrances))


def _settled(*layers: authored.Looks) -> authored.Defaults:
    """For each default the value set nearest to the route; the built-in one where none is set."""
    chosen = {}
    for name in authored.Defaults.__struct_fields__:
        values = [getattr(layer, name, None) for layer in (authored.BUILT_IN, *layers)]
        chosen[name] = [value for value in values if value is not None][-1]
    return authored.Defaults(**chosen)


def _interval(written: str | None) -> float | None:
    return None if written in (None, authored.NEVER) else seconds(written)


def _route(
    key: str,
    written: authored.Route,
    defaults: authored.Defaults,
    parent: authored.Api,
    sources: Mapping[str, NamedSource],
    path: Path,
    findings: Findings,
) -> Route | None:
    method, template = _method_and_template(key, path, findings)
    target = _target(template, written, path, findings)
    callers = tuple(_callers(written, sources, path, findings))
    _check_route(written, path, findings)
    check_times(written, path, findings)
    settled = _settled(defaults, written)
    many, share = _patience(settled.open_after or 1, path, findings)
    guards = written.guarded_by if isinstance(written.guarded_by, tuple) else (written.guarded_by,)
    return Route(
        name=f"{method} {template}",
        method=method,
        target=target,
        access=written.access,
        guarded_by=guards,
        callers=callers,
        headers=written.headers,
        invoke=written.invoke,
        expect=_expect(written.expect, (*path, "expect"), findings),
        every_seconds=seconds(settled.every or ""),
        anonymous_every_seconds=seconds(settled.anonymous_every or ""),
        timeout_seconds=seconds(settled.timeout or ""),
        open_after=many,
        open_share=share,
        resolve_after=settled.resolve_after or 1,
        severity=written.severity or parent.severity,
        verify=actions(written.verify, (*path, "verify"), findings),
    )


def _patience(
    written: int | str, path: Path, findings: Findings
) -> tuple[int, tuple[int, int] | None]:
    """How many failures count, and among how many looks where they need not be in a row."""
    if isinstance(written, int):
        return written, None
    failed, _, looks = written.partition(" of ")
    if int(failed) > int(looks):
        findings.add((*path, "open_after"), "expected no more failures than looks", written)
    return int(failed), (int(failed), int(looks))


def _method_and_template(key: str, path: Path, findings: Findings) -> tuple[str, str]:
    method, _, template = key.partition(" ")
    template = template.strip()
    if method not in METHODS:
        findings.add(
            path,
            f"expected a method and a path, such as GET /orders; methods: {', '.join(METHODS)}",
            key,
            near=(method.upper(), METHODS),
        )
    elif not template.startswith("/") or re.search(r"[\s?#]", template):
        findings.add(path, "expected a path that begins with / and has no query", key)
    return method, template


_VARIABLE = re.compile(r"\{([\w.-]+)(\+?)\}")


def _target(template: str, written: authored.Route, path: Path, findings: Findings) -> str:
    """The template with its variables filled in, and the query."""
    variables = {name: bool(greedy) for name, greedy in _VARIABLE.findall(template)}
    for name in variables.keys() - written.path.keys():
        findings.add((*path, "path"), f"missing a value for {{{name}}}")
    for name in written.path.keys() - variables.keys():
        findings.add((*path, "path", name), "no such variable in the path", near=(name, variables))

    def filled(match: re.Match[str]) -> str:
        value = str(written.path.get(match[1], ""))
        return quote(value, safe="/" if match[2] else "")

    query = urlencode({key: _as_text(value) for key, value in written.query.items()})
    return tidied(_VARIABLE.sub(filled, template)) + (f"?{query}" if query else "")


def _as_text(value: str | float | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _callers(
    written: authored.Route, sources: Mapping[str, NamedSource], path: Path, findings: Findings
) -> Iterator[tuple[str, ...]]:
    for at, caller in enumerate(written.callers):
        names, place = _split(caller), (*path, "as", at)
        for name in names:
            if name not in sources:
                findings.add(place, "no such credential", name, near=(name, sources))
        for filled, rivals in _rivals(names, sources).items():
            if len(rivals) > 1:
                findings.add(place, f"{' and '.join(rivals)} both fill {filled}", caller)
        yield names


def _rivals(names: Iterable[str], sources: Mapping[str, NamedSource]) -> dict[str, list[str]]:
    """The credentials of one call, by the place in the request that they fill."""
    found: dict[str, list[str]] = {}
    for name in names:
        filled = sources[name].fills if name in sources else None
        if filled is not None:
            found.setdefault(filled, []).append(name)
    return found


def _check_route(written: authored.Route, path: Path, findings: Findings) -> None:
    if written.access is Access.PUBLIC and written.guarded_by:
        findings.add((*path, "guarded_by"), "a public route has no guard; is it protected?")
    for name, value in written.headers.items():
        if (expected := header_problem(name, value)) is not None:
            findings.add((*path, "headers", name), expected)


def _expect(written: authored.Expect, path: Path, findings: Findings) -> Expect:
    for name, pattern in (("body", written.body), *written.headers.items()):
        if pattern is not None and not is_pattern(pattern):
            place = (*path, "body") if name == "body" else (*path, "headers", name)
            findings.add(place, "expected a regular expression", pattern)
    for query in written.json:
        if not is_path(query):
            findings.add((*path, "json", query), JSON_PATH, query)
    check_times(written, path, findings)
    status = written.status or ()
    return Expect(
        status=status if isinstance(status, tuple) else (status,),
        json=written.json,
        headers=written.headers,
        body=written.body,
        within_seconds=seconds(written.within) if written.within else None,
    )
