"""What a user writes in gatewatch.yaml: the types, the defaults, and the published schema.

A description beside a type is what the error message says was expected.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, field

from gatewatch.config.values import (
    ApiId,
    ApiName,
    AuthMethod,
    Contact,
    Count,
    CronLine,
    HeaderName,
    HostPort,
    Link,
    Moment,
    Pattern,
    Range,
    Region,
    RoleArn,
    SecurityGroupId,
    Status,
    SubnetId,
    Text,
    TimeZone,
    TopicArn,
    Username,
)
from gatewatch.gateway.url import NAMED_HOST, PORT
from gatewatch.model import Access, Guard, Severity

Duration = Annotated[
    str,
    Meta(
        pattern=r"^[0-9]+(\.[0-9]+)?(ms|s|m|h|d)$",
        extra_json_schema={"description": "a duration such as 800ms, 10s, 5m, 2h or 1d"},
    ),
]
NEVER = "never"
Interval = Annotated[
    str,
    Meta(
        pattern=rf"^([0-9]+(\.[0-9]+)?(ms|s|m|h|d)|{NEVER})$",
        extra_json_schema={"description": "a duration such as 4h or 1d, or never"},
    ),
]
Share = Annotated[
    str,
    Meta(
        pattern=r"^[1-9][0-9]? of [1-9][0-9]?$(?!\n)",
        extra_json_schema={"description": "X of the last Y such as `3 of 10`, Y at most 99"},
    ),
]
_NAMED = NAMED_HOST.replace("a-z", "A-Za-z").replace("a-f", "A-Fa-f")
_HOST = rf"({_NAMED}|\[::1\]|\[([0-9a-fA-F]{{1,4}}:){{7}}[0-9a-fA-F]{{1,4}}\])"
URL_PATTERN = rf"^https?://{_HOST}(:{PORT})?(/[^\s?#\\]*)?$(?!\n)"
URL = "a URL such as https://api.example.com/orders, without query"
Url = Annotated[
    str, Meta(pattern=URL_PATTERN, max_length=2_000, extra_json_schema={"description": URL})
]


TokenUrl = Annotated[
    str,
    Meta(
        pattern=URL_PATTERN,
        max_length=2_000,
        extra_json_schema={
            "description": "a URL such as https://auth.example.com/oauth2/token, without query"
        },
    ),
]
ENV_NAME_PATTERN = r"^[A-Za-z_][A-Za-z0-9_]*$(?!\n)"
EnvName = Annotated[
    str,
    Meta(
        pattern=ENV_NAME_PATTERN,
        extra_json_schema={"description": "the name of an environment variable such as API_TOKEN"},
    ),
]
Host = Annotated[
    str,
    Meta(
        pattern=rf"^{_NAMED}(:{PORT})?$(?!\n)",
        max_length=300,
        extra_json_schema={"description": "a host such as api.example.com or api.example.com:8443"},
    ),
]
WindowLength = Annotated[
    str,
    Meta(
        pattern=r"^[0-9]+(\.[0-9]+)?(m|h|d)$",
        extra_json_schema={"description": "whole minutes from 1m to 15d, such as 90m or 2h"},
    ),
]


class Authored(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The manners of everything below: keys are fixed, values are never changed."""


class SecretRef(Authored, frozen=True, kw_only=True):
    """Where a secret is kept: an environment variable, a file beside the configuration, a secret
    of Secrets Manager (name or ARN) or an SSM parameter; exactly one of them.

    `key` picks one text out of a secret that is a JSON object.
    """

    env: EnvName | None = None
    file: Text | None = None
    secret: Text | None = None
    ssm: Text | None = None
    key: Text | None = None


class ApiKeyCredential(SecretRef, frozen=True, kw_only=True):
    """A key in a header of its own: the reference itself, and the header's name."""

    header: HeaderName = "x-api-key"


REFERENCE = "a reference to a secret: {env: NAME}, {file: PATH}, {secret: NAME} or {ssm: NAME}"
_REFERENCE = Meta(extra_json_schema={"description": REFERENCE})
Secret = Annotated[SecretRef, _REFERENCE]


class BasicCredential(Authored, frozen=True, kw_only=True):
    """HTTP Basic: a user and a password."""

    username: Username
    password: Secret


class HeaderCredential(Authored, frozen=True, kw_only=True):
    """Any other header that holds a secret."""

    name: HeaderName
    value: Secret


class OAuth2Credential(Authored, frozen=True, kw_only=True):
    """Client credentials. `client`: a JSON secret with `client_id` and `client_secret`; or both
    of them by themselves. `ca_file`: PEM certificates of the token endpoint's private authority.
    """

    token_url: TokenUrl
    client: Secret | None = None
    client_id: Text | None = None
    client_secret: Secret | None = None
    # msgspec 0.22 frees the type of a bounded text beside a tuple twice.
    scope: str | tuple[Text, ...] | None = None
    audience: Text | None = None
    auth_method: AuthMethod = "client_secret_basic"
    ca_file: Text | None = None


class CognitoCredential(Authored, frozen=True, kw_only=True):
    """A user of a user pool; the app client must allow USER_PASSWORD_AUTH.

    REST API authorizers take the `id` token, or the `access` token where the method asks scopes.
    """

    region: Region
    client_id: Text
    username: Text
    password: Secret
    client_secret: Secret | None = None
    token: Literal["id", "access"] = "id"


class Sigv4Credential(Authored, frozen=True, kw_only=True):
    """A `role` to assume, or given keys, or neither: the identity that Gatewatch runs as.

    `region` and `service` are needed where the URL does not name them.
    """

    role: RoleArn | None = None
    external_id: Text | None = None
    access_key_id: Secret | None = None
    secret_access_key: Secret | None = None
    session_token: Secret | None = None
    region: Region | None = None
    service: Text | None = None


class ClientCertificateCredential(Authored, frozen=True, kw_only=True):
    """For mutual TLS: PEM texts; the certificate may bring its chain."""

    certificate: Secret
    private_key: Secret


class Credential(Authored, frozen=True, kw_only=True):
    """One kind; `for` lists the hosts that it may be sent to."""

    api_key: Annotated[ApiKeyCredential, _REFERENCE] | None = None
    bearer: Secret | None = None
    basic: BasicCredential | None = None
    header: HeaderCredential | None = None
    oauth2: OAuth2Credential | None = None
    cognito: CognitoCredential | None = None
    sigv4: Sigv4Credential | None = None
    client_certificate: ClientCertificateCredential | None = None
    hosts: tuple[Host, ...] | None = field(default=None, name="for")


class Expect(Authored, frozen=True, kw_only=True):
    """What a call that gets through must bring: any 2xx, where no status is named."""

    status: Status | tuple[Status, ...] | None = None
    json: dict[Pattern, Any] = {}
    headers: dict[HeaderName, Pattern] = {}
    body: Pattern | None = None
    within: Duration | None = None


class Looks(Authored, frozen=True, kw_only=True):
    """How a route is looked at, and what counts."""

    every: Duration | None = None
    anonymous_every: Duration | None = None
    timeout: Duration | None = None
    open_after: Count | Share | None = None
    resolve_after: Count | None = None


class Defaults(Looks, frozen=True, kw_only=True):
    """Each may be given again on an API, and all but `remind_every` on a route.

    `remind_every`: how often the deployed service tells again of an incident that stays open and
    that nobody has acknowledged; one of low severity is told once.
    """

    remind_every: Interval | None = None


BUILT_IN = Defaults(
    every="1m",
    anonymous_every="5m",
    timeout="10s",
    open_after=2,
    resolve_after=2,
    remind_every="4h",
)


class Route(Looks, frozen=True, kw_only=True):
    """Keyed by method and path template, such as `GET /orders/{id}`."""

    access: Access
    guarded_by: Guard | tuple[Guard, ...] = ()
    callers: tuple[Text, ...] = field(default=(), name="as")
    path: dict[str, Text | int] = {}
    query: dict[Text, Text | int | float | bool] = {}
    headers: dict[str, str] = {}
    invoke: bool = False
    expect: Expect = Expect()
    severity: Severity | None = None


ParameterName = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9_./-]+$(?!\n)",
        extra_json_schema={"description": "the name of a parameter such as /orders/url"},
    ),
]


class UrlParameter(Authored, frozen=True, kw_only=True):
    """A URL that is kept in Parameter Store, as a `String`. Its value is read when a command
    starts; for the service in the account, when it is deployed or pushed to.
    """

    ssm: ParameterName


Place = Url | Annotated[UrlParameter, Meta(extra_json_schema={"description": "{ssm: NAME}"})]


class Api(Defaults, frozen=True, kw_only=True):
    """One API and stage. `also_at` must answer alike; `closed_at` must refuse everybody.

    `private`: it is reached from inside a VPC only. In the account it is looked at from the
    [network](#network); from the command line, from wherever that runs. `api_id` tells a VPC
    endpoint, at a name of its own, for which API a request is (the header `x-apigw-api-id`).
    `ca_file`: PEM certificates of a private authority that is trusted besides the public ones.
    """

    url: Place
    routes: tuple[dict[str, Access | Route], ...]
    also_at: tuple[Place, ...] = ()
    closed_at: tuple[Place, ...] = ()
    owner: Text | None = None
    severity: Severity = Severity.MEDIUM
    runbook: Text | None = None
    private: bool = False
    api_id: ApiId | None = None
    connect_to: HostPort | None = None
    ca_file: Text | None = None


class Channel(Authored, frozen=True, kw_only=True):
    """A topic that the deployed service tells of incidents, besides its own; of which severities,
    if not of all.

    `only: exposures` makes it the security route: a route that lets strangers in is told there and
    on the service's own topic, and no longer on the others.
    """

    sns: TopicArn
    severity: Severity | tuple[Severity, ...] = ()
    only: Literal["exposures"] | None = None


class Window(Authored, frozen=True, kw_only=True):
    """From each time that `cron` names, or once `from` a moment, `for` so long. It covers the
    `apis` named, or all. What begins to fail in it is told when it is over, if it still fails
    then; an exposure is told at once. More: [maintenance windows](maintenance.md).
    """

    cron: CronLine | None = None
    start: Moment | None = field(default=None, name="from")
    duration: WindowLength = field(name="for")
    timezone: TimeZone = "UTC"
    apis: tuple[Text, ...] | None = None


class Network(Authored, frozen=True, kw_only=True):
    """From where the deployed service looks at APIs that are `private`: a second probe, in these
    subnets of one VPC and under these security groups. `ranges`: the private addresses to which
    it may connect, such as those of the VPC endpoint; public ones it may always.
    """

    subnets: tuple[SubnetId, ...]
    security_groups: tuple[SecurityGroupId, ...]
    ranges: tuple[Range, ...]


Acting = Literal["layer", "route"]


class File(Authored, frozen=True, kw_only=True):
    """gatewatch.yaml as a whole.

    `alarms`: which of CloudWatch's alarms tell the topic `AlarmsTopic`: those of a `layer`, once
    for all routes, or those that name each `route` that fails. The others only show on the
    dashboard. It takes effect with a deployment.

    `contact`: where those who run a watched API learn who calls it. It stands in the `User-Agent`
    of every request, which otherwise says no more than that Gatewatch calls.

    `alarm_runbook`: the page where you keep the [runbook](runbook.md). The alarms link to it, with
    their names after a `#`; without it they name that file. It takes effect with a deployment.
    """

    apis: dict[ApiName, Api]
    defaults: Defaults = Defaults()
    credentials: dict[str, Credential] = {}
    notify: tuple[Channel, ...] = ()
    maintenance: tuple[Window, ...] = ()
    network: Network | None = None
    alarms: Acting = "layer"
    contact: Contact | None = None
    alarm_runbook: Link | None = None


def schema() -> dict[str, Any]:
    """The JSON Schema that editors use."""
    described = msgspec.json.schema(File)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **described}
