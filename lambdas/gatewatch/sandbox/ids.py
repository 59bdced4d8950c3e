"""The headers by which each front door signs its answers, spelled as recorded, with fresh ids."""

from __future__ import annotations

import base64
import secrets
import uuid

from gatewatch.sandbox.answers.base import Answer, Responder

Pairs = list[tuple[str, str]]


def of_rest(answer: Answer) -> Pairs:
    if answer.by is Responder.NOBODY:
        return _content(answer)
    shown = [
        *_content(answer),
        ("x-amzn-RequestId", str(uuid.uuid4())),
        ("x-amz-apigw-id", _short()),
        *answer.headers,
    ]
    if answer.error_type is not None:
        return [*shown, ("x-amzn-ErrorType", answer.error_type)]
    return [*shown, ("X-Amzn-Trace-Id", _trace())] if _is_backends(answer) else shown


def of_http(answer: Answer) -> Pairs:
    """What an integration says has its id in capitals; the gateway's own has not (facts 11.4)."""
    name = "Apigw-Requestid" if _is_backends(answer) else "apigw-requestid"
    return [*_content(answer), *answer.headers, (name, _short())]


def of_function_url(answer: Answer) -> Pairs:
    shown = [*_content(answer), ("x-amzn-RequestId", str(uuid.uuid4())), *answer.headers]
    if answer.error_type is not None:
        return [*shown, ("x-amzn-ErrorType", answer.error_type)]
    return [*shown, ("X-Amzn-Trace-Id", _trace())] if _is_backends(answer) else shown


def of_cloudfront(status: int, headers: Pairs, request_id: str) -> Pairs:
    """What CloudFront adds to every answer, its own or the origin's."""
    known = {name.lower() for name, _ in headers}
    cache = "Error from cloudfront" if status >= 400 else "Miss from cloudfront"
    added = [
        ("X-Cache", cache),
        ("Via", f"1.1 {secrets.token_hex(16)}.cloudfront.net (CloudFront)"),
        ("X-Amz-Cf-Pop", "FRA56-P1"),
        ("X-Amz-Cf-Id", request_id),
    ]
    return [*headers, *(pair for pair in added if pair[0].lower() not in known)]


def cloudfront_request_id() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(40)).decode()


def _content(answer: Answer) -> Pairs:
    kind = answer.content_type
    own = list(answer.headers) if answer.by is Responder.NOBODY else []
    return [*([("Content-Type", kind)] if kind else []), *own]


def _is_backends(answer: Answer) -> bool:
    return answer.by is Responder.INTEGRATION


def _short() -> str:
    return base64.b64encode(secrets.token_bytes(11)).decode()


def _trace() -> str:
    root = f"Root=1-{secrets.token_hex(4)}-{secrets.token_hex(12)}"
    return f"{root};Parent={secrets.token_hex(8)};Sampled=0;Lineage=1:{secrets.token_hex(4)}:0"
