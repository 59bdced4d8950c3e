"""A function URL: the signature, then the permission, then the function. It has no routes."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import datetime

from gatewatch.sandbox.answers import function_url as words
from gatewatch.sandbox.answers import rest
from gatewatch.sandbox.answers.base import Answer, Basis, Responder
from gatewatch.sandbox.call import Arrived
from gatewatch.sandbox.entrances import FunctionUrl
from gatewatch.sandbox.signature import Scope, Signed, refuse_form, verify
from gatewatch.sandbox.world import World


def invoke(url: FunctionUrl | None, arrived: Arrived, world: World, now: datetime) -> Answer:
    if url is None:
        return words.NOT_FOUND
    refusal = _authenticate(arrived, world, now) if url.iam else None
    if refusal is not None:
        return refusal
    function = url.function
    if not function.permitted:
        return words.NOT_PERMITTED
    if function.reserved_concurrency == 0:
        return words.TOO_MANY_REQUESTS
    if function.raises or not function.well_formed:
        return words.FUNCTION_RAISED
    reply = function.reply
    return Answer(
        status=reply.status,
        body=json.dumps({"message": "OK"}) if reply.body is None else reply.body,
        basis=Basis.RECORDED,
        row="fu-004",
        headers=reply.headers,
        by=Responder.INTEGRATION,
        seconds=function.takes_seconds,
        content_type=reply.content_type,
    )


def invoke_signed(url: FunctionUrl, arrived: Arrived, world: World, now: datetime) -> Answer:
    """A call that CloudFront signed. It does not hash a body: the caller must say the hash."""
    hashed = hashlib.sha256(arrived.body).hexdigest()
    if arrived.body and arrived.headers.get("x-amz-content-sha256") != hashed:
        return words.BODY_NOT_SIGNED
    return invoke(replace(url, iam=False), arrived, world, now)


def _authenticate(arrived: Arrived, world: World, now: datetime) -> Answer | None:
    authorization = arrived.headers.get("authorization", "")
    if not authorization:
        return words.UNSIGNED
    malformed = refuse_form(authorization)
    if malformed is not None:
        # What a function URL says to another scheme was not recorded; signatures come first there.
        return replace(malformed, basis=Basis.INFERRED, row=None)
    signed = Signed(arrived.method, arrived.path, arrived.query, arrived.headers, arrived.body)
    region = arrived.host.split(".")[2]
    verified = verify(signed, world.signers, Scope(region, "lambda"), now)
    if verified is rest.SECURITY_TOKEN_INVALID:
        return words.SECURITY_TOKEN_INVALID
    if isinstance(verified, Answer):
        return verified
    return None if verified.may_invoke else words.NOT_PERMITTED
