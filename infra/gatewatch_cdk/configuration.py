"""The configuration bucket: every version, the pointer to the current one, and what is allowed."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from aws_cdk import CustomResource, Duration, RemovalPolicy, Stack
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_assets as assets
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from gatewatch.config.canonical import Config
from gatewatch.service.published import Allowed, Twin, encoded
from gatewatch_cdk.function import ServiceFunction, described
from gatewatch_cdk.nag import acknowledge, below
from gatewatch_cdk.needs import Calls, Needs

POINTER = "config/current.json"
ALLOWED = "config/allowed.json"
_DEPLOYED = "config/deployed.json"
_ANY_VERSION = "config/versions/*"
_LATEST = Duration.minutes(15)


class ConfigurationBucket(Construct):
    """The same few objects for 10 routes and for 50,000; emptied when the stack goes."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            versioned=True,
            lifecycle_rules=[s3.LifecycleRule(noncurrent_version_expiration=Duration.days(90))],
            removal_policy=RemovalPolicy.DESTROY,
        )
        acknowledge(
            self.bucket,
            "S1",
            "Holds names and URLs, no secrets; who wrote which version is in the versions and in "
            "CloudTrail, and an access log would need a second bucket that outlives the stack.",
        )
        self._seed = ServiceFunction(
            self,
            "Seed",
            code=lambda_.Code.from_asset(str(Path(__file__).parent / "seed")),
            handler="index.handler",
            timeout_seconds=120,
            memory_mb=512,
            environment={},
            description=described("writes the deployed configuration into its bucket"),
        )
        # CloudFormation has its answer; another try would write after a rollback.
        self._seed.called_once(within=_LATEST)

    def hold(
        self,
        config: Config,
        needs: Needs,
        *,
        urls: Mapping[str, str],
        parameters: Mapping[str, str],
        take_over: str | None,
    ) -> CustomResource:
        """By placeholder: `urls` that only the deployment knows, and names of the `parameters` in
        Parameter Store that hold one. CloudFormation reads these at each deployment."""
        values = {
            placeholder: ssm.StringParameter.value_for_string_parameter(self, name)
            for placeholder, name in parameters.items()
        }
        configuration = self._asset("Configuration", "configuration.json", encoded(config))
        allowed = self._asset("Allowed", "allowed.json", allowed_by(needs))
        self._grant(configuration, allowed)
        deployed = CustomResource(
            self,
            "Deployed",
            resource_type="Custom::GatewatchConfiguration",
            service_token=self._seed.function.function_arn,
            service_timeout=_LATEST,
            properties={
                "Bucket": self.bucket.bucket_name,
                "AssetBucket": configuration.s3_bucket_name,
                "Configuration": configuration.s3_object_key,
                "Allowed": allowed.s3_object_key,
                "Urls": {**urls, **values},
                "Parameters": dict(parameters),
                "TakeOver": take_over or "",
            },
        )
        # Its policy names this deployment's files: first the policy, then the call.
        deployed.node.add_dependency(self._seed)
        return deployed

    def let_read(self, function: ServiceFunction, *keys: str) -> None:
        """Every version of the configuration, and these keys."""
        self.let_read_only(function, *keys, _ANY_VERSION)
        self._acknowledge_versions(function)

    def let_read_only(self, function: ServiceFunction, *keys: str) -> None:
        function.allow("s3:GetObject", on=self._arns(*keys))
        # Without it, S3 does not distinguish a missing object from a forbidden one.
        function.allow("s3:ListBucket", on=[self.bucket.bucket_arn])

    def _arns(self, *keys: str) -> list[str]:
        return [self.bucket.arn_for_objects(key) for key in keys]

    def _acknowledge_versions(self, function: ServiceFunction) -> None:
        acknowledge(
            function.role,
            below(self.bucket, f"/{_ANY_VERSION}"),
            "A version is named by its digest, and people push new ones between deployments.",
        )

    def _asset(self, construct_id: str, name: str, content: bytes) -> assets.Asset:
        """The CDK copies the file when the construct is made."""
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / name
            file.write_bytes(content)
            return assets.Asset(self, construct_id, path=str(file))

    def _grant(self, *files: assets.Asset) -> None:
        self._seed.allow(
            "s3:GetObject",
            on=[
                Stack.of(self).format_arn(
                    service="s3",
                    region="",
                    account="",
                    resource=file.s3_bucket_name,
                    resource_name=file.s3_object_key,
                )
                for file in files
            ],
        )
        self._seed.allow("s3:PutObject", on=self._arns(POINTER, ALLOWED, _DEPLOYED, _ANY_VERSION))
        self._seed.allow("s3:GetObject", on=self._arns(POINTER, _DEPLOYED))
        self._acknowledge_versions(self._seed)
        self._seed.allow("s3:DeleteObjectVersion", on=self._arns("*"))
        acknowledge(
            self._seed.role,
            below(self.bucket, "/*"),
            "Deletes whatever is in its own bucket when the stack goes, so that nothing is left.",
        )
        self._seed.allow("s3:ListBucket", "s3:ListBucketVersions", on=[self.bucket.bucket_arn])


def allowed_by(needs: Needs) -> bytes:
    twin = None
    if needs.inside is not None and needs.network is not None:
        twin = Twin(network=needs.network, **_granted(needs.inside))
    to = needs.deliveries
    allowed = Allowed(
        topics=needs.topics,
        buses=needs.buses,
        hooks=to.hooks if to else {},
        heartbeat=to.heartbeat if to else None,
        twin=twin,
        **_granted(needs.outside),
    )
    return msgspec.json.format(msgspec.json.encode(allowed, order="sorted"), indent=2)


def _granted(calls: Calls) -> dict[str, Any]:
    return {
        "secrets": calls.secrets,
        "parameters": calls.parameters,
        "roles": calls.roles,
        "credentials": calls.hosts,
        "api_ids": calls.api_ids,
        "sources": calls.sources,
        "authorities": calls.authorities,
        "hosts": calls.called,
        "writes": calls.writes,
    }
