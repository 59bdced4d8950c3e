"""What a failure is about, and what a release's owner wants to be done about it.

An exposure always stops a release: no policy can say otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gatewatch.config.canonical import Api, Config, Route
from gatewatch.model import (
    GOT_THROUGH,
    Action,
    Concern,
    Finding,
    Layer,
    Verdict,
)

BUILT_IN: Mapping[Concern, Action] = {
    **dict.fromkeys(Concern, Action.FAIL),
    # A release that is reached and guarded as before does not fail for these by itself.
    Concern.THROTTLE: Action.WARN,
    Concern.BACKEND: Action.WARN,
    Concern.SLOW: Action.WARN,
    Concern.CERTIFICATE: Action.WARN,
}

_BY_FINDING = {
    Finding.UNEXPECTED_STATUS: Concern.EXPECTATION,
    Finding.ASSERTION_FAILED: Concern.EXPECTATION,
    Finding.SLOW: Concern.SLOW,
    Finding.CERTIFICATE_EXPIRING: Concern.CERTIFICATE,
}
_GRAVEST_FIRST = (Action.FAIL, Action.WARN, Action.IGNORE)


class Policy:
    """The actions of one configuration: what is set nearest to a route counts."""

    def __init__(self, config: Config) -> None:
        self._whole = {**BUILT_IN, **config.verification.actions}
        self._apis = {api.name: api for api in config.apis}
        self._routes = {(api.name, one.name): one for api in config.apis for one in api.routes}

    def action(self, verdict: Verdict) -> Action:
        """What to do about this failure; of several that it may be about, the gravest."""
        actions = self._of(verdict.api, verdict.route)
        return gravest(actions[one] for one in concerns(verdict))

    def of_unknown(self, api: str, route: str) -> Action:
        """What to do about a look that decided nothing: it stops a release as undecided, unless its
        route is one about which every failure only warns."""
        actions = self._of(api, route)
        return gravest(actions[one] for one in Concern if one is not Concern.EXPOSURE)

    def _of(self, api: str, route: str) -> Mapping[Concern, Action]:
        of_api, of_route = _set(self._apis.get(api)), _set(self._routes.get((api, route)))
        return {**self._whole, **of_api, **of_route, Concern.EXPOSURE: Action.FAIL}


def _set(given: Api | Route | None) -> Mapping[Concern, Action]:
    verify = None if given is None else given.verify
    return verify if isinstance(verify, dict) else {}


def gravest(actions: Iterable[Action]) -> Action:
    return min(actions, key=_GRAVEST_FIRST.index)


def is_exposure(verdict: Verdict) -> bool:
    """Whether somebody got in who must not; a write that did is held back from then on."""
    return verdict.finding in GOT_THROUGH


def concerns(verdict: Verdict) -> tuple[Concern, ...]:
    """What a failure is about; several where its layer is ambiguous, and any where it is unknown:
    what was not seen excuses nothing."""
    if is_exposure(verdict):
        return (Concern.EXPOSURE,)
    # The finding of a status that a backend chose is `unexpected_status`, too.
    if verdict.finding in _BY_FINDING and verdict.layer is not Layer.BACKEND:
        return (_BY_FINDING[verdict.finding],)
    layers = dict.fromkeys(one.layer for one in verdict.candidates)
    known = layers if verdict.layer is Layer.AMBIGUOUS else {verdict.layer: None}
    found = tuple(Concern(one) for one in known if one in _LAYERS)
    return found if len(found) == len(known) and found else tuple(Concern)


_LAYERS = frozenset(Layer) - {Layer.OK, Layer.UNKNOWN, Layer.AMBIGUOUS}
