"""The AppSync API key has expired, or is none."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, documented, inferred
from gatewatch.diagnosis.predictions.unauthorized import APPSYNC_KEY
from gatewatch.model import Gate, Guard, Layer, Owner

CAUSE = Cause(
    id="appsync_key_expired",
    layer=Layer.AUTH,
    gate=Gate.API_KEY,
    owner=Owner.CALLER,
    guards=frozenset({Guard.API_KEY}),
    title="The AppSync API key has expired, or is none",
    prediction=APPSYNC_KEY,
    prior=6,
    sources=(
        documented(
            "https://docs.aws.amazon.com/appsync/latest/devguide/security-authz.html", "2026-11-28"
        ),
        inferred("the text of the refusal, as users quote it", "2026-11-28"),
    ),
    prose="""
## What happens
AppSync's API keys end after seven days by default, and after a year at most. An expired,
deleted or mistyped key is refused before the query is read.

## Why it misleads
Nothing was deployed, and the same key worked yesterday. The text speaks of authorization, not of an
expiry.

## Confirm
An expiry in the past is an expired key, as seconds since 1970:

    aws appsync list-api-keys --api-id <graphql_api_id> --region <region> \\
        --query 'apiKeys[].[id,expires]'

## Fix
Prolong the key before its end, or make a new one and give it to the clients.
""",
)
