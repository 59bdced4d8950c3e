"""The configuration reference as Markdown, rendered from the published schema."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from inspect import cleandoc
from typing import Any

from gatewatch.config import authored

Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Example:
    """One way to write a kind of credential or channel; `presents`: what it sends."""

    presents: str
    yaml: str


EXAMPLES: dict[str, Example] = {
    "api_key": Example(
        "`x-api-key`, or the header named by `header`",
        "{api_key: {secret: gatewatch/partner, key: apiKey}}",
    ),
    "bearer": Example("`Authorization: Bearer …`", "{bearer: {env: ORDERS_TOKEN}}"),
    "basic": Example(
        "`Authorization: Basic …`",
        "{basic: {username: monitor, password: {ssm: /gatewatch/password}}}",
    ),
    "header": Example(
        "a header of your own", "{header: {name: X-Partner, value: {file: partner.txt}}}"
    ),
    "oauth2": Example(
        "`Authorization: Bearer …`, a token for client credentials (RFC 6749)",
        "{oauth2: {token_url: https://auth.example.com/oauth2/token, "
        "client: {secret: gatewatch/client}, scope: orders/read}}",
    ),
    "cognito": Example(
        "`Authorization: Bearer …`, the token of a user who logs in",
        "{cognito: {region: us-east-1, client_id: 1example23456789, username: monitor, "
        "password: {secret: gatewatch/monitor}}}",
    ),
    "sigv4": Example(
        "an AWS signature (Signature Version 4)",
        '{sigv4: {role: "arn:aws:iam::111122223333:role/gatewatch-caller"}}',
    ),
    "client_certificate": Example(
        "a certificate in the TLS handshake",
        "{client_certificate: {certificate: {file: client.pem}, "
        "private_key: {secret: gatewatch/client-key}}}",
    ),
}

CHANNELS: dict[str, Example] = {
    "sns": Example(
        "text for mail, JSON for programs; with `as` the shape for Amazon Q in chat applications, "
        "or for SMS",
        '{sns: "arn:aws:sns:us-east-1:111122223333:chat", as: chat}',
    ),
    "event_bus": Example("an event of the source `gatewatch`", "{event_bus: default}"),
    "pagerduty": Example(
        "an alert that is triggered, acknowledged and resolved",
        "{pagerduty: {secret: gatewatch/pagerduty}, severity: [critical, high]}",
    ),
    "slack": Example("a card", "{slack: {secret: gatewatch/slack}, owner: team-orders}"),
    "teams": Example(
        "a card",
        "{teams: {secret: gatewatch/teams, host: prod-01.westeurope.logic.azure.com}}",
    ),
    "opsgenie": Example(
        "an alert that is created, acknowledged and closed",
        "{opsgenie: {secret: gatewatch/opsgenie}, after: 15m}",
    ),
    "incident_io": Example(
        "an alert that fires and resolves",
        "{incident_io: {secret: gatewatch/incident-io, source: 01HZX3V7Q0}}",
    ),
    "webhook": Example(
        "the JSON for programs, or what a template makes of it",
        "{webhook: {url: https://hooks.example.com/gatewatch, sign: {secret: gatewatch/sign}}}",
    ),
}

_TITLES = {
    "File": "The file",
    "Included": "Included files",
    "Defaults": "defaults",
    "Api": "apis",
    "UrlParameter": "a parameter",
    "Route": "routes",
    "Policy": "policy",
    "Verification": "verify",
    "Expect": "expect",
    "Credential": "credentials",
    "SecretRef": "References to secrets",
    "ApiKeyCredential": "api_key",
    "BasicCredential": "basic",
    "HeaderCredential": "header",
    "OAuth2Credential": "oauth2",
    "CognitoCredential": "cognito",
    "Sigv4Credential": "sigv4",
    "ClientCertificateCredential": "client_certificate",
    "Channel": "notify",
    "PagerDuty": "pagerduty",
    "SecretUrl": "slack and teams",
    "Opsgenie": "opsgenie",
    "IncidentIo": "incident_io",
    "Webhook": "webhook",
    "Quiet": "quiet",
    "Heartbeat": "heartbeat",
    "Window": "maintenance",
    "Network": "network",
}
_INTRODUCTION = """\
# Configuration

Generated from the types that read it; `gatewatch schema` prints the same for editors. A whole
file with comments: [examples/gatewatch.yaml](../examples/gatewatch.yaml). Unknown keys are
refused, and all problems are reported together.
"""


def reference_page() -> str:
    """The whole page."""
    described = authored.schema()["$defs"]
    sections = (_section(name, title, described) for name, title in _TITLES.items())
    return "\n".join([_INTRODUCTION, *sections])


def _section(name: str, title: str, described: Schema) -> str:
    lines = [f"## {title}", "", cleandoc(described[name]["description"]), ""]
    left_out: tuple[str, ...] = ()
    if name == "Credential":
        lines += [*_kinds("a request presents", EXAMPLES), ""]
        left_out = tuple(EXAMPLES)
    if name == "Channel":
        lines += [*_kinds("what arrives", CHANNELS), ""]
        left_out = tuple(CHANNELS)
    if name in ("Api", "Route"):
        but = " but `remind_every`" if name == "Route" else ""
        lines += [f"Besides these, every key of [defaults](#defaults){but}.", ""]
        left_out = authored.Defaults.__struct_fields__
    return "\n".join([*lines, *_keys(described[name], left_out, described), ""])


def _kinds(heading: str, examples: Mapping[str, Example]) -> Iterator[str]:
    yield f"| kind | {heading} | example |"
    yield "|---|---|---|"
    for kind, example in examples.items():
        yield f"| {kind} | {example.presents} | `{example.yaml}` |"


def _keys(part: Schema, left_out: Collection[str], described: Schema) -> Iterator[str]:
    yield "| key | expected | default |"
    yield "|---|---|---|"
    for key, value in part["properties"].items():
        required = key in part["required"]
        built_in = getattr(authored.BUILT_IN, key, None)
        default = "required" if required else _default(value.get("default") or built_in)
        if key not in left_out:
            yield f"| `{key}` | {_cell(_expected(value, described))} | {default} |"


def _default(value: object) -> str:
    """Nothing, where leaving the key out means nothing."""
    if value is None or isinstance(value, list | tuple | dict):
        return ""
    return f"`{value if isinstance(value, str) else json.dumps(value)}`"


def _expected(value: Schema, described: Schema) -> str:
    if "description" in value:
        return str(value["description"])
    if "$ref" in value:
        return _referred(value["$ref"].rpartition("/")[2], described)
    if "anyOf" in value:
        kinds = [one for one in value["anyOf"] if one.get("type") != "null"]
        return " or ".join(dict.fromkeys(_expected(one, described) for one in kinds))
    if "enum" in value:
        known = value["enum"]
        return f"`{known[0]}`" if len(known) == 1 else f"one of {', '.join(known)}"
    return _plain(value, described)


def _plain(value: Schema, described: Schema) -> str:
    match value.get("type"):
        case "array":
            return f"a list, each {_expected(value['items'], described)}"
        case "object" if "additionalProperties" in value:
            return f"a mapping, each {_expected(value['additionalProperties'], described)}"
        case kind:
            return _WORDS.get(str(kind), "any value")


def _referred(name: str, described: Schema) -> str:
    if name not in _TITLES:
        return _expected({"enum": described[name]["enum"]}, described)
    title = _TITLES[name]
    return f"[{title}](#{title.lower().replace(' ', '-')})"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


_WORDS = {
    "object": "a mapping",
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
}
