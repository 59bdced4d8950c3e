"""Which part of a configuration a release is about, how long it is looked at, and where.

Nothing here widens what the stack was deployed for: what comes out has passed the same check as a
published configuration.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from gatewatch.config.canonical import Config, Entrance, Verification
from gatewatch.config.problems import masked
from gatewatch.config.values import BaseUrl
from gatewatch.notices.visible import visible_line
from gatewatch.release.scope import NoSuchNameError, lasting, only_apis, only_routes
from gatewatch.service.published import (
    RejectedError,
    encoded,
    hosts_of,
    pointer_to,
    read_published,
)
from gatewatch.service.releases.callers import Wanted
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
    try:
        config = only_apis(whole, own_apis, " in the configuration in force")
        config = only_apis(config, wanted.apis, " among those that are verified here")
        config = only_routes(config, wanted.routes)
    except NoSuchNameError as error:
        raise ScopeError(f"{_shown(error.name)}: {error.because}") from None
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


def _timed(before: Verification, wanted: Wanted, own: OwnSettings) -> Verification:
    """The caller's times before the function's own, and those before the configuration's. A longer
    window moves a deadline that nobody set beside it."""
    ours = lasting(before, _first(own.for_seconds, before.for_seconds))
    ours = replace(
        ours,
        every_seconds=_first(own.every_seconds, ours.every_seconds),
        deadline_seconds=_first(own.deadline_seconds, ours.deadline_seconds),
    )
    theirs = lasting(ours, _first(wanted.settles_seconds, ours.for_seconds))
    end = _first(wanted.deadline_seconds, theirs.deadline_seconds)
    return replace(theirs, deadline_seconds=end)


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


_LONGEST_SHOWN = 100


def _shown(name: str) -> str:
    return visible_line(masked(name[:_LONGEST_SHOWN]))
