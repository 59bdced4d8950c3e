"""What a verification needs: what is configured, what was known before, and rounds of looks."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from gatewatch.adapters.local.clock import SteadyClock, SystemClock
from gatewatch.adapters.overdue import bounded
from gatewatch.cli import baselines
from gatewatch.cli.exits import UsageError
from gatewatch.cli.options import CONFIG
from gatewatch.cli.scope import url_of
from gatewatch.cli.service import Service
from gatewatch.cli.setting import existing_store, prober, read_config, read_places, vault
from gatewatch.cli.stack import Place
from gatewatch.config.canonical import Config
from gatewatch.config.lines import NOWHERE, Places
from gatewatch.looking.rounds import HeldWrite, Round, Taken, TakeRound, take_round
from gatewatch.plan import Entered, Latches
from gatewatch.release.baseline import (
    NO_BASELINE,
    UNCERTAIN,
    Baseline,
    at_another_url,
    of_states,
)
from gatewatch.release.decide import Release
from gatewatch.verify import Tell
from gatewatch.verify import verify as verify_release


@dataclass(frozen=True, slots=True)
class Known:
    """What is known before the first look. `saved`: also of what is not looked at."""

    baseline: Baseline
    saved: Baseline = NO_BASELINE
    held: tuple[HeldWrite, ...] = ()
    entered: Entered = frozenset()


@dataclass(frozen=True, slots=True)
class Setting:
    """Where the configuration and what was known before come from."""

    config: Path | None
    state: Path | None
    place: Place | None
    baseline: Path | None
    began: datetime | None

    def whole(self, url: str | None, apis: Sequence[str]) -> Config:
        """All that is configured. Raises UsageError or ConfigError."""
        if self.config is None and self.place is not None:
            if url is not None:
                raise UsageError("--url: expected --config FILE beside it")
            return Service(self.place).config
        file = self.config or CONFIG
        if url is None:
            return read_config(file)
        names = [one.name for one in read_config(file).apis]
        return read_config(file, instead=url_of(url, apis, names))

    def places(self) -> Places:
        """Of the routes in the file; none, where a stack's configuration is looked at."""
        if self.config is None and self.place is not None:
            return NOWHERE
        return read_places(self.config or CONFIG)

    def known(self, whole: Config, url: str | None, wanted: Config) -> Known:
        """Of the wanted APIs. A saved file says nothing of held writes, which the state knows."""
        found = self._of_state(whole)
        if self.baseline is not None:
            found = replace(found, baseline=baselines.read(self.baseline))
        ours = baselines.of_apis(found.baseline, {one.name for one in wanted.apis})
        if url is not None:
            ours = _moved(ours, self.config or CONFIG, wanted)
        return replace(found, baseline=ours, saved=found.baseline)

    def _of_state(self, whole: Config) -> Known:
        at = self.began or SystemClock().now() - UNCERTAIN
        if self.place is not None:
            service = Service(self.place)
            states = {one.name: service.states(one.name) for one in whole.apis}
            told = f"the state of stack {self.place.stack}"
            latched, entered = service.precedents()
        else:
            store = existing_store(self.config or CONFIG, self.state)
            states, told = store.states(), f"the state {store.name}"
            latched, entered = store.latched(), store.let_in()
        found = of_states(states, told, at) if any(states.values()) else NO_BASELINE
        return Known(found, held=_held(latched), entered=entered)

    def verified(self, wanted: Config, known: Known, tell: Tell) -> Release:
        folder = (self.config or CONFIG).parent
        clock = SteadyClock()
        end = clock.now() + timedelta(seconds=wanted.verification.deadline_seconds)

        def left() -> float:
            return (end - clock.now()).total_seconds()

        take = bounded(_rounds(wanted, folder, known.entered), left)
        return verify_release(wanted, take, known.baseline, clock, time.sleep, known.held, tell)


def _held(latched: Latches) -> tuple[HeldWrite, ...]:
    return tuple(
        HeldWrite(api=api, route=route, entrance=entrance, held=held)
        for (api, route, entrance), held in latched.items()
    )


def _moved(known: Baseline, file: Path, wanted: Config) -> Baseline:
    """As if it had been at the URL at which it is looked at now."""
    usual = {one.name: one.entrances[0].url for one in read_config(file).apis}
    for one in wanted.apis:
        known = at_another_url(known, one.name, usual[one.name], one.entrances[0].url)
    return known


def _rounds(config: Config, folder: Path, entered: Entered) -> TakeRound:
    """Each round has connections of its own; secrets and tokens are kept."""
    held = vault(folder, config)

    def take(asked: Round) -> Taken:
        transport = prober(config, held)
        try:
            return take_round(config, transport, entered, asked)
        finally:
            transport.close()

    return take
