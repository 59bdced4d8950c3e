"""What an hour costs in which every route fails: a sample of the routes is looked at, judged, kept
and metered by the code of the service, with answers made up here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from math import ceil

import msgspec
from msgspec.structs import replace

from gatewatch.attempt import Attempt
from gatewatch.config.canonical import Config
from gatewatch.cost import measured, prices
from gatewatch.cost.bill import Bill, bill, shard_seconds, sqs_requests
from gatewatch.cost.counted import Counted
from gatewatch.cost.sample import sample, slice_counts
from gatewatch.incidents.states import patience_of
from gatewatch.looking.loop import results_of, take_looks
from gatewatch.model import Verdict
from gatewatch.plan import plan, signers
from gatewatch.ports import Recorded
from gatewatch.raw import RawExchange
from gatewatch.redaction.redactor import Redactor
from gatewatch.service.metrics import Measure, measures
from gatewatch.service.probe import Probed
from gatewatch.service.seldom import Moment, intervals, keep
from gatewatch.service.shards import Bounds
from gatewatch.service.state_slices import Slice, pack_slice, slice_name

_HOURS = 730
_MINUTES = 60
_METERED_HOURS = 2
"""A failing route's metrics are written ten minutes longer, and each costs by the hour."""
_WRITE_BYTES = 1_024
_READ_BYTES = 4_096
_LASTS = 3
"""Minutes until the one that is counted: by then failures count, and are told."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class How(StrEnum):
    """REFUSED: as where a deployment forgot the routes. SILENT: a look is connected and gets no
    answer until its timeout, so that no host counts as unreachable: the longest a shard can take.
    """

    REFUSED = "every route is refused"
    SILENT = "no API answers"


class Outage(msgspec.Struct, frozen=True, kw_only=True):
    """US dollars of one hour, all in all. `watched`: as in Bill; requests that an API could not
    answer are counted, too."""

    how: How
    ours_usd: float
    watched_rest_usd: float
    watched_http_usd: float
    why: str


def healthy_hour(found: Bill) -> tuple[float, float, float]:
    """In the account, and at API Gateway if REST or HTTP APIs."""
    month = (found.ours_usd, found.watched_rest_usd, found.watched_http_usd)
    ours, rest, http = (one / _HOURS for one in month)
    return ours, rest, http


def outages(config: Config, found: Counted) -> tuple[Outage, ...]:
    """`found`: of a healthy minute. Strangers look as often as others now, in more shards."""
    more = max(1.0, found.restless_looks / found.looks) if found.looks else 1.0
    down = replace(
        found,
        looks=found.looks * more,
        shards=found.shards * more,
        message_bytes=found.message_bytes * more,
        timeout_seconds=found.timeout_seconds * more,
    )
    return tuple(_outage(config, down, _minute(config, how), how) for how in How)


class _Minute(msgspec.Struct, frozen=True, kw_only=True):
    """Of the sample: what is sent for each planned look, what each slice takes in the table, and
    the metrics that are written beside those of the deployment."""

    requests_a_look: float = 0.0
    write_units: float = 0.0
    read_units: float = 0.0
    series_a_route: float = 0.0
    series_an_api: float = 0.0
    logged_a_look: float = 0.0


def _outage(config: Config, down: Counted, minute: _Minute, how: How) -> Outage:
    looks = down.looks * minute.requests_a_look
    series = minute.series_a_route * down.routes + minute.series_an_api * down.apis
    seconds = down.shards * _shard_seconds(replace(down, looks=looks), how)
    writers = down.apis * measured.WRITER_SECONDS
    whole = replace(
        down,
        looks=looks,
        written=down.slices * minute.write_units,
        slices=down.slices * minute.read_units,
    )
    priced = bill(whole)
    more = (
        (seconds - down.shards * shard_seconds(whole) + writers)
        * measured.MEMORY_GB
        * prices.LAMBDA_GB_SECOND
        + down.apis * prices.LAMBDA_RUN
        + (sqs_requests(replace(down, shards=down.shards + down.apis)) - sqs_requests(down))
        * prices.SQS_REQUEST
        + down.apis
        * (_WRITER_READS + down.slices / down.apis * minute.read_units)
        * prices.DYNAMODB_READ
        + minute.logged_a_look * down.looks / 1e9 * prices.LOGS_GB
    ) * _MINUTES
    metrics = series * prices.METRIC / _HOURS * _METERED_HOURS
    told = sum(_messages(one.remind_every_seconds) for one in config.apis) * (
        1 + len(config.notify)
    )
    return Outage(
        how=how,
        ours_usd=_tenth_of_a_cent(
            priced.ours_usd / _HOURS + more + metrics + told * prices.SNS_PUBLISH
        ),
        watched_rest_usd=_tenth_of_a_cent(priced.watched_rest_usd / _HOURS),
        watched_http_usd=_tenth_of_a_cent(priced.watched_http_usd / _HOURS),
        why=f"{series:,.0f} metrics of routes and APIs ${metrics:,.2f}, "
        f"shards of {seconds / down.shards if down.shards else 0:.1f} s, "
        f"{looks:,.0f} requests a minute, {told:,.0f} messages",
    )


_WRITER_READS = 4
"""The ledger, the API's record, its acknowledgements, and its own query."""


def _messages(remind_every_seconds: float | None) -> int:
    """To each channel: at the beginning, at the end, and reminders."""
    return 2 + int(3_600 // remind_every_seconds if remind_every_seconds else 0)


def _shard_seconds(found: Counted, how: How) -> float:
    if how is How.REFUSED or not found.shards:
        return shard_seconds(found)
    waiting = found.timeout_seconds / found.shards / Bounds().per_host
    return max(shard_seconds(found), min(Bounds().seconds, waiting))


def _tenth_of_a_cent(usd: float) -> float:
    return round(usd, 3)


class _Answering:
    """A transport without a network: every request gets the same answer."""

    def __init__(self, how: How) -> None:
        self._how = how

    def send_all(
        self, attempts: Sequence[Attempt], record: Callable[[RawExchange], Recorded]
    ) -> list[Recorded]:
        return [record(self._answer(one)) for one in attempts]

    def redactor(self) -> Redactor:
        return Redactor()

    def renew(self, callers: Sequence[str]) -> frozenset[str]:
        """No secret has changed."""
        return frozenset(callers) - frozenset(callers)

    def _answer(self, attempt: Attempt) -> RawExchange:
        at = _EPOCH.isoformat()
        if self._how is How.SILENT:
            return RawExchange(
                attempt=attempt,
                sent_at=at,
                error=_NO_ANSWER,
                elapsed_ms=attempt.timeout_seconds * 1000,
            )
        return RawExchange(
            attempt=attempt,
            sent_at=at,
            status=403,
            headers=_REFUSAL,
            body=_MISSING,
            elapsed_ms=measured.LOOK_SECONDS * 1000,
        )


_NO_ANSWER = "timeout: the deadline passed in phase first_byte"
_MISSING = b'{"message":"Missing Authentication Token"}'
_REFUSAL = (
    ("x-amzn-ErrorType", "MissingAuthenticationTokenException"),
    ("x-amzn-RequestId", "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"),
    ("x-amz-apigw-id", "AbCdEfGhIjKlMnO="),
    ("Content-Type", "application/json"),
)


def _minute(config: Config, how: How) -> _Minute:
    """Nothing at all where no route has a look."""
    few = sample(config)
    probed = _probed(few, slice_counts(config), how)
    looks = sum(len(one.probe.planned) for one in probed.results)
    if not looks:
        return _Minute()
    sizes = [len(pack_slice(one)) for one in probed.slices]
    _, *beside = measures(probed, "deployment", small=config.is_small)
    of_routes = [one for one in beside if "route" in one.dimensions]
    lines = sum(one.finding is not None for one in probed.verdicts)
    logged = lines * measured.FINDING_BYTES + len(of_routes) * measured.EMF_ROUTE_BYTES
    return _Minute(
        requests_a_look=probed.requests / looks,
        write_units=sum(ceil(one / _WRITE_BYTES) for one in sizes) / len(sizes),
        read_units=sum(ceil(one / _READ_BYTES) for one in sizes) / len(sizes),
        series_a_route=_series(of_routes) / len(probed.results),
        series_an_api=(_series(beside) - _series(of_routes)) / len(few.apis),
        logged_a_look=logged / looks,
    )


def _probed(few: Config, counts: Mapping[str, int], how: How) -> Probed:
    """The last of some minutes: all looks are taken in each of them."""
    entered = frozenset((api.name, one.url) for api in few.apis for one in api.entrances)
    slices: dict[_Name, Slice] = {}
    for number in range(_LASTS):
        at = _EPOCH + timedelta(minutes=number)
        results = results_of(plan(few), signers(few), entered)
        requests = take_looks(results, _Answering(how))
        verdicts = [one for each in results for one in each.judged()]
        _advance(slices, few, _by_slice(verdicts, counts), at)
    kept = tuple(slices.values())
    return Probed(at.isoformat(), tuple(results), tuple(verdicts), kept, requests)


def _advance(
    slices: dict[_Name, Slice],
    few: Config,
    found: Mapping[_Name, Sequence[Verdict]],
    at: datetime,
) -> None:
    """Their writer absorbs the news at once."""
    apis = {one.name: one for one in few.apis}
    for (api, name), verdicts in found.items():
        before = slices.get((api, name)) or Slice(api=api, name=name)
        moment = Moment(at.isoformat(), at, intervals(apis[api]))
        kept = keep(before, verdicts, patience_of(apis[api]), moment).slice
        heard = kept.untold[-1].number if kept.untold else kept.heard
        slices[api, name] = replace(kept, version=before.version + 1, heard=heard)


_Name = tuple[str, str]
"""(api, slice)."""


def _by_slice(verdicts: Sequence[Verdict], counts: Mapping[str, int]) -> dict[_Name, list[Verdict]]:
    found: dict[_Name, list[Verdict]] = defaultdict(list)
    for one in verdicts:
        found[one.api, slice_name(one.route, counts[one.api])].append(one)
    return found


def _series(found: Sequence[Measure]) -> int:
    return sum(len(one.values) for one in found)
