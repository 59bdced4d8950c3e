"""Events as EventBridge brings CloudTrail's record of a call to API Gateway.

The envelope and the identities are documented; the parameters of HTTP APIs were seen in a real log,
those of REST APIs (a `…Input` beside the ids of the path) are inferred:
https://docs.aws.amazon.com/apigateway/latest/developerguide/cloudtrail.html
"""

from __future__ import annotations

from typing import Any

TOKEN = "FwoGZXIvYXdzEMb//////////wEaDOsessiontokenofacaller"
BODY = '{"openapi": "3.0.1", "x-secret": "body-of-a-definition"}'
VARIABLE = "value-of-a-stage-variable"
SECRETS = (TOKEN, BODY, VARIABLE, "ASIAEXAMPLEEXAMPLE12", "AROAEXAMPLEEXAMPLE34", "session-name")


def role(name: str = "deployer") -> dict[str, Any]:
    return {
        "type": "AssumedRole",
        "principalId": "AROAEXAMPLEEXAMPLE34:session-name",
        "arn": f"arn:aws:sts::111122223333:assumed-role/{name}/session-name",
        "accountId": "111122223333",
        "accessKeyId": "ASIAEXAMPLEEXAMPLE12",
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": "AROAEXAMPLEEXAMPLE34",
                "arn": f"arn:aws:iam::111122223333:role/{name}",
                "accountId": "111122223333",
                "userName": name,
            },
            "attributes": {"creationDate": "2026-11-22T08:55:00Z", "mfaAuthenticated": "false"},
            "sessionToken": TOKEN,
        },
        "invokedBy": "cloudformation.amazonaws.com",
    }


def event(
    name: str,
    asked: Any = None,
    answered: Any = None,
    at: str = "2026-11-22T09:00:10Z",
    who: Any = None,
    **detail: Any,
) -> dict[str, Any]:
    return {
        "version": "0",
        "id": "0b1c2d3e-0000-4000-8000-000000000001",
        "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.apigateway",
        "account": "111122223333",
        "time": at,
        "region": "us-east-1",
        "resources": [],
        "detail": {
            "eventVersion": "1.09",
            "userIdentity": role() if who is None else who,
            "eventTime": at,
            "eventSource": "apigateway.amazonaws.com",
            "eventName": name,
            "awsRegion": "us-east-1",
            "sourceIPAddress": "cloudformation.amazonaws.com",
            "userAgent": "cloudformation.amazonaws.com",
            "requestParameters": asked,
            "responseElements": answered,
            "requestID": "5c1d2e3f-0000-4000-8000-000000000002",
            "eventID": "7e1f2a3b-0000-4000-8000-000000000003",
            "readOnly": False,
            "eventType": "AwsApiCall",
            "managementEvent": True,
            "recipientAccountId": "111122223333",
            "eventCategory": "Management",
            **detail,
        },
    }


def rest_deployment(at: str = "2026-11-22T09:00:10Z", made: str = "dep123") -> dict[str, Any]:
    return event(
        "CreateDeployment",
        {
            "restApiId": "abc123",
            "createDeploymentInput": {
                "stageName": "prod",
                "description": "the usual",
                "variables": {"PASSWORD": VARIABLE},
            },
            "template": False,
        },
        {
            "id": made,
            "createdDate": "Nov 22, 2026 9:00:10 AM",
            "self": {"restApiId": "abc123", "deploymentId": made, "template": False},
        },
        at,
    )


EVENTS: dict[str, dict[str, Any]] = {
    "REST CreateDeployment": rest_deployment(),
    "REST CreateDeployment without a stage": event(
        "CreateDeployment",
        {"restApiId": "abc123", "createDeploymentInput": {"description": "by CloudFormation"}},
        {"id": "dep123"},
    ),
    "REST UpdateStage": event(
        "UpdateStage",
        {
            "restApiId": "abc123",
            "stageName": "prod",
            "updateStageInput": {
                "patchOperations": [
                    {"op": "replace", "path": "/variables/PASSWORD", "value": VARIABLE},
                    {"op": "replace", "path": "/deploymentId", "value": "dep124"},
                ]
            },
        },
        {"stageName": "prod", "deploymentId": "dep124", "variables": {"PASSWORD": VARIABLE}},
    ),
    "REST PutRestApi": event(
        "PutRestApi",
        {"restApiId": "abc123", "mode": "overwrite", "putRestApiInput": {"body": BODY}},
    ),
    "REST DeleteMethod": event(
        "DeleteMethod", {"restApiId": "abc123", "resourceId": "r1", "httpMethod": "GET"}
    ),
    "REST CreateBasePathMapping": event(
        "CreateBasePathMapping",
        {
            "domainName": "api.example.com",
            "createBasePathMappingInput": {
                "basePath": "orders",
                "restApiId": "abc123",
                "stage": "prod",
            },
        },
    ),
    "REST UpdateUsagePlan": event(
        "UpdateUsagePlan",
        {
            "usageplanId": "plan12",
            "updateUsagePlanInput": {
                "patchOperations": [{"op": "remove", "path": "/apiStages", "value": "abc123:prod"}]
            },
        },
        {"id": "plan12", "name": "partners", "apiStages": [{"apiId": "def456", "stage": "v1"}]},
    ),
    "HTTP CreateDeployment": event(
        "CreateDeployment",
        {"apiId": "abc123", "stageName": "prod"},
        {"deploymentId": "dep789", "autoDeployed": False, "deploymentStatus": "PENDING"},
    ),
    "HTTP CreateStage with autoDeploy": event(
        "CreateStage",
        {"apiId": "abc123", "stageName": "$default", "autoDeploy": True},
        {"stageName": "$default", "autoDeploy": True, "stageVariables": {"PASSWORD": VARIABLE}},
    ),
    "HTTP UpdateRoute": event(
        "UpdateRoute",
        {"apiId": "abc123", "routeId": "r1", "authorizationType": "NONE"},
        {"routeId": "r1", "routeKey": "GET /orders", "authorizationType": "NONE"},
    ),
    "HTTP CreateApiMapping": event(
        "CreateApiMapping",
        {
            "domainName": "api.example.com",
            "apiId": "abc123",
            "stage": "prod",
            "apiMappingKey": "orders/v2",
        },
    ),
    "UpdateApiKey": event("UpdateApiKey", {"apiKey": "key123", "updateApiKeyInput": {}}),
}

UNMOVED: dict[str, dict[str, Any]] = {
    "a call that failed": event(
        "CreateDeployment",
        {"restApiId": "abc123"},
        errorCode="BadRequestException",
        errorMessage="The REST API doesn't contain any methods",
    ),
    "a call that reads": event("GetDeployment", {"restApiId": "abc123"}, readOnly=True),
    "a change that only reads": event("UpdateStage", {"restApiId": "abc123"}, readOnly=True),
    "a tag": event(
        "TagResource", {"resourceArn": "arn:aws:apigateway:us-east-1::/restapis/abc123"}
    ),
    "the documentation": event("CreateDocumentationPart", {"restApiId": "abc123"}),
    "another service": {**rest_deployment(), "source": "aws.lambda"},
    "another kind of event": {**rest_deployment(), "detail-type": "Scheduled Event"},
    "another source of calls": event(
        "CreateDeployment", {"restApiId": "abc123"}, eventSource="codedeploy.amazonaws.com"
    ),
}
