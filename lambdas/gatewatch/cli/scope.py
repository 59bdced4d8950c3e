"""Which part of a configuration a release is about, and where it is looked at."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager

from msgspec.structs import replace

from gatewatch.cli.exits import UsageError
from gatewatch.config.canonical import Config
from gatewatch.config.limits import seconds
from gatewatch.config.values import DEADLINE, SETTLES, Span
from gatewatch.release.scope import NoSuchNameError, lasting, only_apis, only_routes


def only(config: Config, apis: Sequence[str], routes: Sequence[str]) -> Config:
    """The named APIs and routes; all, where none is named. Raises UsageError for unknown names."""
    with _named("--api"):
        chosen = only_apis(config, apis)
    with _named("--route"):
        return only_routes(chosen, routes)


@contextmanager
def _named(option: str) -> Iterator[None]:
    try:
        yield
    except NoSuchNameError as error:
        raise UsageError(f"{option}: {error}") from None


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
    verify = lasting(before, window)
    if deadline is not None:
        verify = replace(verify, deadline_seconds=_seconds("--deadline", deadline, DEADLINE))
    if verify.deadline_seconds < window:
        told = f"{verify.deadline_seconds:g}s"
        raise UsageError(f"--deadline: {told}: expected at least the window, {window:g}s")
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
