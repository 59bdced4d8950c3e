"""AWS WAF challenges the caller."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, recorded
from gatewatch.diagnosis.predictions.plain import plain
from gatewatch.gateway.answers import Answer
from gatewatch.model import Gate, Layer, Owner

CAUSE = Cause(
    id="waf_challenge",
    layer=Layer.EDGE,
    gate=Gate.WAF,
    owner=Owner.API,
    title="AWS WAF challenges the caller",
    prediction=plain(
        Answer.CHALLENGE,
        because="AWS WAF names its action in a header",
    ),
    prior=3,
    sources=(recorded("ed-009, fd-102", "2026-06-01"),),
    prose="""
## What happens
A rule answers with a challenge or CAPTCHA that only a browser can solve: a 202 without a body (405
for a CAPTCHA), with `x-amzn-waf-action`.

## Why it misleads
A 2xx passes every check for a status below 400, and no backend was reached.

## Confirm
Look for the header `x-amzn-waf-action` in the evidence, then at the rules:

    aws wafv2 list-web-acls --scope CLOUDFRONT --region us-east-1

## Fix
Except the API's paths, or this monitor's User-Agent, from the rule.
""",
)
