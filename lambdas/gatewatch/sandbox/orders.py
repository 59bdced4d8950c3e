"""What the sandbox starts with: a shop, with an entrance and a route of every kind."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from gatewatch.sandbox.api import (
    DEFAULT_STAGE,
    Api,
    Authorization,
    Definition,
    Kind,
    Method,
    Resources,
)
from gatewatch.sandbox.authorizers import (
    ALLOW,
    Authorizer,
    AuthorizerFunction,
    LambdaAuthorizer,
    Token,
    TokenAuthorizer,
    TokenUse,
)
from gatewatch.sandbox.entrances import Behaviour, Distribution, Domain, FunctionUrl
from gatewatch.sandbox.integrations import Function, HttpBackend, Integration
from gatewatch.sandbox.plans import Rate, Usage, UsagePlan
from gatewatch.sandbox.world import Signer, World

REGION = "us-east-1"
ACCOUNT = "111122223333"

API_ID = "a1b2c3d4e5"
STAGE = "prod"
HTTP_API_ID = "h6i7j8k9l0"
NEXT_API_ID = "n1e2x3t4v2"
DOMAIN = "api.example.com"
BASE_PATH = "shop"
MTLS_DOMAIN = "partners.example.com"
CDN = "www.example.com"
CDN_HOST = "d111111abcdef8.cloudfront.net"
BUCKET = "shop-site.s3.us-east-1.amazonaws.com"
RECEIPTS = "receiptsreceiptsreceiptsreceipts.lambda-url.us-east-1.on.aws"
AUDIT = "auditauditauditauditauditauditaud.lambda-url.us-east-1.on.aws"
PARTNER_AUTHORITY = "Sandbox Partner Authority"

API_KEY = "sandbox-partner-key-0001"
NEW_API_KEY = "sandbox-partner-key-0002"
USER_TOKEN = "sandbox-user-token-0001"
COGNITO_TOKEN = "sandbox-cognito-token-0001"
JWT = "sandbox-header.sandbox-claims-0001.sandbox-signature"
ACCESS_KEY_ID = "AKIASANDBOX000000001"
SECRET_ACCESS_KEY = "sandbox-secret-access-key-0001"
NEW_SECRET_ACCESS_KEY = "sandbox-secret-access-key-0002"
SIGNER_ARN = f"arn:aws:iam::{ACCOUNT}:user/gatewatch-sandbox"

SECRETS: Mapping[str, str] = {
    "SANDBOX_API_KEY": API_KEY,
    "SANDBOX_USER_TOKEN": USER_TOKEN,
    "SANDBOX_COGNITO_TOKEN": COGNITO_TOKEN,
    "SANDBOX_JWT": JWT,
    "SANDBOX_ACCESS_KEY_ID": ACCESS_KEY_ID,
    "SANDBOX_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
}
"""The environment variables that the sandbox's configurations refer to."""

USERS = LambdaAuthorizer(AuthorizerFunction({USER_TOKEN: ALLOW}))
_ISSUED = Token(TokenUse.ACCESS, frozenset({"carts/read"}))
_PLAN = "partners"


def world() -> World:
    apis = (rest_api(), http_api(), next_api())
    return World(
        apis={api.id: api for api in apis},
        domains={
            DOMAIN: Domain({BASE_PATH: (API_ID, STAGE), "carts": (HTTP_API_ID, DEFAULT_STAGE)}),
            MTLS_DOMAIN: Domain({"": (API_ID, STAGE)}, frozenset({PARTNER_AUTHORITY})),
        },
        distributions={CDN_HOST: distribution()},
        function_urls={RECEIPTS: FunctionUrl(Function()), AUDIT: FunctionUrl(Function(), iam=True)},
        bare_buckets=frozenset({BUCKET}),
        signers={ACCESS_KEY_ID: Signer(SECRET_ACCESS_KEY, SIGNER_ARN)},
        usage=Usage({API_KEY: True}, {_PLAN: plan()}),
        at_cloudfront=frozenset({CDN, CDN_HOST}),
    )


def plan() -> UsagePlan:
    return UsagePlan(frozenset({API_KEY}), frozenset({(API_ID, STAGE)}), rate=Rate(100, 200))


def rest_api() -> Api:
    resources: Resources = {
        "/health": {"GET": Method()},
        "/orders": {"GET": Method(Authorization.LAMBDA), "POST": Method(Authorization.LAMBDA)},
        "/orders/{id}": {"GET": Method(Authorization.LAMBDA)},
        "/profile": {"GET": Method(Authorization.COGNITO)},
        "/partners": {"GET": Method(api_key_required=True)},
        "/reports": {"GET": Method(Authorization.IAM)},
        "/catalog": {"GET": Method(integration="catalog")},
        "/search": {"GET": Method(required=("querystring.q",))},
        "/feedback": {"POST": Method(body_fields=("text",), integration="feedback")},
    }
    api = Api(
        id=API_ID,
        region=REGION,
        account=ACCOUNT,
        definition=Definition(
            resources,
            {
                Authorization.LAMBDA: USERS,
                Authorization.COGNITO: TokenAuthorizer({COGNITO_TOKEN: Token()}),
            },
        ),
        integrations={
            "function": Integration(),
            "catalog": Integration(HttpBackend()),
            "feedback": Integration(),
        },
    )
    return api.deployed(STAGE)


def http_api() -> Api:
    resources: Resources = {
        "/health": {"GET": Method()},
        "/carts": {"GET": Method(Authorization.JWT)},
        "/carts/{id}": {"GET": Method(Authorization.JWT, scopes=frozenset({"carts/read"}))},
        "/tickets": {"GET": Method(Authorization.LAMBDA)},
        "/ledger": {"GET": Method(Authorization.IAM)},
    }
    authorizers: Mapping[str, Authorizer] = {
        Authorization.JWT: TokenAuthorizer({JWT: _ISSUED}),
        Authorization.LAMBDA: replace(USERS, simple_responses=True),
    }
    definition = Definition(resources, authorizers)
    api = Api(HTTP_API_ID, REGION, ACCOUNT, definition, Kind.HTTP)
    return api.deployed(DEFAULT_STAGE)


def next_api() -> Api:
    """The version to come: it has a health check so far, and nothing calls it yet."""
    definition = Definition({"/health": {"GET": Method()}})
    return Api(NEXT_API_ID, REGION, ACCOUNT, definition).deployed(STAGE)


def distribution() -> Distribution:
    origin = f"{API_ID}.execute-api.{REGION}.amazonaws.com"
    return Distribution(
        aliases=frozenset({CDN}), behaviours=(Behaviour(origin, origin_path=f"/{STAGE}"),)
    )


_DEFAULTS = """\
defaults: {every: 1m, anonymous_every: 1m, timeout: 5s, open_after: 2, resolve_after: 2}
"""
_SERVICE = """\
  service:
    sigv4:
      access_key_id: {env: SANDBOX_ACCESS_KEY_ID}
      secret_access_key: {env: SANDBOX_SECRET_ACCESS_KEY}
"""
_CREDENTIALS = f"""\
credentials:
  user:        {{bearer: {{env: SANDBOX_USER_TOKEN}}}}
  member:      {{bearer: {{env: SANDBOX_COGNITO_TOKEN}}}}
  partner-key: {{api_key: {{env: SANDBOX_API_KEY}}}}
{_SERVICE}"""
_ORDERS = f"""\
    url: https://{API_ID}.execute-api.{REGION}.amazonaws.com/{STAGE}
    CONNECT
    owner: team-orders
    severity: high
    routes:
      - GET /health: public
      - GET /orders: {{access: protected, guarded_by: lambda, as: [user]}}
      - GET /orders/{{id}}: {{access: protected, guarded_by: lambda, as: [user], path: {{id: 42}}}}
      - POST /orders: {{access: protected, guarded_by: lambda}}
      - GET /profile: {{access: protected, guarded_by: cognito, as: [member]}}
      - GET /partners: {{access: protected, guarded_by: api_key, as: [partner-key]}}
      - GET /reports: {{access: protected, guarded_by: iam, as: [service]}}
"""


def configuration(connect_to: str, ca_file: str) -> str:
    """A gatewatch.yaml that watches the REST API."""
    return _connected(f"{_DEFAULTS}{_CREDENTIALS}apis:\n  orders:\n{_ORDERS}", connect_to, ca_file)


def whole_configuration(connect_to: str, ca_file: str) -> str:
    """A gatewatch.yaml that watches everything in the sandbox, through every entrance."""
    text = f"""\
# Practise with it: gatewatch run, gatewatch watch, gatewatch check "GET /orders".
{_DEFAULTS}{_CREDENTIALS}  shopper:     {{bearer: {{env: SANDBOX_JWT}}}}
  certificate:
    client_certificate:
      certificate: {{file: CLIENT.pem}}
      private_key: {{file: CLIENT.key}}
    for: [{MTLS_DOMAIN}]
apis:
  orders:
{_ORDERS}      - GET /catalog: public
  carts:
    url: https://{HTTP_API_ID}.execute-api.{REGION}.amazonaws.com
    CONNECT
    routes:
      - GET /health: public
      - GET /carts: {{access: protected, guarded_by: jwt, as: [shopper]}}
      - GET /carts/{{id}}: {{access: protected, guarded_by: jwt, as: [shopper], path: {{id: 7}}}}
      - GET /tickets: {{access: protected, guarded_by: lambda, as: [user]}}
      - GET /ledger: {{access: protected, guarded_by: iam, as: [service]}}
  domain:
    url: https://{DOMAIN}/{BASE_PATH}
    CONNECT
    routes:
      - GET /health: public
      - GET /orders: {{access: protected, guarded_by: lambda, as: [user]}}
  site:
    url: https://{CDN}
    CONNECT
    routes:
      - GET /health: public
      - GET /orders: {{access: protected, guarded_by: lambda, as: [user]}}
  receipts:
    url: https://{RECEIPTS}
    CONNECT
    routes:
      - GET /: public
"""
    client = Path(ca_file).parent / "sandbox-partner"
    for kind in ("pem", "key"):
        text = text.replace(f"CLIENT.{kind}", json.dumps(f"{client}.{kind}"))
    return _connected(text, connect_to, ca_file)


def _connected(text: str, connect_to: str, ca_file: str) -> str:
    where = f"connect_to: {connect_to}\n    ca_file: {json.dumps(ca_file)}"
    return text.replace("CONNECT", where)
