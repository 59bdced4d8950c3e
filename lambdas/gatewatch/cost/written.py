"""How many of the slices that a healthy minute touches it writes: a sample is kept for some hours,
by the code that keeps it in the service."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from gatewatch.attempt import Probe
from gatewatch.config.canonical import Config
from gatewatch.cost.sample import sample, slice_counts
from gatewatch.incidents.states import patience_of
from gatewatch.model import OK, Confidence, Layer, Outcome, Verdict
from gatewatch.plan import NOBODY_YET, plan
from gatewatch.service.seldom import Moment, intervals, keep
from gatewatch.service.state_slices import Slice, slice_name

_UNTIL_AT_REST = 130
"""Minutes, in which invalid credentials, too, were tried twice."""
_LOOKED_AT = 60
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_Name = tuple[str, str]
"""(api, slice)."""


def written_share(config: Config) -> float:
    """Of the touched slices, long after anything has changed; 1 where none is touched."""
    few, counts = sample(config), slice_counts(config)
    patience = {api.name: patience_of(api) for api in few.apis}
    every = {api.name: intervals(api) for api in few.apis}
    slices: dict[_Name, Slice] = {}
    touched = written = 0
    for minute in range(_UNTIL_AT_REST + _LOOKED_AT):
        at = _EPOCH + timedelta(minutes=minute)
        for (api, name), passes in _passes(few, minute, counts).items():
            before = slices.get((api, name)) or Slice(api=api, name=name)
            kept = keep(before, passes, patience[api], Moment(at.isoformat(), at, every[api]))
            if kept.is_written:
                version = before.version + 1
                slices[api, name] = replace(kept.slice, version=version, exact=None)
            if minute >= _UNTIL_AT_REST:
                touched, written = touched + 1, written + kept.is_written
    return written / touched if touched else 1.0


def _passes(config: Config, minute: int, counts: Mapping[str, int]) -> dict[_Name, list[Verdict]]:
    found: dict[_Name, list[Verdict]] = defaultdict(list)
    for one in plan(config, range(minute, minute + 1), entered=NOBODY_YET):
        name = slice_name(one.route.name, counts[one.api.name])
        found[one.api.name, name] += _of(one)
    return found


def _of(probe: Probe) -> Iterator[Verdict]:
    for look in probe.planned:
        yield Verdict(
            api=probe.api.name,
            route=probe.route.name,
            entrance=probe.entrance.url,
            caller=look.caller,
            outcome=Outcome.PASS,
            finding=None,
            layer=Layer.OK,
            cause=OK,
            confidence=Confidence.CERTAIN,
            owner=None,
        )
