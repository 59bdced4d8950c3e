"""A team's own CDK app: its API, and Gatewatch watching it.

Needs the constructs: `pip install 'gatewatch[cdk]'`.
"""

from __future__ import annotations

from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_lambda as lambda_

from gatewatch_cdk import GatewatchMonitor

CREDENTIALS = Path(__file__).parent / "credentials.yaml"
HANDLER = "def handler(event, context): return {'statusCode': 200, 'body': '{}'}"


class OrdersStack(cdk.Stack):
    def __init__(
        self, scope: cdk.App, construct_id: str, *, code: lambda_.Code | None = None
    ) -> None:
        """`code`: the monitor's functions, built unless given."""
        super().__init__(scope, construct_id)
        backend = apigateway.LambdaIntegration(
            lambda_.Function(
                self,
                "Backend",
                code=lambda_.Code.from_inline(HANDLER),
                handler="index.handler",
                runtime=lambda_.Runtime.PYTHON_3_14,
            )
        )
        api = apigateway.RestApi(self, "Orders")
        api.root.add_resource("health").add_method("GET", backend)
        orders = api.root.add_resource("orders")
        orders.add_method("POST", backend, authorization_type=apigateway.AuthorizationType.IAM)
        order = orders.add_resource("{id}")
        order.add_method("GET", backend, api_key_required=True)

        monitor = GatewatchMonitor(self, "Monitor", config=CREDENTIALS, code=code)
        monitor.watch(
            api,
            name="orders",
            settings={"owner": "team-orders", "severity": "high"},
            routes={"GET /orders/{id}": {"as": ["partner"], "path": {"id": "42"}}},
        )


if __name__ == "__main__":
    app = cdk.App()
    OrdersStack(app, "Orders")
    app.synth()
