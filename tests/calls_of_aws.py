"""What AWS sends to the verification, as its guides and recorded events show it."""

from __future__ import annotations

from typing import Any

ARTIFACT_SECRET = "planted-artifact-secret-6c1f"
ARTIFACT_KEY = "ASIAPLANTEDARTIFACT0"
JOB = "11111111-abcd-1111-abcd-111111abcdef"

# https://docs.aws.amazon.com/codedeploy/latest/userguide/tutorial-ecs-with-hooks-create-hooks.html
HOOK = {
    "DeploymentId": "d-DBV6ZHAXK",
    "LifecycleEventHookExecutionId": "eyJlbmNyeXB0ZWREYXRhIjoiZTBXIn0=",
}


def pipeline(parameters: str | None = None, continuation: str | None = None) -> dict[str, Any]:
    """https://docs.aws.amazon.com/codepipeline/latest/userguide/actions-invoke-lambda-function.html"""
    configuration = {"FunctionName": "GatewatchVerify"}
    if parameters is not None:
        configuration["UserParameters"] = parameters
    data: dict[str, Any] = {
        "actionConfiguration": {"configuration": configuration},
        "inputArtifacts": [
            {
                "location": {
                    "s3Location": {"bucketName": "artifacts", "objectKey": "app/a1b2c3"},
                    "type": "S3",
                },
                "revision": None,
                "name": "BuiltApp",
            }
        ],
        "outputArtifacts": [],
        "artifactCredentials": {
            "secretAccessKey": ARTIFACT_SECRET,
            "sessionToken": f"{ARTIFACT_SECRET}-session",
            "accessKeyId": ARTIFACT_KEY,
        },
    }
    if continuation is not None:
        data["continuationToken"] = continuation
    return {"CodePipeline.job": {"id": JOB, "accountId": "111111111111", "data": data}}


# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-ct-api-tutorial.html
CHANGE = {
    "version": "0",
    "id": "6f87d04b-9f74-4f04-a780-7acf4b0a9b38",
    "detail-type": "AWS API Call via CloudTrail",
    "source": "aws.apigateway",
    "account": "111122223333",
    "time": "2026-11-28T12:00:00Z",
    "region": "us-east-1",
    "resources": [],
    "detail": {
        "eventVersion": "1.11",
        "userIdentity": {"type": "IAMUser", "userName": "alice"},
        "eventTime": "2026-11-28T12:00:00Z",
        "eventSource": "apigateway.amazonaws.com",
        "eventName": "CreateDeployment",
        "awsRegion": "us-east-1",
        "requestParameters": {
            "restApiId": "abc123",
            "createDeploymentInput": {
                "stageName": "prod",
                "variables": {"token": "planted-artifact-secret-6c1f"},
            },
        },
        "responseElements": {"id": "dep1"},
    },
}
