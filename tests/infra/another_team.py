"""The APIs of another team's app: each kind of construct, as people really write them."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_ssm as ssm
from aws_cdk import aws_stepfunctions as stepfunctions
from aws_cdk.aws_apigatewayv2_authorizers import HttpIamAuthorizer, HttpJwtAuthorizer
from aws_cdk.aws_apigatewayv2_integrations import HttpUrlIntegration, WebSocketMockIntegration

from tests.infra.templates import ROOT

IAM = apigateway.AuthorizationType.IAM
NONE = apigateway.AuthorizationType.NONE
BACKEND = "https://backend.example.com"


def rest(stack: cdk.Stack, name: str = "Rest", **given: Any) -> apigateway.RestApi:
    """One public method and one for signers."""
    mock = apigateway.MockIntegration()
    api = apigateway.RestApi(stack, name, default_integration=mock, **given)
    api.root.add_method("GET")
    api.root.add_resource("orders").add_method("GET", authorization_type=IAM)
    return api


def guarded_preflight(stack: cdk.Stack) -> apigateway.RestApi:
    """What browsers cannot use: a preflight has no credentials."""
    api = rest(stack)
    api.root.add_method("OPTIONS", apigateway.MockIntegration(), authorization_type=IAM)
    return api


def only_a_hook(stack: cdk.Stack) -> apigateway.RestApi:
    """Nothing but a public write."""
    api = apigateway.RestApi(stack, "Hook", default_integration=_proxy())
    api.root.add_method("POST")
    return api


def guarded(stack: cdk.Stack) -> apigateway.RestApi:
    """Every guard that a method may have."""
    api = apigateway.RestApi(stack, "Guarded", default_integration=_proxy())
    pool = cognito.UserPool(stack, "Pool")
    users = apigateway.CognitoUserPoolsAuthorizer(stack, "Users", cognito_user_pools=[pool])
    tokens = apigateway.TokenAuthorizer(stack, "Tokens", handler=function(stack))
    items = api.root.add_resource("items")
    items.add_cors_preflight(allow_origins=["*"])
    items.add_method("GET", authorizer=users)
    items.add_method("POST", authorization_type=IAM)
    items.add_method("PUT", authorizer=tokens, api_key_required=True)
    items.add_method("DELETE")
    items.add_resource("{id}").add_method("OPTIONS")
    api.root.add_resource("files").add_proxy(any_method=True)
    return api


def defaults(stack: cdk.Stack) -> apigateway.RestApi:
    """What is said once for all methods, a greedy proxy included."""
    options = apigateway.MethodOptions(authorization_type=IAM, api_key_required=True)
    api = apigateway.RestApi(
        stack, "Defaults", default_integration=_proxy(), default_method_options=options
    )
    api.root.add_proxy()
    api.root.add_method("GET", authorization_type=NONE, api_key_required=False)
    return api


def of_lambda(stack: cdk.Stack) -> apigateway.LambdaRestApi:
    return apigateway.LambdaRestApi(stack, "OfLambda", handler=function(stack))


def of_step_functions(stack: cdk.Stack) -> apigateway.StepFunctionsRestApi:
    done = stepfunctions.DefinitionBody.from_chainable(stepfunctions.Pass(stack, "Done"))
    machine = stepfunctions.StateMachine(
        stack,
        "Machine",
        definition_body=done,
        state_machine_type=stepfunctions.StateMachineType.EXPRESS,
    )
    return apigateway.StepFunctionsRestApi(stack, "OfSteps", state_machine=machine)


def of_another_stack(stack: cdk.Stack) -> apigateway.RestApi:
    """A stack of its own adds a method, as teams do that reach the limit of resources."""
    api = rest(stack)
    beside = cdk.Stack(stack.node.root, "Beside")
    imported = apigateway.RestApi.from_rest_api_attributes(
        beside,
        "Imported",
        rest_api_id=api.rest_api_id,
        root_resource_id=api.rest_api_root_resource_id,
    )
    imported.root.add_resource("late").add_method("GET", _proxy(), authorization_type=IAM)
    return api


def imported_with_methods(stack: cdk.Stack) -> Any:
    api = apigateway.RestApi.from_rest_api_attributes(
        stack, "Imported", rest_api_id="abc123", root_resource_id="root1"
    )
    api.root.add_resource("late").add_method("GET", _proxy(), authorization_type=IAM)
    return api


def level_one(stack: cdk.Stack, **given: Any) -> apigateway.CfnRestApi:
    api = apigateway.CfnRestApi(stack, "Api", name="api", **given)
    parent = apigateway.CfnResource(
        stack, "A", rest_api_id=api.ref, parent_id=api.attr_root_resource_id, path_part="a"
    )
    child = apigateway.CfnResource(
        stack, "B", rest_api_id=api.ref, parent_id=parent.ref, path_part="{b}"
    )
    for number, (method, where, kind) in enumerate(
        (
            ("GET", api.attr_root_resource_id, "NONE"),
            ("GET", child.ref, "AWS_IAM"),
            ("PUT", child.ref, "CUSTOM"),
        )
    ):
        apigateway.CfnMethod(
            stack,
            f"M{number}",
            rest_api_id=api.ref,
            resource_id=where,
            http_method=method,
            authorization_type=kind,
        )
    apigateway.CfnStage(stack, "Live", rest_api_id=api.ref, stage_name="live")
    return api


DEFINITION = {
    "openapi": "3.0.1",
    "info": {"title": "orders", "version": "1"},
    "components": {
        "securitySchemes": {
            "key": {"type": "apiKey", "name": "x-api-key", "in": "header"},
            "sigv4": {
                "type": "apiKey",
                "name": "Authorization",
                "in": "header",
                "x-amazon-apigateway-authtype": "awsSigv4",
            },
            "users": {
                "type": "apiKey",
                "name": "Authorization",
                "in": "header",
                "x-amazon-apigateway-authtype": "cognito_user_pools",
                "x-amazon-apigateway-authorizer": {"type": "cognito_user_pools"},
            },
        }
    },
    "security": [{"users": []}],
    "paths": {
        "/orders": {
            "get": {"security": [{"users": []}, {"key": []}]},
            "post": {"security": [{"sigv4": []}]},
            "options": {"security": [], "x-amazon-apigateway-integration": {"type": "mock"}},
        },
        "/ping": {"get": {"security": [], "x-amazon-apigateway-integration": {"type": "mock"}}},
        "/health": {"get": {"security": []}},
        "/all/{proxy+}": {"x-amazon-apigateway-any-method": {}},
    },
}


def spec(stack: cdk.Stack) -> apigateway.SpecRestApi:
    """The definition stands in the app, with a function's name in it."""
    uri = {"x-amazon-apigateway-integration": {"uri": function(stack).function_arn}}
    paths = {**DEFINITION["paths"], "/health": {"get": {"security": [], **uri}}}  # type: ignore[dict-item]
    definition = apigateway.ApiDefinition.from_inline({**DEFINITION, "paths": paths})
    return apigateway.SpecRestApi(stack, "Spec", api_definition=definition)


def spec_of_file(stack: cdk.Stack) -> apigateway.SpecRestApi:
    """The definition lies beside the app, as YAML."""
    file = ROOT / "tests" / "infra" / "orders.openapi.yaml"
    definition = apigateway.ApiDefinition.from_asset(str(file))
    return apigateway.SpecRestApi(stack, "OfFile", api_definition=definition)


def spec_of_bucket(stack: cdk.Stack) -> apigateway.SpecRestApi:
    bucket = s3.Bucket.from_bucket_name(stack, "Bucket", "specs")
    definition = apigateway.ApiDefinition.from_bucket(bucket, "orders.yaml")
    return apigateway.SpecRestApi(stack, "OfBucket", api_definition=definition)


def http(stack: cdk.Stack, name: str = "Http", **given: Any) -> apigatewayv2.HttpApi:
    api = apigatewayv2.HttpApi(stack, name, **given)
    backend = HttpUrlIntegration("Backend", BACKEND)
    tokens = HttpJwtAuthorizer("Tokens", "https://issuer.example.com", jwt_audience=["a"])
    api.add_routes(path="/", methods=[apigatewayv2.HttpMethod.GET], integration=backend)
    api.add_routes(
        path="/jwt/{id}",
        methods=[apigatewayv2.HttpMethod.GET],
        integration=backend,
        authorizer=tokens,
    )
    api.add_routes(path="/iam", integration=backend, authorizer=HttpIamAuthorizer())
    return api


def http_default(stack: cdk.Stack, **given: Any) -> apigatewayv2.HttpApi:
    """Nothing but $default."""
    backend = HttpUrlIntegration("Backend", BACKEND)
    return apigatewayv2.HttpApi(stack, "Default", default_integration=backend, **given)


def http_guarded_default(stack: cdk.Stack) -> apigatewayv2.HttpApi:
    return http_default(stack, default_authorizer=HttpIamAuthorizer())


def http_elsewhere(stack: cdk.Stack) -> Any:
    return apigatewayv2.HttpApi.from_http_api_attributes(stack, "Elsewhere", http_api_id="abc123")


def rest_elsewhere(stack: cdk.Stack) -> Any:
    return apigateway.RestApi.from_rest_api_id(stack, "Elsewhere", "abc123")


def web_socket_elsewhere(stack: cdk.Stack) -> Any:
    return apigatewayv2.WebSocketApi.from_web_socket_api_attributes(
        stack, "Elsewhere", web_socket_id="abc123"
    )


def http_staged(stack: cdk.Stack) -> apigatewayv2.HttpApi:
    api = http(stack, create_default_stage=False)
    api.add_stage("Beta", stage_name="beta", auto_deploy=True)
    return api


def http_quick(stack: cdk.Stack) -> apigatewayv2.CfnApi:
    return apigatewayv2.CfnApi(
        stack, "Quick", name="quick", protocol_type="HTTP", target=BACKEND, route_key="GET /quick"
    )


def http_spec(stack: cdk.Stack) -> apigatewayv2.CfnApi:
    """A definition for an HTTP API."""
    jwt = {"type": "oauth2", "x-amazon-apigateway-authorizer": {"type": "jwt"}}
    body = {
        "openapi": "3.0.1",
        "components": {"securitySchemes": {"jwt": jwt, "key": {"type": "apiKey"}}},
        "paths": {
            "/open": {"get": {}},
            "/jwt": {"get": {"security": [{"jwt": ["read"]}]}},
            "/key": {"get": {"security": [{"key": []}]}},
            "/$default": {"x-amazon-apigateway-any-method": {"isDefaultRoute": True}},
        },
    }
    api = apigatewayv2.CfnApi(stack, "HttpSpec", body=body)
    apigatewayv2.CfnStage(stack, "DefaultStage", api_id=api.ref, stage_name="$default")
    return api


def web_socket(stack: cdk.Stack) -> apigatewayv2.WebSocketApi:
    options = apigatewayv2.WebSocketRouteOptions(integration=WebSocketMockIntegration("Mock"))
    api = apigatewayv2.WebSocketApi(stack, "Socket", connect_route_options=options)
    apigatewayv2.WebSocketStage(stack, "Live", web_socket_api=api, stage_name="live")
    return api


def function_url(
    stack: cdk.Stack, kind: lambda_.FunctionUrlAuthType = lambda_.FunctionUrlAuthType.NONE
) -> lambda_.FunctionUrl:
    return function(stack).add_function_url(auth_type=kind)


def signed_function_url(stack: cdk.Stack) -> lambda_.FunctionUrl:
    alias = function(stack).add_alias("live")
    return alias.add_function_url(auth_type=lambda_.FunctionUrlAuthType.AWS_IAM)


def on_domain(stack: cdk.Stack, **given: Any) -> apigateway.RestApi:
    """A domain of its own, and base paths of a shared one: one with its stage, one without."""
    api = rest(
        stack,
        domain_name=apigateway.DomainNameOptions(
            domain_name="orders.example.com", certificate=certificate(stack)
        ),
        **given,
    )
    shared = domain(stack, "api.example.com")
    shared.add_base_path_mapping(api, base_path="orders")
    shared.add_base_path_mapping(api, base_path="staged", attach_to_stage=False)
    return api


def on_token_domain(stack: cdk.Stack, **given: Any) -> apigateway.RestApi:
    """The domain's name is in Parameter Store."""
    api = rest(stack, **given)
    name = ssm.StringParameter.value_for_string_parameter(stack, "/domain")
    domain(stack, name).add_base_path_mapping(api, base_path="orders")
    return api


def http_on_domain(stack: cdk.Stack, **given: Any) -> apigatewayv2.HttpApi:
    made = apigatewayv2.DomainName(
        stack, "Domain", domain_name="api.example.com", certificate=certificate(stack)
    )
    mapping = apigatewayv2.DomainMappingOptions(domain_name=made, mapping_key="v1/orders")
    return http(stack, default_domain_mapping=mapping, **given)


def on_client_certificates(stack: cdk.Stack, **given: Any) -> apigateway.RestApi:
    api = rest(stack, **given)
    trust = apigateway.MTLSConfig(
        bucket=s3.Bucket.from_bucket_name(stack, "Trust", "trust"), key="ca.pem"
    )
    made = domain(stack, "mtls.example.com", mtls=trust)
    made.add_base_path_mapping(api)
    return api


def domain(stack: cdk.Stack, name: str, **given: Any) -> apigateway.DomainName:
    return apigateway.DomainName(
        stack, "Shared", domain_name=name, certificate=certificate(stack), **given
    )


def certificate(stack: cdk.Stack) -> acm.ICertificate:
    arn = "arn:aws:acm:eu-west-1:111122223333:certificate/1234"
    found = stack.node.try_find_child("Certificate")
    return found or acm.Certificate.from_certificate_arn(stack, "Certificate", arn)


def private(stack: cdk.Stack) -> apigateway.RestApi:
    """As AWS advises: everybody who comes through the endpoint."""
    outside = {"StringNotEquals": {"aws:SourceVpce": "vpce-0a1b2c3d"}}
    policy = iam.PolicyDocument(statements=[_statement("ALLOW"), _statement("DENY", outside)])
    kinds = apigateway.EndpointConfiguration(types=[apigateway.EndpointType.PRIVATE])
    return rest(stack, endpoint_configuration=kinds, policy=policy)


def from_offices(stack: cdk.Stack) -> apigateway.RestApi:
    """Only some addresses get in."""
    elsewhere = {"NotIpAddress": {"aws:SourceIp": ["198.51.100.0/24"]}}
    policy = iam.PolicyDocument(statements=[_statement("ALLOW"), _statement("DENY", elsewhere)])
    return rest(stack, policy=policy)


def _statement(effect: str, conditions: Any = None) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        effect=iam.Effect[effect],
        principals=[iam.AnyPrincipal()],
        actions=["execute-api:Invoke"],
        resources=["execute-api:/*"],
        conditions=conditions,
    )


def function(stack: cdk.Stack) -> lambda_.Function:
    found = stack.node.try_find_child("Function")
    return found or lambda_.Function(
        stack,
        "Function",
        code=lambda_.Code.from_inline("def handler(event, context): return {'statusCode': 200}"),
        handler="index.handler",
        runtime=lambda_.Runtime.PYTHON_3_14,
    )


def _proxy() -> apigateway.HttpIntegration:
    return apigateway.HttpIntegration(BACKEND)
