"""The metrics of a run: for the deployment always, for an API while it has news, for a route while
it fails and ten minutes longer. It writes nothing.

A count whose alarm takes missing data for none is there only where it is not zero: each series
costs by the hour in which it is written. CloudWatch then looks some minutes further back, so such
an alarm ends a little later.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from gatewatch.incidents.track import Key
from gatewatch.looking.result import ProbeResult
from gatewatch.model import EXPOSURES, Finding, Outcome, Verdict, is_stranger
from gatewatch.service.failure import Failure, certain, counts_as, possible
from gatewatch.service.probe import Probed, unreadable
from gatewatch.service.state_slices import Slice

NAMESPACE = "Gatewatch"
_COUNT = "Count"
_MILLISECONDS = "Milliseconds"
_LATENCIES = ("AnonymousLatency", "CredentialedLatency")


@dataclass(frozen=True, slots=True)
class Measure:
    """Values of some metrics that have the same dimensions."""

    dimensions: Mapping[str, str]
    values: Mapping[str, Sequence[float]]


_Place = tuple[str, str, str]
"""(api, route, entrance)."""


def measures(probed: Probed, deployment: str, *, small: bool = False) -> list[Measure]:
    """`small`: only what has an alarm."""
    whole = {"deployment": deployment}
    held = _held(probed)
    if small:
        counts = _alarmed(_counts(probed.verdicts, held))
        found = Measure(whole, {**counts, **_unreadable(probed)})
        return [found, *_of_routes(probed.slices, held, whole)]
    values = _values(probed.results, probed.verdicts, held)
    maintained = _above_zero({"RoutesInMaintenance": (_in_maintenance(probed),)})
    return [
        Measure(whole, {**values, **maintained, **_unreadable(probed)}),
        *_of_apis(probed, whole),
        *_of_routes(probed.slices, held, whole),
    ]


_Look = tuple[str, Key]
"""(api, key of a state)."""


def _held(probed: Probed) -> frozenset[_Look]:
    """What began to fail in a maintenance window that is still open: no alarm counts it."""
    return frozenset(
        (one.api, state.key)
        for one in probed.slices
        if (opened := probed.maintenance.get(one.api)) is not None
        for state in one.states
        if state.since is not None and datetime.fromisoformat(state.since) >= opened
    )


def _unreadable(probed: Probed) -> dict[str, Sequence[float]]:
    return _above_zero({"CredentialsUnreadable": (float(len(unreadable(probed))),)})


def _above_zero(found: Mapping[str, Sequence[float]]) -> dict[str, Sequence[float]]:
    return {name: values for name, values in found.items() if any(values)}


def _alarmed(counts: Mapping[str, Sequence[float]]) -> dict[str, Sequence[float]]:
    """Those that alarms watch: judged routes always, failures where there are any."""
    failures = {name.value: counts[name.value] for name in Failure}
    return {"RoutesJudged": counts["RoutesJudged"], **_above_zero(failures)}


def _in_maintenance(probed: Probed) -> float:
    found = (one for one in probed.verdicts if one.api in probed.maintenance)
    return float(len({(one.api, one.route, one.entrance) for one in found}))


def _values(
    results: Iterable[ProbeResult],
    verdicts: Sequence[Verdict],
    held: frozenset[_Look] = frozenset(),
) -> dict[str, Sequence[float]]:
    return {**_counts(verdicts, held), **_latencies(results)}


def _counts(verdicts: Iterable[Verdict], held: frozenset[_Look]) -> dict[str, Sequence[float]]:
    """A route at an entrance counts once, with the worst outcome of any caller. Held failures do
    not count at a layer, unless they are exposures. A route without its credential was not judged,
    so that `NotJudged` notices."""
    places: dict[_Place, list[Verdict]] = defaultdict(list)
    for one in verdicts:
        places[one.api, one.route, one.entrance].append(one)
    worst = [_worst({one.outcome for one in found}) for found in places.values()]
    failed = _failed(places, held)
    whole = {
        "RoutesJudged": sum(not any(map(_is_wanting, found)) for found in places.values()),
        "RoutesUp": worst.count(Outcome.PASS),
        "RoutesDown": worst.count(Outcome.FAIL),
        "RoutesUnknown": worst.count(Outcome.UNKNOWN),
        "RoutesSkipped": worst.count(Outcome.SKIPPED),
        **{name.value: sum(name in found for found in failed) for name in Failure},
    }
    return {name: (float(value),) for name, value in whole.items()}


def _is_wanting(one: Verdict) -> bool:
    return one.finding is Finding.CREDENTIAL_UNREADABLE


def _failed(
    places: Mapping[_Place, Sequence[Verdict]], held: frozenset[_Look]
) -> list[set[Failure | None]]:
    """The metrics of each place; what its API shows for certain elsewhere decides, if possible."""
    found = {
        place: [possible(one) for one in verdicts if _is_heard(one, held)]
        for place, verdicts in places.items()
    }
    beside: dict[str, frozenset[Failure]] = defaultdict(frozenset)
    for (api, _, _), each in found.items():
        beside[api] |= certain(each)
    return [{counts_as(one, beside[api]) for one in each} for (api, _, _), each in found.items()]


def _is_heard(one: Verdict, held: frozenset[_Look]) -> bool:
    """Whether it counts in alarms, window or not."""
    return one.finding in EXPOSURES or (one.api, (one.route, one.entrance, one.caller)) not in held


_GRAVEST_FIRST = (Outcome.FAIL, Outcome.UNKNOWN, Outcome.PASS, Outcome.SKIPPED)


def _worst(outcomes: set[Outcome]) -> Outcome:
    return min(outcomes, key=_GRAVEST_FIRST.index)


def _latencies(results: Iterable[ProbeResult]) -> dict[str, Sequence[float]]:
    anonymous: list[float] = []
    credentialed: list[float] = []
    for result in results:
        for caller, exchange in result.looks.items():
            took = exchange.response.elapsed_ms
            if took is not None and exchange.response.status:
                (anonymous if is_stranger(caller) else credentialed).append(took)
    found = zip(_LATENCIES, (anonymous, credentialed), strict=True)
    return {name: values for name, values in found if values}


def _of_apis(probed: Probed, whole: Mapping[str, str]) -> Iterator[Measure]:
    """The APIs with a route that fails, or failed within ten minutes."""
    telling = {one.api for one in probed.slices if one.recovered or _failing(one)}
    stages: dict[tuple[str, str], list[Verdict]] = defaultdict(list)
    for one in probed.verdicts:
        if one.api in telling:
            stages[one.api, one.stage or "-"].append(one)
    for (api, stage), verdicts in stages.items():
        entrances = {one.entrance for one in verdicts}
        asked = [
            one
            for one in probed.results
            if one.probe.api.name == api and one.probe.entrance.url in entrances
        ]
        yield Measure({**whole, "api": api, "stage": stage}, _values(asked, verdicts))


def _failing(one: Slice) -> bool:
    return any(state.is_failing for state in one.states)


def _of_routes(
    slices: Sequence[Slice], held: frozenset[_Look], whole: Mapping[str, str]
) -> Iterator[Measure]:
    """One where a route fails, zero where it failed."""
    failing = [(one.api, state) for one in slices for state in one.states if state.is_failing]
    problems = [
        (api, state.route, possible(state.problem))
        for api, state in failing
        if state.problem is not None
        and (state.problem.finding in EXPOSURES or (api, state.key) not in held)
    ]
    beside: dict[str, frozenset[Failure]] = defaultdict(frozenset)
    for api, _, problem in problems:
        beside[api] |= certain([problem])
    found: dict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    for one in slices:
        for gone in one.recovered:
            found[one.api, gone.key[0]] |= dict.fromkeys(gone.failures, 0.0)
    for api, route, problem in problems:
        if name := counts_as(problem, beside[api]):
            found[api, route][name] = 1.0
    for (api, route), values in found.items():
        dimensions = {**whole, "api": api, "route": route}
        yield Measure(dimensions, {name: (value,) for name, value in values.items()})


_LONGEST_DIMENSION = 1000


def dimension(value: str) -> str:
    """A value that CloudWatch accepts: printable ASCII, not empty, not too long, no leading colon.
    A changed value gets a hash of the original, so that two names do not become one:
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Dimension.html
    """
    plain = re.sub(r"[^\x20-\x7e]", "?", value)
    if plain == value and value.strip() and len(value) <= _LONGEST_DIMENSION and value[0] != ":":
        return value
    sign = sha256(value.encode(errors="surrogatepass")).hexdigest()[:8]
    return f"{plain.strip(' :')[:_LONGEST_DIMENSION]}~{sign}"


def unit(name: str) -> str:
    return _MILLISECONDS if name in _LATENCIES else _COUNT
