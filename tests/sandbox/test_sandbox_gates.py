"""What each gate of the sandbox decides, and what it remembers."""

from __future__ import annotations

import http.client
import itertools
import json
import socket
import ssl
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gatewatch.sandbox import orders
from gatewatch.sandbox.api import Authorization, Method
from gatewatch.sandbox.authorizers import ALLOW, AuthorizerFunction, LambdaAuthorizer
from gatewatch.sandbox.call import Arrived
from gatewatch.sandbox.faults import FAULTS
from gatewatch.sandbox.memory import Memory, Remembered
from gatewatch.sandbox.plans import Quota, Rate
from gatewatch.sandbox.propagation import Spreading
from gatewatch.sandbox.server import Running, Sandbox, running
from gatewatch.sandbox.switchboard import ConflictError, Switchboard, UnknownFaultError
from tests.calls import HOST, NOW, TOKEN, call, signed, with_fault

# HTTP APIs, entrances and what the gates remember

HTTP_HOST = orders.http_api().host
JWT = {"authorization": f"Bearer {orders.JWT}"}


def test_http_apis_spell_their_id_by_who_answered() -> None:
    own = [name for name, _ in call("/nope", host=HTTP_HOST).headers]
    integrations = [name for name, _ in call("/health", host=HTTP_HOST).headers]
    assert "apigw-requestid" in own
    assert "Apigw-Requestid" in integrations


@pytest.mark.parametrize(
    ("sent", "challenge"),
    [
        ({}, "Bearer"),
        ({"authorization": "Bearer one-word"}, 'error="invalid_token"'),
        ({"authorization": "Bearer a.b.c"}, 'error="invalid_token"'),
    ],
)
def test_a_jwt_authorizer_says_why_it_refused(sent: dict[str, str], challenge: str) -> None:
    served = call("/carts", host=HTTP_HOST, **sent)
    assert served.status == 401
    assert challenge in dict(served.headers)["www-authenticate"]


def test_an_empty_header_is_an_identity_on_http_apis_only() -> None:
    assert call("/tickets", host=HTTP_HOST, authorization="").status == 403
    assert call("/tickets", host=HTTP_HOST).status == 401
    assert call("/prod/orders", authorization="").status == 401


def test_a_cached_policy_is_judged_again_for_each_method() -> None:
    world, memory = with_fault("narrow_policy_cached"), Memory()
    assert call("/prod/orders", world=world, memory=memory, **TOKEN).status == 200
    assert call("/prod/orders/1", world=world, memory=memory, **TOKEN).status == 403
    assert call("/prod/orders", world=world, memory=memory, **TOKEN).status == 200
    assert call("/prod/orders/1", world=world, memory=Memory(), **TOKEN).status == 200


def test_a_cached_answer_ends_with_its_time_and_belongs_to_its_identity() -> None:
    memory = Memory()
    kept = Remembered(ALLOW, "GET/orders")
    memory.keep(("api", "token"), kept, NOW, seconds=300)
    assert memory.recall(("api", "token"), NOW + timedelta(seconds=299)) is kept
    assert memory.recall(("api", "token"), NOW + timedelta(seconds=300)) is None
    assert memory.recall(("api", "another"), NOW) is None


def test_a_key_from_the_authorizer_is_the_one_that_counts() -> None:
    keyed = with_fault("usage_key_not_set")
    handed_on = LambdaAuthorizer(
        AuthorizerFunction({orders.USER_TOKEN: replace(ALLOW, usage_key=orders.API_KEY)})
    )
    api = keyed.apis[orders.API_ID].with_authorizer(Authorization.LAMBDA, handed_on)
    world = keyed.having(api.deployed("prod"))
    assert call("/prod/orders", world=world, **TOKEN).status == 200
    sent = {**TOKEN, "x_api_key": orders.API_KEY}
    assert call("/prod/orders", world=keyed, **sent).error_type == "ForbiddenException"


def test_a_quota_is_used_up_and_begins_anew_with_the_day() -> None:
    memory, quota = Memory(), Quota(limit=3, offset=1)
    taken = [memory.takes_from_quota("plan", "key", quota, NOW) for _ in range(3)]
    assert taken == [True, True, False]
    assert memory.takes_from_quota("plan", "key", quota, NOW + timedelta(days=1))


def test_a_bucket_refills_with_time() -> None:
    memory, rate = Memory(), Rate(per_second=2, burst=2)
    assert [memory.takes_from_bucket("b", rate, NOW) for _ in range(3)] == [True, True, False]
    later = NOW + timedelta(milliseconds=500)
    assert [memory.takes_from_bucket("b", rate, later) for _ in range(2)] == [True, False]


def test_the_policy_waits_for_the_token_of_a_user_pool_and_not_for_an_authorizer() -> None:
    world = with_fault("policy_denies")
    assert call("/prod/profile", world=world).status == 401
    assert call("/prod/orders", world=world).error_type == "AccessDeniedException"
    assert call("/prod/reports", world=world).error_type == "MissingAuthenticationTokenException"


def test_a_signer_without_permission_is_denied_on_a_route_that_does_not_exist() -> None:
    world = with_fault("signer_not_allowed")
    served = call("/prod/nope", world=world, **signed("/prod/nope"))
    assert served.error_type == "AccessDeniedException"
    assert "prod/GET/nope" in served.answer.body


def test_the_owners_words_keep_the_error_type() -> None:
    served = call("/prod/orders/1", world=with_fault("own_words"))
    assert (served.status, served.error_type) == (404, "MissingAuthenticationTokenException")
    assert json.loads(served.answer.body)["code"] == "not_found"


def test_the_validator_comes_after_the_key_and_before_the_integration() -> None:
    api = orders.rest_api().with_method(
        "/search", "GET", Method(api_key_required=True, required=("querystring.q",))
    )
    world = orders.world().having(api.deployed("prod"))
    key = {"x_api_key": orders.API_KEY}
    assert call("/prod/search", world=world).status == 403
    assert call("/prod/search", world=world, **key).status == 400
    assert call("/prod/search?q=tea", world=world, **key).status == 200
    assert call("/prod/feedback", "POST", body=b"no object").status == 400
    assert call("/prod/feedback", "POST", body=b'{"text": "fine"}').status == 200


def test_cloudfront_takes_no_body_with_a_get_and_adds_its_ids() -> None:
    refused = call("/health", host=orders.CDN, body=b"x")
    assert refused.status == 403
    assert dict(refused.headers)["Server"] == "CloudFront"
    assert dict(refused.headers)["X-Amz-Cf-Id"] in refused.answer.body
    passed = dict(call("/health", host=orders.CDN).headers)
    assert {"x-amzn-RequestId", "X-Amz-Cf-Id"} <= set(passed)
    assert passed["X-Cache"] == "Miss from cloudfront"


def test_a_function_url_has_no_routes() -> None:
    assert call("/any/path", host=orders.RECEIPTS).status == 200
    assert call("/", host=orders.AUDIT).answer.body == '{"Message":"Forbidden"}'
    unknown = call("/", host="nobody.lambda-url.us-east-1.on.aws")
    assert unknown.answer.body == '{"Message":null}'


# Propagation


def test_a_change_reaches_one_node_after_the_other() -> None:
    before, after = orders.world(), with_fault("slow_deployment")
    spreading = Spreading(before, after, NOW)

    def changed(seconds: int) -> list[bool]:
        now = NOW + timedelta(seconds=seconds)
        return [spreading.seen(request, now) is after for request in range(6)]

    assert changed(19) == [False] * 6
    assert changed(20) == [True, False, False] * 2
    assert changed(59) == [True, True, False] * 2
    assert changed(60) == [True] * 6


def test_without_a_delay_a_change_is_seen_at_once() -> None:
    sandbox = Sandbox(orders.world(), lambda: NOW)
    sandbox.change(FAULTS["policy_denies"].apply)
    arrived = Arrived("GET", HOST, "/prod/health")
    assert {sandbox.serve(arrived).status for _ in range(4)} == {403}


# Switching


def test_faults_are_undone_one_by_one() -> None:
    sandbox = Sandbox(orders.world(), lambda: NOW)
    board = Switchboard(sandbox, ["policy_denies", "key_rotated"])
    assert board.flip("policy_denies") is False
    assert sandbox.world == with_fault("key_rotated")
    board.restore()
    assert (sandbox.world, board.on) == (orders.world(), ())


def test_a_fault_that_does_not_exist_changes_nothing() -> None:
    board = Switchboard(Sandbox(orders.world()))
    with pytest.raises(UnknownFaultError):
        board.flip("nonsense")
    assert board.on == ()


def test_any_two_faults_go_together_or_say_that_they_do_not() -> None:
    board = Switchboard(Sandbox(orders.world(), lambda: NOW))
    refused = set()
    for first, second in itertools.permutations(FAULTS, 2):
        board.restore()
        board.flip(first)
        try:
            board.flip(second)
        except ConflictError:
            refused.add((first, second))
            assert board.on == (first,)
    assert ("method_changed", "key_demanded") in refused
    assert len(refused) < len(FAULTS)


# Client certificates, on real TLS


def talk(place: Running, folder: Path, client: str | None) -> tuple[int, str | None]:
    """Status and error type of one call to the domain that demands a certificate."""
    context = ssl.create_default_context(cafile=place.ca_file)
    if client is not None:
        name = folder / f"sandbox-{client}"
        context.load_cert_chain(f"{name}.pem", f"{name}.key")
    address, _, port = place.connect_to.rpartition(":")
    with (
        socket.create_connection((address, int(port))) as raw,
        context.wrap_socket(raw, server_hostname=orders.MTLS_DOMAIN) as secure,
    ):
        made = http.client.HTTPConnection(orders.MTLS_DOMAIN)
        made.sock = secure
        made.request("GET", "/health")
        response = made.getresponse()
        response.read()
        return response.status, response.getheader("x-amzn-errortype")


def test_a_domain_with_mutual_tls_asks_for_a_certificate_it_trusts(tmp_path: Path) -> None:
    with running(Sandbox(orders.world()), tmp_path) as place:
        with pytest.raises(ssl.SSLError, match="certificate required"):
            talk(place, tmp_path, None)
        assert talk(place, tmp_path, "partner") == (200, None)
        assert talk(place, tmp_path, "stranger") == (403, "ForbiddenException")


def test_a_silent_client_holds_up_nobody(tmp_path: Path) -> None:
    with running(Sandbox(orders.world()), tmp_path) as place:
        address, _, port = place.connect_to.rpartition(":")
        with socket.create_connection((address, int(port))):
            assert talk(place, tmp_path, "partner") == (200, None)
