"""The APIs of a published configuration, read only when needed."""

from __future__ import annotations

import msgspec

from gatewatch.config.canonical import Api
from gatewatch.service.ports import Objects


class _Some(msgspec.Struct, frozen=True):
    apis: tuple[msgspec.Raw, ...]


class _Name(msgspec.Struct, frozen=True):
    name: str


class PublishedApis:
    """Caches the version that was last requested."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._key = ""
        self._apis: dict[str, msgspec.Raw] = {}

    def find(self, key: str, name: str) -> Api | None:
        if key != self._key:
            found = msgspec.json.decode(self._objects.read(key), type=_Some).apis
            self._apis = {msgspec.json.decode(one, type=_Name).name: one for one in found}
            self._key = key
        raw = self._apis.get(name)
        return None if raw is None else msgspec.json.decode(raw, type=Api)
