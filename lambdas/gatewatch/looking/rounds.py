"""One round of a verification: every look once, by a transport of its own, and nothing stored.

A write is not sent again where it got through, or where it twice got no answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import msgspec

from gatewatch.attempt import Attempt, Probe, Skipped
from gatewatch.config.canonical import Config
from gatewatch.gateway.failure import is_unreached
from gatewatch.looking.latches import LatchKeeper
from gatewatch.looking.loop import results_of, take_looks
from gatewatch.looking.result import ProbeResult
from gatewatch.model import ANONYMOUS, Exchange, Held, Unsent, Verdict
from gatewatch.plan import NOBODY_YET, Entered, Latches, plan, signers
from gatewatch.ports import Clock, Recorded, Transport
from gatewatch.raw import RawExchange
from gatewatch.redaction.redactor import Redactor


class HeldWrite(msgspec.Struct, frozen=True, kw_only=True):
    """A write that is not sent again, and why; see `model.Held`."""

    api: str
    route: str
    entrance: str
    held: Held = None


class Unanswered(msgspec.Struct, frozen=True, kw_only=True):
    """A write that was sent and got no answer, `times` in a row: it may have run, slowly."""

    api: str
    route: str
    entrance: str
    times: int = 1


MOST_UNANSWERED = 2
"""Then it is not sent again. One answer may be lost on any way."""


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """One look at everything. `is_settling`: answers may still be mixed, and no look counts by
    itself; then no invalid credential is shown yet."""

    held: tuple[HeldWrite, ...] = ()
    unanswered: tuple[Unanswered, ...] = ()
    is_settling: bool = False


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What a round showed. `held`: the writes that must not be sent again, with those of before, as
    `unanswered`."""

    verdicts: tuple[Verdict, ...] = ()
    requests: int = 0
    held: tuple[HeldWrite, ...] = ()
    unanswered: tuple[Unanswered, ...] = ()


class OverdueError(Exception):
    """Raised where a round has not ended by the deadline of the whole."""


TakeRound = Callable[[Round], Taken]
"""Takes the looks of one round. May raise OverdueError; then its looks are unknown, and what was
seen before it decides nothing by itself: the window was not seen to its end."""


def latches(held: Sequence[HeldWrite]) -> Latches:
    return {(one.api, one.route, one.entrance): one.held for one in held}


def take_round(config: Config, transport: Transport, entered: Entered, asked: Round) -> Taken:
    """One round by this transport: a new one each time, so that it meets other nodes.

    `entered`: the entrances at which a credential of ours has ever got in.
    """
    holding = _Holding(latches(asked.held))
    shown = None if asked.is_settling else entered
    probes = plan(config, latched=holding.latched, entered=shown)
    silent = {_place_of(one): one.times for one in asked.unanswered}
    probes = [_unsent_again(one, silent) for one in probes]
    results = results_of(probes, signers(config), entered)
    keeper = LatchKeeper(holding)
    requests = take_looks(results, transport, keeper.on_answer)
    keeper.settle(results)
    return Taken(
        verdicts=tuple(verdict for one in results for verdict in one.judged()),
        requests=requests,
        held=holding.all(),
        unanswered=tuple(_unanswered(results, silent)),
    )


_Write = tuple[str, str, str]
_SILENT = (
    "this write was sent twice and got no answer; it may have run, and is not sent again in this "
    "verification"
)


def _place_of(one: Unanswered) -> _Write:
    return one.api, one.route, one.entrance


def _write_of(probe: Probe) -> _Write:
    return probe.api.name, probe.route.name, probe.entrance.url


def _unsent_again(probe: Probe, silent: Mapping[_Write, int]) -> Probe:
    """The probe without a write that has got no answer too often."""
    if silent.get(_write_of(probe), 0) < MOST_UNANSWERED:
        return probe
    return replace(
        probe,
        attempts=tuple(one for one in probe.attempts if one.callers),
        skipped=(Skipped(ANONYMOUS, _SILENT, in_doubt=True), *probe.skipped),
        trials=(),
    )


def _unanswered(
    results: Iterable[ProbeResult], before: Mapping[_Write, int]
) -> Iterator[Unanswered]:
    """The writes of strangers that were sent and got no answer now, and those that stay unsent."""
    for one in results:
        write, route = _write_of(one.probe), one.probe.route
        times, look = before.get(write, 0), one.looks.get(ANONYMOUS)
        if look is not None:
            times = times + 1 if _got_no_answer(look) else 0
        if times and route.writes and not route.invoke:
            api, name, entrance = write
            yield Unanswered(api=api, route=name, entrance=entrance, times=times)


def _got_no_answer(look: Exchange) -> bool:
    """Whether it reached its host, which did not answer."""
    return look.response.status == 0 and not is_unreached(look.response.error)


def untaken(config: Config, because: str, clock: Clock, asked: Round) -> Taken:
    """A round of which no look was sent, or nothing is known of it: all are unknown."""
    return take_round(config, _Unsent(because, clock), NOBODY_YET, asked)


class _Unsent:
    """A transport that sends nothing."""

    def __init__(self, because: str, clock: Clock) -> None:
        self._because = Unsent(because=because)
        self._clock = clock

    def send_all(
        self, attempts: Sequence[Attempt], record: Callable[[RawExchange], Recorded]
    ) -> list[Recorded]:
        at = self._clock.now().isoformat()
        return [
            record(RawExchange(attempt=one, sent_at=at, not_sent=self._because)) for one in attempts
        ]

    def redactor(self) -> Redactor:
        return Redactor()

    def renew(self, _: Sequence[str]) -> frozenset[str]:
        return frozenset()


class _Holding:
    """The latches of a verification: known to nobody else, and gone with it."""

    def __init__(self, latched: Latches) -> None:
        self.latched = dict(latched)

    def latch(self, api: str, route: str, entrance: str, held: Held) -> None:
        self.latched[api, route, entrance] = held

    def unlatch(self, api: str, route: str, entrance: str, held: Held) -> None:
        if self.latched.get((api, route, entrance), held) is held:
            self.latched.pop((api, route, entrance), None)

    def all(self) -> tuple[HeldWrite, ...]:
        return tuple(
            HeldWrite(api=api, route=route, entrance=entrance, held=held)
            for (api, route, entrance), held in self.latched.items()
        )
