"""The service's metrics in CloudWatch."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

NAMESPACE = "Gatewatch"
MINUTE = Duration.minutes(1)
HOUR = Duration.hours(1)


def metric(
    name: str, deployment: str, statistic: str = "Sum", period: Duration = MINUTE
) -> cloudwatch.Metric:
    """One of the few metrics for the deployment as a whole."""
    return cloudwatch.Metric(
        namespace=NAMESPACE,
        metric_name=name,
        dimensions_map={"deployment": deployment},
        statistic=statistic,
        period=period,
    )


def by_api(name: str, deployment: str, statistic: str = "Sum") -> cloudwatch.MathExpression:
    """A search, so that an API with news tomorrow shows without a deployment. Each shard counts its
    own routes, so that only their sum is the API's."""
    scope = f'{{{NAMESPACE},deployment,api,stage}} MetricName="{name}" deployment="{deployment}"'
    return cloudwatch.MathExpression(
        expression=f"SEARCH('{scope}', '{statistic}', 60)", period=MINUTE, label=""
    )


def failing_routes(name: str, deployment: str) -> cloudwatch.MathExpression:
    """A query with a series for each route that fails or failed within ten minutes."""
    return cloudwatch.MathExpression(
        expression=f'SELECT MAX({name}) FROM SCHEMA("{NAMESPACE}", api, deployment, route) '
        f"WHERE deployment = '{deployment}' GROUP BY api, route ORDER BY MAX() DESC",
        period=MINUTE,
        label=name,
    )
