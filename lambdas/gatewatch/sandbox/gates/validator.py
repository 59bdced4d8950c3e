"""The request validator of a REST API, the size limit, and media types."""

from __future__ import annotations

import json
from urllib.parse import parse_qs

from gatewatch.sandbox.answers import rest
from gatewatch.sandbox.answers.base import Answer
from gatewatch.sandbox.call import Call

_LARGEST = 10_485_760


def validate(call: Call) -> Answer | None:
    if call.arrived.length > _LARGEST:
        return rest.TOO_LARGE
    missing = [name.partition(".")[2] for name in call.rule.required if not _has(call, name)]
    if missing:
        return rest.missing_parameters(missing)
    if call.rule.body_fields and not _fits(call.arrived.body, call.rule.body_fields):
        return rest.INVALID_BODY
    taken = call.api.integrations[call.rule.integration].media_types
    sent = call.headers.get("content-type", "application/json").partition(";")[0]
    return rest.UNSUPPORTED_MEDIA_TYPE if taken and sent not in taken else None


def _has(call: Call, parameter: str) -> bool:
    place, _, name = parameter.partition(".")
    if place == "header":
        return name.lower() in call.headers
    return name in parse_qs(call.arrived.query, keep_blank_values=True)


def _fits(body: bytes, fields: tuple[str, ...]) -> bool:
    try:
        value = json.loads(body)
    except ValueError:
        return False
    return isinstance(value, dict) and all(name in value for name in fields)
