"""An API that a CDK app asks to watch, in the words of gatewatch.yaml."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import aws_cdk as cdk

from gatewatch.config.lookups import of_watched
from gatewatch.config.problems import Path, Problem
from gatewatch_cdk.readers import WatchedApi, read
from gatewatch_cdk.readers.reading import Entrances, OwnCall, Remark
from gatewatch_cdk.readers.stages import GivenStage
from gatewatch_cdk.readers.tree import Tree, is_known, rendered
from gatewatch_cdk.routes import Completed, Given, Written, checkable, complete

_GIVEN_BESIDE = ("url", "routes")
_PLACES = {"also_at", "closed_at"}
_TOO_LATE = "expected a value that a synthesis knows, not a token"
_NOWHERE = "https://invalid.invalid"


@dataclass(frozen=True, slots=True)
class Derived:
    """`written`: the API as gatewatch.yaml would have it. `urls`: by placeholder, those that only
    the deployment knows; `vague`: the placeholders of those that name no region. `calls`: what
    calls with the probe's own identity need."""

    name: str
    written: dict[str, Any]
    urls: Mapping[str, str]
    vague: frozenset[str]
    calls: tuple[OwnCall, ...]
    problems: tuple[Problem, ...]
    remarks: tuple[Remark, ...]


@dataclass(frozen=True, slots=True)
class Watched:
    """`settings` and `routes` are keys of gatewatch.yaml that the constructs cannot know: an owner,
    credentials, values for path variables. `number` tells its placeholders from others'."""

    number: int
    name: str
    api: WatchedApi
    url: str | None = None
    stage: GivenStage | None = None
    settings: Written = field(default_factory=dict)
    routes: Given = field(default_factory=dict)

    def sketch(self) -> dict[str, Any]:
        """What a person gave, before the constructs are complete: enough to check it."""
        given = {name: own for name, own in self.routes.items() if own is not None}
        routes: list[Any] = [{name: checkable(name, own)} for name, own in given.items()]
        entrances = self._entrances(Entrances(opened=(self._placeholder(0),)))
        return {
            **self.settings,
            **self._places(entrances),
            "routes": routes or [{"GET /": "protected"}],
        }

    def derived(self, tree: Tree) -> Derived:
        """What is watched, once the constructs are complete."""
        reading = read(self.api, self.stage, tree)
        routes = complete(self.name, reading, self.routes)
        entrances = self._entrances(reading.entrances)
        urls = self._urls(entrances)
        return Derived(
            name=self.name,
            written={
                **({"private": True} if reading.is_private else {}),
                **self.settings,
                **self._places(entrances),
                "routes": [{name: one} for name, one in routes.routes],
            },
            urls=urls,
            vague=frozenset(one for one, url in urls.items() if url in entrances.custom),
            calls=reading.calls,
            problems=(*self._problems(entrances), *routes.problems),
            remarks=(*entrances.remarks, *routes.remarks, *_of_closed(entrances, routes)),
        )

    def _entrances(self, found: Entrances) -> Entrances:
        """What a person gave replaces what was found."""
        if self.url is not None:
            found = Entrances(opened=(self.url,))
        opened, closed, remarks = self._distinct(found.opened), found.closed, found.remarks
        if "also_at" in self.settings:
            opened = (*opened[:1], *_listed(self.settings["also_at"]))
            remarks = tuple(one for one in remarks if one.kind != "domain")
        if "closed_at" in self.settings:
            closed = _listed(self.settings["closed_at"])
        return replace(found, opened=opened, closed=closed, remarks=remarks)

    def _urls(self, entrances: Entrances) -> dict[str, str]:
        return {
            self._placeholder(at): url
            for at, url in enumerate((*entrances.opened, *entrances.closed))
            if isinstance(url, str) and not is_known(url)
        }

    def _distinct(self, urls: tuple[str, ...]) -> tuple[str, ...]:
        by_text = {json.dumps(rendered(self.api, url), sort_keys=True): url for url in urls}
        return tuple(by_text.values())

    def _places(self, entrances: Entrances) -> dict[str, Any]:
        """A placeholder stands for a URL until the deployment knows it."""
        shown = [
            url if is_known(url) or not isinstance(url, str) else self._placeholder(at)
            for at, url in enumerate((*entrances.opened, *entrances.closed))
        ]
        opened, closed = shown[: len(entrances.opened)], shown[len(entrances.opened) :]
        return {
            "url": next(iter(opened), _NOWHERE),
            **({"also_at": opened[1:]} if opened[1:] else {}),
            **({"closed_at": closed} if closed else {}),
        }

    def _placeholder(self, at: int) -> str:
        return of_watched(self.number, at + 1)

    def _problems(self, entrances: Entrances) -> Iterator[Problem]:
        if not entrances.opened:
            yield Problem(("apis", self.name, "url"), f"{entrances.lack}; expected url=…")
        for key in _GIVEN_BESIDE:
            if key in self.settings:
                yield Problem(("apis", self.name, key), f"expected {key}=… beside settings=…")
        for path in _tokens({key: self.settings[key] for key in self.settings.keys() - _PLACES}):
            yield Problem(("apis", self.name, *path), _TOO_LATE)
        for path in _tokens(self.routes):
            yield Problem(("apis", self.name, "routes", *path), _TOO_LATE)


def _of_closed(entrances: Entrances, routes: Completed) -> Iterator[Remark]:
    """`plan` sends to a closed entrance what it skips elsewhere: it must be refused there."""
    if entrances.closed and routes.has_public_writes:
        text = (
            "its public writes are called at its closed entrance, without body and credential, to "
            "prove that it refuses them; closed_at=[] in settings stops that"
        )
        yield Remark("closed", "", text)


def _tokens(value: object, path: Path = ()) -> Iterator[Path]:
    """Where something stands that only the deployment knows: it would be published as it is."""
    if isinstance(value, str) and cdk.Token.is_unresolved(value):
        yield path
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield from _tokens(one, (*path, str(key)))
    elif isinstance(value, (list, tuple)):
        for at, one in enumerate(value):
            yield from _tokens(one, (*path, at))


def _listed(given: object) -> tuple[Any, ...]:
    """What a person gave: a list, or one without it."""
    return tuple(given) if isinstance(given, (list, tuple)) else (given,)
