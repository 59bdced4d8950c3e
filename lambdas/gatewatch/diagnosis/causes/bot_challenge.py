"""A bot protection of another maker challenges the caller."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, recorded
from gatewatch.diagnosis.predictions.plain import plain
from gatewatch.gateway.answers import Answer
from gatewatch.model import Gate, Layer, Owner

CAUSE = Cause(
    id="bot_challenge",
    layer=Layer.EDGE,
    gate=Gate.CDN,
    owner=Owner.API,
    title="A bot protection of another maker challenges the caller",
    prediction=plain(
        Answer.BOT_CHALLENGE,
        because="the bot protection names its challenge in a header",
    ),
    prior=2,
    sources=(recorded("fd-104", "2026-06-01"),),
    prose="""
## What happens
A CDN in front of the API (here: Cloudflare) asks the caller to prove that it is a browser.

## Why it misleads
Users in browsers pass; servers and monitors get a 403 page.

## Confirm
Look for `cf-mitigated: challenge` in the evidence.

## Fix
Except the API's paths or the caller in the protection's rules.
""",
)
