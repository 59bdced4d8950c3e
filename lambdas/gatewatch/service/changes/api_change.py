"""What an event of CloudTrail says was changed at API Gateway, and which configured APIs that is.

Nothing of an event is kept but what is read here: others hold session tokens, stage variables and
bodies. It is read leniently, since AWS documents the envelope and not each call's parameters:
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

from gatewatch.config.canonical import Api, Config
from gatewatch.gateway.url import Address, HostKind, parse
from gatewatch.service.errands import moment_of


@dataclass(frozen=True, slots=True)
class Place:
    """A stage of an API; None: not said which."""

    api_id: str
    stage: str | None = None


@dataclass(frozen=True, slots=True)
class ApiChange:
    """One call that changed what callers get.

    `places`: at which APIs. `domain`: the custom domain, for a call that changed that, and
    `base_path` what it maps. `deployment`: the id of the one that was made or put in place. `by`:
    the role or user. `takes_effect`: false where callers get it only with the next deployment.
    """

    event: str
    at: datetime | None = None
    places: tuple[Place, ...] = ()
    domain: str | None = None
    base_path: tuple[str, ...] = ()
    deployment: str | None = None
    region: str | None = None
    account: str | None = None
    by: str | None = None
    takes_effect: bool = True

    @property
    def is_deployment(self) -> bool:
        return self.event == "CreateDeployment"


_DEFINITION = (
    "Resource",
    "Method",
    "MethodResponse",
    "Integration",
    "IntegrationResponse",
    "Authorizer",
    "GatewayResponse",
    "RequestValidator",
    "Model",
)
"""What a REST API serves is what was deployed of these; an HTTP API may deploy by itself.

https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-deploy-api.html
"""
_WHAT = "|".join(
    (
        *_DEFINITION,
        "Deployment",
        "Stage",
        "RestApi",
        "Api",
        "Route",
        "RouteResponse",
        "RouteSettings",
        "RouteRequestParameter",
        "CorsConfiguration",
        "DomainName",
        "BasePathMapping",
        "ApiMapping",
        "RoutingRule",
        "UsagePlan",
        "UsagePlanKey",
        "ApiKey",
    )
)
_CHANGES = re.compile(
    rf"(Create|Update|Put|Delete|Import|Reimport)({_WHAT})|FlushStage(Authorizers)?Cache"
    r"|ResetAuthorizersCache"
)
"""The calls that change what callers get, or are a part of what does."""

_DOMAINS = ("DomainName", "BasePathMapping", "ApiMapping", "RoutingRule")


def read_change(event: object) -> ApiChange | None:
    """None for whatever changed nothing: another event, a call that failed, one that only reads."""
    whole, detail = _fields(event), _fields(_of(event, "detail"))
    name = detail.get("eventname")
    if (
        whole.get("source") != "aws.apigateway"
        or whole.get("detail-type") != "AWS API Call via CloudTrail"
        or detail.get("eventsource") not in (None, "apigateway.amazonaws.com")
        or not isinstance(name, str)
        or not _CHANGES.fullmatch(name)
        or detail.get("errorcode")
        or detail.get("errormessage")
        or detail.get("readonly") not in (None, False, "false")
    ):
        return None
    asked, answered = (
        _Parts(detail.get("requestparameters")),
        _Parts(detail.get("responseelements")),
    )
    domain = _matched(_DOMAIN, asked.get("domainname")) if name.endswith(_DOMAINS) else None
    return ApiChange(
        event=name,
        at=_moment(detail.get("eventtime")) or _moment(whole.get("time")),
        places=() if domain else tuple(dict.fromkeys(islice(_places(asked, answered), _MOST))),
        domain=domain,
        base_path=_base_path(asked) if domain else (),
        deployment=_deployment(name, asked, answered),
        region=_matched(_REGION, detail.get("awsregion")) or _matched(_REGION, whole.get("region")),
        account=_matched(_ACCOUNT, whole.get("account")),
        by=_who(detail.get("useridentity")),
        takes_effect=not name.endswith(_DEFINITION) or asked.get("restapiid") is None,
    )


_MOST = 100
_ID = re.compile(r"[A-Za-z0-9]{1,64}", re.ASCII)
_STAGE = re.compile(r"[A-Za-z0-9_-]{1,128}|\$default", re.ASCII)
_REGION = re.compile(r"[a-z0-9-]{1,25}", re.ASCII)
_ACCOUNT = re.compile(r"[0-9]{12}", re.ASCII)
_DOMAIN = re.compile(r"(\*\.)?[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63}){1,10}", re.ASCII)
_NAME = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)
_BASE = re.compile(r"[\w$.+!*'()/-]{1,300}", re.ASCII)


def _matched(form: re.Pattern[str], found: object) -> str | None:
    return found if isinstance(found, str) and form.fullmatch(found) else None


def _fields(found: object) -> dict[str, object]:
    """With names in lower case: services differ in how they write them."""
    if not isinstance(found, Mapping):
        return {}
    return {
        name.lower(): value for name, value in islice(found.items(), _MOST) if isinstance(name, str)
    }


def _of(found: object, name: str) -> object:
    return _fields(found).get(name)


def _items(found: object) -> list[object]:
    return found[:_MOST] if isinstance(found, list) else []


class _Parts:
    """The parameters of a call: beside each other, or in one of them, as `createDeploymentInput`
    has a REST API's."""

    def __init__(self, found: object) -> None:
        outer = _fields(found)
        inner = [_fields(one) for name, one in outer.items() if name.endswith("input")]
        self._all = (outer, *inner)

    def get(self, name: str) -> object:
        return next((one[name] for one in self._all if name in one), None)

    def patched(self, path: str) -> Iterator[object]:
        """https://docs.aws.amazon.com/apigateway/latest/api/patch-operations.html"""
        for one in map(_fields, _items(self.get("patchoperations"))):
            if one.get("path") == path:
                yield one.get("value")


def _places(asked: _Parts, answered: _Parts) -> Iterator[Place]:
    """A usage plan names all of its stages, each as `API:STAGE` where it is patched."""
    for name in ("restapiid", "apiid"):
        found = _matched(_ID, asked.get(name)) or _matched(_ID, answered.get(name))
        if found is not None:
            yield Place(found, _matched(_STAGE, asked.get("stagename")))
    for one in (*_items(asked.get("apistages")), *_items(answered.get("apistages"))):
        found = _matched(_ID, _of(one, "apiid"))
        if found is not None:
            yield Place(found, _matched(_STAGE, _of(one, "stage")))
    for value in asked.patched("/apiStages"):
        api_id, _, stage = value.partition(":") if isinstance(value, str) else ("", "", "")
        if _matched(_ID, api_id) is not None:
            yield Place(api_id, _matched(_STAGE, stage))


def _base_path(asked: _Parts) -> tuple[str, ...]:
    """`(none)` is how REST APIs name the mapping of everything."""
    found = asked.get("basepath") or asked.get("apimappingkey")
    written = _matched(_BASE, found)
    return () if written in (None, "(none)") else tuple(filter(None, written.split("/")))


def _deployment(name: str, asked: _Parts, answered: _Parts) -> str | None:
    """The answer names the one that was made; a change of a stage, the one that is in place now."""
    if not name.endswith(("Deployment", "Stage")):
        return None
    own = [answered.get("id")] if name.endswith("Deployment") else []
    known = (asked.get("deploymentid"), *asked.patched("/deploymentId"))
    found = (_matched(_ID, one) for one in (*own, *known, answered.get("deploymentid")))
    return next((one for one in found if one is not None), None)


def _moment(found: object) -> datetime | None:
    moment = moment_of(found) if isinstance(found, str) else None
    return moment.astimezone(UTC) if moment and _FIRST_YEAR < moment.year < _LAST_YEAR else None


_FIRST_YEAR, _LAST_YEAR = 2000, 2200


def _who(found: object) -> str | None:
    """A role without its session, or a user; AWS itself, where it acts on its own behalf.

    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
    """
    identity = _fields(found)
    issuer = _fields(_of(identity.get("sessioncontext"), "sessionissuer"))
    match identity.get("type"):
        case "Root":
            return "root"
        case "IAMUser":
            return _named("user", identity.get("username"))
        case "AWSService":
            return _matched(_NAME, identity.get("invokedby"))
    match issuer.get("type"):
        case "Role":
            return _named("role", issuer.get("username")) or _role_of(identity.get("arn"))
        case "IAMUser":
            return _named("user", issuer.get("username"))
    return _role_of(identity.get("arn"))


def _named(kind: str, found: object) -> str | None:
    name = _matched(_NAME, found)
    return f"{kind}/{name}" if name else None


_ASSUMED = re.compile(r"arn:[a-z-]+:sts::[0-9]{12}:assumed-role/([\w+=,.@-]{1,64})/.*", re.ASCII)


def _role_of(arn: object) -> str | None:
    found = _ASSUMED.fullmatch(arn) if isinstance(arn, str) else None
    return f"role/{found[1]}" if found else None


def concerned(change: ApiChange, config: Config) -> tuple[str, ...]:
    """The names of the APIs of which callers may get something else now."""
    return tuple(api.name for api in config.apis if _concerns(change, api))


def _concerns(change: ApiChange, api: Api) -> bool:
    addresses = [parse(one.url) for one in api.entrances]
    if change.domain is not None:
        return any(_is_at(change.domain, change.base_path, one) for one in addresses)
    return any(
        _is_of(place, one, api.api_id, change.region)
        for place in change.places
        for one in addresses
    )


def _is_at(domain: str, base_path: tuple[str, ...], address: Address) -> bool:
    """A mapping also takes calls from, or leaves them to, the one of a shorter path."""
    suffix = domain.lower().removeprefix("*")
    is_host = address.host.endswith(suffix) if suffix != domain.lower() else address.host == suffix
    shared = min(len(base_path), len(address.segments))
    return is_host and base_path[:shared] == address.segments[:shared]


def _is_of(place: Place, address: Address, api_id: str | None, region: str | None) -> bool:
    """What an entrance does not say rules nothing out. `$default` has no place in a URL, so that
    whatever stands there may be a path in it."""
    own = address.api_id if address.host_kind is HostKind.EXECUTE_API else None
    if place.api_id != (own or api_id):
        return False
    if None not in (region, address.region) and region != address.region:
        return False
    return None in (place.stage, address.stage) or place.stage in ("$default", address.stage)
