"""What is watched, as a CDK app: an API with a route for each guard, one behind a resource policy,
one behind a single-page app, one with as many routes as one asks for.

`python -m e2e.target FOLDER` writes an assembly for each of `VARIANTS`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_

NAME = "Target"
VARIANTS = ("whole", "method deleted", "two deleted", "authorizer lost", "policy denies")
AUTHORIZER = """
import os

def handler(event, context):
    is_known = event.get("authorizationToken") == "Bearer " + os.environ["TOKEN"]
    allows = is_known and os.environ["DENIES"] == "no"
    return {"principalId": "user", "policyDocument": {"Version": "2012-10-17", "Statement": [
        {"Action": "execute-api:Invoke", "Effect": "Allow" if allows else "Deny",
         "Resource": event["methodArn"]}]}}
"""
REFUNDS = """
def handler(event, context):
    print("refund asked for")
    return {"statusCode": 400, "headers": {"Content-Type": "application/json"},
            "body": '{"error": "a refund names its order"}'}
"""


class Target(cdk.Stack):
    def __init__(
        self, scope: cdk.App, construct_id: str, *, variant: str, key: str, token: str
    ) -> None:
        """`key` and `token` are what callers must show."""
        super().__init__(scope, construct_id)
        self._shop = self._api("Shop")
        shop = self._shop.root
        _answer(shop.add_resource("health"))
        opened = shop.add_resource("open")
        if variant != "two deleted":
            _answer(opened)
        authorizer = self._authorizer(token)
        guard = {} if variant == "authorizer lost" else {"authorizer": authorizer}
        _answer(shop.add_resource("orders"), **guard)
        shop.add_resource("refunds").add_method("POST", self._backend(), authorizer=authorizer)
        _answer(shop.add_resource("stock"), api_key_required=True)
        ledger = shop.add_resource("ledger")
        if "deleted" not in variant:
            _answer(ledger, authorization_type=apigateway.AuthorizationType.IAM)
        users = self._users()
        _answer(
            shop.add_resource("account"),
            authorizer=apigateway.CognitoUserPoolsAuthorizer(
                self, "Pool", cognito_user_pools=[users]
            ),
        )
        site = self._api("Site")
        _answer(site.root.add_resource("profile"), api_key_required=True)
        self._plan(key, self._shop, site)
        vault = self._api("Vault", policy=_policy(denies=variant == "policy denies"))
        _answer(vault.root.add_resource("door"))
        wide = self._api("Wide")
        _answer(wide.root.add_resource("{proxy+}"))
        client = users.add_client(
            "Client", auth_flows=cognito.AuthFlow(user_password=True), generate_secret=False
        )
        outputs = {
            "ShopId": self._shop.rest_api_id,
            "VaultId": vault.rest_api_id,
            "SiteId": site.rest_api_id,
            "WideId": wide.rest_api_id,
            "CallerArn": self._caller().role_arn,
            "PoolId": users.user_pool_id,
            "ClientId": client.user_pool_client_id,
        }
        for name, value in outputs.items():
            cdk.CfnOutput(self, name, value=value)

    def _api(self, name: str, policy: iam.PolicyDocument | None = None) -> apigateway.RestApi:
        return apigateway.RestApi(
            self,
            name,
            policy=policy,
            deploy_options=apigateway.StageOptions(stage_name="prod"),
            endpoint_types=[apigateway.EndpointType.REGIONAL],
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

    def _users(self) -> cognito.UserPool:
        return cognito.UserPool(self, "Users", removal_policy=cdk.RemovalPolicy.DESTROY)

    def _backend(self) -> apigateway.LambdaIntegration:
        """Its log tells how often it was called."""
        function = lambda_.Function(
            self,
            "Refunds",
            code=lambda_.Code.from_inline(REFUNDS),
            handler="index.handler",
            runtime=lambda_.Runtime.PYTHON_3_14,
        )
        return apigateway.LambdaIntegration(function)

    def _plan(self, key: str, *apis: apigateway.RestApi) -> None:
        stages = [
            apigateway.UsagePlanPerApiStage(api=one, stage=one.deployment_stage) for one in apis
        ]
        plan = self._shop.add_usage_plan("Plan", api_stages=stages)
        plan.add_api_key(self._shop.add_api_key("Key", value=key))

    def _caller(self) -> iam.Role:
        """Who may call /ledger; the monitor assumes it."""
        role = iam.Role(self, "Caller", assumed_by=iam.AccountRootPrincipal())
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["execute-api:Invoke"],
                resources=[self._shop.arn_for_execute_api("GET", "/ledger", "prod")],
            )
        )
        return role


def _answer(resource: apigateway.IResource, **guard: object) -> None:
    integration = apigateway.MockIntegration(
        request_templates={"application/json": '{"statusCode": 200}'},
        integration_responses=[
            apigateway.IntegrationResponse(
                status_code="200", response_templates={"application/json": '{"ok": true}'}
            )
        ],
    )
    responses = [apigateway.MethodResponse(status_code="200")]
    resource.add_method("GET", integration, method_responses=responses, **guard)


def _policy(*, denies: bool) -> iam.PolicyDocument:
    effects = [iam.Effect.ALLOW, *([iam.Effect.DENY] if denies else [])]
    return iam.PolicyDocument(
        statements=[
            iam.PolicyStatement(
                effect=effect,
                principals=[iam.AnyPrincipal()],
                actions=["execute-api:Invoke"],
                resources=["execute-api:/*"],
            )
            for effect in effects
        ]
    )


def main(folder: Path) -> None:
    for variant in VARIANTS:
        app = cdk.App(outdir=str(folder / variant.replace(" ", "-")))
        Target(
            app,
            NAME,
            variant=variant,
            key=os.environ["TARGET_KEY"],
            token=os.environ["TARGET_TOKEN"],
        )
        app.synth()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
