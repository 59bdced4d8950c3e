"""Successes that are none: pages that a front door shows to everybody, and what tells them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gatewatch.adapters.local.authority import authorities
from gatewatch.config.author import load
from gatewatch.config.lookups import Lookups
from gatewatch.diagnosis.diagnose import diagnose
from gatewatch.diagnosis.facts import Facts
from gatewatch.gateway.likeness import alike, signs_of_body
from gatewatch.judgement.judge import judge
from gatewatch.model import Finding, Outcome, Response, Severity
from gatewatch.plan import plan
from gatewatch.sandbox import orders
from gatewatch.sandbox.api import Api, Authorization, Method
from gatewatch.sandbox.entrances import Distribution
from gatewatch.sandbox.integrations import Function, Integration, Reply
from gatewatch.sandbox.server import Sandbox, running
from gatewatch.sandbox.world import World
from tests.builders import config, judged, probe
from tests.support import look
from tests.test_run import Watch, verdict

# What a stranger gets at a protected route, beside a member and a path that cannot exist

G = "GET https://www.example.com/orders"
NOWHERE = "GET https://www.example.com/gatewatch-no-such-route (control)"
INDEX = (
    "<!doctype html><html><head><title>Shop</title></head><body><div id=app></div></body></html>"
)
LOGIN = "<html><title>Shop</title><form><input type=password name=p></form></html>"
SORRY = "<html><body><h1>Down for maintenance</h1></body></html>"
ORDERS = "<html><body><h1>Orders</h1><table><tr><td>one</td></tr></table></body></html>"
JSON = '{"orders":[{"id":1,"total":2}],"next":null}'
LATER = '{"orders":[{"id":7,"total":9},{"id":8,"total":3}],"next":"x"}'
MAT = "rest 403 MissingAuthenticationTokenException | Missing Authentication Token"
GUARDED = "GET /orders: {access: protected, guarded_by: lambda, as: [user]}"
ALONE = "GET /orders: {access: protected, guarded_by: lambda}"
BY_BACKEND = "GET /orders: {access: protected, guarded_by: backend, as: [user]}"


def with_nonce(nonce: str) -> str:
    meta = f'<meta name="csrf" content="{nonce}"><script nonce="{nonce}">boot("{nonce}")</script>'
    return INDEX.replace("</head>", f"{meta}</head>")


OPEN = ("fail", "protected_route_open")
UNDECIDED = ("unknown", None)

# route, what strangers get, members get, what a path that cannot exist gets -> stranger's verdict
STRANGERS = {
    "a member gets the same": (GUARDED, JSON, JSON, MAT, OPEN),
    "a member gets as much of the same kind": (GUARDED, LATER, JSON, MAT, OPEN),
    "a member gets the same page": (GUARDED, ORDERS, ORDERS, MAT, OPEN),
    "a member gets the same, and nothing else was asked": (GUARDED, JSON, JSON, None, OPEN),
    "a member gets the same page, and nothing else was asked": (
        GUARDED,
        ORDERS,
        ORDERS,
        None,
        UNDECIDED,
    ),
    "a member gets the same page with another nonce": (
        GUARDED,
        with_nonce("a8f31c"),
        with_nonce("77c0de"),
        MAT,
        OPEN,
    ),
    "a greedy route is open, and answers what cannot exist too": (GUARDED, JSON, JSON, JSON, OPEN),
    "nobody is a member": (ALONE, JSON, None, MAT, OPEN),
    "nobody is a member, and it is a page": (ALONE, ORDERS, None, MAT, OPEN),
    "nobody is a member, and nothing answers elsewhere": (ALONE, JSON, None, None, OPEN),
    "a member's token expired": (GUARDED, JSON, "rest 401 UnauthorizedException", MAT, OPEN),
    "one page for everything": (GUARDED, INDEX, JSON, INDEX, UNDECIDED),
    "one page for everything, with a nonce": (
        GUARDED,
        with_nonce("a8f31c"),
        JSON,
        with_nonce("77c0de"),
        UNDECIDED,
    ),
    "one page for everything and everybody": (GUARDED, INDEX, INDEX, INDEX, UNDECIDED),
    "one page for everything, and nobody is a member": (ALONE, INDEX, None, INDEX, UNDECIDED),
    "a page where nothing else was answered": (ALONE, INDEX, None, None, UNDECIDED),
    "a page where members get JSON": (GUARDED, LOGIN, JSON, MAT, UNDECIDED),
    "a login page, and nobody is a member": (ALONE, LOGIN, None, MAT, UNDECIDED),
    "maintenance for all": (GUARDED, SORRY, SORRY, SORRY, UNDECIDED),
    "maintenance in JSON for all": (
        GUARDED,
        '{"status":"maintenance"}',
        '{"status":"maintenance"}',
        '{"status":"maintenance"}',
        UNDECIDED,
    ),
    "a refusal under a success": (GUARDED, '{"error":"unauthorized"}', JSON, MAT, UNDECIDED),
    "a refusal under a success, no member": (
        ALONE,
        '{"error":"unauthorized"}',
        None,
        MAT,
        UNDECIDED,
    ),
    "another view than a member's": (GUARDED, '{"teaser":true,"price":1}', JSON, MAT, UNDECIDED),
    "JSON for everything, and nobody is a member": (ALONE, JSON, None, JSON, UNDECIDED),
    "a backend's login page": (BY_BACKEND, LOGIN, JSON, MAT, ("pass", None)),
    "a backend's refusal under a success": (
        BY_BACKEND,
        '{"ok":false,"message":"please log in"}',
        JSON,
        MAT,
        ("pass", None),
    ),
    "a backend's route that is open": (BY_BACKEND, JSON, JSON, MAT, OPEN),
    "an error page of CloudFront's": (
        GUARDED,
        f"stranger 200 | {INDEX} | x-cache: Error from cloudfront",
        JSON,
        MAT,
        UNDECIDED,
    ),
}


def seen(url: str, text: str | None) -> list[str]:
    if text is None:
        return []
    said = text if text.split(" ")[0] in ("rest", "stranger") else f"stranger 200 | {text}"
    return [f"{url} -> {said}"]


@pytest.mark.parametrize("name", STRANGERS)
def test_a_strangers_success(name: str) -> None:
    route, stranger, member, nowhere, expected = STRANGERS[name]
    looks = [*seen(G, stranger), *seen(f"{G} with bearer=valid", member)]
    controls = tuple(look(line) for line in seen(NOWHERE, nowhere))
    found = judged(probe(route), *map(look, looks), controls=controls)[0]
    assert (found.outcome, found.finding) == expected


# what a stranger gets, and at two paths that cannot exist: not all nodes know a rule yet
MIXED = {
    "a page once is a page": (INDEX, INDEX, MAT, UNDECIDED),
    "a page the second time is a page": (INDEX, MAT, INDEX, UNDECIDED),
    "a page never": (INDEX, MAT, MAT, OPEN),
    "JSON that is refused elsewhere once is an answer": (JSON, JSON, MAT, OPEN),
    "a body that was not seen, and its status elsewhere once": ("rest 200", INDEX, MAT, UNDECIDED),
}


@pytest.mark.parametrize("name", MIXED)
def test_a_strangers_success_beside_mixed_answers(name: str) -> None:
    stranger, *nowhere, expected = MIXED[name]
    controls = tuple(look(line) for text in nowhere for line in seen(NOWHERE, text))
    [found] = judged(probe(ALONE), look(seen(G, stranger)[0]), controls=controls)
    assert (found.outcome, found.finding) == expected


def test_who_comes_with_one_credential_of_two_is_no_member() -> None:
    """On trial, an invalid token goes with a key that is valid: its answer is no member's, and so
    does not show that strangers get the same."""
    one = probe(
        "GET /orders: {access: protected, guarded_by: [cognito, api_key], as: [user + key]}"
    )
    looks = {
        "anonymous": look(f"{G} -> rest 401 UnauthorizedException | Unauthorized"),
        "invalid token": look(f"{G} with bearer=invalid + api_key=valid -> stranger 200 | {JSON}"),
    }
    nowhere = [look(f"{NOWHERE} -> stranger 200 | {JSON}")]
    diagnosis = diagnose(
        [*looks.values(), *nowhere], Facts(guarded_by=frozenset(one.route.guarded_by))
    )
    found = judge(one, looks, nowhere, diagnosis, {})
    assert [(each.caller, each.outcome, each.finding) for each in found] == [
        ("anonymous", Outcome.PASS, None),
        ("invalid token", Outcome.UNKNOWN, None),
    ]


def test_a_doubted_success_says_why() -> None:
    looks = [*seen(G, INDEX), *seen(f"{G} with bearer=valid", JSON)]
    found = judged(probe(GUARDED), *map(look, looks), controls=(look(f"{NOWHERE} -> {MAT}"),))[0]
    assert found.because == (
        "a stranger is answered with 200, but it is HTML, where a member gets JSON"
    )


# What a member gets, beside a path that cannot exist
MEMBERS = {
    "JSON": ("{}", JSON, MAT, None),
    "a page": ("{}", ORDERS, MAT, None),
    "a page, where other pages say that nothing is there": ("{}", ORDERS, INDEX, None),
    "the page for everything": ("{}", INDEX, INDEX, "assertion_failed"),
    "the page for everything, with a nonce": (
        "{}",
        with_nonce("a1b2"),
        with_nonce("c3d4"),
        "assertion_failed",
    ),
    "the page for everything, as its owner wants it": ("{body: Shop}", INDEX, INDEX, None),
    "JSON, as everything gets": ("{}", JSON, JSON, None),
    "maintenance in JSON, as everything gets": (
        "{}",
        '{"status":"maintenance"}',
        '{"status":"maintenance"}',
        "assertion_failed",
    ),
}


@pytest.mark.parametrize("name", MEMBERS)
def test_a_members_success(name: str) -> None:
    expect, member, nowhere, finding = MEMBERS[name]
    route = f"GET /orders: {{access: protected, as: [user], expect: {expect}}}"
    looks = [*seen(G, "rest 401 UnauthorizedException"), *seen(f"{G} with bearer=valid", member)]
    controls = tuple(look(line) for line in seen(NOWHERE, nowhere))
    found = judged(probe(route), *map(look, looks), controls=controls)[1]
    assert (found.finding, found.outcome) == (finding, "fail" if finding else "pass")


@pytest.mark.parametrize(("path", "finding"), [("/orders", "assertion_failed"), ("/", None)])
def test_a_page_for_everything_is_right_only_at_the_root(path: str, finding: str | None) -> None:
    one = plan(config(f"GET {path}: public", "also_at: ['https://www.example.com']"))[1]
    looks = seen(f"GET https://www.example.com{path}", INDEX)
    controls = tuple(map(look, seen(NOWHERE, INDEX)))
    assert judged(one, *map(look, looks), controls=controls)[0].finding == finding


# By length and hash alone, as they are kept
@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (INDEX, INDEX, True),
        (with_nonce("a8f31c99"), with_nonce("11c0de42"), True),
        (INDEX, ORDERS, False),
        ("<p>ok</p>", "<p>not found</p>", False),
        (JSON, LATER, True),
        (JSON, '{"error":"unauthorized"}', False),
        ("[]", '[{"id":1}]', False),
        ('[{"id":1,"a":2}]', '[{"id":2,"a":7}]', True),
        ("OK", "OK", True),
        ("OK", "not so", False),
        ("", "", True),
        (JSON, INDEX, False),
    ],
)
def test_what_is_kept_of_bodies_tells_whether_they_are_alike(
    one: str, other: str, same: bool
) -> None:
    left, right = (
        Response(
            status=200,
            body_length=len(text),
            body_sha256=str(hash(text)),
            signs=signs_of_body(text),
        )
        for text in (one, other)
    )
    assert alike(left, right) is same


def test_what_is_kept_of_a_body_shows_nothing_of_it() -> None:
    kept = " ".join(
        signs_of_body('{"customer":"Jane Doe","card":"4111"}') + signs_of_body("<p>Jane Doe</p>")
    )
    assert not any(word in kept for word in ("Jane", "customer", "4111", "card"))


# Through a real front door that turns refusals into its page

_PAGES = {status: Reply(200, INDEX, content_type="text/html") for status in (401, 403, 404)}
ROUTES = """\
      - GET /health: public
      - GET /orders: {access: protected, guarded_by: lambda, as: [user]}
      - POST /orders: {access: protected, guarded_by: lambda}
"""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Watch]:
    sandbox = Sandbox(_with_pages(orders.world()))
    with running(sandbox, tmp_path) as place:
        text = orders.whole_configuration(*place).replace("timeout: 5s", "timeout: 60s")
        head, _, _ = text.partition("apis:\n")
        _, _, rest = text.partition("  site:\n")
        kept, _, _ = rest.partition("    routes:\n")
        lookups = Lookups(ca_file=authorities(tmp_path))
        found = load(f"{head}apis:\n  site:\n{kept}    routes:\n{ROUTES}", "test", lookups)
        yield Watch(sandbox, found, tmp_path)


def _with_pages(world: World) -> World:
    one = world.distributions[orders.CDN_HOST]
    paged: Distribution = replace(one, error_pages=_PAGES)
    return replace(world, distributions={orders.CDN_HOST: paged})


def _change(change: Callable[[Api], Api]) -> Callable[[World], World]:
    return lambda world: world.having(change(world.apis[orders.API_ID]).deployed(orders.STAGE))


def _opened(method: str) -> Callable[[World], World]:
    return _change(lambda api: api.with_method("/orders", method, Method(Authorization.NONE)))


def test_a_healthy_route_behind_a_page_for_everything_pages_nobody(site: Watch) -> None:
    report = site.tick()
    assert verdict(report, "GET /orders", "anonymous").outcome is Outcome.UNKNOWN
    assert verdict(report, "GET /orders", "user").outcome is Outcome.PASS
    assert verdict(report, "POST /orders", "anonymous").finding is None
    assert verdict(report, "GET /health", "anonymous").outcome is Outcome.PASS
    assert report.incidents == ()
    assert not site.store.latched()


def test_an_opening_behind_it_is_told_in_the_run_that_sees_it(site: Watch) -> None:
    site.tick()
    site.sandbox.change(_opened("GET"))
    report = site.tick()
    assert verdict(report, "GET /orders", "anonymous").finding is Finding.PROTECTED_ROUTE_OPEN
    assert [one.severity for one in report.incidents] == [Severity.CRITICAL]


def test_a_write_that_is_opened_behind_it_is_told_and_not_sent_again(site: Watch) -> None:
    site.tick()
    site.sandbox.change(_opened("POST"))
    found = verdict(site.tick(), "POST /orders", "anonymous")
    assert (found.outcome, found.finding) == ("fail", "protected_route_open")
    assert verdict(site.tick(), "POST /orders", "anonymous").outcome is Outcome.SKIPPED


@pytest.mark.parametrize(("path", "caller"), [("/orders", "user"), ("/health", "anonymous")])
def test_a_route_that_is_deleted_behind_it_fails(site: Watch, path: str, caller: str) -> None:
    site.tick()
    site.sandbox.change(_change(lambda api: api.without(path, "GET")))
    found = verdict(site.tick(), f"GET {path}", caller)
    assert (found.outcome, found.finding) == ("fail", "assertion_failed")
    assert found.layer == "unknown"


def test_a_maintenance_page_for_all_fails_members_and_pages_no_exposure(site: Watch) -> None:
    site.tick()
    page = Reply(200, SORRY, content_type="text/html")
    site.sandbox.change(
        lambda world: replace(
            world,
            distributions={
                orders.CDN_HOST: replace(
                    orders.distribution(),
                    behaviours=tuple(
                        replace(one, edge_function=page) for one in orders.distribution().behaviours
                    ),
                )
            },
        )
    )
    report = site.tick()
    assert {one.finding for one in report.verdicts if one.outcome is Outcome.FAIL} == {
        Finding.ASSERTION_FAILED
    }
    assert verdict(report, "GET /orders", "anonymous").outcome is Outcome.UNKNOWN


def test_a_backend_that_answers_strangers_with_a_refusal_is_not_open(site: Watch) -> None:
    site.tick()
    says = Integration(Function(Reply(200, '{"error":"unauthorized"}')))
    site.sandbox.change(_change(lambda api: api.with_integration("function", says)))
    site.sandbox.change(_opened("GET"))
    assert verdict(site.tick(), "GET /orders", "anonymous").finding is None
