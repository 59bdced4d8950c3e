"""The distribution does not know this host name."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, documented, recorded
from gatewatch.diagnosis.predictions.conditions import A_NAME_OF_THE_OWNERS
from gatewatch.diagnosis.predictions.plain import plain
from gatewatch.gateway.answers import Answer
from gatewatch.model import Gate, Layer, Owner

CAUSE = Cause(
    id="cloudfront_alias_not_configured",
    layer=Layer.EDGE,
    gate=Gate.CDN,
    owner=Owner.API,
    title="The distribution does not know this host name",
    prediction=plain(
        Answer.CLOUDFRONT_BAD_REQUEST,
        because="CloudFront's page says Bad request to a host that it does not know",
    ),
    only_if=(A_NAME_OF_THE_OWNERS,),
    prior=2.5,
    sources=(
        recorded("fd-097", "2026-06-01"),
        documented(
            "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/CNAMEs.html",
            "2026-11-22",
        ),
    ),
    prose="""
## What happens
A DNS record points at a distribution (or at an API's CloudFront) that does not list the name as an
alternate domain name.

## Why it misleads
The name resolves and TLS may even succeed, so the record looks right.

## Confirm

    dig +short <host>
    aws cloudfront list-distributions \\
        --query 'DistributionList.Items[].[Id,DomainName,Aliases.Items]'

## Fix
Add the name to the distribution and its certificate, or point the record at the right one.
""",
)
