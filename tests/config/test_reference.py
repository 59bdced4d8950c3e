"""What is published about the configuration: the schema, its page, and the examples in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from bench.reference import PAGE

from gatewatch.cli.init import STARTER
from gatewatch.config import authored, channels
from gatewatch.config.author import load
from gatewatch.config.canonical import (
    AssumedRole,
    Config,
    CredentialSource,
    OAuth2,
    SecretRef,
    SecretSource,
    Sigv4,
)
from gatewatch.config.credentials import KINDS
from gatewatch.config.reference import CHANNELS, EXAMPLES, reference_page

APIS = """
apis:
  orders:
    url: https://abc123.execute-api.us-east-1.amazonaws.com/prod
    routes: [GET /orders: {access: protected, as: [%s]}]
"""


def source(found: Config, name: str) -> CredentialSource:
    return next(one.source for one in found.credentials if one.name == name)


def test_the_page_is_as_the_types_are() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference_page(), "run: python bench/reference.py"


def test_every_kind_of_credential_has_an_example() -> None:
    assert set(EXAMPLES) == set(KINDS)


@pytest.mark.parametrize("kind", EXAMPLES)
def test_an_example_of_the_page_loads(kind: str) -> None:
    found = load(f"credentials:\n  c: {EXAMPLES[kind].yaml}\n{APIS % 'c'}", kind)
    assert msgspec.to_builtins(source(found, "c"))["type"] == kind
    assert f"`{EXAMPLES[kind].yaml}`" in reference_page()


def test_every_kind_of_channel_has_an_example() -> None:
    assert set(CHANNELS) == set(channels.KINDS)


@pytest.mark.parametrize("kind", CHANNELS)
def test_an_example_of_a_channel_loads(kind: str) -> None:
    found = load(f"notify: [{CHANNELS[kind].yaml}]\n{APIS.replace(', as: [%s]', '')}", kind)
    assert len(found.notify) == 1
    assert f"`{CHANNELS[kind].yaml}`" in reference_page()


def test_the_page_tells_every_key() -> None:
    told = set(re.findall(r"^\| `(\w+)` \|", reference_page(), re.MULTILINE))
    told |= {*EXAMPLES, *CHANNELS}
    parts = (part.get("properties", {}) for part in authored.schema()["$defs"].values())
    assert told == {key for part in parts for key in part}


def test_the_schema_holds_every_kind() -> None:
    described = authored.schema()["$defs"]
    assert set(described["Credential"]["properties"]) == {*KINDS, "for"}
    assert described["OAuth2Credential"]["additionalProperties"] is False


def _patterns(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        yield from (part["pattern"],) if isinstance(part.get("pattern"), str) else ()
        part = list(part.values())
    if isinstance(part, list):
        for one in part:
            yield from _patterns(one)


def test_the_patterns_of_the_schema_are_not_pythons_alone() -> None:
    """JSON Schema takes the regular expressions of JavaScript: \\A, \\Z and (?P<…> are unknown."""
    found = list(_patterns(authored.schema()))
    assert len(found) > 10
    assert [one for one in found if re.search(r"\\[AZ]|\(\?P|\(\?[aiLmsux]", one)] == []


def test_the_credentials_of_the_design_load_as_they_stand() -> None:
    found = load(
        """
credentials:
  partner-key: {api_key: {secret: gatewatch/partner, key: apiKey}}
  user:        {oauth2: {token_url: https://auth.example.com/oauth2/token, client: {secret: gatewatch/client}, scope: orders/read}}
  service:     {sigv4: {role: "arn:aws:iam::111122223333:role/gatewatch-caller"}}
"""  # noqa: E501 - as written there
        + APIS % "user + partner-key, service",
        "design",
    )
    client = SecretRef(source=SecretSource.SECRET, name="gatewatch/client")
    assert source(found, "user") == OAuth2(
        token_url="https://auth.example.com/oauth2/token",
        client_id=msgspec.structs.replace(client, key="client_id"),
        client_secret=msgspec.structs.replace(client, key="client_secret"),
        scope="orders/read",
    )
    role = AssumedRole(arn="arn:aws:iam::111122223333:role/gatewatch-caller")
    assert source(found, "service") == Sigv4(keys=role)
    assert found.apis[0].routes[0].callers == (("user", "partner-key"), ("service",))


def test_what_the_starter_file_suggests_loads_too() -> None:
    begin = STARTER.index("credentials:")
    block = STARTER[begin : STARTER.index("# Also basic")].replace("\n  # ", "\n  ")
    found = load(block + APIS % "user, partner-key + service, machine", "starter")
    assert [one.name for one in found.credentials] == ["user", "partner-key", "service", "machine"]


@pytest.mark.parametrize("host", ["API.example.com", "api.example.com:443"])
def test_hosts_are_compared_without_case(host: str) -> None:
    text = f"credentials: {{c: {{bearer: {{env: T}}, for: ['{host}']}}}}\n" + APIS % "c"
    found = load(text.replace("abc123.execute-api.us-east-1.amazonaws", "api.example"), "f")
    assert found.credentials[0].hosts == ("api.example.com:443",)
