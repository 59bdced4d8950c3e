"""What a pushed configuration may not change: where a credential goes, and what is in it."""

from __future__ import annotations

import msgspec
import pytest
from msgspec.structs import replace

from gatewatch.config.author import load
from gatewatch.config.canonical import Config
from gatewatch.config.places import inside
from gatewatch.service.published import (
    Allowed,
    RejectedError,
    Twin,
    api_ids,
    encoded,
    hosts_of,
    made_of,
    needs_deployment,
    pointer_to,
    read_published,
)

ENDPOINT = "https://vpce-0a1b2c3d-4e5f6a7b.execute-api.us-east-1.vpce.amazonaws.com/prod"
TEXT = f"""
credentials:
  partner: {{api_key: {{secret: gatewatch/partner}}}}
  machine:
    oauth2: {{token_url: "https://auth.example.com/token", client: {{secret: gatewatch/client}}}}
  person: {{cognito: {{region: eu-west-1, client_id: own, username: a, password: {{ssm: /p}}}}}}
  inner: {{bearer: {{ssm: /inner}}}}
apis:
  orders:
    url: https://api.example.com
    routes: [GET /orders: {{access: protected, as: [partner, machine, person]}}]
  stock:
    url: {ENDPOINT}
    private: true
    api_id: abc123
    routes: [GET /stock: {{access: protected, as: [inner]}}]
network: {{subnets: [subnet-0a1b2c3d], security_groups: [sg-0a1b2c3d], ranges: [10.0.0.0/16]}}
"""


def deployed_for(config: Config) -> Allowed:
    assert config.network is not None
    made = {one.name: made_of(one.source) for one in config.credentials}
    hosts = {one.name: one.hosts for one in config.credentials}
    hosts["machine"] = (*hosts["machine"], "auth.example.com:443")
    return Allowed(
        secrets=("gatewatch/client", "gatewatch/partner"),
        parameters=("/p",),
        credentials=hosts,
        sources=made,
        twin=Twin(
            parameters=("/inner",),
            credentials=hosts,
            sources=made,
            api_ids=api_ids(config),
            network=config.network,
            hosts=hosts_of(inside(config)),
        ),
    )


DEPLOYED = load(TEXT, "f")
ALLOWED = deployed_for(DEPLOYED)
OTHERWISE = "is made otherwise than the deployed one: needs cdk deploy"


def test_what_was_deployed_may_be_pushed() -> None:
    assert list(needs_deployment(DEPLOYED, ALLOWED)) == []
    other_route = load(TEXT.replace("GET /orders", "GET /carts"), "f")
    assert list(needs_deployment(other_route, ALLOWED)) == []


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("{secret: gatewatch/partner}", "{secret: gatewatch/client}", f"partner {OTHERWISE}"),
        ("{secret: gatewatch/partner}", "{secret: gatewatch/partner, key: k}", OTHERWISE),
        ("api_key: {secret: gatewatch/partner}", "bearer: {ssm: /p}", f"partner {OTHERWISE}"),
        ("client_id: own", "client_id: of-another-pool", f"person {OTHERWISE}"),
        ("region: eu-west-1", "region: us-east-1", f"person {OTHERWISE}"),
        ("auth.example.com/token", "api.example.com/echo", f"machine {OTHERWISE}"),
        ("abc123", "evil99", "inner would be sent to the API evil99: needs cdk deploy"),
    ],
    ids=[
        "the secret of another credential",
        "another field of its secret",
        "another kind",
        "a client of somebody's own user pool",
        "another region",
        "a token endpoint at the API",
        "another API behind the same endpoint",
    ],
)
def test_a_secret_goes_where_it_was_deployed_for(before: str, after: str, told: str) -> None:
    assert before in TEXT
    [said] = needs_deployment(load(TEXT.replace(before, after), "f"), ALLOWED)
    assert said.endswith(told)


def test_a_client_secret_does_not_travel_in_the_clear() -> None:
    written = msgspec.json.encode(DEPLOYED).decode()
    plain = written.replace("https://auth.example.com/", "http://auth.example.com:443/")
    [said] = needs_deployment(msgspec.json.decode(plain, type=Config), ALLOWED)
    assert said == f"credential machine {OTHERWISE}"


@pytest.mark.parametrize("name", ["Host", "x-apigw-api-id", "X-Forwarded-Host"])
def test_no_header_leads_a_request_elsewhere(name: str) -> None:
    orders, stock = DEPLOYED.apis
    routes = tuple(replace(one, headers={name: "evil.example.com"}) for one in orders.routes)
    config = replace(DEPLOYED, apis=(replace(orders, routes=routes), stock))
    body = encoded(config)
    with pytest.raises(RejectedError, match=f"headers.{name}: expected"):
        read_published(body, pointer_to(body).version, ALLOWED)


TOLD = f"""{TEXT}
notify:
  - {{name: night, pagerduty: {{secret: gatewatch/pager}}}}
  - {{name: own,
     webhook: {{url: "https://hooks.example.com/in", template: "{{{{ title|tojson }}}}"}}}}
  - {{name: near, event_bus: default}}
heartbeat: {{url: "https://hc.example.com/beat"}}
"""
TOLD_CONFIG = load(TOLD, "f")


def may_tell(config: Config) -> Allowed:
    return msgspec.structs.replace(
        ALLOWED,
        buses=("default",),
        hooks={one.key: one.hook for one in config.notify if one.hook},
        heartbeat=config.heartbeat or None,
    )


def test_what_is_told_as_deployed_may_be_pushed() -> None:
    allowed = may_tell(TOLD_CONFIG)
    assert list(needs_deployment(TOLD_CONFIG, allowed)) == []
    rarer = TOLD.replace('https://hc.example.com/beat"', 'https://hc.example.com/beat", every: 5m')
    assert list(needs_deployment(load(rarer, "f"), allowed)) == []


_ELSE = "is made otherwise than the deployed one: needs cdk deploy"


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("gatewatch/pager", "gatewatch/client", f"notify night {_ELSE}"),
        ("hooks.example.com/in", "hooks.example.com/other", f"notify own {_ELSE}"),
        ("{{ title|tojson }}", "{{ key|tojson }}", f"notify own {_ELSE}"),
        ("webhook: {", "webhook: {sign: {secret: gatewatch/client}, ", f"notify own {_ELSE}"),
        (
            "hooks.example.com/in",
            "evil.example.com/in",
            "notify own would be sent to evil.example.com:443: needs cdk deploy",
        ),
        ("name: night", "name: day", "notify day is new: needs cdk deploy"),
        ("pagerduty: {secret", "opsgenie: {secret", "would be sent to api.opsgenie.com:443"),
        ("bus: default", "bus: other", "notify near would send events to other: needs cdk deploy"),
        ("com/beat", "com/other", "heartbeat would be sent elsewhere than the deployed one"),
    ],
    ids=[
        "with the secret of another",
        "to another path of the host",
        "another body",
        "signed with a credential of the probe",
        "to another host",
        "under another name",
        "as another kind",
        "to another bus",
        "a heartbeat elsewhere",
    ],
)
def test_messages_go_where_they_were_deployed_for(before: str, after: str, told: str) -> None:
    assert before in TOLD
    [said] = needs_deployment(load(TOLD.replace(before, after), "f"), may_tell(TOLD_CONFIG))
    assert said.startswith(told) or told in said


def test_another_authority_needs_a_deployment() -> None:
    [pager, own, near] = TOLD_CONFIG.notify
    assert own.hook
    trusting = replace(own, hook=replace(own.hook, authority="PEM"))
    config = replace(TOLD_CONFIG, notify=(pager, trusting, near))
    [said] = needs_deployment(config, may_tell(TOLD_CONFIG))
    assert said == f"notify own {_ELSE}"


def test_an_earlier_deployment_posted_nothing() -> None:
    assert set(needs_deployment(TOLD_CONFIG, ALLOWED)) == {
        "notify night is new: needs cdk deploy",
        "notify own is new: needs cdk deploy",
        "notify near would send events to default: needs cdk deploy",
        "heartbeat is new: needs cdk deploy",
    }
