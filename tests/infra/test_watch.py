"""APIs of another team's app, watched as their constructs are."""

from __future__ import annotations

import json
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3

from gatewatch.config.problems import ConfigError
from gatewatch_cdk.monitor import GatewatchMonitor
from gatewatch_cdk.readers.tree import Tree
from gatewatch_cdk.watched import Derived, Watched
from tests.infra import another_team as team
from tests.infra.templates import ROOT, Resource, granted, new_app, of, read, resources, sources

IAM = apigateway.AuthorizationType.IAM
Scene = Callable[[cdk.Stack], Any]


def derived(scene: Scene, **given: Any) -> Derived:
    api = scene(cdk.Stack(new_app(), "Team"))
    return Watched(1, "orders", api, **given).derived(Tree(api))


def routes(found: Derived) -> dict[str, Any]:
    """By route, `public` or its guards."""
    return {
        name: one["access"] if one["access"] == "public" else " ".join(one["guarded_by"])
        for route in found.written["routes"]
        for name, one in route.items()
    }


def remarks(found: Derived) -> list[str]:
    return sorted(f"{one.kind} {one.place}".strip() for one in found.remarks)


TABLE: dict[Scene, tuple[dict[str, str], list[str]]] = {
    team.rest: ({"GET /": "public", "GET /orders": "iam"}, ["unsigned"]),
    team.guarded: (
        {
            "DELETE /items": "public",
            "GET /items": "cognito",
            "POST /items": "iam",
            "PUT /items": "lambda api_key",
        },
        [
            "skipped",
            "unproven",
            "unwatched GET /files/{proxy+}",
            "unwatched OPTIONS /items/{id}",
        ],
    ),
    team.guarded_preflight: (
        {"GET /": "public", "GET /orders": "iam", "OPTIONS /": "iam"},
        ["unsigned"],
    ),
    team.defaults: (
        {"GET /": "public", "GET /{proxy+}": "iam api_key"},
        ["any ANY /{proxy+}", "unwatched ANY /"],
    ),
    team.of_lambda: ({"GET /": "public"}, ["any ANY /", "unwatched GET /{proxy+}"]),
    team.of_step_functions: ({"GET /": "public"}, ["any ANY /"]),
    team.of_another_stack: (
        {"GET /": "public", "GET /late": "iam", "GET /orders": "iam"},
        ["unsigned"],
    ),
    team.level_one: (
        {"GET /": "public", "GET /a/{b}": "iam", "PUT /a/{b}": "lambda"},
        ["unsigned"],
    ),
    team.spec: (
        {
            "GET /all/{proxy+}": "cognito",
            "GET /health": "public",
            "GET /orders": "cognito api_key",
            "GET /ping": "public",
            "POST /orders": "iam",
        },
        ["any ANY /all/{proxy+}", "unproven"],
    ),
    team.spec_of_file: ({"GET /health": "public", "GET /orders/{id}": "lambda"}, []),
    team.http: ({"GET /": "public", "GET /iam": "iam", "GET /jwt/{id}": "jwt"}, ["any ANY /iam"]),
    team.http_guarded_default: ({"GET /{proxy+}": "iam"}, ["any ANY /{proxy+}"]),
    team.http_quick: ({"GET /quick": "public"}, []),
    team.http_spec: (
        {"GET /jwt": "jwt", "GET /open": "public"},
        ["unwatched GET /key", "unwatched GET /{proxy+}"],
    ),
    team.function_url: ({"GET /": "public"}, ["any ANY /"]),
    team.signed_function_url: ({"GET /": "iam"}, ["any ANY /", "unsigned"]),
    team.private: ({"GET /": "public", "GET /orders": "iam"}, ["unsigned"]),
    team.from_offices: ({"GET /": "resource_policy", "GET /orders": "iam resource_policy"}, []),
}
"""What is derived from each API, and what is said at synthesis."""


@pytest.mark.parametrize("scene", TABLE, ids=lambda scene: scene.__name__)
def test_constructs_become_routes(scene: Scene) -> None:
    found = derived(scene)
    assert (routes(found), remarks(found), found.problems) == (*TABLE[scene], ())


UNREADABLE: dict[Scene, list[str]] = {
    team.http_default: [
        "apis.orders.routes: nothing of this API can be looked at: GET /{proxy+} is not watched: "
        "it takes every path, and only a person knows which of them answer; give such as "
        'routes={"GET /health": {}}'
    ],
    team.only_a_hook: [
        "apis.orders.routes: nothing of this API can be looked at: public writes are not called "
        "without `invoke`: POST /"
    ],
    team.spec_of_bucket: [
        "apis.orders.routes: its definition is in a bucket, which a synthesis does not read; "
        'expected routes={"GET /path": {"access": …}}'
    ],
    team.rest_elsewhere: [
        "apis.orders.url: this app defines no stage of it; expected url=…",
        "apis.orders.routes: it is imported, so that what it defines stands elsewhere; "
        'expected routes={"GET /path": {"access": …}}',
    ],
    team.http_elsewhere: [
        "apis.orders.url: this app defines no stage of it; expected url=…",
        "apis.orders.routes: it is imported, so that what it defines stands elsewhere; "
        'expected routes={"GET /path": {"access": …}}',
    ],
    team.imported_with_methods: [
        "apis.orders.url: this app defines no stage of it; expected url=…"
    ],
    team.web_socket: [
        "apis.orders.routes: the routes of a WebSocket API are not watched: they need a handshake, "
        "which Gatewatch does not send; only paths below /@connections/ can be; expected "
        'routes={"GET /@connections/path": {"access": …}}'
    ],
}


@pytest.mark.parametrize("scene", UNREADABLE, ids=lambda scene: scene.__name__)
def test_an_api_with_nothing_to_look_at_is_an_error(scene: Scene) -> None:
    assert [str(one) for one in derived(scene).problems] == UNREADABLE[scene]


ELSEWHERE = {"GET /health": {"access": "public"}}


@pytest.mark.parametrize(
    ("scene", "given"),
    [
        (team.rest_elsewhere, ELSEWHERE),
        (team.http_elsewhere, ELSEWHERE),
        (team.spec_of_bucket, ELSEWHERE),
        (team.http_default, {"GET /health": {}}),
        (team.web_socket, {"GET /@connections/{id}": {"access": "protected", "guarded_by": "iam"}}),
        (team.web_socket_elsewhere, {"GET /@connections/x": {"access": "protected"}}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_person_may_say_what_cannot_be_read(scene: Scene, given: Any) -> None:
    found = derived(scene, url="https://api.example.com", routes=given)
    assert [name for one in found.written["routes"] for name in one] == list(given)
    assert found.problems == ()


def test_a_part_that_cannot_be_read_is_said() -> None:
    found = derived(team.imported_with_methods, url="https://api.example.com")
    assert (routes(found), remarks(found)) == ({"GET /late": "iam"}, ["unread", "unsigned"])


def test_a_public_route_needs_a_persons_values() -> None:
    given = {"GET /files/{proxy+}": {"path": {"proxy": "a/b"}}}
    found = derived(team.guarded, routes=given)
    assert {"GET /files/{proxy+}": {"access": "public", "path": {"proxy": "a/b"}}} in (
        found.written["routes"]
    )


def test_a_caller_who_should_get_in_needs_them_too() -> None:
    found = derived(team.level_one, routes={"GET /a/{b}": {"as": ["partner"]}})
    assert "unwatched GET /a/{b}" in remarks(found)


@pytest.mark.parametrize(
    ("scene", "given", "shown"),
    [
        (team.http_guarded_default, {"POST /orders": {}}, "iam"),
        (team.http_guarded_default, {"GET /open": {"access": "public"}}, "public"),
        (team.defaults, {"DELETE /a/b": {}}, "iam api_key"),
        (team.defaults, {"POST /{proxy+}": {}}, "iam api_key"),
        (team.level_one, {"GET /a/42": {}}, "iam"),
        (team.signed_function_url, {"POST /hook": {}}, "iam"),
        (team.from_offices, {"GET /orders": {"access": "public"}}, "public"),
        (team.spec, {"PUT /all/{proxy+}": {}}, "cognito"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_given_route_has_the_guards_of_the_route_that_takes_it(
    scene: Scene, given: Any, shown: str
) -> None:
    [name] = given
    found = derived(scene, routes=given)
    assert (routes(found)[name], found.problems) == (shown, ())


def test_a_method_that_is_given_says_no_more_that_it_is_missing() -> None:
    assert remarks(derived(team.of_lambda, routes={"HEAD /": {}, "GET /{proxy+}": None})) == []


@pytest.mark.parametrize(
    ("scene", "given"),
    [
        (team.guarded, "GET /files/a"),
        (team.http_default, "GET /health"),
        (team.of_lambda, "GET /orders/42"),
    ],
    ids=["greedy", "default", "greedy beside the root"],
)
def test_a_route_that_is_given_stands_for_the_wider_one(scene: Scene, given: str) -> None:
    found = derived(scene, routes={given: {}})
    wider = [one for one in remarks(found) if "unwatched GET" in one]
    assert (routes(found)[given], wider) == ("public", [])


def test_another_method_below_any_is_enough() -> None:
    found = derived(team.http_guarded_default, routes={"POST /orders": {}})
    assert remarks(found) == ["unproven"]


@pytest.mark.parametrize(
    ("scene", "given", "kind", "is_told"),
    [
        (team.rest, {}, "unsigned", True),
        (team.guarded, {}, "unproven", True),
        (team.http_guarded_default, {"POST /orders": {}}, "unproven", False),
    ],
    ids=["a read of a REST API", "a write of a REST API", "a write of an HTTP API"],
)
def test_what_stays_unknown_is_said_to_pass_no_release(
    scene: Scene, given: dict[str, Any], kind: str, is_told: bool
) -> None:
    [text] = [one.text for one in derived(scene, routes=given).remarks if one.kind == kind]
    assert ("no release passes its verification, unless" in text) is is_told


def test_a_person_may_leave_a_route_out() -> None:
    assert routes(derived(team.rest, routes={"GET /": None})) == {"GET /orders": "iam"}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (
            {"GET /order": {}},
            '"GET /order": no such route in this API (did you mean "GET /orders"?)',
        ),
        ({"GET /order": None}, '"GET /order": no such route in this API (did you mean'),
        ({"POST /orders": {"access": "public"}}, '"POST /orders": no such route in this API'),
        ({"get /orders": {}}, '"get /orders": no such route in this API'),
    ],
    ids=["misspelt", "left out", "another method", "lower case"],
)
def test_a_route_that_the_api_has_not_is_refused(given: Any, told: str) -> None:
    [problem] = derived(team.rest, routes=given).problems
    assert str(problem).startswith(f"apis.orders.routes: {told}")


def test_a_route_that_nobody_can_know_needs_its_access() -> None:
    found = derived(team.http_elsewhere, url="https://a.example.com", routes={"GET /x": {}})
    assert [str(one) for one in found.problems] == [
        'apis.orders.routes: "GET /x": expected its access: it is imported, so that what it '
        "defines stands elsewhere"
    ]


def test_a_web_socket_route_is_refused() -> None:
    found = derived(team.web_socket, routes={"GET /": {"access": "public"}})
    assert 'apis.orders.routes: "GET /": expected a path below /@connections/' in str(
        found.problems[0]
    )


def _tokens(stack: cdk.Stack) -> Any:
    """Methods of which only the deployment knows enough."""
    kind = cdk.CfnParameter(stack, "Kind").value_as_string
    when = cdk.CfnCondition(stack, "When", expression=cdk.Fn.condition_equals("a", "b"))
    api = team.rest(stack)
    dark = api.root.add_resource("dark").add_method("GET")
    dark.node.default_child.authorization_type = kind
    some = api.root.add_resource("some").add_method("GET")
    some.node.default_child.cfn_options.condition = when
    keyed = api.root.add_resource("keyed").add_method("GET")
    keyed.node.default_child.api_key_required = cdk.Fn.condition_if("When", True, False)
    return api


def test_what_only_the_deployment_knows_is_said() -> None:
    assert remarks(derived(_tokens)) == [
        "unsigned",
        "unwatched GET /dark",
        "unwatched GET /keyed",
        "unwatched GET /some",
    ]


def _by_user_agent(stack: cdk.Stack) -> Any:
    statement = iam.PolicyStatement(
        principals=[iam.AnyPrincipal()],
        actions=["execute-api:Invoke"],
        resources=["execute-api:/*"],
        conditions={"StringLike": {"aws:UserAgent": "*Mozilla*"}},
    )
    return team.rest(stack, policy=iam.PolicyDocument(statements=[statement]))


def test_a_policy_that_cannot_be_evaluated_is_said() -> None:
    found = derived(_by_user_agent)
    assert routes(found) == {"GET /orders": "iam"}
    assert [one.text for one in found.remarks if one.kind == "unwatched"] == [
        "GET / is not watched: its resource policy decides by aws:UserAgent; give "
        'routes={"GET /": {"access": …}}'
    ]


def test_a_caller_whom_the_policy_refuses_as_well_is_said() -> None:
    given = {"GET /": {"as": ["partner"]}}
    assert "refused GET /" in remarks(derived(team.from_offices, routes=given))


def test_copies_of_an_api_are_kept_apart() -> None:
    """Two stacks of one class have the same logical ids."""
    app = new_app()
    one, other = (team.http(cdk.Stack(app, name)) for name in ("One", "Other"))
    apigatewayv2.CfnRoute(other.stack, "More", api_id=other.api_id, route_key="GET /more")
    found = routes(Watched(1, "one", one).derived(Tree(one)))
    assert (sorted(found), "GET /more" in found) == (["GET /", "GET /iam", "GET /jwt/{id}"], False)


def test_a_name_that_only_a_rendering_shows_is_followed() -> None:
    stack = cdk.Stack(new_app(), "Lazy")
    api = team.http(stack)
    apigatewayv2.CfnRoute(
        stack,
        "Late",
        api_id=cdk.Fn.ref(stack.get_logical_id(api.node.default_child)),
        route_key="GET /late",
    )
    assert "GET /late" in routes(Watched(1, "orders", api).derived(Tree(api)))


@pytest.mark.parametrize("kind", ["bucket", "text", "stage"])
def test_what_is_no_api_is_refused_by_name(kind: str) -> None:
    stack = cdk.Stack(new_app(), "Wrong")
    monitor = GatewatchMonitor(stack, "Monitor", code=sources())
    wrong: Any = {
        "bucket": lambda: s3.Bucket(stack, "Bucket"),
        "text": lambda: "abc123",
        "stage": lambda: team.rest(stack).deployment_stage,
    }[kind]()
    with pytest.raises(TypeError, match=rf"watch\(\) takes a RestApi .*{type(wrong).__name__}$"):
        monitor.watch(wrong)


def test_an_api_is_watched_once_under_a_name() -> None:
    app = new_app()
    stack = cdk.Stack(app, "Twice")
    monitor = GatewatchMonitor(stack, "Monitor", code=sources())
    monitor.watch(team.rest(cdk.Stack(app, "One")))
    with pytest.raises(ConfigError, match=r"apis\.Rest: an API of this name is watched already"):
        monitor.watch(team.rest(cdk.Stack(app, "Other")))


TOKEN = cdk.Fn.import_value("Anything")


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ({"settings": {"owner": f"team-{TOKEN}"}}, "owner"),
        (
            {"routes": {"GET /": {"expect": {"headers": {"a": TOKEN}}}}},
            "routes.GET /.expect.headers.a",
        ),
    ],
    ids=["settings", "routes"],
)
def test_a_token_is_refused_where_it_would_be_published_as_it_is(given: Any, place: str) -> None:
    [problem] = derived(team.rest, **given).problems
    assert str(problem) == (
        f"apis.orders.{place}: expected a value that a synthesis knows, not a token"
    )


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"GET /": 1}, "apis.orders.routes"),
        ({"GET /": ["public"]}, "apis.orders.routes"),
        ({"GET /": "open"}, "apis.orders.routes"),
        ({"GET /orders": {"path": []}}, "apis.orders.routes"),
        ({"GET /orders": {"acces": "public"}}, "apis.orders.routes"),
    ],
    ids=["a number", "a list", "no access", "a wrong value", "a wrong key"],
)
def test_what_is_no_route_is_refused_at_once(given: Any, told: str) -> None:
    stack = cdk.Stack(new_app(), "Wrong")
    monitor = GatewatchMonitor(stack, "Monitor", code=sources())
    with pytest.raises(ConfigError, match=told):
        monitor.watch(team.rest(stack), name="orders", routes=given)


def test_a_bare_access_word_is_short_for_a_route() -> None:
    app = new_app()
    stack = cdk.Stack(app, "Short")
    monitor = GatewatchMonitor(stack, "Monitor", code=sources())
    monitor.watch(team.http_default(stack), name="orders", routes={"GET /health": "public"})
    monitor.watch(
        team.rest_elsewhere(stack), url="https://a.example.com", routes={"GET /x": "protected"}
    )
    monitor.validate()


@pytest.mark.parametrize("key", ["url", "routes"])
def test_what_has_a_place_of_its_own_is_no_setting(key: str) -> None:
    found = derived(team.rest, settings={key: []})
    assert f"apis.orders.{key}: expected {key}=… beside settings=…" in map(str, found.problems)


def _deployed(assembly: cdk.cx_api.CloudAssembly, template: Resource, name: str) -> Any:
    [made] = resources(template, "Custom::GatewatchConfiguration").values()
    return json.loads((Path(assembly.directory) / f"asset.{made[name]}").read_text())


def test_a_method_that_is_added_after_watch_is_watched() -> None:
    app = new_app()
    stack = cdk.Stack(app, "Late")
    api = team.rest(stack)
    GatewatchMonitor(stack, "Monitor", code=sources()).watch(api, name="orders")
    api.root.add_resource("late").add_method("GET", authorization_type=IAM)
    [orders] = _deployed(app.synth(), of(stack), "Configuration")["apis"]
    assert "GET /late" in [route["name"] for route in orders["routes"]]


def test_own_calls_are_granted_on_the_api_that_is_watched(tmp_path: Path) -> None:
    file = tmp_path / "gatewatch.yaml"
    file.write_text("credentials: {own: {sigv4: {}}}\napis: {}\n")
    stack = cdk.Stack(new_app(), "Own")
    monitor = GatewatchMonitor(stack, "Monitor", config=file, code=sources())
    monitor.watch(team.rest(stack), name="orders", routes={"GET /orders": {"as": ["own"]}})
    on = {one for action, one in granted(of(stack), "Probe") if action == "execute-api:Invoke"}
    assert on == {"arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>:<Rest>/*/*/*"}


def test_what_is_said_of_a_watched_api_is_checked_at_once(tmp_path: Path) -> None:
    stack = cdk.Stack(new_app(), "Wrong")
    monitor = GatewatchMonitor(stack, "Monitor", code=sources())
    with pytest.raises(ConfigError, match=r"apis\.orders\.ownr: unknown key"):
        monitor.watch(team.rest(stack), name="orders", settings={"ownr": "team"})


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"settings": {"ownr": "team"}}, "watch(): apis.orders.ownr: unknown key"),
        ({"settings": ["team"]}, "watch(): apis.orders.settings: ['team']: expected a mapping"),
        ({"routes": ["GET /"]}, "watch(): apis.orders.routes: ['GET /']: expected a mapping"),
        ({"url": "api.acme.io"}, 'watch(): apis.orders.url: "api.acme.io": expected a URL'),
    ],
    ids=["an unknown key", "settings", "routes", "url"],
)
def test_a_problem_of_a_watched_api_is_one_of_watch(
    given: dict[str, Any], told: str, tmp_path: Path
) -> None:
    """And of no line of the file."""
    file = tmp_path / "gatewatch.yaml"
    file.write_text("apis: {}\n")
    stack = cdk.Stack(new_app(), "Wrong")
    monitor = GatewatchMonitor(stack, "Monitor", config=file, code=sources())
    with pytest.raises(ConfigError) as refused:
        monitor.watch(team.rest(stack), name="orders", **given)
    [line] = refused.value.lines()
    assert line.startswith(told)


def test_a_problem_of_the_file_keeps_its_line(tmp_path: Path) -> None:
    file = tmp_path / "gatewatch.yaml"
    file.write_text("apis: {}\n\nmaintenance:\n  - {cron: 0 2 * * *, for: 1h, apis: [user]}\n")
    stack = cdk.Stack(new_app(), "Wrong")
    monitor = GatewatchMonitor(stack, "Monitor", config=file, code=sources())
    monitor.watch(team.rest(stack), name="orders")
    with pytest.raises(ConfigError) as refused:
        monitor.validate()
    [line] = refused.value.lines()
    assert line.startswith(f'{file}:4: maintenance[0].apis[0]: "user": no such API')


def test_a_monitor_that_nobody_gave_anything_says_so() -> None:
    app = new_app()
    GatewatchMonitor(cdk.Stack(app, "Empty"), "Monitor", code=sources())
    told = "Empty/Monitor: nothing to watch; expected config=…, or APIs given to watch()"
    with pytest.raises(RuntimeError) as refused:
        app.synth()
    assert str(refused.value) == told


def _with_a_window(tmp_path: Path, api: str) -> tuple[cdk.App, cdk.Stack]:
    file = tmp_path / "gatewatch.yaml"
    file.write_text(f"apis: {{}}\nmaintenance: [{{cron: 0 2 * * *, for: 1h, apis: [{api}]}}]\n")
    app = new_app()
    stack = cdk.Stack(app, "Windows")
    monitor = GatewatchMonitor(stack, "Monitor", config=file, code=sources())
    for name in ("orders", "users"):
        monitor.watch(team.rest(cdk.Stack(app, name)), name=name)
    return app, stack


def test_a_window_may_name_an_api_that_is_watched_later(tmp_path: Path) -> None:
    app, stack = _with_a_window(tmp_path, "users")
    [window] = _deployed(app.synth(), of(stack), "Configuration")["maintenance"]
    assert window["apis"] == ["users"]


def test_a_window_of_an_api_that_nobody_watches_is_refused(tmp_path: Path) -> None:
    app, _ = _with_a_window(tmp_path, "user")
    with pytest.raises(RuntimeError, match=r'maintenance\[0\].apis\[0\]: "user": no such API'):
        app.synth()


@pytest.fixture(scope="module")
def example() -> tuple[cdk.cx_api.CloudAssembly, Resource]:
    app = new_app()
    made = runpy.run_path(str(ROOT / "examples" / "cdk" / "app.py"))["OrdersStack"]
    stack = made(app, "Orders", code=sources())
    return app.synth(), of(stack)


def test_the_example_watches_its_api(example: tuple[cdk.cx_api.CloudAssembly, Resource]) -> None:
    [orders] = _deployed(*example, "Configuration")["apis"]
    assert {one["name"]: (one["access"], one["guarded_by"]) for one in orders["routes"]} == {
        "GET /health": ("public", []),
        "GET /orders/{id}": ("protected", ["api_key"]),
        "POST /orders": ("protected", ["iam"]),
    }


def test_the_examples_url_comes_at_deployment(
    example: tuple[cdk.cx_api.CloudAssembly, Resource],
) -> None:
    [made] = resources(example[1], "Custom::GatewatchConfiguration").values()
    [orders] = _deployed(*example, "Configuration")["apis"]
    [(placeholder, url)] = made["Urls"].items()
    assert [one["url"] for one in orders["entrances"]] == [placeholder]
    assert read(url) == (
        "https://<Orders>.execute-api.<AWS::Region>.<AWS::URLSuffix>/<OrdersDeploymentStageprod>/"
    )


def test_the_examples_credential_is_bound_to_it(
    example: tuple[cdk.cx_api.CloudAssembly, Resource],
) -> None:
    allowed = _deployed(*example, "Allowed")
    assert allowed["credentials"] == {"partner": ["watched-1.invalid:443"]}
    assert allowed["secrets"] == ["gatewatch/partner"]
