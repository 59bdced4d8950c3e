"""What was known of each look before a release: from stored states, or from a saved file.

What began after the release did is not older than it, whoever saw it first.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from gatewatch.incidents.track import NO_MOMENTS, RouteState, Symptom, story
from gatewatch.model import (
    INVALID_CALLERS,
    Candidate,
    Finding,
    Layer,
    Outcome,
    Verdict,
)


class Key(NamedTuple):
    """One look: the caller of a route at an entrance."""

    api: str
    route: str
    entrance: str
    caller: str


def key_of(verdict: Verdict) -> Key:
    return Key(verdict.api, verdict.route, verdict.entrance, verdict.caller)


class Before(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was known of one look. `outcome`: fail, pass or unknown. `since`: when it began to fail;
    `last_good`: its last pass; `layer`: where it stopped, and of a pass `ok` if it got through, now
    or ever. All else describes the failure; without a finding, nobody knows how it failed."""

    api: str
    route: str
    entrance: str
    caller: str = msgspec.field(name="as")
    outcome: Outcome
    finding: Finding | None = None
    layer: Layer = Layer.UNKNOWN
    cause: str | None = None
    candidates: tuple[Candidate, ...] = ()
    scope: str | None = None
    since: str | None = None
    last_good: str | None = None

    @property
    def key(self) -> Key:
        return Key(self.api, self.route, self.entrance, self.caller)


class Baseline(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`source`: where it comes from, in words; empty where there is none. `at`: when it was true,
    in ISO 8601."""

    source: str = ""
    at: str | None = None
    looks: tuple[Before, ...] = ()


NO_BASELINE = Baseline()

UNCERTAIN = timedelta(minutes=10)
"""Where nobody says when the release began, what began so shortly before may be its work."""


def of_states(states: Mapping[str, Iterable[RouteState]], source: str, at: datetime) -> Baseline:
    """By API. `at`: when the release began, or the earliest time at which it may have."""
    looks = (_before(api, one, at) for api, own in states.items() for one in own)
    return Baseline(source=source, at=at.isoformat(), looks=tuple(looks))


def _before(api: str, state: RouteState, at: datetime) -> Before:
    known = Before(
        api=api,
        route=state.route,
        entrance=state.entrance,
        caller=state.caller,
        outcome=Outcome.PASS if state.has_passed else Outcome.UNKNOWN,
        layer=Layer.OK if state.was_let_in else Layer.UNKNOWN,
        last_good=state.last_good,
    )
    problem = state.problem
    if problem is None or not _was_failing(state, problem, at):
        return known
    failing = replace(known, outcome=Outcome.FAIL, since=state.since)
    if not _is_before(state.otherwise_since or state.since, at):
        return failing
    return replace(
        failing,
        finding=problem.finding,
        layer=problem.layer,
        cause=problem.cause,
        candidates=problem.candidates,
        scope=problem.scope,
    )


_ABOUT_US = frozenset({Finding.UNDECIDED, Finding.CREDENTIAL_UNREADABLE})
"""They say nothing of the route."""


def _was_failing(state: RouteState, problem: Symptom, at: datetime) -> bool:
    """Whether its last look before the release failed, or it came and went. One that does not count
    yet, since a look or two failed, is no failure that was known."""
    comes_and_goes = state.is_flapping and any(one not in NO_MOMENTS for one in state.recent)
    fails = state.passes == 0 or comes_and_goes
    return fails and problem.finding not in _ABOUT_US and _is_before(state.since, at)


def _is_before(moment: str | None, at: datetime) -> bool:
    return moment is not None and datetime.fromisoformat(moment) < at


def of_verdicts(verdicts: Iterable[Verdict], source: str, at: str | None) -> Baseline:
    """Of one run. What was skipped says nothing."""
    looks = (of_verdict(one, at) for one in verdicts if one.outcome is not Outcome.SKIPPED)
    return Baseline(source=source, at=at, looks=tuple(looks))


def of_verdict(verdict: Verdict, at: str | None) -> Before:
    failed = verdict.outcome is Outcome.FAIL
    return Before(
        **key_of(verdict)._asdict(),
        outcome=verdict.outcome,
        finding=verdict.finding if failed else None,
        layer=verdict.layer,
        cause=verdict.cause if failed else None,
        candidates=verdict.candidates if failed else (),
        scope=verdict.scope if failed else None,
        since=at if failed else None,
        last_good=at if verdict.outcome is Outcome.PASS else None,
    )


def is_same_failure(before: Before, verdict: Verdict) -> bool:
    """Whether a failure may be the one that was known before: they share a possible cause."""
    if before.outcome is not Outcome.FAIL or before.finding is None or verdict.finding is None:
        return False
    known = story(before.finding, before.candidates, before.scope)
    if not known & story(verdict.finding, verdict.candidates, verdict.scope):
        return False
    causes = _causes(before.candidates, before.cause), _causes(verdict.candidates, verdict.cause)
    return not all(causes) or not causes[0].isdisjoint(causes[1])


def _causes(candidates: Iterable[Candidate], cause: str | None) -> frozenset[str]:
    return frozenset(one.cause for one in candidates) or frozenset(filter(None, (cause,)))


def at_another_url(baseline: Baseline, api: str, known: str, url: str) -> Baseline:
    """The same, where a release is looked at before it is at its usual URL."""
    return replace(
        baseline,
        looks=tuple(
            replace(one, entrance=url) if (one.api, one.entrance) == (api, known) else one
            for one in baseline.looks
        ),
    )


@dataclass(frozen=True, slots=True)
class Matched:
    """`found`: by look, what was known of it; `renamed`: how those were known that had another
    name. `gone`: what was known, and is no longer looked at."""

    found: Mapping[Key, Before]
    renamed: Mapping[Key, str]
    gone: tuple[Before, ...]


def matched(baseline: Baseline, keys: Iterable[Key]) -> Matched:
    """A look is the one of the same name; else the only one left that differs by the names of its
    path variables, or else by the URL of its entrance. What failed at another URL excuses no
    failure at this one."""
    wanted = list(dict.fromkeys(keys))
    known = {one.key: one for one in baseline.looks}
    found = {key: known[key] for key in wanted if key in known}
    renamed: dict[Key, str] = {}
    for likeness, differs in ((_without_names, "route"), (_without_entrance, "entrance")):
        used = {before.key for before in found.values()}
        missing = [key for key in wanted if key not in found]
        left = [one for one in baseline.looks if one.key not in used]
        for key, before in _only_pairs(missing, left, likeness):
            found[key] = before if differs == "route" else _elsewhere(before)
            renamed[key] = f"it was {getattr(before, differs)}"
    used = {before.key for before in found.values()}
    gone = tuple(one for one in baseline.looks if one.key not in used and _is_told(one))
    return Matched(found, renamed, gone)


def _elsewhere(before: Before) -> Before:
    if before.outcome is not Outcome.FAIL:
        return before
    return Before(**before.key._asdict(), outcome=Outcome.UNKNOWN, last_good=before.last_good)


_Likeness = Callable[[Key], tuple[str, ...]]
_VARIABLE = re.compile(r"\{[^{}+]+(\+?)\}")


def _without_names(key: Key) -> tuple[str, ...]:
    return key.api, _VARIABLE.sub(r"{\1}", key.route), key.entrance, key.caller


def _without_entrance(key: Key) -> tuple[str, ...]:
    return key.api, key.route, key.caller


def _only_pairs(
    missing: Iterable[Key], left: Iterable[Before], likeness: _Likeness
) -> Iterator[tuple[Key, Before]]:
    """Those that nothing else is like."""
    wanted, known = defaultdict[object, list[Key]](list), defaultdict[object, list[Before]](list)
    for key in missing:
        wanted[likeness(key)].append(key)
    for before in left:
        known[likeness(before.key)].append(before)
    for alike, keys in wanted.items():
        if len(keys) == 1 and len(known[alike]) == 1:
            yield keys[0], known[alike][0]


def _is_told(before: Before) -> bool:
    """Invalid credentials are shown seldom, and what was unknown is no loss."""
    return before.outcome is not Outcome.UNKNOWN and before.caller not in INVALID_CALLERS.values()
