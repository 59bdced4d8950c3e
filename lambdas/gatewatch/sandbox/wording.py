"""Gateway responses: what the owner of a REST API made of the gateway's own words.

Status, body and added headers change; the error type and the ids stay (rt-013, cu-001, thr-003).
"""

from __future__ import annotations

import json
from dataclasses import replace

from gatewatch.sandbox.answers.base import Answer, GatewayResponse
from gatewatch.sandbox.api import Custom
from gatewatch.sandbox.call import Call


def reworded(call: Call, answer: Answer) -> Answer:
    if answer.type is None or call.is_http:
        return answer
    responses = call.stage.served.gateway_responses
    fallback = GatewayResponse.DEFAULT_5XX if answer.status >= 500 else GatewayResponse.DEFAULT_4XX
    custom = responses.get(answer.type) or responses.get(fallback)
    if custom is None:
        return answer
    return replace(
        answer,
        status=custom.status or answer.status,
        body=_filled(custom, call, answer),
        headers=(*answer.headers, *custom.headers),
    )


def _filled(custom: Custom, call: Call, answer: Answer) -> str:
    if custom.template is None:
        return answer.body
    said = json.loads(answer.body)
    message = said.get("message", said.get("Message"))
    told = {
        "$context.error.messageString": json.dumps(message),
        "$context.error.message": str(message),
        "$context.error.responseType": str(answer.type),
        "$context.apiId": call.api.id,
        "$context.httpMethod": call.method,
        "$context.path": f"/{call.stage_name}{call.path}",
        "$context.stage": call.stage_name,
        "$context.requestTime": call.now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
    }
    text = custom.template
    for name in sorted(told, key=len, reverse=True):
        text = text.replace(name, told[name])
    return text
