"""The part of a configuration that each probe of the account uses: the one outside, and its twin
inside the VPC."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from gatewatch.config.canonical import Api, Config


def inside(config: Config) -> Config:
    """The private APIs, with the credentials for them."""
    apis = tuple(api for api in config.apis if api.private)
    presented = _presented(apis)
    credentials = tuple(one for one in config.credentials if one.name in presented)
    return replace(config, apis=apis, credentials=credentials)


def outside(config: Config) -> Config:
    """All other APIs, with every credential but those for private APIs alone."""
    apis = tuple(api for api in config.apis if not api.private)
    only_inside = _presented(inside(config).apis) - _presented(apis)
    credentials = tuple(one for one in config.credentials if one.name not in only_inside)
    return replace(config, apis=apis, credentials=credentials)


def _presented(apis: Iterable[Api]) -> frozenset[str]:
    return frozenset(name for api in apis for name in api.presented)
