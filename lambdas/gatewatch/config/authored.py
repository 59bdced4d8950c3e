"""What a user writes in gatewatch.yaml: the types, the defaults, and the published schema.

An error message uses the description beside a type as what was expected.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, field

from gatewatch.config.values import (
    ApiId,
    ApiName,
    AuthMethod,
    Bus,
    ChannelName,
    Contact,
    Count,
    CronLine,
    HeaderName,
    HeaderValue,
    HostPort,
    Link,
    Moment,
    Pattern,
    Range,
    Region,
    RoleArn,
    SecurityGroupId,
    SourceId,
    Status,
    SubnetId,
    Template,
    Text,
    TimeZone,
    TopicArn,
    Username,
)
from gatewatch.gateway.url import NAMED_HOST, PORT
from gatewatch.model import Access, Action, Concern, Finding, Guard, Layer, Severity

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
    """The base of everything below: unknown keys are refused, values never change."""


class SecretRef(Authored, frozen=True, kw_only=True):
    """Where a secret is kept: exactly one of an environment variable, a file beside the
    configuration, a secret of Secrets Manager (name or ARN) and an SSM parameter.

    `key` picks one text from a secret that is a JSON object.
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
    """Client credentials. `client`: a JSON secret with `client_id` and `client_secret`; or give
    these two keys. `ca_file`: PEM certificates of the token endpoint's private authority.
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

    REST API authorizers take the `id` token, or `access` where the method requires scopes.
    """

    region: Region
    client_id: Text
    username: Text
    password: Secret
    client_secret: Secret | None = None
    token: Literal["id", "access"] = "id"


class Sigv4Credential(Authored, frozen=True, kw_only=True):
    """A `role` to assume, or given keys; neither means the identity that Gatewatch runs as.

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
    """Exactly one kind; `for` lists the hosts that may receive it."""

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
    """What a successful call must return; without `status`, any 2xx."""

    status: Status | tuple[Status, ...] | None = None
    json: dict[Pattern, Any] = {}
    headers: dict[HeaderName, Pattern] = {}
    body: Pattern | None = None
    within: Duration | None = None


class Looks(Authored, frozen=True, kw_only=True):
    """How often a route is looked at, and how many failures and passes count."""

    every: Duration | None = None
    anonymous_every: Duration | None = None
    timeout: Duration | None = None
    open_after: Count | Share | None = None
    resolve_after: Count | None = None


class Defaults(Looks, frozen=True, kw_only=True):
    """Each may be set again on an API, and all but `remind_every` on a route.

    `remind_every`: how often the deployed service sends a reminder of an open incident that nobody
    has acknowledged; incidents of low severity get none.
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


Concerns = Annotated[
    Concern | tuple[Concern, ...],
    Meta(
        extra_json_schema={
            "description": "one or a list of a layer (network, edge, routing, auth, throttle, "
            "request, integration, backend), exposure, expectation, slow and certificate"
        }
    ),
]


class Policy(Authored, frozen=True, kw_only=True):
    """What a failure does to a release, by its layer, or by what it is about otherwise: `exposure`,
    `expectation`, `slow` or `certificate`. An exposure always fails it. What is not named keeps
    what is said around it; at first, `throttle`, `backend`, `slow` and `certificate` only warn, and
    everything else fails.
    """

    fail: Concerns = ()
    warn: Concerns = ()
    ignore: Concerns = ()


class Verification(Policy, frozen=True, kw_only=True):
    """How `gatewatch verify` decides after a deployment. It looks at everything `every` so often,
    by default each 5s, or eighteen times in a shorter window. What it sees counts once the window
    `for` is over and the looks of its last third agree. Where they do not, it goes on until the
    `deadline`: by default twice as long, and at least 5m.
    """

    duration: Duration = field(default="90s", name="for")
    every: Duration | None = None
    deadline: Duration | None = None


Verify = Action | Policy
"""One word is for everything but exposures."""


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
    verify: Verify | None = None


ParameterName = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9_./-]+$(?!\n)",
        extra_json_schema={"description": "the name of a parameter such as /orders/url"},
    ),
]


class UrlParameter(Authored, frozen=True, kw_only=True):
    """A URL in Parameter Store, as a `String`. A command reads its value when it starts; the
    service in the account uses the value of its last deployment or push.
    """

    ssm: ParameterName


Place = Url | Annotated[UrlParameter, Meta(extra_json_schema={"description": "{ssm: NAME}"})]


class Api(Defaults, frozen=True, kw_only=True):
    """One API and stage. `also_at` must answer alike; `closed_at` must refuse everybody.

    `private`: only reachable from inside a VPC. The service in the account looks at it from the
    [network](#network); the command line, from wherever it runs. `api_id` tells a VPC endpoint that
    is called by its own name which API a request is for (the header `x-apigw-api-id`). `ca_file`:
    PEM certificates of a private authority, trusted in addition to the public ones.
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
    verify: Verify | None = None
    connect_to: HostPort | None = None
    ca_file: Text | None = None


class PagerDuty(SecretRef, frozen=True, kw_only=True):
    """The integration key of a service (Events API v2): the reference itself.

    `url`: another address of that API, such as `https://events.eu.pagerduty.com/v2/enqueue`.
    `acknowledge`: the signing secret of a webhook (v3) by which PagerDuty tells who takes an
    incident; the deployed service then has an address for it.
    """

    url: Url | None = None
    acknowledge: Secret | None = None


class SecretUrl(SecretRef, frozen=True, kw_only=True):
    """The address of an incoming webhook, which is a secret: the reference itself. `host`: where
    that address is; the secret can lead nowhere else."""

    host: Host | None = None


class Opsgenie(SecretRef, frozen=True, kw_only=True):
    """The key of an API integration: the reference itself. `url`: another address of the Alert API,
    such as `https://api.eu.opsgenie.com/v2/alerts`."""

    url: Url | None = None


class IncidentIo(SecretRef, frozen=True, kw_only=True):
    """The token of an HTTP alert source of incident.io: the reference itself. `source`: its id."""

    source: SourceId
    url: Url | None = None


class Webhook(Authored, frozen=True, kw_only=True):
    """Any other receiver. `url`: its address, or a reference to it; then `host` says where it is.

    `sign`: a secret with which each message is signed; `bearer`: a token that is sent along.
    `template`: a template of Jinja2 that makes the body, instead of the JSON for programs; it may
    use the fields of that JSON, filters, `if` and `for`. `content_type`: what that body is, unless
    JSON. `ca_file`: PEM certificates of a private authority.
    """

    url: Url | SecretRef
    host: Host | None = None
    sign: Secret | None = None
    bearer: Secret | None = None
    template: Template | None = None
    content_type: HeaderValue | None = None
    ca_file: Text | None = None


class Quiet(Authored, frozen=True, kw_only=True):
    """Quiet hours: they begin at each time of `cron` and last `for` so long. What is of these
    severities waits until their end, and is not told at all if it is over by then."""

    cron: CronLine
    duration: WindowLength = field(name="for")
    timezone: TimeZone = "UTC"
    severity: Severity | tuple[Severity, ...] = (Severity.LOW, Severity.MEDIUM)


class Channel(Authored, frozen=True, kw_only=True):
    """Where incidents are told, in addition to the deployed service's own topic: exactly one of
    `sns`, `event_bus`, `pagerduty`, `slack`, `teams`, `opsgenie`, `incident_io` and `webhook`.

    It gets the incidents of these severities, owners, layers and findings, and of the named `apis`;
    of all, where a key is left out. `as`: the shape of what a topic gets, `chat` for Amazon Q in
    chat applications or `sms`; else mail gets text, and programs JSON. `quiet`: its quiet hours.
    `after`: it gets only incidents that nobody has acknowledged for so long.

    `only: exposures` makes it the security route: exposures go there and to the service's own
    topic, and no longer to the others. `name` is for commands and messages; more: [on
    call](on-call.md).
    """

    name: ChannelName | None = None
    sns: TopicArn | None = None
    shape: Literal["chat", "sms"] | None = field(default=None, name="as")
    event_bus: Bus | None = None
    pagerduty: Annotated[PagerDuty, _REFERENCE] | None = None
    slack: Annotated[SecretUrl, _REFERENCE] | None = None
    teams: Annotated[SecretUrl, _REFERENCE] | None = None
    opsgenie: Annotated[Opsgenie, _REFERENCE] | None = None
    incident_io: Annotated[IncidentIo, _REFERENCE] | None = None
    webhook: Webhook | None = None
    severity: Severity | tuple[Severity, ...] = ()
    # msgspec 0.22 frees the type of a bounded text beside a tuple twice.
    owner: str | tuple[Text, ...] = ()
    layer: Layer | tuple[Layer, ...] = ()
    finding: Finding | tuple[Finding, ...] = ()
    only: Literal["exposures"] | None = None
    apis: tuple[Text, ...] | None = None
    quiet: Quiet | None = None
    after: Duration | None = None


class Heartbeat(Authored, frozen=True, kw_only=True):
    """A sign of life, so that somebody outside notices when nothing comes any more: to exactly one
    of a `url` (or a reference to it; then `host` says where it is) and a topic (`sns`)."""

    url: Url | SecretRef | None = None
    host: Host | None = None
    sns: TopicArn | None = None
    every: Duration = "5m"


class Window(Authored, frozen=True, kw_only=True):
    """Opens at each time of `cron`, or once at `from`, and lasts `for` so long. It covers the named
    `apis`, or all. A failure that begins in it is announced at its end, if it still fails then; an
    exposure at once. More: [maintenance windows](maintenance.md).
    """

    cron: CronLine | None = None
    start: Moment | None = field(default=None, name="from")
    duration: WindowLength = field(name="for")
    timezone: TimeZone = "UTC"
    apis: tuple[Text, ...] | None = None


class Network(Authored, frozen=True, kw_only=True):
    """Where the deployed service looks at `private` APIs from: a second probe, in these subnets of
    one VPC and with these security groups. `ranges`: the private addresses that it may connect to,
    such as those of the VPC endpoint; it may always connect to public ones.
    """

    subnets: tuple[SubnetId, ...]
    security_groups: tuple[SecurityGroupId, ...]
    ranges: tuple[Range, ...]


Acting = Literal["layer", "route"]


class Included(Authored, frozen=True, kw_only=True):
    """A file that gatewatch.yaml includes: the APIs of a team, and what belongs to them.

    Its `defaults` are for the APIs in it, and so are its `notify` and its `maintenance` where they
    name no `apis`. A credential of any file may be used in every other. `ca_file` and `{file: …}`
    are beside the file that names them.
    """

    apis: dict[ApiName, Api] = {}
    defaults: Defaults = Defaults()
    credentials: dict[str, Credential] = {}
    notify: tuple[Channel, ...] = ()
    maintenance: tuple[Window, ...] = ()


class File(Included, frozen=True, kw_only=True):
    """gatewatch.yaml as a whole.

    `include`: further files, as paths or patterns such as `teams/*.yaml`, seen from this file's
    folder and within it. They may hold [these keys](#included-files); all others are settings of
    the whole and stay here. More: [many teams, many routes](many-routes.md).

    `alarms`: which CloudWatch alarms notify the topic `AlarmsTopic`: those of a `layer`, once for
    all routes, or those that name each failing `route`. The others only show on the dashboard. It
    takes effect with a deployment.

    `contact`: where those who run a watched API learn who calls it. The `User-Agent` of every
    request names it; without it, the header only names Gatewatch.

    `alarm_runbook`: the page where you keep the [runbook](runbook.md). The alarms link to it, with
    their names after a `#`; without it they name that file. It takes effect with a deployment.

    `small`: leave out what a few routes do not need, at most a hundred at entrances: the dashboard,
    the alarms that only show, and all metrics without an alarm, such as latencies. Everything that
    notifies stays. It takes effect with a deployment, and [costs less](cost.md#a-small-deployment).
    """

    include: tuple[Text, ...] = ()
    network: Network | None = None
    alarms: Acting = "layer"
    small: bool = False
    contact: Contact | None = None
    alarm_runbook: Link | None = None
    verify: Verification | None = None
    heartbeat: Heartbeat | None = None


def schema() -> dict[str, Any]:
    """The JSON Schema that editors use; that of an included file is its `#/$defs/Included`."""
    (whole, _), described = msgspec.json.schema_components(
        (File, Included), ref_template="#/$defs/{name}"
    )
    described["File"]["anyOf"] = [{"required": [key]} for key in ("apis", "include")]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **whole, "$defs": described}
