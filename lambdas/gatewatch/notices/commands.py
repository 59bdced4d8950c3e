"""A cause's commands, filled in with API, stage, region, method and path from the evidence.

People paste these lines at night, and some values come from a server that may be hostile. So each
value must have the form that AWS gives it, and is quoted for the shell.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence

from gatewatch.diagnosis.cause import Cause, sections
from gatewatch.diagnosis.look import look_at
from gatewatch.gateway import body as bodies
from gatewatch.gateway.answers import CLOUDFRONT_PAGES, Answer
from gatewatch.gateway.denial import read_denial
from gatewatch.gateway.recognition import recognise
from gatewatch.gateway.url import API_ID_HEADER, HostKind, is_local, parse, signing_service
from gatewatch.model import ApiKind, Exchange, Finding

_PLACEHOLDER = re.compile(r"<(\w+)>")
_FORMS = {
    "url": re.compile(r"https?://[^\s\x00-\x1f\x7f]+"),
    "host": re.compile(r"[a-z0-9][a-z0-9.-]*"),
    "method": re.compile(r"[A-Z]+"),
    "api_id": re.compile(r"[a-z0-9]+"),
    "region": re.compile(r"[a-z]+(-[a-z]+)+-\d"),
    "service": re.compile(r"[a-z-]+"),
    "stage": re.compile(r"\$default|[A-Za-z0-9_][A-Za-z0-9_-]*"),
    "request_id": re.compile(r"[A-Za-z0-9_=+/-]+"),
}


def filled(text: str, exchange: Exchange) -> str:
    """Placeholders that the evidence does not fill stay, for a person to fill."""
    known = _known(exchange)
    return _PLACEHOLDER.sub(lambda match: known.get(match[1], match[0]), text)


def _known(exchange: Exchange) -> dict[str, str]:
    url = exchange.request.url
    address = parse(url)
    headers = {name.lower(): value for name, value in exchange.response.headers.items()}
    known = {
        "url": url,
        "host": address.host,
        "method": exchange.request.method.upper(),
        "api_id": address.api_id or _told_id(exchange),
        "region": address.region,
        "service": signing_service(url),
        "stage": address.stage,
        "request_id": headers.get("x-amzn-requestid") or headers.get("apigw-requestid"),
        **_by_arn(exchange),
    }
    return {
        name: shlex.quote(value)
        for name, value in known.items()
        if value and _FORMS[name].fullmatch(value)
    }


def _told_id(exchange: Exchange) -> str | None:
    sent = {name.lower(): value for name, value in exchange.request.headers.items()}
    return sent.get(API_ID_HEADER)


def _by_arn(exchange: Exchange) -> dict[str, str]:
    """A denial names the method that the gateway matched, whatever the URL looked like."""
    denial = read_denial(bodies.read_body(exchange.response.body).message)
    if denial is None or denial.arn is None:
        return {}
    arn = denial.arn
    return {"api_id": arn.api_id, "region": arn.region, "stage": arn.stage}


_EVERY_KIND = frozenset(ApiKind)
_FOR_KINDS = (
    ("aws apigateway get-domain-name ", _EVERY_KIND),
    ("aws apigateway ", frozenset({ApiKind.REST})),
    ("aws apigatewayv2 ", frozenset({ApiKind.HTTP, ApiKind.WEBSOCKET})),
    ("/restapis/", frozenset({ApiKind.REST})),
    ("API-Gateway-Execution-Logs_", frozenset({ApiKind.REST})),
    ("function-url", frozenset({ApiKind.FUNCTION_URL})),
    ("appsync", frozenset({ApiKind.APPSYNC})),
)
"""A part of a command, and the kinds of API at which it works; the first match counts."""

_FRONTS = (
    ("--scope CLOUDFRONT", CLOUDFRONT_PAGES | {Answer.EDGE_FUNCTION}),
    (":loadbalancer/", frozenset({Answer.BALANCER_FORBIDDEN, Answer.BALANCER_UNAVAILABLE})),
)
"""A part of a command for a CDN or a load balancer, and the answers that only that one gives."""

_KINDS_IN_WORDS = {
    ApiKind.REST: "a REST API",
    ApiKind.HTTP: "an HTTP API",
    ApiKind.WEBSOCKET: "a WebSocket API",
    ApiKind.FUNCTION_URL: "a function URL",
    ApiKind.APPSYNC: "an AppSync API",
}

_HOW_IT_IS_GUARDED = r"""
    aws apigateway get-stage --rest-api-id <api_id> --stage-name <stage> --region <region> \
        --query deploymentId --output text
    aws apigateway get-deployment --rest-api-id <api_id> --deployment-id <deployment_id> \
        --embed apisummary --region <region>

    aws apigatewayv2 get-routes --api-id <api_id> --region <region> \
        --query 'Items[].[RouteKey,AuthorizationType,AuthorizerId]'

    aws lambda get-function-url-config --function-name <function> --region <region>
"""
BY_FINDING = {
    Finding.PROTECTED_ROUTE_OPEN: _HOW_IT_IS_GUARDED,
    Finding.GUARD_WEAKENED: _HOW_IT_IS_GUARDED,
    Finding.PUBLIC_ROUTE_CLOSED: _HOW_IT_IS_GUARDED,
    Finding.ENTRANCE_NOT_CLOSED: r"""
    aws apigateway get-rest-api --rest-api-id <api_id> --region <region> \
        --query disableExecuteApiEndpoint

    aws apigatewayv2 get-api --api-id <api_id> --region <region> \
        --query DisableExecuteApiEndpoint
""",
    Finding.CERTIFICATE_EXPIRING: """
    openssl s_client -connect <host>:443 -servername <host> </dev/null
""",
}


def next_command(
    cause: Cause | None, exchanges: Sequence[Exchange], finding: Finding = Finding.REFUSED
) -> str | None:
    """The command that would confirm a cause, or a finding that needs no cause; None without one.

    The first exchange is the subject; the others may show what kind of API answers.
    """
    prose = BY_FINDING.get(finding) or (sections(cause).get("Confirm", "") if cause else "")
    return command_in(prose, exchanges)


def command_in(prose: str, exchanges: Sequence[Exchange]) -> str | None:
    """The command in a text that fits the API that answered, filled in; None where none fits."""
    if not exchanges:
        return None
    subject = exchanges[0]
    blocks = [block for block in _blocks(prose) if _may_be_pasted(block, subject)]
    blocks = [block for block in blocks if _is_for(block, subject)]
    command = _for_kinds(blocks, _kinds(exchanges))
    return filled(command, subject) if command else None


def _blocks(prose: str) -> Iterator[str]:
    """The commands in a text: adjacent indented lines are one command."""
    for part in re.findall(r"(?:^    .*\n?)+", prose, re.MULTILINE):
        yield "\n".join(line.removeprefix("    ") for line in part.splitlines())


def _may_be_pasted(block: str, subject: Exchange) -> bool:
    """A real call, signed or with the route's method, is offered only where it reads."""
    if "--aws-sigv4" in block and not may_be_signed(subject):
        return False
    in_earnest = "--aws-sigv4" in block or "-X <method>" in block
    return not in_earnest or subject.request.method.upper() == "GET"


def may_be_signed(exchange: Exchange) -> bool:
    """A signature covers the host, and a CDN or a balancer forwards the call to another host."""
    kind = parse(exchange.request.url).host_kind
    return kind not in (HostKind.CLOUDFRONT, HostKind.LOAD_BALANCER)


def _is_for(block: str, subject: Exchange) -> bool:
    """Whether a command queries what answered: the gateway, or what stands in front of it."""
    front = _front(subject)
    named = next((text for text, _ in _FRONTS if text in block), None)
    if named is not None or front is None:
        return named == front
    return _works_at(block) == _EVERY_KIND


def _front(exchange: Exchange) -> str | None:
    """The mark of what stands in front of the gateway, if only that can have answered."""
    answers = recognise(exchange).all
    return next((text for text, its in _FRONTS if answers and answers <= its), None)


def kinds_that_answered(exchanges: Sequence[Exchange]) -> frozenset[ApiKind]:
    """The kinds of API that may have given all of these answers; none where only what stands in
    front of the gateway can have given them."""
    return frozenset() if not exchanges or _front(exchanges[0]) else _kinds(exchanges)


def is_by_a_rest_api(exchanges: Sequence[Exchange]) -> bool:
    """Whether an AWS REST API itself may have answered, rather than what stands in front of it."""
    if not exchanges:
        return False
    subject = exchanges[0]
    is_away = not is_local(parse(subject.request.url).host)
    return is_away and ApiKind.REST in kinds_that_answered(exchanges)


def _kinds(exchanges: Sequence[Exchange]) -> frozenset[ApiKind]:
    """The kinds of API that may have given all of these answers.

    REST and WebSocket APIs answer alike; a WebSocket API counts only where the URL says so.
    """
    subject = exchanges[0]
    if parse(subject.request.url).host_kind is HostKind.COGNITO:
        return frozenset()
    looks = [look_at(exchange, subject) for exchange in exchanges]
    kinds = frozenset.intersection(*(look.kinds for look in looks)) or looks[0].kinds
    return kinds - {ApiKind.WEBSOCKET} or kinds


def _for_kinds(blocks: Sequence[str], kinds: frozenset[ApiKind]) -> str | None:
    """The first command that works for every possible kind; else one for each kind, labelled."""
    for block in blocks:
        if _works_at(block) >= (kinds or _EVERY_KIND):
            return block
    named = (
        f"# if this is {_named(shared)}:\n{block}"
        for block in blocks
        if (shared := _works_at(block) & kinds)
    )
    return "\n".join(named) or None


def _works_at(block: str) -> frozenset[ApiKind]:
    return next((kinds for text, kinds in _FOR_KINDS if text in block), _EVERY_KIND)


def _named(kinds: frozenset[ApiKind]) -> str:
    return " or ".join(words for kind, words in _KINDS_IN_WORDS.items() if kind in kinds)
