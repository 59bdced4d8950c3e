"""A team whose deployments are verified, as a CDK app: one API behind a domain, what the team says
of it, the monitor, and `VerifyAfterDeploy`.

`python -m e2e.released FOLDER` writes an assembly for each of `VARIANTS`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_certificatemanager as certificates
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_

from gatewatch_cdk import GatewatchMonitor, VerifyAfterDeploy

NAME, MONITOR = "Released", "Watch"
DOMAIN, CALLER = "released.gatewatch-e2e.net", "gatewatch-e2e-released"
VARIANTS = (
    "first",
    "unchanged",
    "method lost",
    "route opened",
    "authorizer broken",
    "route added",
    "text changed",
)
_ISSUED = "arn:aws:acm:us-east-1:000000000000:certificate/00000000-0000-0000-0000-000000000000"
_AUTHORIZER = """
import os

def handler(event, context):
    allows = event.get("authorizationToken") == "Bearer " + os.environ["TOKEN"]
    return {"principalId": "user", "policyDocument": {"Version": "2012-10-17", "Statement": [
        {"Action": "execute-api:Invoke", "Effect": "Allow" if allows else "Deny",
         "Resource": event["methodArn"]}]}}
"""


class Released(cdk.Stack):
    def __init__(
        self, scope: cdk.App, construct_id: str, *, variant: str, token: str, config: Path
    ) -> None:
        """`token` is what callers must show."""
        super().__init__(scope, construct_id)
        self._variant = variant
        self._token = "mistyped" if variant == "authorizer broken" else token
        orders = self._api("Orders")
        _answer(
            orders.root.add_resource("ledger"), authorization_type=apigateway.AuthorizationType.IAM
        )
        self._admit()
        # The same anew, to which the domain goes: one of its methods was forgotten.
        served = self._api("Rewritten") if variant == "method lost" else orders
        apigateway.BasePathMapping(self, "Mapping", domain_name=self._domain(), rest_api=served)
        monitor = GatewatchMonitor(self, MONITOR, config=config)
        VerifyAfterDeploy(self, "Verify", monitor=monitor, api="orders")

    def _api(self, name: str) -> apigateway.RestApi:
        api = apigateway.RestApi(self, name)
        text = "changed" if self._variant == "text changed" else "fine"
        _answer(api.root.add_resource("health"), text)
        guard = {} if self._variant == "route opened" else {"authorizer": self._guard(name)}
        _answer(api.root.add_resource("orders"), **guard)
        if self._variant == "route added":
            _answer(api.root.add_resource("offers"))
        return api

    def _guard(self, name: str) -> apigateway.TokenAuthorizer:
        function = lambda_.Function(
            self,
            f"{name}Authorizer",
            code=lambda_.Code.from_inline(_AUTHORIZER),
            handler="index.handler",
            runtime=lambda_.Runtime.PYTHON_3_14,
            environment={"TOKEN": self._token},
        )
        return apigateway.TokenAuthorizer(
            self, f"{name}Guard", handler=function, results_cache_ttl=cdk.Duration.seconds(0)
        )

    def _admit(self) -> None:
        """Who may call the ledger, whichever API has it; Gatewatch assumes the role."""
        ledger = self.format_arn(
            service="execute-api", resource="*", resource_name="prod/GET/ledger"
        )
        role = iam.Role(self, "Caller", role_name=CALLER, assumed_by=iam.AccountRootPrincipal())
        role.add_to_policy(iam.PolicyStatement(actions=["execute-api:Invoke"], resources=[ledger]))

    def _domain(self) -> apigateway.DomainName:
        certificate = certificates.Certificate.from_certificate_arn(self, "Certificate", _ISSUED)
        return apigateway.DomainName(self, "Domain", domain_name=DOMAIN, certificate=certificate)


def _answer(resource: apigateway.Resource, text: str = "fine", **guard: object) -> None:
    integration = apigateway.MockIntegration(
        request_templates={"application/json": '{"statusCode": 200}'},
        integration_responses=[
            apigateway.IntegrationResponse(
                status_code="200", response_templates={"application/json": f'{{"all": "{text}"}}'}
            )
        ],
    )
    responses = [apigateway.MethodResponse(status_code="200")]
    resource.add_method("GET", integration, method_responses=responses, **guard)


def folder_of(variant: str) -> str:
    return variant.replace(" ", "-")


def main(folder: Path) -> None:
    for variant in VARIANTS:
        app = cdk.App(outdir=str(folder / folder_of(variant)))
        Released(
            app,
            NAME,
            variant=variant,
            token=os.environ["RELEASED_TOKEN"],
            config=Path(os.environ["RELEASED_CONFIG"]),
        )
        app.synth()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
