"""No route of the WebSocket API takes the message."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, recorded
from gatewatch.diagnosis.predictions.plain import plain
from gatewatch.gateway.answers import Answer
from gatewatch.model import Gate, Layer, Owner

CAUSE = Cause(
    id="websocket_route_not_found",
    layer=Layer.ROUTING,
    gate=Gate.ROUTE,
    owner=Owner.API,
    title="No route of the WebSocket API takes the message",
    prediction=plain(
        Answer.FRAME_FORBIDDEN,
        because="a message that no route takes is answered inside the connection",
    ),
    prior=2,
    sources=(recorded("ws-001", "2026-06-01"),),
    prose="""
## What happens
The route selection expression gave a key that has no route, and there is no `$default`. The answer
comes as a message inside the connection.

## Why it misleads
It says Forbidden, and it is a routing fault.

## Confirm

    aws apigatewayv2 get-routes --api-id <api_id> --region <region> --query 'Items[].RouteKey'

## Fix
Send a known key, or add the route or `$default`, and deploy.
""",
)
