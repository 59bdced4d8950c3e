"""As what failures count: each once, so that one story rings one alarm, and none is silent."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from gatewatch.incidents.track import Patience
from gatewatch.model import Candidate, Finding, Layer, Outcome, Verdict
from gatewatch.service.failure import Failure
from gatewatch.service.metrics import Measure, measures
from gatewatch.service.probe import Probed
from gatewatch.service.state_slices import Slice, advance
from handlers.telemetry import publish
from tests.builders import verdict
from tests.deployed import tick


def refused(*layers: Layer, route: str = "GET /x", **changes: Any) -> Verdict:
    """At one of these layers, as far as its looks tell."""
    return verdict(
        route=route,
        layer=layers[0] if len(layers) == 1 else Layer.AMBIGUOUS,
        candidates=tuple(Candidate(f"cause_{one}", one) for one in layers),
        **changes,
    )


def found(finding: Finding, layer: Layer = Layer.OK) -> Verdict:
    return verdict(finding=finding, layer=layer, cause="ok", candidates=())


ROUTING, AUTH = Layer.ROUTING, Layer.AUTH
EVERY_LAYER = [one for one in Layer if one not in {Layer.OK, Layer.AMBIGUOUS}]
COUNTED: dict[str, tuple[Sequence[Verdict], dict[Failure, int]]] = {
    "routing": ([refused(ROUTING)], {Failure.ROUTING: 1}),
    "auth": ([refused(AUTH)], {Failure.AUTH: 1}),
    "several causes of one layer": ([refused(ROUTING, ROUTING)], {Failure.ROUTING: 1}),
    "routing or auth": ([refused(ROUTING, AUTH)], {Failure.AMBIGUOUS: 1}),
    "most likely routing": ([refused(ROUTING, ROUTING, AUTH)], {Failure.ROUTING: 1}),
    "auth or one of several of routing": (
        [refused(AUTH, ROUTING, ROUTING)],
        {Failure.AMBIGUOUS: 1},
    ),
    "most likely routing beside a certain auth": (
        [refused(ROUTING, ROUTING, AUTH, route="GET /y"), refused(AUTH)],
        {Failure.AUTH: 2},
    ),
    "auth or network": ([refused(AUTH, Layer.NETWORK)], {Failure.AMBIGUOUS: 1}),
    "integration or backend": ([refused(Layer.INTEGRATION, Layer.BACKEND)], {Failure.OTHER: 1}),
    "ambiguous beside a certain caller": (
        [refused(ROUTING, AUTH, caller="anonymous"), refused(ROUTING)],
        {Failure.ROUTING: 1},
    ),
    "ambiguous beside a certain route": (
        [refused(ROUTING, AUTH, route="GET /y"), refused(AUTH)],
        {Failure.AUTH: 2},
    ),
    "ambiguous beside another story": (
        [refused(ROUTING, AUTH, route="GET /y"), refused(Layer.BACKEND)],
        {Failure.AMBIGUOUS: 1, Failure.OTHER: 1},
    ),
    "ambiguous beside another API": (
        [refused(ROUTING, AUTH, api="users"), refused(ROUTING)],
        {Failure.AMBIGUOUS: 1, Failure.ROUTING: 1},
    ),
    "two stories": (
        [refused(ROUTING), refused(AUTH, route="GET /y")],
        {Failure.ROUTING: 1, Failure.AUTH: 1},
    ),
    "open": ([found(Finding.PROTECTED_ROUTE_OPEN)], {Failure.EXPOSED: 1}),
    "open beside ambiguous": (
        [found(Finding.ENTRANCE_NOT_CLOSED), refused(ROUTING, AUTH, route="GET /y")],
        {Failure.EXPOSED: 1, Failure.AMBIGUOUS: 1},
    ),
    "another status": ([found(Finding.UNEXPECTED_STATUS)], {Failure.OTHER: 1}),
    "not what it must bring": ([found(Finding.ASSERTION_FAILED)], {Failure.OTHER: 1}),
    "public and closed": ([found(Finding.PUBLIC_ROUTE_CLOSED, AUTH)], {Failure.AUTH: 1}),
    "slow": ([found(Finding.SLOW)], {}),
    "a certificate": ([found(Finding.CERTIFICATE_EXPIRING)], {}),
    "healthy": ([verdict(Outcome.PASS)], {}),
    "unknown": ([verdict(Outcome.UNKNOWN)], {}),
    **{
        f"at {one}": (
            [refused(one)],
            {{ROUTING: Failure.ROUTING, AUTH: Failure.AUTH}.get(one, Failure.OTHER): 1},
        )
        for one in EVERY_LAYER
    },
}


def probed(*verdicts: Verdict, maintenance: Mapping[str, datetime] | None = None) -> Probed:
    """With the states after the second of two such minutes."""
    slices = []
    for api in sorted({one.api for one in verdicts}):
        own = [one for one in verdicts if one.api == api]
        part = Slice(api=api, name="1-0")
        for minute in (1, 2):
            part = advance(part, own, {one.route: Patience(2, 2) for one in own}, tick(minute))
        slices.append(part)
    return Probed(
        at=tick(2), verdicts=verdicts, slices=tuple(slices), maintenance=maintenance or {}
    )


def counted(one: Probed, **dimensions: str) -> dict[Failure, int]:
    """The failures above zero, in all series with the dimensions of these names."""
    total = dict.fromkeys(Failure, 0.0)
    for measure in measures(one, "test"):
        if measure.dimensions.keys() == {"deployment", *dimensions}:
            for name in Failure:
                total[name] += sum(measure.values.get(name, ()))
    return {name: int(value) for name, value in total.items() if value}


@pytest.mark.parametrize("name", COUNTED)
def test_a_failure_counts_once(name: str) -> None:
    verdicts, expected = COUNTED[name]
    assert counted(probed(*verdicts)) == expected


@pytest.mark.parametrize("name", COUNTED)
def test_the_routes_say_what_the_deployment_says(name: str) -> None:
    verdicts, expected = COUNTED[name]
    assert counted(probed(*verdicts), api="", route="") == expected


@pytest.mark.parametrize("layer", EVERY_LAYER)
def test_a_route_that_is_down_rings_some_alarm(layer: Layer) -> None:
    one = probed(refused(layer))
    [whole] = [each for each in measures(one, "test") if each.dimensions == {"deployment": "test"}]
    assert whole.values["RoutesDown"] == (1.0,)
    assert sum(counted(one).values()) == 1


@pytest.mark.parametrize(
    ("opened", "counts"), [(0, 0), (2, 1)], ids=["began in the window", "was there before it"]
)
def test_a_window_keeps_its_failures_from_both_kinds_of_alarms(opened: int, counts: int) -> None:
    window = {"orders": datetime.fromisoformat(tick(opened))}
    one = probed(refused(ROUTING), maintenance=window)
    expected = {Failure.ROUTING: counts} if counts else {}
    assert counted(one) == counted(one, api="", route="") == expected


def test_an_exposure_counts_in_a_window() -> None:
    window = {"orders": datetime.fromisoformat(tick(0))}
    one = probed(found(Finding.PROTECTED_ROUTE_OPEN), maintenance=window)
    assert counted(one) == counted(one, api="", route="") == {Failure.EXPOSED: 1}


@pytest.mark.parametrize("count", [1, 99, 100, 101, 250])
def test_every_value_is_published_once(count: int, capsys: pytest.CaptureFixture[str]) -> None:
    """A document holds a hundred values of one metric at most."""
    latencies = [float(number) for number in range(count)]
    values = {"AnonymousLatency": latencies, "RoutesUp": [1.0]}
    publish([Measure({"deployment": "d"}, values)], datetime(2026, 11, 28, tzinfo=UTC))
    documents = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [value for one in documents for value in one.get("AnonymousLatency", [])] == latencies
    assert [value for one in documents for value in one.get("RoutesUp", [])] == [1.0]
    for one in documents:
        [directive] = one["_aws"]["CloudWatchMetrics"]
        assert directive["Dimensions"] == [["deployment"]]
        assert all(len(one[metric["Name"]]) <= 100 for metric in directive["Metrics"])
