"""Releases with dice: each run deploys something to a healthy API, and verifies it.

The requests are real, the time is not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from random import Random
from unittest.mock import patch

import msgspec

from gatewatch.adapters.local.authority import authorities
from gatewatch.attempt import Attempt
from gatewatch.config.author import load
from gatewatch.config.canonical import Config, SecretRef
from gatewatch.config.lookups import Lookups
from gatewatch.looking.rounds import Round, Taken, take_round
from gatewatch.model import INVALID_CALLERS
from gatewatch.ports import Recorded
from gatewatch.probe.credentials import Keyring
from gatewatch.probe.prober import Prober
from gatewatch.probe.vault import Vault
from gatewatch.raw import RawExchange
from gatewatch.redaction.redactor import Redactor
from gatewatch.release import checked, series, sightings
from gatewatch.release.baseline import NO_BASELINE, of_verdicts
from gatewatch.release.decide import Decision, Release
from gatewatch.sandbox import orders
from gatewatch.sandbox.server import Running, running
from gatewatch.sandbox.world import World
from gatewatch.verify import verify
from tests.release.gateway import RELEASED, Gateway, Stage, VirtualClock, spread
from tests.release.kinds import KINDS, ROUTES, Kind
from tests.worlds import ONE_BY_ONE

LOSSES = (0.0, 0.01, 0.03)
"""How many answers get lost on the way, as a share."""
SLOWEST = 62.0
"""Seconds: a stage in a usage plan took so long to reach every call (facts 11.3 of API Gateway)."""
_LOST = "timeout: the deadline passed in phase first_byte"


BUILT_IN_SECONDS = 90.0


@dataclass(frozen=True)
class Way:
    """A way to decide: how long is looked, how many looks must agree, and which share of the
    window counts."""

    name: str
    for_seconds: float = BUILT_IN_SECONDS
    least_looks: int = 3
    share: float = 1 / 3

    def of(self, config: Config) -> Config:
        found = msgspec.structs.replace(config.verification, for_seconds=self.for_seconds)
        return msgspec.structs.replace(config, verify=found)

    @contextmanager
    def used(self) -> Iterator[None]:
        """Decides in this way until the block ends."""
        tail = property(lambda window: window.settles * self.share)
        with (
            patch.object(series, "LEAST_LOOKS", self.least_looks),
            patch.object(checked, "LEAST_LOOKS", self.least_looks),
            patch.object(sightings.Window, "tail", tail),
        ):
            yield


AS_BUILT = Way("as it is: 90 s, whose last third agrees")
OTHER_WAYS = (
    Way("10 s", 10),
    Way("30 s", 30),
    Way("60 s", 60),
    Way("120 s", 120),
    Way("90 s, of which the last look counts", share=0, least_looks=1),
)


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one release. `looks`: how many each route got from each caller; `told`: those
    that keep it from passing."""

    seed: int
    kind: str
    expected: Decision
    decision: Decision
    has_baseline: bool
    loss: float
    spreads: float
    seconds: float
    rounds: int
    looks: int
    requests: int
    told: tuple[str, ...]

    @property
    def is_false_pass(self) -> bool:
        return self.expected is Decision.STOPPED and self.decision is Decision.PASSED

    @property
    def is_false_stop(self) -> bool:
        return self.expected is Decision.PASSED and self.decision is Decision.STOPPED


class _Lossy:
    """A transport of which some answers never arrive; the requests do."""

    def __init__(self, prober: Prober, dice: Random, share: float) -> None:
        self._prober, self._dice, self._share = prober, dice, share

    def send_all(
        self, attempts: Sequence[Attempt], record: Callable[[RawExchange], Recorded]
    ) -> list[Recorded]:
        def lose(raw: RawExchange) -> Recorded:
            is_lost = self._dice.random() < self._share
            return record(_without_answer(raw) if is_lost else raw)

        return self._prober.send_all(attempts, lose)

    def redactor(self) -> Redactor:
        return self._prober.redactor()

    def renew(self, callers: Sequence[str]) -> frozenset[str]:
        return self._prober.renew(callers)


def _without_answer(raw: RawExchange) -> RawExchange:
    return replace(raw, status=0, headers=(), body=b"", error=_LOST)


def _secret(ref: SecretRef) -> str:
    return orders.SECRETS[ref.name]


class Runs:
    """Takes one run after the other at the same gateway, which is anew for each."""

    def __init__(self, gateway: Gateway, place: Running) -> None:
        self._gateway, self._place = gateway, place

    def run(self, seed: int, way: Way = AS_BUILT) -> Run:
        """The same seed is the same release, whichever way is used."""
        dice = Random(seed)
        kind = KINDS[seed % len(KINDS)]
        config = way.of(_configured(kind, self._place, dice))
        has_baseline = kind.needs_baseline or dice.random() < 0.75
        loss = dice.choice(LOSSES)
        spreads = dice.uniform(0, SLOWEST)
        older = _older(kind, dice) if has_baseline else None
        before, stages = _worlds(kind, older)
        self._gateway.stage(
            spread(before, stages, spreads, dice), Random(dice.random()), sticky=dice.random() < 0.5
        )
        with way.used():
            release = self._verified(config, kind, dice, loss, has_baseline=has_baseline)
        return _told(release, seed, kind, has_baseline, loss, spreads)

    def _verified(
        self, config: Config, kind: Kind, dice: Random, loss: float, *, has_baseline: bool
    ) -> Release:
        brought = {one.partition(":")[0] for one in kind.brings}
        clock = VirtualClock()
        self._gateway.now = clock.now
        keyring = Keyring(config.credentials, Vault(_secret, clock))
        entered: set[tuple[str, str]] = set()

        def take(asked: Round) -> Taken:
            self._gateway.next_round()
            prober = Prober(keyring, clock, ONE_BY_ONE)
            taken = take_round(config, _Lossy(prober, dice, loss), frozenset(entered), asked)
            prober.close()
            clock.wait(dice.uniform(0.1, 2.5))
            return taken

        baseline = NO_BASELINE
        if has_baseline:
            known = [one for one in take(Round()).verdicts if one.route not in brought]
            baseline = of_verdicts(known, "a run", clock.now().isoformat())
            entered |= {(one.api, one.entrance) for one in known if one.layer == "ok"}
        clock.until(RELEASED + timedelta(seconds=dice.uniform(0, 10)))
        return verify(config, take, baseline, clock, clock.wait)


def _configured(kind: Kind, place: Running, dice: Random) -> Config:
    struck = [line for line in (*ROUTES[kind.url], *kind.brings) if line.startswith(kind.strikes)]
    chosen = [dice.choice(struck)] if kind.strikes else []
    others = [one for one in ROUTES[kind.url] if one not in chosen]
    chosen += dice.sample(others, min(len(others), dice.randint(2, 4)))
    head = orders.whole_configuration(*place).partition("apis:")[0]
    where = f"connect_to: {place.connect_to}\n    ca_file: {place.ca_file}"
    routes = "".join(f"      - {one}\n" for one in chosen)
    text = f"{head}apis:\n  orders:\n    url: {kind.url}\n    {where}\n    routes:\n{routes}"
    return load(text, "runs", Lookups(ca_file=authorities(Path(place.ca_file).parent)))


def _older(kind: Kind, dice: Random) -> Kind | None:
    """Something that is broken before and after, and no work of this release."""
    fit = [
        one
        for one in KINDS
        if one.needs_baseline and one.url == kind.url and not set(one.strikes) & set(kind.strikes)
    ]
    is_alone = kind.masks_others or dice.random() < 0.6
    return None if is_alone or not fit else dice.choice(fit)


def _worlds(kind: Kind, older: Kind | None) -> tuple[World, tuple[Stage, ...]]:
    healthy = orders.world() if older is None else older.before(orders.world())
    after = kind.after(healthy)
    if kind.between is None:
        return kind.before(healthy), (Stage(0, after),)
    return kind.before(healthy), (Stage(0, kind.between(healthy)), Stage(kind.seconds, after))


def _told(
    release: Release, seed: int, kind: Kind, has_baseline: bool, loss: float, spreads: float
) -> Run:
    regular = (one for one in release.looks if one.caller not in INVALID_CALLERS.values())
    return Run(
        seed=seed,
        kind=kind.name,
        expected=kind.expected,
        decision=release.decision,
        has_baseline=has_baseline,
        loss=loss,
        spreads=round(spreads, 1),
        seconds=release.seconds,
        rounds=release.rounds,
        looks=max((one.looks for one in regular), default=0),
        requests=release.requests,
        told=tuple(f"{one.route} as {one.caller}: {one.because}" for one in release.stopping),
    )


@contextmanager
def prepared(folder: Path) -> Iterator[Runs]:
    gateway = Gateway(orders.world())
    with running(gateway, folder) as place:
        yield Runs(gateway, place)
