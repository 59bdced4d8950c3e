"""Where ministack answers otherwise than AWS and it matters here, and how a test disturbs it."""

from __future__ import annotations

import json
import re
import secrets
from typing import Any

from ministack import app
from ministack.services import apigateway_v1, cloudwatch, dynamodb, eventbridge

from e2e.world import World

_THROTTLED = {
    "__type": "com.amazonaws.dynamodb.v20120810#ThrottlingException",
    "message": "Throughput exceeds the current capacity of your table or index.",
}


def amend(world: World) -> None:
    # Its own evaluation is blind to dimensions and to missing data.
    cloudwatch._evaluate_alarm = lambda _alarm: None
    cloudwatch._evaluate_all_alarms = lambda: None
    # AWS names it on these refusals, too; without it nobody could tell who refused.
    apigateway_v1._GATEWAY_RESPONSE_ERROR_TYPES["INVALID_API_KEY"] = "ForbiddenException"
    # The names that AWS gives; MINISTACK_HOST would change other endpoints besides.
    app._EXECUTE_API_RE = re.compile(
        r"^([a-f0-9]{8})\.execute-api\.us-east-1\.amazonaws\.com(?::\d+)?$"
    )
    _close_endpoints()
    _name_api_kind()
    _read_switches()
    _throttle_on_demand(world)
    _speak_for_cloudtrail()


def _name_api_kind() -> None:
    """Every answer of a REST API has the first header on AWS, those of its front door as well;
    what an integration answers, which has no error type, was recorded with the second one."""
    real = apigateway_v1.handle_execute

    async def handle_execute(*args: Any) -> Any:
        status, headers, body = await real(*args)
        own = {"x-amz-apigw-id": secrets.token_urlsafe(11)}
        if not any(name.lower() == "x-amzn-errortype" for name in headers):
            own["X-Amzn-Trace-Id"] = f"Root=1-{secrets.token_hex(4)}-{secrets.token_hex(12)}"
        return status, {**headers, **own}, body

    apigateway_v1.handle_execute = handle_execute


def _close_endpoints() -> None:
    """A disabled default endpoint answers, here; on AWS it refuses whoever calls by its name."""
    real = apigateway_v1.handle_execute

    async def handle_execute(api: str, *args: Any) -> Any:
        host = str(args[3].get("host", ""))
        if host.startswith(f"{api}.execute-api.") and _is_disabled(api):
            headers = {"Content-Type": "application/json", "x-amzn-ErrorType": "ForbiddenException"}
            return 403, headers, b'{"message":"Forbidden"}'
        return await real(api, *args)

    apigateway_v1.handle_execute = handle_execute


def _is_disabled(api: str) -> bool:
    """A patch has nothing but strings."""
    known = {name: one for (_, _, name), one in apigateway_v1._rest_apis.all_items()}
    return str(known[api].get("disableExecuteApiEndpoint")).lower() == "true"


def _read_switches() -> None:
    """A patch has nothing but strings, and to the emulator "false" is as true as any."""
    real = apigateway_v1._apply_patch

    def _apply_patch(patched: dict[str, Any], changes: list[dict[str, Any]]) -> Any:
        return real(patched, [_with_switch(one) for one in changes])

    apigateway_v1._apply_patch = _apply_patch


def _with_switch(change: dict[str, Any]) -> dict[str, Any]:
    is_switch = change.get("path") == "/apiKeyRequired"
    return {**change, "value": change["value"] == "true"} if is_switch else change


def _speak_for_cloudtrail() -> None:
    """Only AWS puts events of its own services on a bus; here the run does."""
    real = eventbridge._put_events
    eventbridge._put_events = lambda data: real(data, allow_aws_source=True)


_WRITES = ("PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems", "BatchWriteItem")


def _throttle_on_demand(world: World) -> None:
    real = dynamodb.handle_request

    async def handle_request(method: str, path: str, headers: Any, *rest: Any) -> Any:
        action = headers.get("x-amz-target", "").rpartition(".")[2]
        if action in _WRITES and world.refuses_writes():
            world.note_refusal()
            body = json.dumps(_THROTTLED).encode()
            return 400, {"Content-Type": "application/x-amz-json-1.0"}, body
        return await real(method, path, headers, *rest)

    dynamodb.handle_request = handle_request
