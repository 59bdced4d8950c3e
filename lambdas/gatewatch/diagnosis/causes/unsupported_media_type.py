"""The integration takes no body of this type."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, documented
from gatewatch.diagnosis.predictions.plain import plain
from gatewatch.gateway.answers import Answer
from gatewatch.model import Gate, Layer, Owner

CAUSE = Cause(
    id="unsupported_media_type",
    layer=Layer.REQUEST,
    gate=Gate.VALIDATION,
    owner=Owner.CALLER,
    title="The integration takes no body of this type",
    prediction=plain(
        Answer.UNSUPPORTED_MEDIA_TYPE,
        because="a body of a type without a mapping template gets Unsupported Media Type",
    ),
    prior=1,
    sources=(
        documented(
            "https://docs.aws.amazon.com/apigateway/latest/developerguide/"
            "supported-gateway-response-types.html",
            "2026-11-22",
        ),
    ),
    prose="""
## What happens
The integration has `passthroughBehavior` NEVER or WHEN_NO_TEMPLATES, and no mapping template for
the request's content type. The caller was let in: this comes after authorization.

## Why it misleads
It looks like the backend's own answer, and the backend never saw the request.

## Confirm

    aws apigateway get-integration --rest-api-id <api_id> --resource-id <resource_id> \\
        --http-method <method> --region <region> --query '[passthroughBehavior,requestTemplates]'

## Fix
Send a content type that has a template, or add a template and deploy the stage.
""",
)
