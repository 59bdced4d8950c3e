"""Rows in which a request reached the integration, or was judged just before it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from gatewatch.sandbox.answers.base import GatewayResponse
from gatewatch.sandbox.api import Custom, Method
from gatewatch.sandbox.entrances import Behaviour, Distribution, Domain, FunctionUrl
from gatewatch.sandbox.firewall import Action, Rule
from gatewatch.sandbox.integrations import Function, HttpBackend, Integration, Reply
from gatewatch.sandbox.world import World

from .scene import Scene, Sent, staging

_ORIGIN = "staged.lambda-url.us-east-1.on.aws"
_BUCKET = "staged.s3.us-east-1.amazonaws.com"
_PARAMETERS = ("querystring.divisor", "querystring.dividend")
_IN_DETAIL = """{
  "message": $context.error.messageString,
  "responseType": "$context.error.responseType",
  "apiId": "$context.apiId",
  "method": "$context.httpMethod",
  "path": "$context.path",
  "time": "$context.requestTime",
  "stage": "$context.stage"
}"""


def _backend(scene: Scene) -> HttpBackend:
    return HttpBackend(Reply(int(scene.row["response"]["status"]), scene.body or ""))


def _inner_failure(status: int) -> Callable[[Scene], World]:
    """A non-proxy integration onto a backend that fails, in words of its own."""
    return lambda scene: scene.world(
        integration=Integration(HttpBackend(Reply(status, scene.body)), proxy=False)
    )


def _function(edge: bool = False, **changes: bool) -> Callable[[Scene], World]:
    return lambda scene: scene.world(edge=edge, integration=Integration(Function(**changes)))


def _slow(scene: Scene) -> World:
    function = Function(takes_seconds=60.0)
    return scene.world(integration=Integration(function, timeout_seconds=0.05))


def _answers(scene: Scene) -> World:
    return scene.world(integration=Integration(Function(Reply(body=scene.body or ""))))


def _url(function: Function | None = None, iam: bool = False) -> Callable[[Scene], World]:
    def build(scene: Scene) -> World:
        staged = FunctionUrl(function or Function(Reply(body=scene.body)), iam)
        return World(
            function_urls={scene.host: staged},
            signers=scene.world().signers,
        )

    return build


def _signed_by_cloudfront(permitted: bool = True) -> Callable[[Scene], World]:
    """CloudFront with origin access control in front of an IAM function URL."""

    def build(scene: Scene) -> World:
        behaviour = Behaviour(_ORIGIN, signs=True)
        return World(
            distributions={scene.host: Distribution(frozenset(), (behaviour,))},
            function_urls={_ORIGIN: FunctionUrl(Function(permitted=permitted), iam=True)},
        )

    return build


def _distribution(**changes: object) -> Callable[[Scene], World]:
    """A site in a bucket, behind CloudFront."""
    web_acl = changes.pop("web_acl", ())
    country = bool(changes.pop("blocks_country", False))

    def build(scene: Scene) -> World:
        behaviour = Behaviour(_BUCKET, **changes)  # type: ignore[arg-type]
        one = Distribution(frozenset(), (behaviour,), web_acl, country)  # type: ignore[arg-type]
        return World(distributions={scene.host: one}, bare_buckets=frozenset({_BUCKET}))

    return build


def _demands_certificate(scene: Scene) -> World:
    world = scene.world()
    mappings = world.domains[scene.host].mappings
    return world.with_domain(scene.host, Domain(mappings, frozenset({"Staged Authority"})))


_BODY = b'{"staged": true}'
_HASH = {"x-amz-content-sha256": hashlib.sha256(_BODY).hexdigest()}
_REQUIRED = Method(required=("header.cache-control",))
_ERRORS = '{"errors":[{"code":"$context.error.responseType","title":"Bad request"}]}'

STAGINGS = (
    staging("iam-002", lambda scene: scene.world(edge=True)),
    staging(
        "rt-007 ls-013 ls-014 ls-016",
        lambda scene: scene.world(integration=Integration(_backend(scene))),
    ),
    staging("ls-015", _inner_failure(400)),
    staging("in-008", _inner_failure(403)),
    staging(
        "ls-017", lambda scene: scene.world(integration=Integration(sets_forbidden_header=True))
    ),
    staging("in-003", _function(edge=True, permitted=False)),
    staging("fd-122", _function(permitted=False)),
    staging("in-005", _function(edge=True, raises=True)),
    staging(
        "in-006",
        lambda scene: scene.world(integration=Integration(HttpBackend(certificate_matches=False))),
    ),
    staging("ht-001", _slow),
    staging("ht-002", _function(well_formed=False)),
    staging("ht-017 ms-014 ms-027 ms-034", _answers),
    staging("cu-005", lambda scene: scene.world(), Sent(body=b" " * 11_000_000)),
    staging(
        "cu-008",
        lambda scene: scene.world(
            Method(required=_PARAMETERS),
            edge=True,
            gateway_responses={GatewayResponse.BAD_REQUEST_PARAMETERS: Custom(None, _IN_DETAIL)},
        ),
    ),
    staging(
        "fd-128",
        lambda scene: scene.world(
            _REQUIRED,
            edge=True,
            gateway_responses={GatewayResponse.BAD_REQUEST_PARAMETERS: Custom(None, _ERRORS)},
        ),
    ),
    staging("fd-097", lambda scene: World(at_cloudfront=frozenset({scene.host}))),
    staging("fu-001", _url(iam=True)),
    staging("fu-002", lambda scene: World(function_urls=_url(iam=True)(scene).function_urls)),
    staging("fu-004 fu-005", _url(iam=True)),
    staging("fu-007", _url(Function(permitted=False))),
    staging("ls-027", lambda _: World()),
    staging("fu-009 fd-107", _signed_by_cloudfront(permitted=False)),
    staging("fd-134", _signed_by_cloudfront(permitted=False), url="https://zone.example.com/"),
    staging("fu-008 ms-030", _signed_by_cloudfront(), Sent(body=_BODY)),
    staging("ms-031", _signed_by_cloudfront()),
    staging("ms-032", _signed_by_cloudfront(), Sent(_HASH, _BODY)),
    staging("ed-002", _distribution(methods=frozenset({"GET", "HEAD"}))),
    staging(
        "ed-005",
        _distribution(edge_function=Reply(401, "", (("WWW-Authenticate", "Basic"),), None)),
    ),
    staging("ed-006", _distribution(blocks_country=True)),
    staging(
        "fd-094",
        _distribution(web_acl=(Rule(user_agent="okhttp"),)),
        Sent({"user-agent": "okhttp/4"}),
    ),
    staging(
        "fd-102",
        _distribution(web_acl=(Rule(Action.CHALLENGE),)),
        url="https://site.example.com/FALL2026/Prefix/ACCT",
    ),
    staging("ed-011", _demands_certificate),
)
