"""The backend's certificate does not fit its name."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, recorded
from gatewatch.diagnosis.predictions.integration_failure import TLS_MISMATCH
from gatewatch.model import Gate, Layer, Owner

CAUSE = Cause(
    id="integration_tls_mismatch",
    layer=Layer.INTEGRATION,
    gate=Gate.INTEGRATION,
    owner=Owner.API,
    title="The backend's certificate does not fit its name",
    prediction=TLS_MISMATCH,
    prior=1,
    sources=(recorded("in-006", "2026-06-01"),),
    prose="""
## What happens
The gateway calls the backend over TLS and does not accept its certificate.

## Why it misleads
The backend answers browsers and curl with `-k`, and has no line in its log.

## Confirm

    curl -v https://<backend_host>/

## Fix
Give the backend a certificate for the name in the integration's URI.
""",
)
