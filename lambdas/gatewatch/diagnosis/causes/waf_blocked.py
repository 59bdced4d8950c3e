"""A WAF rule blocked the request."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, documented, recorded
from gatewatch.diagnosis.predictions.waf_block import WAF_BLOCK
from gatewatch.model import Gate, Layer, Owner

CAUSE = Cause(
    id="waf_blocked",
    layer=Layer.AUTH,
    gate=Gate.WAF,
    owner=Owner.API,
    title="A WAF rule blocked the request",
    prediction=WAF_BLOCK,
    prior=4.5,
    sources=(
        recorded("ed-001, cu-010", "2026-06-01"),
        documented(
            "https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-control-access-aws-waf.html",
            "2026-11-22",
        ),
    ),
    prose="""
## What happens
A web ACL of the stage refused the request before any route was looked up: a body over 8 KB, a
pattern in it, a rate, a country, or the User-Agent.

## Why it misleads
The default block is the gateway's own Forbidden, and neither the API's access log nor the function
shows the request. A monitor may be blocked while users are not, or the other way round.

## Confirm

Find the web ACL, and read what its rules blocked at the time of the call:

    aws wafv2 get-web-acl-for-resource --region <region> \\
        --resource-arn arn:aws:apigateway:<region>::/restapis/<api_id>/stages/<stage>
    aws wafv2 get-sampled-requests --scope REGIONAL --region <region> --max-items 100 \\
        --web-acl-arn <web_acl_arn> --rule-metric-name <rule_metric> \\
        --time-window StartTime=<from>,EndTime=<to>

    aws wafv2 get-web-acl-for-resource --region <region> \\
        --resource-arn arn:aws:appsync:<region>:<account>:apis/<graphql_api_id>
    aws wafv2 get-sampled-requests --scope REGIONAL --region <region> --max-items 100 \\
        --web-acl-arn <web_acl_arn> --rule-metric-name <rule_metric> \\
        --time-window StartTime=<from>,EndTime=<to>

    aws wafv2 get-web-acl-for-resource --region <region> --resource-arn \\
        arn:aws:elasticloadbalancing:<region>:<account>:loadbalancer/app/<name>/<balancer_id>
    aws wafv2 get-sampled-requests --scope REGIONAL --region <region> --max-items 100 \\
        --web-acl-arn <web_acl_arn> --rule-metric-name <rule_metric> \\
        --time-window StartTime=<from>,EndTime=<to>

    aws cloudfront get-distribution-config --id <distribution_id> \\
        --query DistributionConfig.WebACLId
    aws wafv2 get-sampled-requests --scope CLOUDFRONT --region us-east-1 --max-items 100 \\
        --web-acl-arn <web_acl_arn> --rule-metric-name <rule_metric> \\
        --time-window StartTime=<from>,EndTime=<to>

## Fix
Except the route or the caller from the rule; this monitor's User-Agent can be matched on.
""",
)
