"""The stage is in the URL of a domain whose mapping already names it."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, documented, recorded
from gatewatch.diagnosis.predictions.conditions import NAMES_A_SEGMENT, ON_A_CUSTOM_DOMAIN
from gatewatch.diagnosis.predictions.unmatched_route import STAGE_REPEATED
from gatewatch.model import Gate, Layer, Owner

CAUSE = Cause(
    id="stage_in_custom_domain_url",
    layer=Layer.ROUTING,
    gate=Gate.ROUTE,
    owner=Owner.CALLER,
    from_the_start=True,
    title="The stage is in the URL of a domain whose mapping already names it",
    prediction=STAGE_REPEATED,
    only_if=(
        ON_A_CUSTOM_DOMAIN,
        NAMES_A_SEGMENT,
    ),
    prior=6,
    sources=(
        recorded("fd-031", "2026-06-01"),
        documented(
            "https://repost.aws/knowledge-center/api-gateway-troubleshoot-403-forbidden",
            "2026-11-22",
        ),
    ),
    prose="""
## What happens
A custom domain's base path mapping names the stage, so the path after the base path starts with
the resource. A URL that repeats the stage asks for a resource called like the stage.

## Why it misleads
The same path works on the execute-api host, so the domain seems to add authentication.

## Confirm
Read the domain's mappings, and call the URL without its first segment:

    aws apigateway get-base-path-mappings --domain-name <host> --region <region>

For an HTTP API:

    aws apigatewayv2 get-api-mappings --domain-name <host> --region <region>

## Fix
Take the stage out of the URL.
""",
)
