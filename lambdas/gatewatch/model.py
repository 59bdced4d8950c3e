"""The values that travel between the steps; docs/architecture.md draws their way.

Every value is frozen, and nothing here decides anything. Names and spellings of `Exchange`,
`Diagnosis`, `Verdict` and `Incident` are contracts: files, other programs and metrics rely on them.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

ANONYMOUS = "anonymous"
"""The caller name of a look that carries no credential."""

OK = "ok"
UNKNOWN = "unknown"
"""Cause ids that stand for "nothing stopped it" and "nothing fits"."""


class Layer(StrEnum):
    """The reporting class of a cause; `ambiguous` when the survivors lie in several."""

    NETWORK = "network"
    EDGE = "edge"
    ROUTING = "routing"
    AUTH = "auth"
    THROTTLE = "throttle"
    REQUEST = "request"
    INTEGRATION = "integration"
    BACKEND = "backend"
    OK = "ok"
    UNKNOWN = "unknown"
    AMBIGUOUS = "ambiguous"


class Gate(StrEnum):
    """Where on its way a cause stops a request, in the order of the way."""

    NAME = "name"
    TLS = "tls"
    CDN = "cdn"
    HOST = "host"
    WAF = "waf"
    ROUTE = "route"
    AUTHENTICATION = "authentication"
    AUTHORIZER = "authorizer"
    API_KEY = "api_key"
    THROTTLE = "throttle"
    VALIDATION = "validation"
    INTEGRATION = "integration"
    BACKEND = "backend"


GATES: tuple[Gate, ...] = tuple(Gate)
READING_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""The methods that change nothing."""


class Owner(StrEnum):
    """Who must act on a cause: the API's team, we (credential or configuration), or AWS."""

    API = "api"
    CALLER = "caller"
    PLATFORM = "platform"


class ApiKind(StrEnum):
    """The front door that answers; each has its own rules."""

    REST = "rest"
    HTTP = "http"
    WEBSOCKET = "websocket"
    FUNCTION_URL = "function_url"
    APPSYNC = "appsync"


class Confidence(StrEnum):
    CERTAIN = "certain"
    LIKELY = "likely"
    AMBIGUOUS = "ambiguous"
    UNKNOWN = "unknown"


_SURENESS = (Confidence.UNKNOWN, Confidence.AMBIGUOUS, Confidence.LIKELY, Confidence.CERTAIN)


def least_sure(*confidences: Confidence) -> Confidence:
    return min(confidences, key=_SURENESS.index)


class CredentialKind(StrEnum):
    NONE = "none"
    BEARER = "bearer"
    SIGV4 = "sigv4"
    API_KEY = "api_key"
    BASIC = "basic"
    COOKIE = "cookie"
    CLIENT_CERT = "client_cert"
    OTHER = "other"
    UNKNOWN = "unknown"


INVALID_CALLERS: dict[CredentialKind, str] = {
    CredentialKind.BEARER: "invalid token",
    CredentialKind.API_KEY: "invalid API key",
    CredentialKind.BASIC: "invalid password",
    CredentialKind.OTHER: "invalid credential",
}
"""The caller names of looks that show a deliberately invalid credential."""


def is_stranger(caller: str) -> bool:
    """Whether a guard must refuse this caller: one without a credential, or with an invalid one."""
    return caller == ANONYMOUS or caller in INVALID_CALLERS.values()


class Validity(StrEnum):
    """What is known of a credential before the gateway judges it."""

    VALID = "valid"
    INVALID = "invalid"
    UNKNOWN = "unknown"


class Purpose(StrEnum):
    """A look tests the route; a control is a request whose answer is known beforehand."""

    LOOK = "look"
    CONTROL = "control"


class Access(StrEnum):
    PUBLIC = "public"
    PROTECTED = "protected"


class Guard(StrEnum):
    """What keeps strangers from a protected route, as its owner declares it."""

    IAM = "iam"
    LAMBDA = "lambda"
    COGNITO = "cognito"
    JWT = "jwt"
    API_KEY = "api_key"
    RESOURCE_POLICY = "resource_policy"
    BACKEND = "backend"


class Severity(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


SEVERITIES: tuple[Severity, ...] = tuple(Severity)
"""From the least grave to the gravest."""


class Outcome(StrEnum):
    PASS = "pass"
    FAIL = "fail"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"


class Finding(StrEnum):
    """What somebody should act on. `refused` comes with a cause; the others need none.

    `undecided` is for the monitor's owner: a route whose verdict stayed unknown. So is
    `credential_unreadable`: a look was not sent because its credential could not be read. Nothing
    follows for the route, so the verdict's outcome is unknown.
    """

    REFUSED = "refused"
    PROTECTED_ROUTE_OPEN = "protected_route_open"
    PUBLIC_ROUTE_CLOSED = "public_route_closed"
    ENTRANCE_NOT_CLOSED = "entrance_not_closed"
    GUARD_WEAKENED = "guard_weakened"
    UNEXPECTED_STATUS = "unexpected_status"
    ASSERTION_FAILED = "assertion_failed"
    CERTIFICATE_EXPIRING = "certificate_expiring"
    SLOW = "slow"
    UNDECIDED = "undecided"
    CREDENTIAL_UNREADABLE = "credential_unreadable"


EXPOSURES = frozenset({Finding.PROTECTED_ROUTE_OPEN, Finding.ENTRANCE_NOT_CLOSED})
"""Somebody gets in who must not: announced at once, without a command that repeats the call."""
GOT_THROUGH = EXPOSURES | {Finding.GUARD_WEAKENED}
"""A call passed that a guard must refuse: a write that passed is not sent again."""

Held = Finding | None
"""The finding for which a write is held back. None: in doubt, since its host answered everything
alike."""


class Concern(StrEnum):
    """What a failure is about, for the policy of a release: its layer, or what was found."""

    EXPOSURE = "exposure"
    NETWORK = "network"
    EDGE = "edge"
    ROUTING = "routing"
    AUTH = "auth"
    THROTTLE = "throttle"
    REQUEST = "request"
    INTEGRATION = "integration"
    BACKEND = "backend"
    EXPECTATION = "expectation"
    SLOW = "slow"
    CERTIFICATE = "certificate"


class Action(StrEnum):
    """What a failure does to a release."""

    FAIL = "fail"
    WARN = "warn"
    IGNORE = "ignore"


class SentCredential(msgspec.Struct, frozen=True):
    kind: CredentialKind
    validity: Validity = Validity.UNKNOWN


class Request(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was sent. `credential` is shorthand for one entry of unknown validity.

    A method or URL that the evidence leaves out is empty, and an unknown caller is
    `credential: unknown`. What is unknown rules nothing out.
    """

    method: str
    url: str
    credential: CredentialKind | None = None
    headers: dict[str, str] = {}
    credentials: tuple[SentCredential, ...] = ()
    purpose: Purpose = Purpose.LOOK
    route: str | None = None
    entrance: str | None = None
    at: str | None = None

    @property
    def presented(self) -> tuple[SentCredential, ...]:
        """The credentials sent, in either notation."""
        if self.credentials or self.credential in (None, CredentialKind.NONE):
            return self.credentials
        return (SentCredential(self.credential),)


class Response(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What came back. Status 0: no HTTP response; `error` may say why. If `status_told` is false,
    the evidence does not include the status, and 0 means nothing.

    `headers` keep the spelling received. `body` is absent if it was not kept or not seen; then
    `body_length` and `body_sha256` show that there was one, and `signs` what it revealed (see
    `gateway.body.failure_signs`); `is_cut`: it is not whole. `elapsed_ms` and `phases_ms` are
    milliseconds; `certificate_expires` is the ISO 8601 end of the server certificate's validity.
    `unmet`: the owner's expectations that the answer does not meet; `late`: by how much it was too
    late. `unread`: the parts that could not be read, recorded or compared, and why; nothing follows
    from their absence.
    """

    status: int = 0
    headers: dict[str, str] = {}
    body: str | None = None
    error: str | None = None
    elapsed_ms: float | None = None
    address: str | None = None
    phases_ms: dict[str, float] = {}
    body_length: int | None = None
    body_sha256: str | None = None
    signs: tuple[str, ...] = ()
    certificate_expires: str | None = None
    unmet: tuple[str, ...] = ()
    late: str | None = None
    unread: tuple[str, ...] = ()
    status_told: bool = True
    is_cut: bool = False


class Exchange(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One request and what came back, normalised and without secrets: the unit of evidence."""

    request: Request
    response: Response
    id: str | None = None
    api_kind: str | None = None


class Candidate(msgspec.Struct, frozen=True):
    cause: str
    layer: Layer


class RuledOut(msgspec.Struct, frozen=True):
    cause: str
    because: str


class NextProbe(msgspec.Struct, frozen=True, kw_only=True):
    """The look that would separate the survivors best."""

    credential: str
    method: str
    url: str
    why: str


class Unsent(msgspec.Struct, frozen=True, kw_only=True):
    """Why a look was not sent. `finding`: set if somebody should act on that; `scope`: as in
    Verdict."""

    because: str
    finding: Finding | None = None
    scope: str | None = None


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """Where a request stopped and why. `candidates` are the survivors, best first.

    `parts` holds one diagnosis for each exchange, in order, if there was more than one.
    """

    layer: Layer
    layer_confidence: Confidence
    cause: str
    confidence: Confidence
    candidates: tuple[Candidate, ...] = ()
    ruled_out: tuple[RuledOut, ...] = ()
    next_probe: NextProbe | None = None
    parts: tuple[Diagnosis, ...] = ()


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """Whether one caller at one entrance of one route got what its owner expects.

    `scope` names the subject of a finding that is not about a single route: `credential partner`,
    `host api.example.com:443`. Verdicts of one API with the same finding and scope are one story.
    """

    api: str
    route: str
    entrance: str
    caller: str = msgspec.field(name="as")
    outcome: Outcome
    finding: Finding | None
    layer: Layer
    cause: str
    confidence: Confidence
    owner: Owner | None
    layer_confidence: Confidence = Confidence.UNKNOWN
    because: str = ""
    severity: Severity = Severity.MEDIUM
    stage: str | None = None
    scope: str | None = None
    candidates: tuple[Candidate, ...] = ()
    ruled_out: tuple[RuledOut, ...] = ()
    next_probe: NextProbe | None = None
    evidence: tuple[Exchange, ...] = ()


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One route and caller in an incident; `until` is set once it has recovered.

    All times are ISO 8601: `since` its first failure, `joined` when it became a member,
    `last_good` its last passing look before that, null if there was none; `good_or_later`: it may
    have passed later too, as a deployed monitor writes passes seldom. `said`: its failure was
    announced; `end_said`: its recovery was.
    """

    route: str
    entrance: str
    caller: str = msgspec.field(name="as")
    since: str
    until: str | None = None
    joined: str | None = None
    last_good: str | None = None
    good_or_later: bool = False
    said: bool = False
    end_said: bool = False


class Related(msgspec.Struct, frozen=True, kw_only=True):
    """An incident of another API in which the same credential fails.

    `since`, `until`: when that one opened, and when its end was noticed. `said`: this incident has
    named it; `end_said`: it has announced its end.
    """

    api: str
    incident: str
    since: str
    until: str | None = None
    said: bool = False
    end_said: bool = False


class Update(msgspec.Struct, frozen=True, kw_only=True):
    """A line of an incident's history."""

    at: str
    text: str


class Acknowledgement(msgspec.Struct, frozen=True, kw_only=True):
    """Who takes care of an incident, since when, and their note."""

    by: str
    at: str
    why: str | None = None


class Paused(msgspec.Struct, frozen=True, kw_only=True):
    """That an API is not looked at for a while: `by` whom, `since` and `until` when."""

    by: str
    since: str
    until: str


class Muted(msgspec.Struct, frozen=True, kw_only=True):
    """That nothing is told of an incident for a while, though it is looked at: `by` whom, `since`
    and `until` when."""

    by: str
    since: str
    until: str


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """One story over the routes of an API. Only `id` is identity; the rest may change.

    Layer, cause and evidence are the latest of the members that still fail; `because` is that in
    one sentence. `team` and `runbook` come from the API's configuration; `owner` is who must act on
    the cause. `flapping`: some member comes and goes. `preceded_by`: the last deployment before it
    began, if one is known and was shortly before; `ended_after`: that before its end, made while it
    was open. `held_until`: not announced yet, since a maintenance window is open until then.
    `part_of`: announced by the incident with this id, of another API at which the same credential
    fails; `related`: those that this one announces. `paused`: nobody has looked whether it still
    fails since this pause began. `muted`: nothing but its end is told of it now.
    """

    id: str
    api: str
    stage: str | None
    state: str
    opened_at: str
    resolved_at: str | None
    layer: Layer
    cause: str
    candidates: tuple[Candidate, ...]
    scope: str
    finding: Finding
    owner: Owner
    severity: Severity
    members: tuple[Member, ...]
    preceded_by: str | None = None
    ended_after: str | None = None
    updates: tuple[Update, ...] = ()
    confidence: Confidence = Confidence.UNKNOWN
    layer_confidence: Confidence = Confidence.UNKNOWN
    ruled_out: tuple[RuledOut, ...] = ()
    next_probe: NextProbe | None = None
    evidence: tuple[Exchange, ...] = ()
    because: str = ""
    flapping: bool = False
    team: str | None = None
    runbook: str | None = None
    held_until: str | None = None
    acknowledged: Acknowledgement | None = None
    part_of: str | None = None
    related: tuple[Related, ...] = ()
    paused: Paused | None = None
    muted: Muted | None = None
