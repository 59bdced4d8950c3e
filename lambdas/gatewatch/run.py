"""One run of all steps, and its results stored.

Everything outside is passed in (see `ports`), so the command line, the Lambdas and the tests run
the same code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

import msgspec

from gatewatch.config.canonical import Channel, Config
from gatewatch.incidents.ahead import believed
from gatewatch.incidents.announce import Brief, brief
from gatewatch.incidents.deployments import deployment_at
from gatewatch.incidents.story import restless_apis
from gatewatch.looking.latches import LatchKeeper
from gatewatch.looking.loop import results_due, take_looks
from gatewatch.model import Incident, Outcome, Verdict
from gatewatch.ports import Clock, StateError, Store, Transport
from gatewatch.remember import Remembered, remember


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """`due` counts the verdicts that were due; each has one of the four outcomes.

    `dropped`: how many changed nothing, since a later look had counted already. `taken_back`: how
    many states and incidents a clock ahead of ours had stored, so that they count as of now;
    `ahead_seconds`: how far the worst of them was ahead.
    """

    at: str
    due: int
    passed: int
    failed: int
    unknown: int
    skipped: int
    requests: int
    dropped: int = 0
    taken_back: int = 0
    ahead_seconds: float = 0.0


class Report(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The results of a run. `incidents`: the open ones and those that it resolved; `announcements`:
    those due now. `unsaved`: why not all of it could be stored."""

    summary: Summary
    verdicts: tuple[Verdict, ...]
    incidents: tuple[Incident, ...]
    announcements: tuple[Brief, ...] = ()
    unsaved: str | None = None


OnJudged = Callable[[Summary, Sequence[Verdict]], None]
"""Gets the verdicts as soon as they are judged, before they are stored, which may take long and may
fail."""


def ignore_verdicts(_: Summary, __: Sequence[Verdict]) -> None:
    pass


SETTLES_FOR = timedelta(seconds=120)
"""After a deployment answers may be mixed; changes of usage plans have taken over a minute."""


def run(
    config: Config,
    transport: Transport,
    store: Store,
    clock: Clock,
    minutes: range | None = None,
    deployed_at: datetime | None = None,
    tell: OnJudged = ignore_verdicts,
    channels: tuple[Channel, ...] = (),
) -> Report:
    """Probes what is due in these minutes, or everything; judges, reports and stores it.

    `deployed_at`: when the APIs were last deployed, if known. `channels`: those for which messages
    are stored, too; nothing is sent to them here. Raises StateError if nothing can be stored; then
    nothing was sent.
    """
    store.ready()
    now = clock.now()
    at, minute = now.isoformat(), int(now.timestamp() // 60)
    restless = restless_apis(store.open_incidents(), at)
    results = results_due(config, store, minutes, range(minute, minute + 1), restless)
    for result in results:
        result.settling = deployed_at is not None and abs(now - deployed_at) < SETTLES_FOR
    latches = LatchKeeper(store)
    requests = take_looks(results, transport, latches.on_answer)
    verdicts = [verdict for result in results for verdict in result.judged()]
    found = Remembered(believed(at, clock.now()))
    try:
        tell(_summary(at, verdicts, requests, found), verdicts)
    finally:
        with _noting(found):
            latches.settle(results)
            deployments = () if deployed_at is None else (deployment_at(deployed_at),)
            remember(config, verdicts, store, found, clock, deployments, channels)
    return Report(
        summary=_summary(found.at, verdicts, requests, found),
        verdicts=tuple(verdicts),
        incidents=tuple(found.incidents),
        announcements=tuple(brief(one) for one in found.announcements),
        unsaved=found.unsaved,
    )


@contextmanager
def _noting(found: Remembered) -> Iterator[None]:
    """Notes why something could not be stored; what was found stays."""
    try:
        yield
    except StateError as error:
        found.unsaved = str(error)


def _summary(at: str, verdicts: Sequence[Verdict], requests: int, found: Remembered) -> Summary:
    outcomes = [verdict.outcome for verdict in verdicts]
    return Summary(
        at=at,
        due=len(outcomes),
        passed=outcomes.count(Outcome.PASS),
        failed=outcomes.count(Outcome.FAIL),
        unknown=outcomes.count(Outcome.UNKNOWN),
        skipped=outcomes.count(Outcome.SKIPPED),
        requests=requests,
        dropped=found.dropped,
        taken_back=found.taken_back,
        ahead_seconds=found.lead.total_seconds(),
    )
