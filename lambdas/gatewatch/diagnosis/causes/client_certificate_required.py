"""The domain wants a client certificate."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, recorded
from gatewatch.diagnosis.predictions.plain import plain
from gatewatch.gateway.answers import Answer
from gatewatch.model import Gate, Layer, Owner

CAUSE = Cause(
    id="client_certificate_required",
    layer=Layer.NETWORK,
    gate=Gate.TLS,
    owner=Owner.CALLER,
    title="The domain wants a client certificate",
    prediction=plain(
        Answer.CERTIFICATE_REQUIRED,
        because="the handshake was ended because no client certificate was sent",
    ),
    prior=3.5,
    sources=(recorded("ed-011", "2026-06-01"),),
    prose="""
## What happens
The custom domain requires mutual TLS and no certificate was presented. There is no HTTP answer.

## Why it misleads
It looks like a network fault.

## Confirm

    aws apigateway get-domain-name --domain-name <host> --region <region> \\
        --query mutualTlsAuthentication

## Fix
Present a certificate of an issuer in the domain's trust store.
""",
)
