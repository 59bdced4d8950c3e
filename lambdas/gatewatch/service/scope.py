"""Which part of a configuration a release is about, how long it is looked at, and where.

Nothing here widens what the stack was deployed for: what comes out has passed the same check as a
published configuration.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
from msgspec.structs import replace

from gatewatch.config.canonical import Api, Config, Entrance, Verification
from gatewatch.config.problems import masked, nearest
from gatewatch.config.values import BaseUrl
from gatewatch.notices.visible import visible_line
from gatewatch.service.callers import Wanted
from gatewatch.service.published import (
    RejectedError,
    encoded,
    hosts_of,
    pointer_to,
    read_published,
)
from gatewatch.service.source import Holding


class ScopeError(Exception):
    """Raised for what cannot be verified as asked; names it, and what was expected."""


class OwnSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the function's environment sets instead of the configuration; None: as configured."""

    for_seconds: float | None = None
    every_seconds: float | None = None
    deadline_seconds: float | None = None


def scoped(
    holding: Holding, wanted: Wanted, own_apis: Sequence[str] = (), own: OwnSettings | None = None
) -> Config:
    """What is to be verified. `own_apis`: those that this function is for; empty: all.

    Raises ScopeError.
    """
    # What is told to whom, and when, may name APIs that are left out here.
    whole = replace(holding.config, notify=(), maintenance=())
    config = _only_apis(whole, own_apis, "in the configuration in force")
    config = _only_apis(config, wanted.apis, "among those that are verified here")
    if wanted.routes:
        config = replace(config, apis=_with_routes(config.apis, wanted.routes))
    config = replace(config, verify=_timed(config.verification, wanted, own or OwnSettings()))
    if wanted.url is None:
        return _checked(config, holding)
    moved = _checked(_moved(config, wanted.url), holding)
    _check_host(moved, wanted.url, holding)
    return moved


def _checked(config: Config, holding: Holding) -> Config:
    body = encoded(config)
    try:
        return read_published(body, pointer_to(body).version, holding.allowed)
    except RejectedError as error:
        raise ScopeError(f"this cannot be verified: {error}") from None


def _only_apis(config: Config, names: Sequence[str], which: str) -> Config:
    known = {api.name: api for api in config.apis}
    for name in names:
        if name not in known:
            raise ScopeError(f"{_shown(name)}: there is no such API {which}{_hint(name, known)}")
    return replace(config, apis=tuple(api for api in config.apis if not names or api.name in names))


def _with_routes(apis: Iterable[Api], routes: Sequence[str]) -> tuple[Api, ...]:
    """A route is named alone, or after its API, as `gatewatch run` prints it."""
    known = [(api, {one.name: one for one in api.routes}) for api in apis]
    names = [text for api, own in known for one in own for text in (one, f"{api.name}: {one}")]
    for name in routes:
        if name not in names:
            raise ScopeError(f"{_shown(name)}: there is no such route{_hint(name, names)}")
    found = (
        replace(
            api,
            routes=tuple(
                own[one] for one in own if one in routes or f"{api.name}: {one}" in routes
            ),
        )
        for api, own in known
    )
    return tuple(api for api in found if api.routes)


def _timed(before: Verification, wanted: Wanted, own: OwnSettings) -> Verification:
    """The caller's times before the function's own, and those before the configuration's. A longer
    window moves a deadline that nobody set beside it."""
    settles = _first(wanted.settles_seconds, own.for_seconds, before.for_seconds)
    usual = _first(own.deadline_seconds, before.deadline_seconds)
    is_set = wanted.settles_seconds is None and own.deadline_seconds is not None
    moved = usual if is_set or settles == before.for_seconds else max(usual, 2 * settles)
    return replace(
        before,
        for_seconds=settles,
        every_seconds=_first(own.every_seconds, before.every_seconds),
        deadline_seconds=_first(wanted.deadline_seconds, moved),
    )


def _first(*values: float | None) -> float:
    return next(one for one in values if one is not None)


def _moved(config: Config, url: str) -> Config:
    if len(config.apis) != 1:
        names = ", ".join(api.name for api in config.apis)
        raise ScopeError(f"url: expected one API beside it, in apis: which of {names}?")
    try:
        entrance = Entrance(url=msgspec.convert(url, BaseUrl), closed=False)
    except msgspec.ValidationError:
        raise ScopeError(f"url: {_shown(url)}: expected a URL such as {_EXAMPLE}") from None
    return replace(config, apis=(replace(config.apis[0], entrances=(entrance,)),))


_EXAMPLE = "https://abc123.execute-api.us-east-1.amazonaws.com/prod"


def _check_host(moved: Config, url: str, holding: Holding) -> None:
    """Where the stack does not say which hosts it was deployed for: one that is called already."""
    allowed = holding.allowed.twin if moved.apis[0].private else holding.allowed
    is_said = allowed is not None and allowed.hosts is not None
    if not is_said and not set(hosts_of(moved)) <= set(hosts_of(holding.config)):
        raise ScopeError(f"url: {_shown(url)}: this host would be called: needs cdk deploy")


def usual_url(holding: Holding, api: str) -> str | None:
    """The first entrance at which an API is looked at otherwise."""
    own = next((one for one in holding.config.apis if one.name == api), None)
    open_ones = [one.url for one in own.entrances if not one.closed] if own else []
    return next(iter(open_ones), None)


def _hint(name: str, known: Iterable[str]) -> str:
    close = nearest(name, known)
    return f" (did you mean {close}?)" if close else ""


_LONGEST_SHOWN = 100


def _shown(name: str) -> str:
    return visible_line(masked(name[:_LONGEST_SHOWN]))
