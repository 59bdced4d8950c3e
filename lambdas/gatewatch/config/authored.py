"""What a user writes in gatewatch.yaml: the types, the defaults, and the published schema.

A description beside a type is what the error message says was expected.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, field

from gatewatch.model import Access, Guard, Severity

Duration = Annotated[
    str,
    Meta(
        pattern=r"^\d+(\.\d+)?(ms|s|m|h|d)$",
        extra_json_schema={"description": "a duration such as 800ms, 10s, 5m, 2h or 1d"},
    ),
]
NEVER = "never"
Interval = Annotated[
    str,
    Meta(
        pattern=rf"^(\d+(\.\d+)?(ms|s|m|h|d)|{NEVER})$",
        extra_json_schema={"description": "a duration such as 4h or 1d, or never"},
    ),
]
Count = Annotated[int, Meta(ge=1, extra_json_schema={"description": "a whole number from 1"})]
Share = Annotated[
    str,
    Meta(
        pattern=r"^[1-9]\d? of [1-9]\d?$(?!\n)",
        extra_json_schema={"description": "X of the last Y such as `3 of 10`, Y at most 99"},
    ),
]
_PORT = r"(:([1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d{2}|655[0-2]\d|6553[0-5]))?"
_HOST = r"([^\s/?#@:\[\]\\]+|\[::1\]|\[([0-9a-fA-F]{1,4}:){7}[0-9a-fA-F]{1,4}\])"
URL_PATTERN = rf"^https?://{_HOST}{_PORT}(/[^\s?#]*)?$(?!\n)"
URL = "a URL such as https://api.example.com/orders, without query"
Url = Annotated[str, Meta(pattern=URL_PATTERN, extra_json_schema={"description": URL})]
HOST_PORT_PATTERN = r"^(\[[0-9a-fA-F:]+\]|[^\s:/]+):\d{1,5}$"
HOST_PORT = "HOST:PORT such as 127.0.0.1:8443"
HostPort = Annotated[
    str, Meta(pattern=HOST_PORT_PATTERN, extra_json_schema={"description": HOST_PORT})
]
Status = Annotated[
    int, Meta(ge=100, le=599, extra_json_schema={"description": "an HTTP status such as 200"})
]


TokenUrl = Annotated[
    str,
    Meta(
        pattern=URL_PATTERN,
        extra_json_schema={
            "description": "a URL such as https://auth.example.com/oauth2/token, without query"
        },
    ),
]
ROLE_ARN_PATTERN = r"^arn:aws[a-z-]*:iam::\d{12}:role/\S+$(?!\n)"
RoleArn = Annotated[
    str,
    Meta(
        pattern=ROLE_ARN_PATTERN,
        extra_json_schema={
            "description": "a role such as arn:aws:iam::111122223333:role/gatewatch-caller"
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
HEADER_NAME_PATTERN = r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$(?!\n)"
HeaderName = Annotated[
    str,
    Meta(
        pattern=HEADER_NAME_PATTERN,
        extra_json_schema={"description": "the name of a header such as X-Api-Token"},
    ),
]
USERNAME_PATTERN = r"^[^:\x00-\x1f\x7f]+$(?!\n)"
Username = Annotated[
    str,
    Meta(
        pattern=USERNAME_PATTERN,
        extra_json_schema={"description": "a user name without colon (RFC 7617)"},
    ),
]
Host = Annotated[
    str,
    Meta(
        pattern=r"^[^\s/:?#@]+(:\d{1,5})?$(?!\n)",
        extra_json_schema={"description": "a host such as api.example.com or api.example.com:8443"},
    ),
]
Region = Annotated[
    str,
    Meta(
        pattern=r"^[a-z]{2,}(-[a-z]+)+-\d+$(?!\n)",
        extra_json_schema={"description": "an AWS region such as eu-west-1"},
    ),
]
CRON_LINE = 'five fields of cron, such as "0 2 * * SUN": minute, hour, day, month, day of the week'
CronLine = Annotated[str, Meta(extra_json_schema={"description": CRON_LINE})]
Moment = Annotated[
    str,
    Meta(
        pattern=r"^20\d{2}-\d{2}-\d{2}T\d{2}:\d{2}$(?!\n)",
        extra_json_schema={"description": "a moment such as 2026-12-01T02:00"},
    ),
]
TimeZone = Annotated[
    str, Meta(extra_json_schema={"description": "a time zone such as Europe/Berlin"})
]
WindowLength = Annotated[
    str,
    Meta(
        pattern=r"^\d+(\.\d+)?(m|h|d)$",
        extra_json_schema={"description": "whole minutes from 1m to 15d, such as 90m or 2h"},
    ),
]
AuthMethod = Literal["client_secret_basic", "client_secret_post"]


ApiId = Annotated[
    str,
    Meta(
        pattern=r"^[a-z0-9]+$(?!\n)",
        extra_json_schema={"description": "the id of an API such as abc123"},
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
    file: str | None = None
    secret: str | None = None
    ssm: str | None = None
    key: str | None = None


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
    client_id: str | None = None
    client_secret: Secret | None = None
    scope: str | tuple[str, ...] | None = None
    audience: str | None = None
    auth_method: AuthMethod = "client_secret_basic"
    ca_file: str | None = None


class CognitoCredential(Authored, frozen=True, kw_only=True):
    """A user of a user pool; the app client must allow USER_PASSWORD_AUTH.

    REST API authorizers take the `id` token, or the `access` token where the method asks scopes.
    """

    region: Region
    client_id: str
    username: str
    password: Secret
    client_secret: Secret | None = None
    token: Literal["id", "access"] = "id"


class Sigv4Credential(Authored, frozen=True, kw_only=True):
    """A `role` to assume, or given keys, or neither: the identity that Gatewatch runs as.

    `region` and `service` are needed where the URL does not name them.
    """

    role: RoleArn | None = None
    external_id: str | None = None
    access_key_id: Secret | None = None
    secret_access_key: Secret | None = None
    session_token: Secret | None = None
    region: Region | None = None
    service: str | None = None


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
    json: dict[str, Any] = {}
    headers: dict[str, str] = {}
    body: str | None = None
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
    callers: tuple[str, ...] = field(default=(), name="as")
    path: dict[str, str | int] = {}
    query: dict[str, str | int | float | bool] = {}
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
    owner: str | None = None
    severity: Severity = Severity.MEDIUM
    runbook: str | None = None
    private: bool = False
    api_id: ApiId | None = None
    connect_to: HostPort | None = None
    ca_file: str | None = None


TopicArn = Annotated[
    str,
    Meta(
        pattern=r"^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}$(?!\n)",
        extra_json_schema={
            "description": "a topic such as arn:aws:sns:us-east-1:111122223333:on-call"
        },
    ),
]


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
    apis: tuple[str, ...] | None = None


def _id(kind: str, example: str) -> Meta:
    return Meta(
        pattern=rf"^{kind}-[0-9a-f]{{8,17}}$(?!\n)",
        extra_json_schema={"description": f"an id such as {example}"},
    )


SubnetId = Annotated[str, _id("subnet", "subnet-0a1b2c3d4e5f67890")]
SecurityGroupId = Annotated[str, _id("sg", "sg-0a1b2c3d4e5f67890")]
RANGE = "a range of private addresses such as 10.0.0.0/16"
Range = Annotated[str, Meta(extra_json_schema={"description": RANGE})]


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
    """

    apis: dict[str, Api]
    defaults: Defaults = Defaults()
    credentials: dict[str, Credential] = {}
    notify: tuple[Channel, ...] = ()
    maintenance: tuple[Window, ...] = ()
    network: Network | None = None
    alarms: Acting = "layer"


def schema() -> dict[str, Any]:
    """The JSON Schema that editors use."""
    described = msgspec.json.schema(File)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **described}
