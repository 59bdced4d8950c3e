"""Which part of a configuration a release is about, and for how long it is looked at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from gatewatch.config.canonical import Api, Config, Verification, usual_interval
from gatewatch.config.problems import nearest


class NoSuchNameError(Exception):
    """Raised for the name of an API or a route that is not there; `because` says which is close."""

    def __init__(self, name: str, because: str) -> None:
        self.name, self.because = name, because
        super().__init__(f"{name}: {because}")


def only_apis(config: Config, names: Sequence[str], which: str = "") -> Config:
    """The named ones; all, where none is named. Raises NoSuchNameError."""
    known = [api.name for api in config.apis]
    for name in names:
        if name not in known:
            raise NoSuchNameError(name, f"there is no such API{which}{_hint(name, known)}")
    return replace(config, apis=tuple(one for one in config.apis if not names or one.name in names))


def only_routes(config: Config, names: Sequence[str]) -> Config:
    """The same for routes: named alone, or after their API, as `gatewatch run` prints them."""
    known = {
        called for api in config.apis for route in api.routes for called in _names(api, route.name)
    }
    for name in names:
        if name not in known:
            raise NoSuchNameError(name, f"there is no such route{_hint(name, known)}")
    found = (
        replace(api, routes=tuple(one for one in api.routes if _names(api, one.name) & {*names}))
        for api in config.apis
    )
    return replace(config, apis=tuple(one for one in found if one.routes)) if names else config


def _names(api: Api, route: str) -> frozenset[str]:
    return frozenset({route, f"{api.name}: {route}"})


def _hint(name: str, known: Iterable[str]) -> str:
    close = nearest(name, sorted(known))
    return f" (did you mean {close}?)" if close else ""


def lasting(before: Verification, settles_seconds: float) -> Verification:
    """With another window, and times that go with it: looked at often enough, and waited for."""
    if settles_seconds == before.for_seconds:
        return before
    return replace(
        before,
        for_seconds=settles_seconds,
        every_seconds=min(before.every_seconds, usual_interval(settles_seconds)),
        deadline_seconds=max(before.deadline_seconds, 2 * settles_seconds),
    )
