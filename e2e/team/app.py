"""Another team's app: APIs of every kind that the CDK has, and Gatewatch out of the wheel, which
watches what their constructs define.

`python app.py FOLDER` writes the assembly. KEY: the API key that callers show; ELSEWHERE: the id of
an API that another stack made; WITHOUT: a path of the API `orders` to leave out.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_certificatemanager as certificates
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_lambda as lambda_

from gatewatch_cdk import GatewatchMonitor

BACKEND = """
def handler(event, context):
    return {"statusCode": 200, "headers": {"Content-Type": "application/json"}, "body": "{}"}
"""
ISSUED = "arn:aws:acm:us-east-1:000000000000:certificate/00000000-0000-0000-0000-000000000000"
DESCRIPTION = {
    "openapi": "3.0.1",
    "info": {"title": "described", "version": "1"},
    "paths": {
        "/described": {
            "get": {
                "responses": {"200": {"description": "fine"}},
                "x-amazon-apigateway-integration": {
                    "type": "mock",
                    "requestTemplates": {"application/json": '{"statusCode": 200}'},
                    "responses": {"default": {"statusCode": "200"}},
                },
            }
        }
    },
}

WITHOUT = os.environ.get("WITHOUT")
MANAGED = "GET /@connections/nobody"


class Team(cdk.Stack):
    def __init__(self, scope: cdk.App, construct_id: str, *, key: str, elsewhere: str) -> None:
        super().__init__(scope, construct_id)
        self._function = lambda_.Function(
            self,
            "Backend",
            code=lambda_.Code.from_inline(BACKEND),
            handler="index.handler",
            runtime=lambda_.Runtime.PYTHON_3_14,
        )
        self._backend = apigateway.LambdaIntegration(self._function)
        monitor = GatewatchMonitor(self, "Watch", config=Path(__file__).with_name("gatewatch.yaml"))
        own = {} if WITHOUT == "/ledger" else {"GET /ledger": {"as": ["own"]}}
        monitor.watch(
            self._orders(key),
            name="orders",
            settings={"owner": "team-orders", "severity": "high"},
            routes={
                "GET /stock": {"as": ["partner"]},
                "GET /files/{proxy+}": {"as": ["own"], "path": {"proxy": "a"}},
                **own,
            },
        )
        monitor.watch(self._shop(), name="shop")
        monitor.watch(self._front(), name="front", routes={"GET /anything": {}})
        monitor.watch(self._described(), name="described")
        monitor.watch(self._url("Open", lambda_.FunctionUrlAuthType.NONE), name="open")
        monitor.watch(
            self._url("Signed", lambda_.FunctionUrlAuthType.AWS_IAM),
            name="signed",
            routes={"GET /": {"as": ["own"]}},
        )
        monitor.watch(
            apigateway.RestApi.from_rest_api_id(self, "Elsewhere", elsewhere),
            name="elsewhere",
            url=f"https://{elsewhere}.execute-api.us-east-1.amazonaws.com/prod",
            routes={"GET /door": {"access": "public"}},
        )
        monitor.watch(self._chat(), name="chat", routes={MANAGED: {"access": "protected"}})

    def _orders(self, key: str) -> apigateway.RestApi:
        """Every guard that needs no more than the CDK, and a custom domain beside the endpoint."""
        api = apigateway.RestApi(self, "Orders", default_integration=self._backend)
        api.root.add_resource("health").add_method("GET")
        if WITHOUT != "/ledger":
            api.root.add_resource("ledger").add_method("GET", **IAM)
        api.root.add_resource("stock").add_method("GET", api_key_required=True)
        users = cognito.UserPool(self, "Users", removal_policy=cdk.RemovalPolicy.DESTROY)
        guard = apigateway.CognitoUserPoolsAuthorizer(self, "Guard", cognito_user_pools=[users])
        api.root.add_resource("account").add_method("GET", authorizer=guard)
        api.root.add_resource("refunds").add_method("POST", **IAM)
        api.root.add_resource("files").add_proxy(default_method_options=_options(), any_method=True)
        plan = api.add_usage_plan("Plan")
        plan.add_api_stage(stage=api.deployment_stage)
        plan.add_api_key(api.add_api_key("Key", value=key))
        self._domain("orders").add_base_path_mapping(api, base_path="v1")
        return api

    def _shop(self) -> apigateway.RestApi:
        """Only its domain is open."""
        api = apigateway.RestApi(
            self, "Shop", default_integration=self._backend, disable_execute_api_endpoint=True
        )
        api.root.add_resource("offers").add_method("GET")
        self._domain("shop").add_base_path_mapping(api)
        return api

    def _domain(self, name: str) -> apigateway.DomainName:
        return apigateway.DomainName(
            self,
            f"{name}-domain",
            domain_name=f"{name}.gatewatch-e2e.net",
            certificate=certificates.Certificate.from_certificate_arn(self, f"{name}-cert", ISSUED),
        )

    def _front(self) -> apigatewayv2.HttpApi:
        """Whatever is asked for goes to one function."""
        all_of_it = integrations.HttpLambdaIntegration("All", self._function)
        return apigatewayv2.HttpApi(self, "Front", default_integration=all_of_it)

    def _described(self) -> apigateway.SpecRestApi:
        definition = apigateway.ApiDefinition.from_inline(DESCRIPTION)
        return apigateway.SpecRestApi(self, "Described", api_definition=definition)

    def _chat(self) -> apigatewayv2.WebSocketApi:
        api = apigatewayv2.WebSocketApi(self, "Chat")
        apigatewayv2.WebSocketStage(self, "Live", web_socket_api=api, stage_name="live")
        return api

    def _url(self, name: str, kind: lambda_.FunctionUrlAuthType) -> lambda_.FunctionUrl:
        function = lambda_.Function(
            self,
            f"{name}Function",
            code=lambda_.Code.from_inline(BACKEND),
            handler="index.handler",
            runtime=lambda_.Runtime.PYTHON_3_14,
        )
        return function.add_function_url(auth_type=kind)


IAM = {"authorization_type": apigateway.AuthorizationType.IAM}


def _options() -> apigateway.MethodOptions:
    return apigateway.MethodOptions(**IAM)


if __name__ == "__main__":
    app = cdk.App(outdir=sys.argv[1])
    Team(app, "Team", key=os.environ["KEY"], elsewhere=os.environ["ELSEWHERE"])
    app.synth()
