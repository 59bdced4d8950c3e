"""Which configuration is in force: the published one, or the last valid one."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256

import msgspec

from gatewatch.config.canonical import Config
from gatewatch.service.ports import GoodVersions, Objects
from gatewatch.service.published import (
    VERSIONS,
    Allowed,
    Pointer,
    RejectedError,
    read_pointer,
    read_published,
)


@dataclass(frozen=True)
class Holding:
    """The configuration in force. `digests` change with an API's configuration."""

    config: Config
    key: str
    allowed: Allowed

    @cached_property
    def digests(self) -> dict[str, str]:
        return {
            api.name: sha256(msgspec.json.encode(api)).hexdigest()[:32] for api in self.config.apis
        }


@dataclass(frozen=True, slots=True)
class OnlyRead:
    """For who reads the configuration beside dispatch, which notes what it found good."""

    records: GoodVersions

    def good_version(self) -> str | None:
        return self.records.good_version()

    def set_good_version(self, key: str) -> None:
        pass


def read_allowed(objects: Objects, key: str) -> Allowed:
    """What the stack is deployed for now."""
    return msgspec.json.decode(objects.read(key), type=Allowed)


@dataclass
class ConfigSource:
    """Lives as long as a Lambda is warm, so that an unchanged configuration is read once."""

    objects: Objects
    records: GoodVersions
    pointer_key: str
    allowed_key: str
    _good: Holding | None = field(default=None)

    def current(self) -> tuple[Holding, RejectedError | None]:
        """The configuration in force, and why the published one is not, if so.

        Raises RejectedError where there is none.
        """
        allowed = read_allowed(self.objects, self.allowed_key)
        try:
            return self._published(allowed), None
        except RejectedError as error:
            return self._last_good(allowed, error), error

    def _published(self, allowed: Allowed) -> Holding:
        try:
            pointer = read_pointer(self.objects.read(self.pointer_key))
            if self._good is None or (self._good.key, self._good.allowed) != (pointer.key, allowed):
                found = self._read(pointer, allowed)
                self.records.set_good_version(pointer.key)
                self._good = found
        except KeyError as error:
            raise RejectedError([f"there is no object {error.args[0]}"]) from None
        return self._good

    def _last_good(self, allowed: Allowed, error: RejectedError) -> Holding:
        if self._good is not None and self._good.allowed == allowed:
            return self._good
        key = self.records.good_version()
        if key is None:
            raise error
        version = key.removeprefix(VERSIONS).removesuffix(".json")
        try:
            self._good = self._read(Pointer(version=version, key=key), allowed)
        except KeyError:
            raise RejectedError([*error.problems, "the last good version is gone"]) from None
        except RejectedError as worse:
            further = (f"the last good version: {problem}" for problem in worse.problems)
            raise RejectedError([*error.problems, *further]) from None
        return self._good

    def _read(self, pointer: Pointer, allowed: Allowed) -> Holding:
        config = read_published(self.objects.read(pointer.key), pointer.version, allowed)
        return Holding(config, pointer.key, allowed)
