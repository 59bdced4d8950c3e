"""The watched APIs, changed as people change them: deployed again, or by hand."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from e2e.account import Emulated, cdk, client, outputs, run
from e2e.target import NAME

KEY, TOKEN, PASSWORD = "gatewatch-e2e/partner", "/gatewatch-e2e/user", "gatewatch-e2e/member"
MEMBER = "member@example.com"


_NO_GUARD = {"authorizationType": "NONE", "apiKeyRequired": "false"}


class Watched:
    """What callers must show is known to the APIs and to the stores that the monitor reads."""

    def __init__(self, folder: Path) -> None:
        self._assemblies = folder / "target"
        self._key = secrets.token_hex(20)
        self._token = secrets.token_hex(20)
        self.outputs: dict[str, str] = {}

    def synthesise(self) -> None:
        shown = {"TARGET_KEY": self._key, "TARGET_TOKEN": self._token}
        run(["python", "-m", "e2e.target", self._assemblies], **shown)

    def deploy(self, variant: str = "whole") -> None:
        assembly = self.assembly(variant)
        cdk("deploy", NAME, "--app", assembly, "--require-approval", "never")
        self.outputs = outputs(NAME)

    def assembly(self, variant: str = "whole") -> Path:
        return self._assemblies / variant.replace(" ", "-")

    def admit(self) -> None:
        """Gives the monitor what its callers show."""
        password = f"Aa1-{secrets.token_hex(12)}"
        vault, users = client("secretsmanager"), client("cognito-idp")
        vault.create_secret(Name=KEY, SecretString=self._key)
        vault.create_secret(Name=PASSWORD, SecretString=password)
        client("ssm").put_parameter(Name=TOKEN, Value=self._token, Type="SecureString")
        pool = self.outputs["PoolId"]
        users.admin_create_user(UserPoolId=pool, Username=MEMBER, MessageAction="SUPPRESS")
        users.admin_set_user_password(
            UserPoolId=pool, Username=MEMBER, Password=password, Permanent=True
        )

    def url(self, emulated: Emulated, name: str) -> str:
        return emulated.url(self.outputs[f"{name}Id"])

    def host(self, emulated: Emulated, name: str) -> str:
        return emulated.host(self.outputs[f"{name}Id"])

    def in_front(self, emulated: Emulated, name: str) -> str:
        return emulated.in_front(self.outputs[f"{name}Id"])

    @contextmanager
    def broken(self, variant: str) -> Iterator[None]:
        self.deploy(variant)
        yield
        self.deploy()

    @contextmanager
    def denying(self) -> Iterator[None]:
        """The authorizer lets nobody in."""
        self._set_authorizer("yes")
        yield
        self._set_authorizer("no")

    def _set_authorizer(self, denies: str) -> None:
        client("lambda").update_function_configuration(
            FunctionName=_function("Authorizer"),
            Environment={"Variables": {"TOKEN": self._token, "DENIES": denies}},
        )

    def refunds_asked(self) -> int:
        """How often a call came as far as the backend of POST /refunds."""
        group = f"/aws/lambda/{_function('Refunds')}"
        found = client("logs").filter_log_events(logGroupName=group)["events"]
        return sum("refund asked for" in one["message"] for one in found)

    @contextmanager
    def unguarded(self, name: str, path: str, method: str, *, guard: str) -> Iterator[None]:
        """By hand, as people do it in the console. `guard`: the method's setting that is taken."""
        gateway, api = client("apigateway"), self.outputs[f"{name}Id"]
        resources = gateway.get_resources(restApiId=api)["items"]
        [resource] = [one["id"] for one in resources if one["path"] == path]
        place = {"restApiId": api, "resourceId": resource, "httpMethod": method}
        before, none = gateway.get_method(**place)[guard], _NO_GUARD[guard]

        def set_to(value: str) -> None:
            change = {"op": "replace", "path": f"/{guard}", "value": value}
            gateway.update_method(**place, patchOperations=[change])
            gateway.create_deployment(restApiId=api, stageName="prod")

        set_to(none)
        yield
        set_to(str(before).lower() if isinstance(before, bool) else before)

    def rotate_key(self) -> Callable[[], None]:
        """Puts a new API key in the place of the old one; gives what tells the monitor of it."""
        gateway, key = client("apigateway"), secrets.token_hex(20)
        [plan] = gateway.get_usage_plans()["items"]
        [old] = gateway.get_usage_plan_keys(usagePlanId=plan["id"])["items"]
        new = gateway.create_api_key(name="rotated", value=key, enabled=True)
        gateway.create_usage_plan_key(usagePlanId=plan["id"], keyId=new["id"], keyType="API_KEY")
        gateway.delete_api_key(apiKey=old["id"])
        self._key = key
        return lambda: client("secretsmanager").put_secret_value(SecretId=KEY, SecretString=key)

    @contextmanager
    def secret_gone(self) -> Iterator[None]:
        vault = client("secretsmanager")
        vault.delete_secret(SecretId=KEY, ForceDeleteWithoutRecovery=True)
        yield
        vault.create_secret(Name=KEY, SecretString=self._key)


@contextmanager
def stage_gone(api: str) -> Iterator[None]:
    gateway = client("apigateway")
    deployment = gateway.get_stage(restApiId=api, stageName="prod")["deploymentId"]
    gateway.delete_stage(restApiId=api, stageName="prod")
    yield
    gateway.create_stage(restApiId=api, stageName="prod", deploymentId=deployment)


def _function(name: str) -> str:
    """The one of the watched stack whose name begins so."""
    functions = client("lambda").list_functions()["Functions"]
    [found] = [
        one["FunctionName"] for one in functions if one["FunctionName"].startswith(f"{NAME}-{name}")
    ]
    return str(found)
