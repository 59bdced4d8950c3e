"""Which looks prove what a configuration expects. It decides what is sent, and sends nothing.

Write methods are proven by refusal: an anonymous call with an empty body of a media type that no
method accepts. They are really called only with `invoke: true`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from hashlib import sha256
from math import ceil, lcm

from gatewatch.attempt import Attempt, Probe, Skipped, Trial, attempt_for, trial_for
from gatewatch.config.canonical import (
    Api,
    ApiKey,
    Basic,
    Bearer,
    Cognito,
    Config,
    CredentialSource,
    Entrance,
    Header,
    OAuth2,
    Route,
    Sigv4,
    caller_name,
)
from gatewatch.model import (
    ANONYMOUS,
    Access,
    CredentialKind,
    Guard,
    Held,
)


def signers(config: Config) -> dict[str, str]:
    """By API, a credential that signs, if it has one: a control may use it.

    All routes of an API decide it together, so `config` must be whole.
    """
    signing = {one.name for one in config.credentials if isinstance(one.source, Sigv4)}
    by_api = ((api.name, _signer(api, signing)) for api in config.apis)
    return {name: signer for name, signer in by_api if signer is not None}


def _signer(api: Api, signing: set[str]) -> str | None:
    used = (name for route in api.routes for caller in route.callers for name in caller)
    return next((one for one in used if one in signing), None)


Latches = Mapping[tuple[str, str, str], Held]
"""By (api, route, entrance): the writes that got through anonymously, or may have, and wait for
`gatewatch ack`, with the finding."""


NO_LATCHES: Latches = {}


Entered = frozenset[tuple[str, str]]
"""The (api, entrance) pairs at which a credential of ours has got in before."""


NOBODY_YET: Entered = frozenset()

AtOnce = frozenset[tuple[str, str]]
"""The (api, route) pairs that somebody wants looked at now."""


def plan(
    config: Config,
    minutes: range | None = None,
    latched: Latches = NO_LATCHES,
    entered: Entered | None = None,
    seldom: range | None = None,
    restless: frozenset[str] = frozenset(),
    at_once: AtOnce = frozenset(),
) -> list[Probe]:
    """The probes due in any of these minutes since the epoch, or all; none without a look.

    Planning each minute once gives the rates of `looks_a_minute`. Trials are planned only if
    `entered` is given: those due in the minutes of `seldom`, or else of `minutes`. At `restless`
    APIs, where something has just changed, a look without a credential is due with every other.
    `at_once`: routes of which every look is due, whatever the minute.
    """
    rare = seldom or minutes
    sources = {one.name: one.source for one in config.credentials}
    probes = (
        _with_trials(
            _probe(
                api,
                route,
                entrance,
                None if (api.name, route.name) in at_once else minutes,
                restless=api.name in restless,
            ),
            sources,
            rare,
            entered,
        )
        for api in config.apis
        for route in api.routes
        for entrance in api.entrances
    )
    return [held_back(one, latched) for one in probes if one.attempts or one.skipped]


def _probe(
    api: Api, route: Route, entrance: Entrance, minutes: range | None, *, restless: bool
) -> Probe:
    attempts: list[Attempt] = []
    skipped: list[Skipped] = []
    for callers in _callers_due(api, route, entrance, minutes, restless=restless):
        because = _reason_to_skip(route, entrance, callers)
        if because is not None:
            skipped.append(Skipped(caller_name(callers), because))
        else:
            attempts.append(attempt_for(api, route, entrance, callers))
    return Probe(api, route, entrance, tuple(attempts), tuple(skipped))


def held_back(probe: Probe, latched: Latches) -> Probe:
    """The probe without a latched anonymous look, and without trials."""
    write = (probe.api.name, probe.route.name, probe.entrance.url)
    due = (*(one.caller for one in probe.attempts), *(one.caller for one in probe.skipped))
    if write not in latched or ANONYMOUS not in due:
        return probe
    return replace(
        probe,
        attempts=tuple(one for one in probe.attempts if one.caller != ANONYMOUS),
        skipped=(
            _latched_skip(latched[write]),
            *(one for one in probe.skipped if one.caller != ANONYMOUS),
        ),
        trials=(),
    )


def _with_trials(
    probe: Probe,
    sources: Mapping[str, CredentialSource],
    minutes: range | None,
    entered: Entered | None,
) -> Probe:
    asks_strangers = any(not one.callers for one in probe.attempts)
    if entered is None or probe.entrance.closed or not asks_strangers:
        return probe
    is_new = (probe.api.name, probe.entrance.url) not in entered
    if minutes is not None and not is_new and not _is_trial_due(probe, minutes):
        return probe
    return replace(probe, trials=tuple(trials(probe, sources)))


def _is_trial_due(probe: Probe, minutes: range) -> bool:
    ticks = _ticks(probe.api, probe.route, minutes)
    return any(tick % trial_minutes(probe.route) == 0 for tick in ticks)


_TRIAL_MINUTES = 60


def trial_minutes(route: Route) -> int:
    """The minutes between two trials: an hour or a little more, always with an anonymous look."""
    between = whole_minutes(anonymous_interval(route))
    return between * ceil(_TRIAL_MINUTES / between)


def trials(probe: Probe, sources: Mapping[str, CredentialSource]) -> Iterator[Attempt]:
    """A look with an invalid credential for each kind that a declared guard takes.

    The route's other credentials are valid, so that no other guard refuses first; but a write that
    must not run carries nothing valid.
    """
    route = probe.route
    if route.access is not Access.PROTECTED or (route.writes and route.invoke):
        return
    for kind in _tried(route, sources):
        name, others = _in_place_of(kind, route, sources)
        shown = others if not route.writes else ()
        yield trial_for(probe.api, route, probe.entrance, Trial(kind, shown, name))


_TAKE_TOKENS = frozenset({Guard.LAMBDA, Guard.COGNITO, Guard.JWT})


_KINDS: dict[type[CredentialSource], CredentialKind] = {
    ApiKey: CredentialKind.API_KEY,
    Bearer: CredentialKind.BEARER,
    OAuth2: CredentialKind.BEARER,
    Cognito: CredentialKind.BEARER,
    Basic: CredentialKind.BASIC,
    Header: CredentialKind.OTHER,
}


def _tried(route: Route, sources: Mapping[str, CredentialSource]) -> Iterator[CredentialKind]:
    guards = frozenset(route.guarded_by)
    if guards & _TAKE_TOKENS:
        yield _token_kind(route, sources)
    if Guard.API_KEY in guards:
        yield CredentialKind.API_KEY
    if guards == {Guard.BACKEND}:
        yield from _kinds_alone(route, sources)


def _kinds_alone(route: Route, sources: Mapping[str, CredentialSource]) -> Iterator[CredentialKind]:
    """The kind of a backend's only credential; of several, the backend may ignore any."""
    for callers in route.callers[:1]:
        kind = _KINDS.get(type(sources[callers[0]]))
        if len(callers) == 1 and kind is not None:
            yield kind


def _token_kind(route: Route, sources: Mapping[str, CredentialSource]) -> CredentialKind:
    """A Lambda authorizer may take its token from any header, as its callers do."""
    shown = {_KINDS.get(type(sources[name])) for one in route.callers for name in one}
    is_elsewhere = CredentialKind.OTHER in shown and CredentialKind.BEARER not in shown
    return CredentialKind.OTHER if is_elsewhere else CredentialKind.BEARER


def _in_place_of(
    kind: CredentialKind, route: Route, sources: Mapping[str, CredentialSource]
) -> tuple[str | None, tuple[str, ...]]:
    """The credential of this kind with which the route is called, and those beside it."""
    for callers in route.callers:
        for name in callers:
            if _KINDS.get(type(sources[name])) is kind:
                return name, tuple(one for one in callers if one != name)
    return None, ()


_LATCHED = "this write got through anonymously; it is not sent again before `gatewatch ack`"


_LATCHED_IN_DOUBT = (
    "this write may have got through: everything was answered alike; it is not sent again before"
    " a path that cannot exist is refused, or `gatewatch ack`"
)


def _latched_skip(held: Held) -> Skipped:
    if held is None:
        return Skipped(caller_name(()), _LATCHED_IN_DOUBT, in_doubt=True)
    return Skipped(caller_name(()), _LATCHED, held)


def _callers_due(
    api: Api, route: Route, entrance: Entrance, minutes: range | None, *, restless: bool
) -> Iterator[tuple[str, ...]]:
    stranger, others = True, True
    if minutes is not None:
        ticks = _ticks(api, route, minutes)
        stranger, others = _are_due(route.every_seconds, anonymous_interval(route), ticks)
    if stranger or (restless and others):
        yield ()
    if others and not entrance.closed:
        yield from route.callers


def anonymous_interval(route: Route) -> float:
    """A deliberate refusal counts in the API's 4XX metric, so it is provoked less often."""
    public = route.access is Access.PUBLIC
    return route.every_seconds if public else route.anonymous_every_seconds


def whole_minutes(seconds: float) -> int:
    """The actual interval: looks are scheduled by the minute."""
    return max(1, round(seconds / 60))


def _are_due(every_seconds: float, anonymous_seconds: float, ticks: range) -> tuple[bool, bool]:
    """Whether an anonymous look is due, and whether the callers' looks are.

    Callers' looks are due with every anonymous one: they settle what it leaves open.
    """
    stranger = _is_due(anonymous_seconds, ticks)
    return stranger, stranger or _is_due(every_seconds, ticks)


def _ticks(api: Api, route: Route, minutes: range) -> range:
    """The minutes shifted by the route's hash, to spread the load evenly."""
    start = minutes.start + _offset(api.name, route.name)
    return range(start, start + len(minutes))


def _is_due(interval_seconds: float, ticks: range) -> bool:
    minutes = whole_minutes(interval_seconds)
    return any(tick % minutes == 0 for tick in ticks)


def looks_a_minute(route: Route) -> tuple[float, float]:
    """How often an anonymous look, and each caller's, is due on average."""
    return _rates(route.every_seconds, anonymous_interval(route))


_LONGEST_CYCLE = 100_000


@lru_cache(maxsize=1024)
def _rates(every_seconds: float, anonymous_seconds: float) -> tuple[float, float]:
    cycle = lcm(whole_minutes(every_seconds), whole_minutes(anonymous_seconds))
    ticks = range(min(cycle, _LONGEST_CYCLE))
    due = [_are_due(every_seconds, anonymous_seconds, ticks[at : at + 1]) for at in ticks]
    strangers, callers = (sum(column) for column in zip(*due, strict=True))
    return strangers / len(ticks), callers / len(ticks)


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
    """Why a refusal alone leaves a route's protection unknown; None if it does not."""
    if not route.writes or route.invoke or Guard.IAM not in route.guarded_by:
        return None
    return (
        "unsigned, a write guarded by IAM answers like a route that does not exist; "
        "its protection stays unknown"
    )
