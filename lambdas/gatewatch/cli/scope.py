"""Which part of a configuration a release is about, and where it is looked at."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from msgspec.structs import replace

from gatewatch.cli.exits import UsageError
from gatewatch.config.canonical import Api, Config, Verification
from gatewatch.config.limits import seconds
from gatewatch.config.problems import nearest
from gatewatch.config.values import DEADLINE, SETTLES, Span
from gatewatch.config.verification import between, latest


def only(config: Config, apis: Sequence[str], routes: Sequence[str]) -> Config:
    """The named APIs and routes; all, where none is named. Raises UsageError for unknown names."""
    known = {api.name: api for api in config.apis}
    for name in apis:
        if name not in known:
            raise UsageError(f"--api: {name}: there is no such API{_hint(name, known)}")
    chosen = [api for api in config.apis if not apis or api.name in apis]
    if routes:
        chosen = _with_routes(chosen, routes)
    return replace(config, apis=tuple(chosen))


def _with_routes(apis: Sequence[Api], routes: Sequence[str]) -> list[Api]:
    """A route is named alone, or after its API, as `gatewatch run` prints it."""
    names = {
        text: one
        for api in apis
        for one in api.routes
        for text in (one.name, f"{api.name}: {one.name}")
    }
    for name in routes:
        if name not in names:
            raise UsageError(f"--route: {name}: there is no such route{_hint(name, names)}")
    found = []
    for api in apis:
        own = tuple(
            one for one in api.routes if one.name in routes or f"{api.name}: {one.name}" in routes
        )
        if own:
            found.append(replace(api, routes=own))
    return found


def _hint(name: str, known: Iterable[str]) -> str:
    close = nearest(name, known)
    return f" (did you mean {close}?)" if close else ""


def url_of(url: str | None, apis: Sequence[str], names: Collection[str]) -> Mapping[str, str]:
    """By API, the URL at which it is looked at instead. Raises UsageError where it is not clear of
    which."""
    if url is None:
        return {}
    chosen = apis or list(names)
    if len(chosen) != 1:
        raise UsageError(f"--url: expected --api NAME beside it: which of {', '.join(names)}?")
    return {chosen[0]: url}


def timed(config: Config, settles: str | None, deadline: str | None) -> Config:
    """With other times than the configuration's. Raises UsageError."""
    before = config.verification
    window = before.for_seconds if settles is None else _seconds("--for", settles, SETTLES)
    if deadline is not None:
        end = _seconds("--deadline", deadline, DEADLINE)
    else:
        end = before.deadline_seconds if settles is None else latest(window)
    if end < window:
        raise UsageError(f"--deadline: {end:g} s: expected at least the window, {window:g} s")
    every = before.every_seconds if settles is None else min(before.every_seconds, between(window))
    verify: Verification = replace(
        before, for_seconds=window, every_seconds=every, deadline_seconds=end
    )
    return replace(config, verify=verify)


def _seconds(option: str, text: str, span: Span) -> float:
    least, most = span
    found = seconds(text) if re.fullmatch(_DURATION, text) else 0.0
    if not least <= found <= most:
        raise UsageError(
            f'{option}: "{text}": expected a duration such as 90s or 5m, '
            f"from {least:g}s to {most:g}s"
        )
    return found


_DURATION = r"[0-9]+(\.[0-9]+)?(ms|s|m|h|d)"
