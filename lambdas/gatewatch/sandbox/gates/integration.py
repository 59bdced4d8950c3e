"""The last gate: the backend is called, and its answer handed on, or what went wrong with it."""

from __future__ import annotations

import json
from dataclasses import replace

from gatewatch.sandbox.answers import http, rest
from gatewatch.sandbox.answers.base import Answer, Basis, Responder
from gatewatch.sandbox.call import Call
from gatewatch.sandbox.integrations import Function, HttpBackend, Integration, Reply

_HTTP_WORDS = {
    rest.INTERNAL_ERROR: http.INTERNAL_ERROR,
    rest.BAD_GATEWAY: http.INTERNAL_ERROR,
    rest.TIMED_OUT: http.UNAVAILABLE,
    rest.UNREACHABLE: http.UNREACHABLE,
}


def integrate(call: Call) -> Answer:
    integration = call.api.integrations[call.rule.integration]
    backend = integration.backend
    throttled = isinstance(backend, Function) and backend.reserved_concurrency == 0
    if call.is_http and throttled:
        return http.UNAVAILABLE
    failure = _failure(integration)
    if failure is None:
        return _reply(call, integration)
    said = _HTTP_WORDS[failure] if call.is_http else failure
    is_late = failure is rest.TIMED_OUT
    return replace(said, seconds=integration.timeout_seconds) if is_late else said


def _failure(integration: Integration) -> Answer | None:
    """What goes wrong, in a REST API's words."""
    backend = integration.backend
    if integration.sets_forbidden_header:
        return rest.INTERNAL_ERROR
    if isinstance(backend, HttpBackend):
        if not backend.reachable:
            return rest.UNREACHABLE
        if not backend.certificate_matches:
            return rest.INTERNAL_ERROR
    elif not backend.permitted or backend.reserved_concurrency == 0:
        return rest.INTERNAL_ERROR
    if backend.takes_seconds > integration.timeout_seconds:
        return rest.TIMED_OUT
    if isinstance(backend, Function) and (backend.raises or not backend.well_formed):
        return rest.BAD_GATEWAY
    return None


def _reply(call: Call, integration: Integration) -> Answer:
    backend = integration.backend
    reply = backend.reply
    remapped = backend.remapped if isinstance(backend, HttpBackend) and integration.proxy else ()
    return Answer(
        status=reply.status if integration.proxy else 200,
        body=_body(call, reply),
        basis=Basis.RECORDED,
        row="ms-034" if call.is_http else "ms-018",
        headers=(*reply.headers, *((f"x-amzn-Remapped-{name}", value) for name, value in remapped)),
        by=Responder.INTEGRATION,
        seconds=backend.takes_seconds,
        content_type=reply.content_type,
    )


def _body(call: Call, reply: Reply) -> str:
    if reply.body is not None:
        return reply.body
    return json.dumps({"ok": True, "resource": call.resource, "method": call.method})
