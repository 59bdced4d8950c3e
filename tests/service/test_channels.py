"""Which channels hear of an API, and what an earlier version's service reads of them."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest
from msgspec.structs import replace

from gatewatch.config.author import load
from gatewatch.config.rules import problems
from gatewatch.service.dispatch import about
from gatewatch.service.ledger import WriterContext
from gatewatch.service.published import encoded

TOPIC = "arn:aws:sns:us-east-1:111122223333:{}"
TEXT = f"""\
apis:
  orders: {{url: "https://orders.example.com", routes: [GET /: public]}}
  billing: {{url: "https://billing.example.com", routes: [GET /: public]}}
notify:
  - {{sns: "{TOPIC.format("all")}"}}
  - {{sns: "{TOPIC.format("orders")}", apis: [orders]}}
"""
NAMES = ("all", "orders")
AT = datetime(2026, 11, 28, tzinfo=UTC)


def heard(api: str) -> WriterContext:
    config = load(TEXT, "f")
    return next(about(one, config, AT) for one in config.apis if one.name == api)


@pytest.mark.parametrize(
    ("api", "topics"), [("orders", ["", "all", "orders"]), ("billing", ["", "all"])]
)
def test_a_channel_hears_of_the_apis_that_it_names(api: str, topics: list[str]) -> None:
    channels = heard(api).channels
    assert [one.topic.rpartition(":")[2] for one in channels] == topics


@pytest.mark.parametrize(
    ("apis", "told"),
    [(("ordes",), 'notify[0].apis: "ordes": no such API'), ((), "notify[0].apis: expected at")],
)
def test_a_channel_that_would_hear_nothing_is_not_taken(apis: tuple[str, ...], told: str) -> None:
    """Whatever is pushed: nobody would notice that nobody is told."""
    config = load(TEXT, "f")
    channel = replace(config.notify[0], apis=apis)
    [problem] = problems(replace(config, notify=(channel,)))
    assert str(problem).startswith(told)


@pytest.mark.parametrize("api", ["orders", "billing"])
def test_a_writer_of_an_earlier_version_can_read_its_channels(api: str) -> None:
    told = msgspec.to_builtins(heard(api))["channels"]
    assert all(one.keys() == {"topic", "severities", "only"} for one in told)


def test_without_names_a_configuration_is_published_as_before() -> None:
    """Else a deployment would take the file for another one than the last."""
    body = encoded(load(TEXT.replace(", apis: [orders]", ""), "f")).decode()
    written = [f'{{"topic":"{TOPIC.format(one)}","severities":[],"only":null}}' for one in NAMES]
    assert f'"notify":[{",".join(written)}]' in body


def test_a_writer_knows_which_channels_other_apis_do_not_tell() -> None:
    assert heard("orders").apart == {TOPIC.format("orders")}
    assert heard("billing").apart == frozenset()
