"""The request validator refused the request."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, recorded
from gatewatch.diagnosis.predictions.plain import plain
from gatewatch.diagnosis.predictions.rules import REST, WEBSOCKET
from gatewatch.gateway.answers import Answer
from gatewatch.model import Gate, Layer, Owner

CAUSE = Cause(
    id="request_invalid",
    layer=Layer.REQUEST,
    gate=Gate.VALIDATION,
    owner=Owner.CALLER,
    title="The request validator refused the request",
    prediction=(
        *plain(
            Answer.BAD_REQUEST,
            because="a validator's refusal is a 400 of the gateway",
            kinds=REST,
        ),
        *plain(
            Answer.BAD_CONNECTION_ID,
            because="a malformed connection id is refused before anything else",
            kinds=WEBSOCKET,
        ),
    ),
    prior=5,
    sources=(recorded("key-002, key-009, cu-008, ms-117", "2026-09-25"),),
    prose="""
## What happens
A required parameter is missing, or the body does not fit the method's model. The caller was let
in: validation comes after authorization and the API key.

## Why it misleads
It looks like the function's own complaint, and the function never saw the request.

## Confirm

    aws apigateway get-method --rest-api-id <api_id> --resource-id <resource_id> \\
        --http-method <method> --region <region> --query '[requestParameters,requestModels]'

## Fix
Send what the method requires.
""",
)
