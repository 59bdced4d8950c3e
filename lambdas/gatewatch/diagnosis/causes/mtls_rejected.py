"""The domain does not trust the client certificate."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, documented
from gatewatch.diagnosis.predictions.closed_entrance import CERTIFICATE_REFUSED
from gatewatch.diagnosis.predictions.conditions import ON_A_CUSTOM_DOMAIN
from gatewatch.model import Gate, Layer, Owner

CAUSE = Cause(
    id="mtls_rejected",
    layer=Layer.AUTH,
    gate=Gate.TLS,
    owner=Owner.CALLER,
    title="The domain does not trust the client certificate",
    prediction=CERTIFICATE_REFUSED,
    only_if=(ON_A_CUSTOM_DOMAIN,),
    prior=1,
    sources=(
        documented(
            "https://repost.aws/knowledge-center/api-gateway-mutual-tls-403-errors", "2026-11-22"
        ),
    ),
    prose="""
## What happens
The custom domain requires mutual TLS, and the certificate that was sent is of an unknown issuer,
self-signed, or weakly signed.

## Why it misleads
It is the same Forbidden as for a missing key. Without any certificate there is no HTTP answer.

## Confirm
Only the REST execution log names the reason ("Could not find issuer for certificate"). The trust
store:

    aws apigateway get-domain-name --domain-name <host> --region <region> \\
        --query mutualTlsAuthentication

## Fix
Present a certificate of an issuer in the trust store, or add the issuer.
""",
)
