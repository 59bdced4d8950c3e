"""One request to send, and how each kind is built."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

from gatewatch.config.canonical import (
    Api,
    Entrance,
    Expect,
    Route,
    caller_name,
)
from gatewatch.gateway.url import API_ID_HEADER, host_of, joined_url, parse
from gatewatch.model import (
    INVALID_CALLERS,
    READING_METHODS,
    CredentialKind,
    Finding,
    Purpose,
)

REFUSAL_MEDIA_TYPE = "application/x-gatewatch"


USER_AGENT = "User-Agent"


@dataclass(frozen=True, slots=True, eq=False)
class Attempt:
    """One HTTP request to send; equal ones stay distinct.

    `callers` names credentials; without any it is anonymous. `invalid` sends a constant value that
    no guard may accept, beside the `callers` or alone, in the place of the credential `instead_of`
    or in the usual place of its kind.
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
    instead_of: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    expect: Expect | None = None
    connect_to: str | None = None
    authority: str | None = None

    @property
    def caller(self) -> str:
        return caller_name(self.callers) if self.invalid is None else INVALID_CALLERS[self.invalid]

    @property
    def destination(self) -> str:
        """The `host:port` that is connected to."""
        return destination(self.connect_to, self.url)


def destination(connect_to: str | None, url: str) -> str:
    """The `host:port` that is connected to."""
    return connect_to or host_of(url)


def host_scope(place: str) -> str:
    """The scope of a finding about a whole destination."""
    return f"host {place}"


@dataclass(frozen=True, slots=True)
class Skipped:
    """A look that will not be taken, and why; it counts as `skipped`, never as a pass.

    `finding`: what is wrong, if that is the reason. `in_doubt`: it is unknown whether anything is
    wrong, so it counts as unknown.
    """

    caller: str
    because: str
    finding: Finding | None = None
    in_doubt: bool = False


@dataclass(frozen=True, slots=True)
class Probe:
    """The looks at one route through one entrance that are due now.

    `trials` send an invalid credential, only after a guard has refused the look without any: a
    route that lets strangers in needs no more proof, and a write is not sent twice.
    """

    api: Api
    route: Route
    entrance: Entrance
    attempts: tuple[Attempt, ...]
    skipped: tuple[Skipped, ...] = ()
    trials: tuple[Attempt, ...] = ()

    @property
    def planned(self) -> tuple[Attempt, ...]:
        """All that may be sent, without the controls that follow from the answers."""
        return (*self.attempts, *self.trials)

    @property
    def called(self) -> str:
        """The URL that is called, exactly as it is sent."""
        return joined_url(self.entrance.url, self.route.target)

    @property
    def destination(self) -> str:
        return destination(self.api.connect_to, self.entrance.url)


class Trial(NamedTuple):
    """A look with an invalid credential of a kind: the valid ones beside it, and the credential
    that it replaces."""

    kind: CredentialKind
    callers: tuple[str, ...]
    instead_of: str | None


def attempt_for(
    api: Api, route: Route, entrance: Entrance, callers: tuple[str, ...] = ()
) -> Attempt:
    """The look of one caller at a route. An anonymous write carries nothing to act on."""
    headers = {**route.headers, **_headers_naming_the_api(api, entrance.url)}
    if route.writes and not callers and not route.invoke:
        headers["content-type"] = REFUSAL_MEDIA_TYPE
    return Attempt(
        api=api.name,
        route=route.name,
        entrance=entrance.url,
        method=route.method,
        url=joined_url(entrance.url, route.target),
        timeout_seconds=route.timeout_seconds,
        callers=callers,
        headers=tuple(headers.items()),
        expect=route.expect,
        connect_to=api.connect_to,
        authority=api.authority,
    )


def trial_for(api: Api, route: Route, entrance: Entrance, trial: Trial) -> Attempt:
    return replace(
        attempt_for(api, route, entrance),
        purpose=Purpose.CONTROL,
        callers=trial.callers,
        invalid=trial.kind,
        instead_of=trial.instead_of,
    )


def _headers_naming_the_api(api: Api, url: str) -> dict[str, str]:
    """The header that names the API, if the URL does not."""
    if api.api_id is None or parse(url).api_id is not None:
        return {}
    return {API_ID_HEADER: api.api_id}


def control(probe: Probe, method: str, url: str, callers: tuple[str, ...] = ()) -> Attempt:
    """A request whose answer separates causes, always by a method that changes nothing.

    Otherwise it is like the look and has the route's headers: without them, another rule might
    answer in place of the gate in question.
    """
    if method not in READING_METHODS:
        raise ValueError(f"a control may not use {method}")
    if host_of(url) != host_of(probe.entrance.url):
        raise ValueError(f"a control may not go to {host_of(url)}")
    return Attempt(
        api=probe.api.name,
        route=probe.route.name,
        entrance=probe.entrance.url,
        method=method,
        url=url,
        timeout_seconds=probe.route.timeout_seconds,
        purpose=Purpose.CONTROL,
        callers=callers,
        headers=tuple({**probe.route.headers, **_headers_naming_the_api(probe.api, url)}.items()),
        connect_to=probe.api.connect_to,
        authority=probe.api.authority,
    )


BROWSER = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0"
    " Safari/537.36"
)
"""A User-Agent of real users."""


def as_browser(attempt: Attempt) -> Attempt:
    """The same with a browser's User-Agent: whether users are refused, too, or only the monitor."""
    if attempt.method not in READING_METHODS:
        raise ValueError(f"a control may not use {attempt.method}")
    headers = {name: value for name, value in attempt.headers if name.lower() != "user-agent"}
    named = (*headers.items(), (USER_AGENT, BROWSER))
    return replace(attempt, purpose=Purpose.CONTROL, headers=named)
