"""What a configuration may ask of the account, and how it is refused."""

from __future__ import annotations

import pytest

from gatewatch.config.author import load
from gatewatch.config.lookups import Lookups, Placeholders
from gatewatch.config.problems import ConfigError
from gatewatch.service.published import fingerprint
from gatewatch_cdk.needs import Needs, needs
from tests.infra.conftest import CONFIG, PRIVATE

_URL = "https://api.example.com"


def _needs(text: str) -> Needs:
    lookups = Lookups(parameter=Placeholders())
    return needs(load(text, "gatewatch.yaml", lookups), "gatewatch.yaml")


def _with_credential(source: str, api: str = "") -> str:
    return (
        f"credentials:\n  one: {source}\n"
        f"apis:\n  orders:\n    url: {_URL}\n    {api}\n"
        "    routes:\n      - GET /orders: {access: protected, as: [one]}\n"
    )


def test_needs_are_what_the_credentials_name() -> None:
    found = _needs(CONFIG)
    assert found.topics == ("arn:aws:sns:us-east-1:111122223333:on-call",)
    assert found.outside.secrets == (
        "arn:aws:secretsmanager:eu-west-1:111122223333:secret:client-AbCdEf",
        "gatewatch/partner",
    )
    assert found.outside.parameters == ("/orders/token",)
    assert found.outside.roles == ("arn:aws:iam::444455556666:role/gatewatch-caller",)
    assert found.outside.invoked == (("us-east-1", "abc123", "prod"),)


def test_a_credential_is_bound_to_the_hosts_of_its_apis() -> None:
    assert _needs(CONFIG).outside.hosts == {
        "key": ("abc123.execute-api.us-east-1.amazonaws.com:443",),
        "machine": ("auth.example.com:443", "users.example.com:443"),
        "token": ("users.example.com:443",),
        "other": ("abc123.execute-api.us-east-1.amazonaws.com:443",),
        "own": ("abc123.execute-api.us-east-1.amazonaws.com:443",),
    }


def test_without_a_private_api_no_twin_is_needed() -> None:
    for text in (CONFIG, PRIVATE.replace("private: true", "private: false")):
        found = _needs(text)
        assert (found.inside, found.network) == (None, None)


def test_each_probe_needs_what_its_own_apis_are_called_with() -> None:
    found = _needs(PRIVATE)
    assert found.inside is not None
    assert found.inside.secrets == ("gatewatch/inner", "gatewatch/partner")
    assert "gatewatch/inner" not in found.outside.secrets
    assert found.inside.invoked == (("us-east-1", "def456", "prod"),)
    assert found.outside.invoked == (("us-east-1", "abc123", "prod"),)
    assert (found.inside.roles, found.inside.parameters) == ((), ())
    assert set(found.inside.hosts) == {"key", "own", "inner"}
    assert "inner" not in found.outside.hosts


def test_a_private_api_needs_a_network_in_the_account() -> None:
    with pytest.raises(ConfigError, match=r"apis\.stock\.private: in the account, expected a net"):
        _needs(PRIVATE.partition("network:")[0])


def test_an_api_behind_an_endpoint_is_granted_by_its_id() -> None:
    endpoint = (
        "vpce-0a1b2c3d-4e5f6a7b.execute-api.us-east-1.vpce.amazonaws.com/prod\n    api_id: xyz"
    )
    text = PRIVATE.replace("def456.execute-api.us-east-1.amazonaws.com/prod", endpoint)
    inside = _needs(text).inside
    assert inside is not None
    assert inside.invoked == (("us-east-1", "xyz", "prod"),)
    assert inside.api_ids == dict.fromkeys(("own", "key", "inner", "anonymous"), ("xyz",))
    assert set(inside.sources) == {"own", "key", "inner"}


REFUSED = {
    "{bearer: {env: TOKEN}}": "env is not there in the account; expected a secret of Secrets "
    "Manager {secret: NAME} or a parameter {ssm: NAME}",
    "{bearer: {file: token.txt}}": "file is not there in the account; expected a secret of Secrets "
    "Manager {secret: NAME} or a parameter {ssm: NAME}",
    '{bearer: {secret: "*"}}': '"*": expected one name, without * and ?',
    '{bearer: {ssm: "/orders/?"}}': '"/orders/?": expected one name, without * and ?',
    '{sigv4: {role: "arn:aws:iam::111122223333:role/*", region: eu-west-1}}': (
        '"arn:aws:iam::111122223333:role/*": expected one name, without * and ?'
    ),
}


@pytest.mark.parametrize("source", REFUSED)
def test_what_would_not_work_or_grant_too_much_is_refused(source: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        _needs(_with_credential(source))
    assert str(refusal.value) == f"gatewatch.yaml: credentials.one: {REFUSED[source]}"


def test_what_is_only_for_this_machine_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"apis\.orders\.connect_to: only for tests"):
        _needs(_with_credential("{bearer: {ssm: /token}}", "connect_to: 127.0.0.1:8443"))


def test_authorities_are_written_down_for_the_probe_that_trusts_them() -> None:
    text = PRIVATE.replace("    private: true\n", "    private: true\n    ca_file: own.pem\n")
    lookups = Lookups(Placeholders(), lambda _: "PEM")
    found = needs(load(text, "f", lookups), "f")
    assert found.inside is not None
    assert (found.inside.authorities, found.outside.authorities) == ((fingerprint("PEM"),), ())
