"""The API that is watched, as a CDK app: one route for each guard, and faults by context.

`-c without=ledger` leaves a method out, `-c unguarded=orders` leaves its authorizer out.
"""

from __future__ import annotations

import os

import aws_cdk as cdk
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_

NAME = "Target"
AUTHORIZER = """
import os

def handler(event, context):
    is_known = event.get("authorizationToken") == "Bearer " + os.environ["TOKEN"]
    allows = is_known and os.environ["DENIES"] == "no"
    return {"principalId": "user", "policyDocument": {"Version": "2012-10-17", "Statement": [
        {"Action": "execute-api:Invoke", "Effect": "Allow" if allows else "Deny",
         "Resource": event["methodArn"]}]}}
"""


class Target(cdk.Stack):
    def __init__(self, scope: cdk.App, construct_id: str, *, key: str, token: str) -> None:
        """`key` and `token` are what callers must show."""
        super().__init__(scope, construct_id)
        without = self.node.try_get_context("without")
        unguarded = self.node.try_get_context("unguarded")
        self._api = apigateway.RestApi(
            self,
            "Api",
            deploy_options=apigateway.StageOptions(stage_name="prod"),
            endpoint_types=[apigateway.EndpointType.REGIONAL],
        )
        self._route("health")
        self._route("open")
        if unguarded == "orders":
            self._route("orders")
        else:
            self._route("orders", authorizer=self._authorizer(token))
        self._route("stock", api_key_required=True)
        if without != "ledger":
            self._route("ledger", authorization_type=apigateway.AuthorizationType.IAM)
        self._plan(key)
        caller = self._caller()
        outputs = {"ApiId": self._api.rest_api_id, "CallerArn": caller.role_arn}
        for name, value in outputs.items():
            cdk.CfnOutput(self, name, value=value)

    def _route(self, name: str, **guard: object) -> None:
        answer = apigateway.MockIntegration(
            request_templates={"application/json": '{"statusCode": 200}'},
            integration_responses=[
                apigateway.IntegrationResponse(
                    status_code="200", response_templates={"application/json": '{"ok": true}'}
                )
            ],
        )
        self._api.root.add_resource(name).add_method(
            "GET",
            answer,
            method_responses=[apigateway.MethodResponse(status_code="200")],
            **guard,
        )

    def _authorizer(self, token: str) -> apigateway.TokenAuthorizer:
        function = lambda_.Function(
            self,
            "Authorizer",
            code=lambda_.Code.from_inline(AUTHORIZER),
            handler="index.handler",
            runtime=lambda_.Runtime.PYTHON_3_14,
            environment={"TOKEN": token, "DENIES": "no"},
        )
        return apigateway.TokenAuthorizer(
            self, "Guard", handler=function, results_cache_ttl=cdk.Duration.seconds(0)
        )

    def _plan(self, key: str) -> None:
        plan = self._api.add_usage_plan(
            "Plan",
            api_stages=[
                apigateway.UsagePlanPerApiStage(api=self._api, stage=self._api.deployment_stage)
            ],
        )
        plan.add_api_key(self._api.add_api_key("Key", value=key))

    def _caller(self) -> iam.Role:
        """Who may call /ledger; the monitor assumes it."""
        role = iam.Role(self, "Caller", assumed_by=iam.AccountRootPrincipal())
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["execute-api:Invoke"],
                resources=[self._api.arn_for_execute_api("GET", "/ledger", "prod")],
            )
        )
        return role


if __name__ == "__main__":
    app = cdk.App()
    Target(app, NAME, key=os.environ["TARGET_KEY"], token=os.environ["TARGET_TOKEN"])
    app.synth()
