"""The API that the sandbox starts with: one route of each kind, and a custom domain."""

from __future__ import annotations

from collections.abc import Mapping

from gatewatch.sandbox.api import Accepted, Authorization, Method, RestApi, Signer, World

API_ID = "a1b2c3d4e5"
REGION = "us-east-1"
ACCOUNT = "111122223333"
STAGE = "prod"
DOMAIN = "api.example.com"
BASE_PATH = "shop"

API_KEY = "sandbox-partner-key-0001"
NEW_API_KEY = "sandbox-partner-key-0002"
USER_TOKEN = "sandbox-user-token-0001"
COGNITO_TOKEN = "sandbox-cognito-token-0001"
ACCESS_KEY_ID = "AKIASANDBOX000000001"
SECRET_ACCESS_KEY = "sandbox-secret-access-key-0001"

SECRETS: Mapping[str, str] = {
    "SANDBOX_API_KEY": API_KEY,
    "SANDBOX_USER_TOKEN": USER_TOKEN,
    "SANDBOX_COGNITO_TOKEN": COGNITO_TOKEN,
    "SANDBOX_ACCESS_KEY_ID": ACCESS_KEY_ID,
    "SANDBOX_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
}
"""The environment variables that the sandbox's configuration refers to."""


def world() -> World:
    resources = {
        "/health": {"GET": Method()},
        "/orders": {"GET": Method(Authorization.LAMBDA), "POST": Method(Authorization.LAMBDA)},
        "/orders/{id}": {"GET": Method(Authorization.LAMBDA)},
        "/profile": {"GET": Method(Authorization.COGNITO)},
        "/partners": {"GET": Method(api_key_required=True)},
        "/reports": {"GET": Method(Authorization.IAM)},
    }
    api = RestApi(
        id=API_ID,
        region=REGION,
        account=ACCOUNT,
        resources=resources,
        stages={},
        accepted=Accepted(
            api_keys=frozenset({API_KEY}),
            authorizer_tokens=frozenset({USER_TOKEN}),
            cognito_tokens=frozenset({COGNITO_TOKEN}),
            signers={
                ACCESS_KEY_ID: Signer(
                    SECRET_ACCESS_KEY, f"arn:aws:iam::{ACCOUNT}:user/gatewatch-sandbox"
                )
            },
        ),
    ).deployed(STAGE)
    return World(apis={API_ID: api}, domains={DOMAIN: {BASE_PATH: (API_ID, STAGE)}})


def configuration(connect_to: str, ca_file: str) -> str:
    """A gatewatch.yaml that watches this API."""
    return f"""\
defaults: {{every: 1m, anonymous_every: 1m, timeout: 5s, open_after: 2, resolve_after: 2}}
credentials:
  user:        {{bearer: {{env: SANDBOX_USER_TOKEN}}}}
  member:      {{bearer: {{env: SANDBOX_COGNITO_TOKEN}}}}
  partner-key: {{api_key: {{env: SANDBOX_API_KEY}}}}
  service:
    sigv4:
      access_key_id: {{env: SANDBOX_ACCESS_KEY_ID}}
      secret_access_key: {{env: SANDBOX_SECRET_ACCESS_KEY}}
apis:
  orders:
    url: https://{API_ID}.execute-api.{REGION}.amazonaws.com/{STAGE}
    connect_to: {connect_to}
    ca_file: {ca_file}
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
