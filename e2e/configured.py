"""The configuration that the monitor is deployed with, and others that are pushed later."""

from __future__ import annotations

from urllib.parse import urlsplit

from e2e.account import ACCOUNT, REGION
from e2e.watched import KEY, MEMBER, PASSWORD, TOKEN

CHANNEL = f"arn:aws:sns:{REGION}:{ACCOUNT}:e2e-second"
"""Besides the deployment's own topic."""
MANY = 500

_TEXT = """\
defaults: {{every: 1m, anonymous_every: 1m, timeout: 5s}}
credentials:
  partner: {{api_key: {{secret: {key}}}, for: ["{shop_host}", "{site_host}", "{wide_host}"]}}
  user: {{bearer: {{ssm: {token}}}}}
  signer: {{sigv4: {{role: "{role}", region: us-east-1}}}}
  member:
    cognito:
      region: us-east-1
      client_id: {client}
      username: {member}
      password: {{secret: {password}}}
notify:
  - {{sns: "{channel}"}}
apis:
  shop:
    url: {shop}
    owner: team-shop
    routes:
      - GET /health: public
      - GET /open: public
      - GET /orders: {{access: protected, guarded_by: lambda, as: [user]}}
      - GET /stock: {{access: protected, guarded_by: api_key, as: [partner]}}
      - GET /ledger: {{access: protected, guarded_by: iam, as: [signer]}}
      - GET /account: {{access: protected, guarded_by: cognito, as: [member]}}
      - POST /refunds: {{access: protected, guarded_by: lambda}}
  vault:
    url: {vault}
    routes:
      - GET /door: public
"""
ROUTES = _TEXT.count("- GET ") + _TEXT.count("- POST ")


def text(outputs: dict[str, str], *, shop: str, vault: str, site: str, wide: str) -> str:
    """`outputs`: the watched stack's; `site` and `wide`: hosts that are not watched yet, but may be
    after a push."""
    return _TEXT.format(
        key=KEY,
        token=TOKEN,
        role=outputs["CallerArn"],
        client=outputs["ClientId"],
        member=MEMBER,
        password=PASSWORD,
        channel=CHANNEL,
        shop=shop,
        vault=vault,
        shop_host=urlsplit(shop).netloc,
        site_host=site,
        wide_host=wide,
    )


def with_site(before: str, host: str) -> str:
    """And an API behind a single-page app."""
    return (
        f"{before}  site:\n    url: https://{host}\n    routes:\n"
        "      - GET /profile: {access: protected, guarded_by: api_key, as: [partner]}\n"
    )


def with_many(before: str, url: str) -> str:
    """And an API with many routes."""
    routes = "".join(f"      - GET /{number}: public\n" for number in range(MANY))
    return f"{before}  wide:\n    url: {url}\n    routes:\n{routes}"
