"""Which hosts of a configuration are those of our examples. Pure: values in, values out."""

from __future__ import annotations

from collections.abc import Iterator

from gatewatch.config.canonical import Config, OAuth2, within
from gatewatch.gateway.url import host_of

_IDS = ("abc123", "old123", "def456")
"""Of the APIs in gatewatch.yaml, in what `gatewatch init` writes and in examples/; AWS's have ten
characters."""
_GATEWAY = "execute-api"
_RESERVED = ("example", "example.com", "example.net", "example.org", "test")
"""https://www.rfc-editor.org/rfc/rfc2606"""


def hosts_of_nobody(config: Config) -> list[str]:
    """Sorted; the placeholders for URLs that only the deployment knows are not among them."""
    found = {address.rpartition(":")[0] for address in _addresses(config)}
    return sorted(host for host in found if _is_nobodys(host))


def _addresses(config: Config) -> Iterator[str]:
    yield from (host_of(one.url) for api in config.apis for one in api.entrances)
    yield from (host_of(one.token_url) for one in within(config, OAuth2))


def _is_nobodys(host: str) -> bool:
    api_id, _, rest = host.partition(".")
    if rest.split(".")[0] == _GATEWAY:
        return api_id in _IDS
    return any(host == one or host.endswith(f".{one}") for one in _RESERVED)
