"""The URL of the default endpoint names no stage."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, recorded
from gatewatch.diagnosis.predictions.closed_entrance import STAGE_LEFT_OUT
from gatewatch.diagnosis.predictions.conditions import NAMES_A_STAGE_ITSELF, NAMES_NO_STAGE
from gatewatch.model import Gate, Layer, Owner

CAUSE = Cause(
    id="stage_missing_from_url",
    layer=Layer.ROUTING,
    gate=Gate.HOST,
    owner=Owner.CALLER,
    from_the_start=True,
    title="The URL of the default endpoint names no stage",
    prediction=STAGE_LEFT_OUT,
    only_if=(NAMES_A_STAGE_ITSELF,),
    typical=(NAMES_NO_STAGE,),
    prior=1.4,
    sources=(recorded("rt-034, rt-035, fd-139", "2026-06-01"),),
    prose="""
## What happens
On `<api-id>.execute-api.<region>.amazonaws.com` the first path segment is the stage. Without it,
the first segment of the resource path is taken for a stage that does not exist. The same happens
behind a CloudFront distribution without an origin path.

## Why it misleads
A REST API answers 403 Forbidden, which reads like a refused caller. Common articles say it would
be Missing Authentication Token; recorded answers say otherwise. An HTTP API answers 404.

## Confirm
List the stages and compare them with the first segment of the URL:

    aws apigateway get-stages --rest-api-id <api_id> --region <region> --query 'item[].stageName'

On an HTTP API:

    aws apigatewayv2 get-stages --api-id <api_id> --region <region> --query 'Items[].StageName'

## Fix
Put the stage into the URL, or into the distribution's origin path.
""",
)
