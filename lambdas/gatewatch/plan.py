"""Which looks would prove what a configuration expects. It decides what is sent, and sends nothing.

Write methods are proven by refusal: an anonymous call with an empty body of a media type that no
method accepts. They are called in earnest only with `invoke: true`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from gatewatch.config.canonical import (
    READING_METHODS,
    Api,
    Config,
    Entrance,
    Expect,
    Route,
    caller_name,
)
from gatewatch.model import Access, CredentialKind, Finding, Guard, Purpose

REFUSAL_MEDIA_TYPE = "application/x-gatewatch"


@dataclass(frozen=True, slots=True, eq=False)
class Attempt:
    """One HTTP request to send; two of the same kind are two.

    `callers` names credentials; none of them: anonymous.

    `invalid` sends a constant value that no gateway accepts, as a control.
    """

    api: str
    route: str
    entrance: str
    method: str
    url: str
    timeout_seconds: float
    purpose: Purpose = Purpose.LOOK
    callers: tuple[str, ...] = ()
    invalid: CredentialKind | None = None
    headers: tuple[tuple[str, str], ...] = ()
    expect: Expect | None = None
    connect_to: str | None = None
    ca_file: str | None = None

    @property
    def caller(self) -> str:
        return caller_name(self.callers)


@dataclass(frozen=True, slots=True)
class Skipped:
    """A look that will not be taken, and why; it counts as `skipped`, never as a pass.

    `finding` is what keeps it from being taken, where something is wrong.
    """

    caller: str
    because: str
    finding: Finding | None = None


@dataclass(frozen=True, slots=True)
class Probe:
    """The looks at one route through one entrance that are due now."""

    api: Api
    route: Route
    entrance: Entrance
    attempts: tuple[Attempt, ...]
    skipped: tuple[Skipped, ...] = ()


Latches = frozenset[tuple[str, str, str]]
"""(api, route, entrance) of writes that got through anonymously and wait for `gatewatch ack`."""


def plan(config: Config, minute: int | None = None, latched: Latches = frozenset()) -> list[Probe]:
    """The probes due in a minute since the epoch, or all of them; none without anything to do."""
    probes = (
        _probe(api, route, entrance, minute, latched)
        for api in config.apis
        for route in api.routes
        for entrance in api.entrances
    )
    return [probe for probe in probes if probe.attempts or probe.skipped]


def _probe(
    api: Api, route: Route, entrance: Entrance, minute: int | None, latched: Latches
) -> Probe:
    attempts: list[Attempt] = []
    skipped: list[Skipped] = []
    for callers in _callers_due(api, route, entrance, minute):
        because = _reason_to_skip(route, entrance, callers)
        if not callers and (api.name, route.name, entrance.url) in latched:
            finding = Finding.ENTRANCE_NOT_CLOSED if entrance.closed else _OPEN
            skipped.append(Skipped(caller_name(callers), _LATCHED, finding))
        elif because is not None:
            skipped.append(Skipped(caller_name(callers), because))
        else:
            attempts.append(look(api, route, entrance, callers))
    return Probe(api, route, entrance, tuple(attempts), tuple(skipped))


_OPEN = Finding.PROTECTED_ROUTE_OPEN
_LATCHED = "this write got through anonymously; it is not sent again before `gatewatch ack`"


def _callers_due(
    api: Api, route: Route, entrance: Entrance, minute: int | None
) -> Iterator[tuple[str, ...]]:
    """A stranger's look brings the credentialed ones along: they settle what it leaves open."""
    stranger = is_due(api, route, anonymous_interval(route), minute)
    if stranger:
        yield ()
    if not entrance.closed and (stranger or is_due(api, route, route.every_seconds, minute)):
        yield from route.callers


def anonymous_interval(route: Route) -> float:
    """A deliberate refusal is somebody's 4XX, so it is asked for less often."""
    public = route.access is Access.PUBLIC
    return route.every_seconds if public else route.anonymous_every_seconds


def is_due(api: Api, route: Route, interval_seconds: float, minute: int | None) -> bool:
    """Spread over the interval by the route's own hash, so that a minute's load is even."""
    minutes = max(1, round(interval_seconds / 60))
    return minute is None or (minute + _offset(api.name, route.name)) % minutes == 0


def _offset(*names: str) -> int:
    return int.from_bytes(sha256(" ".join(names).encode()).digest()[:4], "big")


def _reason_to_skip(route: Route, entrance: Entrance, callers: tuple[str, ...]) -> str | None:
    if not route.writes or route.invoke:
        return None
    if callers:
        return "a write is called with a credential only with `invoke: true`"
    if route.access is Access.PUBLIC and not entrance.closed:
        return "a public write is called only with `invoke: true`"
    return None


def cannot_be_proven(route: Route) -> str | None:
    """Why a refusal alone will leave a route's protection unknown, if it will."""
    if not route.writes or route.invoke or Guard.IAM not in route.guarded_by:
        return None
    return (
        "unsigned, a write guarded by IAM answers like a route that does not exist; "
        "its protection stays unknown"
    )


def look(api: Api, route: Route, entrance: Entrance, callers: tuple[str, ...] = ()) -> Attempt:
    """The look of one caller at a route. An anonymous write carries nothing to act on."""
    headers = dict(route.headers)
    if route.writes and not callers and not route.invoke:
        headers["content-type"] = REFUSAL_MEDIA_TYPE
    return Attempt(
        api=api.name,
        route=route.name,
        entrance=entrance.url,
        method=route.method,
        url=entrance.url + route.target,
        timeout_seconds=route.timeout_seconds,
        callers=callers,
        headers=tuple(headers.items()),
        expect=route.expect,
        connect_to=api.connect_to,
        ca_file=api.ca_file,
    )


def control(probe: Probe, method: str, url: str, callers: tuple[str, ...] = ()) -> Attempt:
    """A question whose answer tells causes apart; only ever by a method that changes nothing."""
    if method not in READING_METHODS:
        raise ValueError(f"a control may not use {method}")
    return Attempt(
        api=probe.api.name,
        route=probe.route.name,
        entrance=probe.entrance.url,
        method=method,
        url=url,
        timeout_seconds=probe.route.timeout_seconds,
        purpose=Purpose.CONTROL,
        callers=callers,
        connect_to=probe.api.connect_to,
        ca_file=probe.api.ca_file,
    )
