"""The sandbox against what AWS was recorded to answer, and its own manners."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatewatch.sandbox import orders
from gatewatch.sandbox.answers import edges, function_url, rest
from gatewatch.sandbox.answers import http as http_words
from gatewatch.sandbox.answers.base import Answer, Basis
from gatewatch.sandbox.api import Authorization, Method
from gatewatch.sandbox.server import Sandbox, running
from tests.calls import HOST, TOKEN, call, signed
from tests.support import corpus

WORDS = (rest, http_words, function_url, edges)
CONSTANT = [
    value
    for words in WORDS
    for value in vars(words).values()
    if isinstance(value, Answer) and value.row is not None
]


@pytest.mark.parametrize("answer", CONSTANT, ids=lambda one: f"{one.row}-{one.status}")
def test_an_answer_repeats_its_recorded_row(answer: Answer) -> None:
    row = corpus()[answer.row or ""]["response"]
    assert answer.status == row["status"]  # type: ignore[index]
    recorded_type = row.get("headers", {}).get("x-amzn-errortype")  # type: ignore[index]
    assert recorded_type in (None, answer.error_type)
    if row.get("body") is not None and answer.content_type != "text/html":  # type: ignore[union-attr]
        assert answer.body == row["body"]  # type: ignore[index]


def test_an_answer_that_was_not_recorded_says_so() -> None:
    unproven = {
        value.basis
        for words in WORDS
        for value in vars(words).values()
        if isinstance(value, Answer) and value.row is None
    }
    assert unproven == {Basis.DOCUMENTED, Basis.INFERRED}


EXPECTED = {
    "an open route": (call("/prod/health"), 200, None),
    "a path that does not exist": (call("/prod/nope"), 403, "MissingAuthenticationTokenException"),
    "with a token": (call("/prod/nope", **TOKEN), 403, "IncompleteSignatureException"),
    "with a valid signature": (
        call("/prod/nope", **signed("/prod/nope")),
        404,
        "NotFoundException",
    ),
    "another method": (call("/prod/health", "PUT"), 403, "MissingAuthenticationTokenException"),
    "a trailing slash": (call("/prod/health/"), 403, "MissingAuthenticationTokenException"),
    "no stage": (call("/"), 403, "ForbiddenException"),
    "another stage": (call("/v9/health", **signed("/v9/health")), 403, "ForbiddenException"),
    "IAM, unsigned": (call("/prod/reports"), 403, "MissingAuthenticationTokenException"),
    "IAM, a token": (call("/prod/reports", **TOKEN), 403, "IncompleteSignatureException"),
    "IAM, signed": (call("/prod/reports", **signed("/prod/reports")), 200, None),
    "IAM, another secret": (
        call("/prod/reports", **signed("/prod/reports", "wrong")),
        403,
        "InvalidSignatureException",
    ),
    "an authorizer without identity": (call("/prod/orders"), 401, "UnauthorizedException"),
    "an authorizer that allows": (call("/prod/orders", **TOKEN), 200, None),
    "an authorizer that denies": (
        call("/prod/orders", authorization="Bearer other"),
        403,
        "AccessDeniedException",
    ),
    "a variable in the path": (call("/prod/orders/7", **TOKEN), 200, None),
    "Cognito without a token": (call("/prod/profile"), 401, "UnauthorizedException"),
    "no API key": (call("/prod/partners"), 403, "ForbiddenException"),
    "an API key": (call("/prod/partners", x_api_key=orders.API_KEY), 200, None),
    "a domain's base path": (call("/shop/health", host=orders.DOMAIN), 200, None),
    "a domain with the stage in the URL": (
        call("/shop/prod/health", host=orders.DOMAIN),
        403,
        "MissingAuthenticationTokenException",
    ),
    "a domain without that base path": (
        call("/other/health", host=orders.DOMAIN),
        403,
        "ForbiddenException",
    ),
    "a host of nobody": (call("/prod/health", host="x.example.com"), 403, "ForbiddenException"),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_the_gates_answer_in_the_gateways_order(name: str) -> None:
    answer, status, error_type = EXPECTED[name]
    assert (answer.status, answer.error_type) == (status, error_type)


def test_a_change_is_served_only_after_a_deployment() -> None:
    world = orders.world()
    changed = world.apis[orders.API_ID].with_method("/new", "GET", Method(Authorization.NONE))
    assert call("/prod/new", world=world.having(changed)).status == 403
    assert call("/prod/new", world=world.having(changed.deployed("prod"))).status == 200


def test_a_greedy_route_does_not_match_its_parent_and_yields_to_exact_ones() -> None:
    world = orders.world()
    api = world.apis[orders.API_ID].with_method("/{proxy+}", "ANY", Method()).deployed("prod")
    world = world.having(api)
    assert json.loads(call("/prod/a/b/c", world=world).answer.body)["resource"] == "/{proxy+}"
    assert json.loads(call("/prod/health", world=world).answer.body)["resource"] == "/health"
    assert call("/prod", world=world).status == 403


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[http.client.HTTPSConnection]:
    with running(Sandbox(orders.world()), tmp_path) as place:
        context = ssl.create_default_context(cafile=place.ca_file)
        port = int(place.connect_to.rpartition(":")[2])
        made = http.client.HTTPSConnection("127.0.0.1", port, context=context)
        context.check_hostname = False
        yield made
        made.close()


def test_ids_are_fresh_and_headers_spelled_as_recorded(
    connection: http.client.HTTPSConnection,
) -> None:
    ids = set()
    for _ in range(2):
        connection.request("GET", "/prod/nope", headers={"Host": HOST})
        response = connection.getresponse()
        response.read()
        names = [name for name, _ in response.getheaders()]
        assert {"x-amzn-RequestId", "x-amzn-ErrorType", "x-amz-apigw-id"} <= set(names)
        ids.add(response.getheader("x-amzn-RequestId"))
    assert len(ids) == 2


def test_head_has_no_body(connection: http.client.HTTPSConnection) -> None:
    connection.request("HEAD", "/prod/nope", headers={"Host": HOST})
    response = connection.getresponse()
    assert (response.status, response.read()) == (403, b"")
    assert response.getheader("x-amzn-ErrorType") == "MissingAuthenticationTokenException"
