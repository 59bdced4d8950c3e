"""Some routes of a configuration that stand for all: what is run for each of them would take long.

Whole slices are taken, since their number of routes decides how often one is written.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from msgspec.structs import replace

from gatewatch.config.canonical import Api, Config, Route
from gatewatch.service.state_slices import slice_count, slice_name

_ROUTES = 24


def sample(config: Config) -> Config:
    """The same with the first slices of its first APIs, and some dozen routes in all."""
    taken: list[Api] = []
    left = _ROUTES
    for api in config.apis:
        if left <= 0:
            break
        routes = tuple(_first_slices(api, left))
        taken.append(replace(api, routes=routes))
        left -= len(routes) * len(api.entrances)
    return replace(config, apis=tuple(taken))


def _first_slices(api: Api, routes: int) -> Iterable[Route]:
    slices: dict[str, list[Route]] = defaultdict(list)
    for one in api.routes:
        slices[slice_name(one.name, slice_count(api))].append(one)
    found: list[Route] = []
    for each in slices.values():
        if len(found) < routes:
            found += each
    return found


def slice_counts(config: Config) -> dict[str, int]:
    """The number of slices of each API."""
    return {api.name: slice_count(api) for api in config.apis}
