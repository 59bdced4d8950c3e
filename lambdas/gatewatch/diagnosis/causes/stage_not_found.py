"""The stage in the URL does not exist, or the one that a domain is mapped to."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, recorded
from gatewatch.diagnosis.predictions.closed_entrance import NO_STAGE
from gatewatch.diagnosis.predictions.conditions import NAMES_A_STAGE_ITSELF
from gatewatch.model import Gate, Layer, Owner

CAUSE = Cause(
    id="stage_not_found",
    layer=Layer.ROUTING,
    gate=Gate.HOST,
    owner=Owner.API,
    title="The stage does not exist",
    prediction=NO_STAGE,
    typical=(NAMES_A_STAGE_ITSELF,),
    prior=0.8,
    sources=(recorded("rt-035, ms-015, ms-116", "2026-09-24"),),
    prose="""
## What happens
The stage was deleted, renamed, or never deployed; a custom domain may still be mapped to it. A
REST API says 403 Forbidden to every path and caller, a signer with full rights included; an HTTP
API says 404 Not Found.

## Why it misleads
Forbidden reads like a refused caller, and no log of the API has a line about it.

## Confirm

    aws apigateway get-stages --rest-api-id <api_id> --region <region> --query 'item[].stageName'

On an HTTP API:

    aws apigatewayv2 get-stages --api-id <api_id> --region <region> --query 'Items[].StageName'

## Fix
Deploy a stage of that name, or correct the URL. A new stage may say Forbidden for most of a
minute before it answers.
""",
)
