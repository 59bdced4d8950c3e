"""A private endpoint got the request and cannot tell for which API."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, documented, recorded
from gatewatch.diagnosis.predictions.closed_entrance import NO_API_TOLD
from gatewatch.diagnosis.predictions.conditions import INSIDE_A_VPC, SURELY_INSIDE_A_VPC
from gatewatch.model import Gate, Layer, Owner

CAUSE = Cause(
    id="private_endpoint_dns",
    layer=Layer.ROUTING,
    gate=Gate.HOST,
    owner=Owner.API,
    only_if=(INSIDE_A_VPC,),
    typical=(SURELY_INSIDE_A_VPC,),
    title="A private endpoint got the request and cannot tell for which API",
    prediction=NO_API_TOLD,
    prior=1,
    sources=(
        recorded("rt-037", "2026-06-01"),
        documented("https://repost.aws/knowledge-center/api-gateway-vpc-connections", "2026-11-22"),
    ),
    prose="""
## What happens
Inside a VPC whose execute-api endpoint has private DNS, every execute-api name resolves to that
endpoint, public APIs included. Or a load balancer sends its own Host name to the endpoint.

## Why it misleads
The same URL answers 200 from outside the VPC, so the caller's network looks innocent.

## Confirm
Resolve the name where the call was made; a private address (10.x, 172.16-31.x, 192.168.x) tells:

    dig +short <host>

## Fix
Call a public API through a custom domain, or switch private DNS off and send `x-apigw-api-id`.
""",
)
