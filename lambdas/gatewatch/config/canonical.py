"""A configuration as the core reads it: complete, typed, without shorthand or secrets."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta, field

from gatewatch.config.values import (
    MOST_CHANNELS,
    MOST_SECURITY_GROUPS,
    MOST_SUBNETS,
    MOST_WINDOWS,
    ROUNDS,
    ApiId,
    ApiName,
    AuthMethod,
    Authority,
    BaseUrl,
    Beats,
    Bus,
    ChannelName,
    Contact,
    Count,
    CredentialName,
    CronLine,
    Deadline,
    Destination,
    Escalation,
    Every,
    Few,
    HeaderName,
    HeaderValue,
    HostPort,
    Link,
    Method,
    Moment,
    Pattern,
    Range,
    Region,
    Reminder,
    RoleArn,
    Rounds,
    RouteName,
    SecurityGroupId,
    Settles,
    Status,
    SubnetId,
    Target,
    Template,
    Text,
    Timeout,
    TimeZone,
    Username,
    WindowSeconds,
    Within,
)
from gatewatch.model import (
    ANONYMOUS,
    READING_METHODS,
    Access,
    Action,
    Concern,
    Finding,
    Guard,
    Layer,
    Severity,
)


class Canonical(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The base of everything here: compared by value, never changed, written as JSON."""


T = TypeVar("T")


def within(value: object, kind: type[T]) -> Iterator[T]:
    """Every value of a type inside a configuration or a part of one, at any depth."""
    if isinstance(value, kind):
        yield value
    elif isinstance(value, Canonical):
        yield from within(msgspec.structs.astuple(value), kind)
    elif isinstance(value, tuple):
        for part in value:
            yield from within(part, kind)


class SecretSource(StrEnum):
    """Where secrets are kept: here, in Secrets Manager, or in a parameter of Systems Manager."""

    ENV = "env"
    FILE = "file"
    SECRET = "secret"
    SSM = "ssm"


class SecretRef(Canonical, frozen=True, kw_only=True):
    """A secret by name. `key`: one field of it, where it is a JSON object."""

    source: SecretSource
    name: Text
    key: Text | None = None

    def __str__(self) -> str:
        return f"{self.source} {self.name}" + (f", key {self.key}" if self.key else "")


class ApiKey(Canonical, frozen=True, kw_only=True, tag="api_key"):
    secret: SecretRef
    header: HeaderName


class Bearer(Canonical, frozen=True, kw_only=True, tag="bearer"):
    secret: SecretRef


class Basic(Canonical, frozen=True, kw_only=True, tag="basic"):
    username: Username
    password: SecretRef


class Header(Canonical, frozen=True, kw_only=True, tag="header"):
    name: HeaderName
    secret: SecretRef


class OAuth2(Canonical, frozen=True, kw_only=True, tag="oauth2"):
    """Client credentials: a token from the endpoint. `auth_method` is named as in RFC 7591.
    `authority`: PEM certificates that are trusted in addition to the public ones."""

    token_url: BaseUrl
    client_id: Text | SecretRef
    client_secret: SecretRef
    scope: Text | None = None
    audience: Text | None = None
    auth_method: AuthMethod = "client_secret_basic"
    authority: Authority | None = field(default=None, name="ca_file")


class Cognito(Canonical, frozen=True, kw_only=True, tag="cognito"):
    """A user of a user pool. `token`: which of the two tokens is sent, `id` or `access`."""

    region: Region
    client_id: Text
    username: Text
    password: SecretRef
    client_secret: SecretRef | None = None
    token: Literal["id", "access"] = "id"


class GivenKeys(Canonical, frozen=True, kw_only=True, tag="given"):
    access_key_id: SecretRef
    secret_access_key: SecretRef
    session_token: SecretRef | None = None


class AssumedRole(Canonical, frozen=True, kw_only=True, tag="role"):
    arn: RoleArn
    external_id: Text | None = None


class OwnKeys(Canonical, frozen=True, kw_only=True, tag="own"):
    """The identity that Gatewatch itself runs as."""


SigningKeys = GivenKeys | AssumedRole | OwnKeys


class Sigv4(Canonical, frozen=True, kw_only=True, tag="sigv4"):
    """The URL gives region and service where they are not set."""

    keys: SigningKeys
    region: Region | None = None
    service: Text | None = None


class ClientCertificate(Canonical, frozen=True, kw_only=True, tag="client_certificate"):
    """PEM texts; the certificate may bring its chain."""

    certificate: SecretRef
    private_key: SecretRef


CredentialSource = ApiKey | Bearer | Basic | Header | OAuth2 | Cognito | Sigv4 | ClientCertificate


class Credential(Canonical, frozen=True, kw_only=True):
    """`hosts` are the `host:port` pairs that may receive it."""

    name: CredentialName
    source: CredentialSource
    hosts: tuple[Destination, ...]


class Expect(Canonical, frozen=True, kw_only=True):
    """`status` empty: any 2xx. `within_seconds`: from the request's start to its last byte."""

    status: tuple[Status, ...] = ()
    json: dict[Pattern, Any] = {}
    headers: dict[HeaderName, Pattern] = {}
    body: Pattern | None = None
    within_seconds: Within | None = None


Caller = Annotated[tuple[CredentialName, ...], Meta(min_length=1)]


Actions = dict[Concern, Action]
"""What failures do to a release, by what they are about. Unset: as for what is around it. (An
earlier version's service reads a configuration that does not set it.)"""


class Verification(Canonical, frozen=True, kw_only=True):
    """How releases are verified: for how long, how often everything is looked at, and when a
    decision is due at the latest."""

    actions: Actions = {}
    for_seconds: Settles = 90.0
    every_seconds: Rounds = 5.0
    deadline_seconds: Deadline = 300.0


_ROUNDS = 18


def usual_interval(for_seconds: float) -> float:
    """How often everything is looked at within a window where nothing is said, in seconds."""
    return max(ROUNDS[0], min(Verification().every_seconds, for_seconds / _ROUNDS))


class Route(Canonical, frozen=True, kw_only=True):
    """`name` is the method and the path template; `target` the path and query actually called.

    `callers` are credential names, joined ones as a tuple of several. `open_after` failures in a
    row count, or X of the last Y where `open_share` is (X, Y); see `track.Patience`. `verify`: what
    its failures do to a release.
    """

    name: RouteName
    method: Method
    target: Target
    access: Access
    guarded_by: tuple[Guard, ...]
    callers: tuple[Caller, ...]
    headers: dict[HeaderName, HeaderValue]
    invoke: bool
    expect: Expect
    every_seconds: Every
    anonymous_every_seconds: Every
    timeout_seconds: Timeout
    open_after: Count
    resolve_after: Count
    severity: Severity
    open_share: tuple[Few, Few] | None = None
    verify: Actions | msgspec.UnsetType = msgspec.UNSET

    @property
    def writes(self) -> bool:
        return self.method not in READING_METHODS


class Entrance(Canonical, frozen=True, kw_only=True):
    """One base URL of an API. `closed`: it must refuse everybody."""

    url: BaseUrl
    closed: bool


class Api(Canonical, frozen=True, kw_only=True):
    """`remind_every_seconds` None: an open incident sends no reminder. `private`: the account looks
    at it from inside a VPC. `api_id`: names the API to a VPC endpoint where the URL does not.
    `authority`: PEM certificates that are trusted in addition to the public ones."""

    name: ApiName
    entrances: Annotated[tuple[Entrance, ...], Meta(min_length=1, max_length=50)]
    routes: tuple[Route, ...]
    owner: Text | None
    severity: Severity
    runbook: Text | None
    connect_to: HostPort | None
    authority: Authority | None = field(default=None, name="ca_file")
    remind_every_seconds: Reminder | None = None
    private: bool = False
    api_id: ApiId | None = None
    verify: Actions | msgspec.UnsetType = msgspec.UNSET

    @property
    def presented(self) -> frozenset[str]:
        """The names of the credentials that calls to its routes present."""
        return frozenset(
            name for route in self.routes for caller in route.callers for name in caller
        )


class Window(Canonical, frozen=True, kw_only=True):
    """Opens whenever `cron` strikes, or once at `start`, on the clock of `timezone`.

    An empty `apis` covers all.
    """

    cron: CronLine | None = None
    start: Moment | None = None
    for_seconds: WindowSeconds
    timezone: TimeZone
    apis: tuple[ApiName, ...] = ()

    def covers(self, api: str) -> bool:
        return not self.apis or api in self.apis


class HookKind(StrEnum):
    """Whose shape a posted message has."""

    PAGERDUTY = "pagerduty"
    SLACK = "slack"
    TEAMS = "teams"
    OPSGENIE = "opsgenie"
    INCIDENT_IO = "incident_io"
    WEBHOOK = "webhook"


class Hook(Canonical, frozen=True, kw_only=True):
    """Where messages are posted over HTTPS. `url`: the address, or the secret that it is; `hosts`:
    the `host:port` pairs at which it may be, and to which alone anything is sent.

    `key`: PagerDuty's integration key, Opsgenie's API key, or a bearer token. `sign`: what each
    message is signed with. `acknowledge`: the signing secret of what comes back. `template` and
    `content_type`: of the body of a webhook. `authority`: PEM certificates that are trusted in
    addition to the public ones.
    """

    kind: HookKind
    url: BaseUrl | SecretRef
    hosts: Annotated[tuple[Destination, ...], Meta(min_length=1, max_length=10)]
    key: SecretRef | None = None
    sign: SecretRef | None = None
    acknowledge: SecretRef | None = None
    template: Template | None = None
    content_type: HeaderValue | None = None
    authority: Authority | None = field(default=None, name="ca_file")


class Quiet(Canonical, frozen=True, kw_only=True):
    """What is of these severities waits while the window is open."""

    window: Window
    severities: tuple[Severity, ...]


class Channel(Canonical, frozen=True, kw_only=True):
    """One of a topic's ARN, an event bus and a hook; and which incidents it takes: of these
    severities (none: all), owners, layers and findings. `only` restricts it further, and so does
    `apis`: where it is unset, it takes the incidents of all.

    `shape`: of what a topic gets. `quiet`: its quiet hours. `after_seconds`: it takes only what
    nobody has acknowledged for so long. (An earlier version's service reads a configuration that
    sets none of these.)
    """

    topic: str = ""
    severities: tuple[Severity, ...] = ()
    only: Literal["exposures"] | None = None
    apis: tuple[ApiName, ...] | msgspec.UnsetType = msgspec.UNSET
    name: ChannelName | msgspec.UnsetType = msgspec.UNSET
    shape: Literal["chat", "sms"] | msgspec.UnsetType = msgspec.UNSET
    bus: Bus | msgspec.UnsetType = msgspec.UNSET
    hook: Hook | msgspec.UnsetType = msgspec.UNSET
    owners: tuple[Text, ...] | msgspec.UnsetType = msgspec.UNSET
    layers: tuple[Layer, ...] | msgspec.UnsetType = msgspec.UNSET
    findings: tuple[Finding, ...] | msgspec.UnsetType = msgspec.UNSET
    quiet: Quiet | msgspec.UnsetType = msgspec.UNSET
    after_seconds: Escalation | msgspec.UnsetType = msgspec.UNSET

    @property
    def key(self) -> str:
        """What tells it from others: the topic's ARN, or else its name. Empty for the deployment's
        own topic."""
        return self.topic or ("" if isinstance(self.name, msgspec.UnsetType) else self.name)

    @property
    def is_plain(self) -> bool:
        """Whether it is a topic whose subscribers get text and JSON."""
        return self.hook is msgspec.UNSET is self.bus and self.shape is msgspec.UNSET

    @property
    def called(self) -> str:
        """Its name for people."""
        if not isinstance(self.name, msgspec.UnsetType):
            return self.name
        return self.topic.rpartition(":")[2] or "own topic"

    def covers(self, api: str) -> bool:
        return isinstance(self.apis, msgspec.UnsetType) or api in self.apis


HEARTBEAT = "heartbeat"
"""What it is called among the channels."""


class Heartbeat(Canonical, frozen=True, kw_only=True):
    """A sign of life each so many seconds, to a topic, or to an address at `hosts`."""

    every_seconds: Beats
    topic: str = ""
    url: BaseUrl | SecretRef | None = None
    hosts: tuple[Destination, ...] = ()


class Network(Canonical, frozen=True, kw_only=True):
    """Ids of subnets and security groups, and private address ranges in CIDR form; all sorted."""

    subnets: Annotated[tuple[SubnetId, ...], Meta(min_length=1, max_length=MOST_SUBNETS)]
    security_groups: Annotated[
        tuple[SecurityGroupId, ...], Meta(min_length=1, max_length=MOST_SECURITY_GROUPS)
    ]
    ranges: Annotated[tuple[Range, ...], Meta(min_length=1, max_length=100)]


class Config(Canonical, frozen=True, kw_only=True):
    """Only a deployment uses `alarms` (whether alarms of layers or of routes act), `alarm_runbook`
    (the page that they link to) and `small` (whether to leave out what a few routes do not need;
    unset for no, so that an earlier version's service reads it). `contact`: whom the User-Agent
    names."""

    version: Literal[1] = 1
    apis: Annotated[tuple[Api, ...], Meta(min_length=1)]
    credentials: tuple[Credential, ...] = ()
    notify: Annotated[tuple[Channel, ...], Meta(max_length=MOST_CHANNELS)] = ()
    maintenance: Annotated[tuple[Window, ...], Meta(max_length=MOST_WINDOWS)] = ()
    network: Network | None = None
    alarms: Literal["layer", "route"] = "layer"
    contact: Contact | None = None
    alarm_runbook: Link | None = None
    small: bool | msgspec.UnsetType = msgspec.UNSET
    verify: Verification | msgspec.UnsetType = msgspec.UNSET
    heartbeat: Heartbeat | msgspec.UnsetType = msgspec.UNSET

    @property
    def is_small(self) -> bool:
        return self.small is True

    @property
    def verification(self) -> Verification:
        return Verification() if self.verify is msgspec.UNSET else self.verify


class UnreadableError(ValueError):
    """Raised for bytes that are no canonical configuration; names the first deviation."""


def read_canonical(body: bytes) -> Config:
    """Raise UnreadableError for a value that its type refuses. `rules` checks how values fit
    together, `published` what a deployment allows."""
    try:
        return msgspec.json.decode(body, type=Config)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise UnreadableError(str(error)) from None
    except RecursionError:
        raise UnreadableError("it is nested too deep") from None


def caller_name(callers: tuple[str, ...]) -> str:
    """A caller's name in verdicts: its credentials joined, or `anonymous`."""
    return " + ".join(callers) or ANONYMOUS
