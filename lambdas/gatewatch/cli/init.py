"""`gatewatch init`: a commented starter file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gatewatch.cli.exits import UsageError
from gatewatch.cli.setting import DEFAULT_CONFIG

STARTER = """\
# What Gatewatch watches. `gatewatch validate` checks this file, `gatewatch plan` shows what would
# be sent, `gatewatch run` sends it once, `gatewatch watch` goes on.

# Each of these may be set again on an API, and all but the last on a route.
defaults:
  every: 1m               # how often a route is looked at with a credential, or if it is public
  anonymous_every: 5m     # how often a stranger's call checks that a protected route refuses
  timeout: 10s            # for the whole request, from the name to the last byte
  open_after: 2           # failures in a row before an incident opens (or `3 of 10`: of the last
                          # looks, which 2 includes); an exposure opens at once
  resolve_after: 2        # passes in a row before it resolves
  remind_every: 4h        # in the account: how often an open incident sends a reminder

# References to secrets, never secrets: {env: NAME}, {file: PATH}, {secret: NAME} of Secrets Manager
# or {ssm: NAME} of Parameter Store; `key` picks one text of a JSON object.
credentials:
  user:
    bearer: {env: ORDERS_TOKEN}
  # partner-key: {api_key: {secret: gatewatch/partner, key: apiKey}}
  # service: {sigv4: {}}    # Gatewatch's own identity; or {role: ARN}, or keys by reference
  # machine:
  #   oauth2:
  #     token_url: https://auth.example.com/oauth2/token
  #     client: {secret: gatewatch/client}    # JSON with client_id and client_secret
  # Also basic, header, cognito (user and password) and client_certificate.

apis:
  orders:
    url: https://abc123.execute-api.us-east-1.amazonaws.com/prod    # or {ssm: /orders/url}
    # also_at: [https://api.example.com/orders]    # other entrances that must answer alike
    # closed_at: [https://old123.execute-api.us-east-1.amazonaws.com/prod]    # must refuse
    owner: team-orders
    severity: high        # low, medium, high or critical
    # runbook: https://wiki.example.com/orders
    routes:
      # Anybody may call this.
      - GET /health: public

      # A guard must refuse strangers; `user` must get in.
      # guarded_by: iam, lambda, cognito, jwt, api_key, resource_policy or backend
      - GET /orders/{id}:
          access: protected
          guarded_by: lambda
          as: [user]                  # several credentials in one call: "user + partner-key"
          path: {id: "42"}
          expect: {status: 200, within: 800ms}   # also json: {"$.ok": true}, headers, body

      # A write: only checked to refuse strangers, never really called without `invoke: true`.
      - POST /orders: {access: protected, guarded_by: lambda}

# A failure that begins in a maintenance window is announced at its end, if it still fails then.
# maintenance:
#   - {cron: "0 2 * * SUN", for: 2h, timezone: Europe/Berlin, apis: [orders]}

# The User-Agent of our requests names this to whoever runs a watched API; or a mail address.
# contact: https://wiki.example.com/gatewatch
"""


def init(
    file: Annotated[Path, typer.Argument(help="Where to write it.")] = DEFAULT_CONFIG,
) -> None:
    """Write a commented starter file; an existing file stays as it is.

    **Example**

        gatewatch init
    """
    try:
        with file.open("x", encoding="utf-8") as out:
            out.write(STARTER)
    except FileExistsError:
        raise UsageError(f"{file} exists already; it was left as it is") from None
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}") from None
    typer.echo(f"wrote {file}; edit it, then: gatewatch validate, gatewatch plan, gatewatch run")
