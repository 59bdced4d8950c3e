"""Which metrics a deployment writes while nothing is wrong, counted in what its functions print:
each series costs by the hour."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator

import boto3
import pytest

from gatewatch.adapters.aws import client as aws_client
from gatewatch.cost.measured import SERIES, SMALL_SERIES
from tests.deployed import Account

HEALTHY_MINUTES = 6
"""Strangers look at every fifth."""

_Series = tuple[str, frozenset[tuple[str, str]]]


def series(printed: str) -> set[_Series]:
    """Metrics by their name and dimensions, as CloudWatch makes them of embedded documents."""
    found: set[_Series] = set()
    for document in _documents(printed.splitlines()):
        for one in document["_aws"]["CloudWatchMetrics"]:  # type: ignore[index,call-overload]
            for names in one["Dimensions"]:
                dimensions = frozenset((name, str(document[name])) for name in names)
                found |= {(each["Name"], dimensions) for each in one["Metrics"]}
    return found


def _documents(lines: Iterable[str]) -> Iterator[dict[str, object]]:
    for line in lines:
        if '"_aws"' in line:
            yield json.loads(line)


@pytest.fixture(params=["whole", "small"])
def size(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "small":
        monkeypatch.setenv("GATEWATCH_SMALL", "yes")
    return str(request.param)


SMALL = {"RoutesDue", "RoutesJudged"}
WHOLE = SMALL | {
    "RoutesUp", "RoutesDown", "RoutesUnknown", "RoutesSkipped",
    "RoutingFailures", "AuthFailures", "Exposed", "AmbiguousFailures", "OtherFailures",
    "AnonymousLatency", "CredentialedLatency", "RunDuration", "QueueDelay",
}  # fmt: skip


def test_the_bill_counts_what_a_healthy_deployment_writes(
    account: Account, size: str, capsys: pytest.CaptureFixture[str]
) -> None:
    account.minutes(2)  # in which a writer compares a new configuration with what it knows
    capsys.readouterr()
    account.minutes(HEALTHY_MINUTES)
    found = series(capsys.readouterr().out)
    assert {name for name, _ in found} == (WHOLE if size == "whole" else SMALL)
    assert len(found) == (SERIES if size == "whole" else SMALL_SERIES)


def _gone(_: Account) -> None:
    boto3.client("secretsmanager").delete_secret(
        SecretId="gatewatch/partner", ForceDeleteWithoutRecovery=True
    )
    aws_client._client.cache_clear()


FAILING: dict[str, tuple[str, Callable[[Account], object]]] = {
    "a_broken_route": ("RoutingFailures", lambda account: account.gateway.broken.add("/items")),
    "an_exposure": ("Exposed", lambda account: account.gateway.open.add("/orders")),
    "a_rejected_configuration": (
        "ConfigRejected",
        lambda account: account.objects.write("config/current.json", b"{}"),
    ),
    "an_unreadable_credential": ("CredentialsUnreadable", _gone),
}


@pytest.mark.parametrize("fault", FAILING)
def test_what_an_alarm_watches_is_written_in_a_small_deployment_too(
    account: Account, size: str, fault: str, capsys: pytest.CaptureFixture[str]
) -> None:
    metric, breaks = FAILING[fault]
    account.minutes(1)
    capsys.readouterr()
    breaks(account)
    account.cool_down()
    account.minutes(HEALTHY_MINUTES)
    whole = frozenset({("deployment", "test")})
    assert (metric, whole) in series(capsys.readouterr().out)
