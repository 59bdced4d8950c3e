"""Where the watched stage of an API answers: its default endpoint, and custom domains."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_apigatewayv2 as apigatewayv2

from gatewatch.config.problems import ConfigError
from gatewatch_cdk.monitor import GatewatchMonitor
from gatewatch_cdk.readers.tree import Tree
from gatewatch_cdk.watched import Derived, Watched
from tests.infra import another_team as team
from tests.infra.templates import new_app, of, read, resources, sources

Scene = Callable[[cdk.Stack], Any]
DEFAULT = "https://<{}>.execute-api.<AWS::Region>.<AWS::URLSuffix>/"
REST = DEFAULT.format("Rest") + "<RestDeploymentStageprod>/"
DISABLED = {"disable_execute_api_endpoint": True}


def entrances(scene: Scene, **given: Any) -> tuple[dict[str, Any], Derived]:
    """By key of gatewatch.yaml, with the values of the deployment."""
    stack = cdk.Stack(new_app(), "Team")
    api = scene(stack)
    found = Watched(1, "orders", api, **given).derived(Tree(api))
    urls = {shown: read(stack.resolve(url)) for shown, url in found.urls.items()}
    places = {
        key: found.written[key] for key in ("url", "also_at", "closed_at") if key in found.written
    }
    return {
        key: urls.get(one, one) if isinstance(one, str) else [urls.get(each, each) for each in one]
        for key, one in places.items()
    }, found


def _named(scene: Any) -> str:
    return getattr(scene, "__name__", "") or " ".join((scene.func.__name__, *scene.keywords))


def _by_deployment(stack: cdk.Stack) -> Any:
    """The oldest way: a deployment that names its stage."""
    api = team.rest(stack, deploy=False)
    apigateway.CfnDeployment(stack, "D", rest_api_id=api.rest_api_id, stage_name="old")
    return api


def _from_another_stack(stack: cdk.Stack) -> Any:
    """One team owns the domain, another the API."""
    api = team.rest(stack)
    beside = cdk.Stack(stack.node.root, "Domains")
    team.domain(beside, "api.example.com").add_base_path_mapping(api, base_path="orders")
    return api


def _imported_domain(stack: cdk.Stack) -> Any:
    api = team.rest(stack)
    domain = apigateway.DomainName.from_domain_name_attributes(
        stack,
        "Theirs",
        domain_name="api.example.com",
        domain_name_alias_hosted_zone_id="Z1",
        domain_name_alias_target="d-1.example.com",
    )
    apigateway.BasePathMapping(stack, "Mapping", domain_name=domain, rest_api=api)
    return api


def _by_version_2(stack: cdk.Stack) -> Any:
    """A mapping of several levels, which REST APIs have only so."""
    api = team.rest(stack)
    apigatewayv2.CfnApiMapping(
        stack,
        "Mapping",
        api_id=api.rest_api_id,
        domain_name="api.example.com",
        stage=api.deployment_stage.stage_name,
        api_mapping_key="v1/orders",
    )
    return api


def _other_stage(stack: cdk.Stack) -> Any:
    """The domain leads to another stage, which is not the watched one."""
    api = team.rest(stack)
    beta = apigateway.Stage(
        stack, "Beta", deployment=apigateway.Deployment(stack, "D", api=api), stage_name="beta"
    )
    team.domain(stack, "beta.example.com").add_base_path_mapping(api, stage=beta)
    return api


OPEN: dict[Any, dict[str, Any]] = {
    team.rest: {"url": REST},
    team.level_one: {"url": DEFAULT.format("Api") + "<Live>/"},
    team.http: {"url": DEFAULT.format("Http")},
    team.http_staged: {"url": DEFAULT.format("Http") + "<HttpBeta>/"},
    team.http_quick: {"url": DEFAULT.format("Quick")},
    team.web_socket: {"url": DEFAULT.format("Socket") + "<Live>/"},
    team.function_url: {"url": "<FunctionFunctionUrl.FunctionUrl>"},
    team.on_domain: {
        "url": REST,
        "also_at": [
            "https://orders.example.com",
            "https://api.example.com/orders",
            "https://api.example.com/staged/<RestDeploymentStageprod>",
        ],
    },
    partial(team.on_domain, **DISABLED): {
        "url": "https://orders.example.com",
        "also_at": [
            "https://api.example.com/orders",
            "https://api.example.com/staged/<RestDeploymentStageprod>",
        ],
        "closed_at": [REST],
    },
    partial(team.on_token_domain, **DISABLED): {
        "url": "https://<SsmParameterValuedomainC96584B6F00A464EAD1953AFF4B05118Parameter>/orders",
        "closed_at": [REST],
    },
    team.http_on_domain: {
        "url": DEFAULT.format("Http"),
        "also_at": ["https://api.example.com/v1/orders"],
    },
    partial(team.http_on_domain, **DISABLED): {
        "url": "https://api.example.com/v1/orders",
        "closed_at": [DEFAULT.format("Http")],
    },
    _by_deployment: {"url": DEFAULT.format("Rest") + "old/"},
    _from_another_stack: {"url": REST, "also_at": ["https://api.example.com/orders"]},
    _imported_domain: {"url": REST, "also_at": ["https://api.example.com"]},
    _by_version_2: {"url": REST, "also_at": ["https://api.example.com/v1/orders"]},
    _other_stage: {"url": REST},
    team.on_client_certificates: {"url": REST},
}


@pytest.mark.parametrize("scene", OPEN, ids=_named)
def test_entrances_are_found(scene: Scene) -> None:
    assert entrances(scene)[0] == OPEN[scene]


def _without_a_stage(stack: cdk.Stack) -> Any:
    return team.rest(stack, deploy=False)


def _of_two_stages(stack: cdk.Stack) -> Any:
    api = team.rest(stack, deploy=False)
    for name in ("alpha", "beta"):
        deployment = apigateway.Deployment(stack, f"Deploy{name}", api=api)
        apigateway.Stage(stack, name, deployment=deployment, stage_name=name)
    return api


def _disabled_later(stack: cdk.Stack) -> Any:
    api = team.level_one(stack)
    api.disable_execute_api_endpoint = cdk.Fn.condition_if("When", True, False)
    return api


CLOSED = "its default endpoint is disabled, and no custom domain of this app leads to it"
LACK: dict[Any, str] = {
    partial(team.rest, **DISABLED): CLOSED,
    partial(team.http, **DISABLED): CLOSED,
    partial(team.on_client_certificates, **DISABLED): (
        f"{CLOSED}: mtls.example.com is not watched: it demands client certificates (mutual TLS)"
    ),
    _without_a_stage: "this app defines no stage of it",
    _of_two_stages: "it has the stages alpha, beta; expected stage=… to name one",
    _disabled_later: "only the deployment decides whether its default endpoint is disabled",
}


@pytest.mark.parametrize("scene", LACK, ids=_named)
def test_an_api_without_an_entrance_asks_for_one(scene: Scene) -> None:
    told = f"apis.orders.url: {LACK[scene]}; expected url=…"
    assert told in map(str, entrances(scene)[1].problems)


@pytest.mark.parametrize("scene", LACK, ids=_named)
def test_a_person_may_give_the_entrance(scene: Scene) -> None:
    places, found = entrances(scene, url="https://api.example.com")
    assert (places, found.problems) == ({"url": "https://api.example.com"}, ())


def test_a_function_url_has_no_stages() -> None:
    told = "apis.orders.url: a function URL has no stages, so none can be named; expected url=…"
    assert [str(one) for one in entrances(team.function_url, stage="live")[1].problems] == [told]


def _made_stage(stack: cdk.Stack) -> Any:
    return next(one for one in stack.node.find_all() if one.node.id == "beta")


@pytest.mark.parametrize(
    ("stage", "shown"),
    [
        (lambda _: "beta", "<beta>"),
        (_made_stage, "<beta>"),
        (lambda stack: _made_stage(stack).node.default_child, "<beta>"),
        (lambda _: "gamma", 'it has no stage "gamma"; it has alpha, beta'),
        (
            lambda _: "betta",
            'it has no stage "betta"; it has alpha, beta (did you mean "beta"?)',
        ),
    ],
    ids=["by name", "by construct", "by resource", "unknown", "misspelt"],
)
def test_one_of_several_stages_is_named(stage: Any, shown: str) -> None:
    stack = cdk.Stack(new_app(), "Team")
    api = _of_two_stages(stack)
    found = Watched(1, "orders", api, stage=stage(stack)).derived(Tree(api))
    if found.problems:
        assert str(found.problems[0]) == f"apis.orders.url: {shown}; expected url=…"
    else:
        [url] = found.urls.values()
        assert read(stack.resolve(url)).endswith(f"/{shown}/")


SAID: dict[Any, list[tuple[str, str]]] = {
    team.on_client_certificates: [
        (
            "mtls.example.com",
            "mtls.example.com is not watched: it demands client certificates (mutual TLS); give "
            "also_at in settings to do so",
        )
    ],
    _other_stage: [
        (
            "prod",
            "of its stages, prod is watched here; another (beta) needs a watch of its own, with "
            "name=… and stage=…",
        )
    ],
}


@pytest.mark.parametrize("scene", SAID, ids=_named)
def test_an_entrance_that_is_not_watched_is_said(scene: Scene) -> None:
    found = [one for one in entrances(scene)[1].remarks if one.kind != "unsigned"]
    assert [(one.place, one.text) for one in found] == SAID[scene]


def _under_a_condition(stack: cdk.Stack) -> Any:
    api = team.on_domain(stack)
    when = cdk.CfnCondition(stack, "When", expression=cdk.Fn.condition_equals("a", "b"))
    for one in stack.node.find_all():
        if isinstance(one, apigateway.CfnDomainName):
            one.cfn_options.condition = when
    return api


def _wild(stack: cdk.Stack) -> Any:
    api = team.rest(stack)
    team.domain(stack, "*.example.com").add_base_path_mapping(api)
    return api


def _routed(stack: cdk.Stack) -> Any:
    api = team.http_on_domain(stack)
    for one in stack.node.find_all():
        if isinstance(one, apigatewayv2.CfnDomainName):
            one.routing_mode = "ROUTING_RULE_ONLY"
    return api


@pytest.mark.parametrize(
    ("scene", "reason"),
    [
        (_under_a_condition, "it exists under a condition, which only the deployment decides"),
        (_wild, "it stands for many names"),
        (_routed, "its routing rules are not read (routing mode ROUTING_RULE_ONLY)"),
    ],
    ids=["condition", "many names", "routing rules"],
)
def test_a_domain_that_nobody_can_call_so_is_said(scene: Scene, reason: str) -> None:
    places, found = entrances(scene)
    told = [one for one in found.remarks if one.kind == "domain"]
    assert "also_at" not in places
    assert all(reason in one.text for one in told)
    assert told


def _closed_with_a_write(stack: cdk.Stack) -> Any:
    api = team.on_domain(stack, **DISABLED)
    api.root.add_method("POST")
    return api


@pytest.mark.parametrize(
    ("settings", "told"),
    [({}, ["closed", "skipped", "unsigned"]), ({"closed_at": []}, ["skipped", "unsigned"])],
)
def test_writes_that_are_sent_to_a_closed_entrance_are_said(settings: Any, told: Any) -> None:
    _, found = entrances(_closed_with_a_write, settings=settings)
    assert sorted(one.kind for one in found.remarks) == told


def test_a_person_may_replace_what_was_found() -> None:
    settings = {"also_at": ["https://other.example.com"], "closed_at": []}
    places, _ = entrances(partial(team.on_domain, **DISABLED), settings=settings)
    assert places == {"url": "https://orders.example.com", **settings}


def test_a_person_may_add_entrances_that_the_deployment_knows() -> None:
    """Each gets a placeholder of its own."""
    name = cdk.Fn.import_value("Name")
    settings = {"also_at": ["https://known.example.com", f"https://{name}/orders"]}
    places, found = entrances(team.rest, settings=settings, url=f"https://{name}")
    assert found.written["also_at"] == ["https://known.example.com", "https://watched-1-3.invalid"]
    assert list(found.urls) == ["https://watched-1.invalid", "https://watched-1-3.invalid"]
    assert places["url"].startswith("https://")


@pytest.fixture(scope="module")
def deployed() -> dict[str, Any]:
    """A deployment of an API on domains, called with a key; what it may do, and with what."""
    app = new_app()
    stack = cdk.Stack(app, "Team")
    monitor = GatewatchMonitor(stack, "Monitor", config=_credentials(app), code=sources())
    scene = partial(team.on_token_domain, **DISABLED)
    monitor.watch(scene(stack), name="orders", routes={"GET /orders": {"as": ["key"]}})
    assembly = app.synth()
    [made] = resources(of(stack), "Custom::GatewatchConfiguration").values()
    file = Path(assembly.directory) / f"asset.{made['Allowed']}"
    return {"urls": made["Urls"], "allowed": json.loads(file.read_text())}


def _credentials(app: cdk.App) -> Path:
    file = Path(app.outdir) / "credentials.yaml"
    file.write_text("credentials: {key: {api_key: {secret: gatewatch/key}}}\napis: {}\n")
    return file


def test_the_deployment_fills_in_every_entrance(deployed: dict[str, Any]) -> None:
    assert list(deployed["urls"]) == ["https://watched-1.invalid", "https://watched-1-2.invalid"]


def test_a_credential_goes_to_entrances_and_to_no_closed_one(deployed: dict[str, Any]) -> None:
    assert deployed["allowed"]["credentials"] == {"key": ["watched-1.invalid:443"]}
    assert deployed["allowed"]["hosts"] == ["watched-1-2.invalid:443", "watched-1.invalid:443"]


@pytest.mark.parametrize("scene", [team.on_domain, team.on_token_domain], ids=_named)
def test_a_signature_on_a_domain_needs_a_region(scene: Scene, tmp_path: Path) -> None:
    """Dispatch would refuse a whole configuration for it, once the domain's name is known."""
    file = tmp_path / "gatewatch.yaml"
    file.write_text("credentials: {own: {sigv4: {}}}\napis: {}\n")
    stack = cdk.Stack(new_app(), "Team")
    monitor = GatewatchMonitor(stack, "Monitor", config=file, code=sources())
    monitor.watch(scene(stack), name="orders", routes={"GET /orders": {"as": ["own"]}})
    with pytest.raises(ConfigError, match="expected a region in credential own"):
        monitor.validate()


def test_a_credential_may_list_the_hosts_of_an_api_that_is_watched(tmp_path: Path) -> None:
    file = tmp_path / "gatewatch.yaml"
    file.write_text(
        "credentials: {key: {api_key: {secret: k}, for: [api.example.com]}}\napis: {}\n"
    )
    stack = cdk.Stack(new_app(), "Team")
    monitor = GatewatchMonitor(stack, "Monitor", config=file, code=sources())
    monitor.watch(team.on_token_domain(stack), routes={"GET /orders": {"as": ["key"]}})
    monitor.validate()
