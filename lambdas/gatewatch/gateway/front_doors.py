"""Front doors with wordings of their own: AppSync, Cognito, Lambda function URLs."""

from __future__ import annotations

import re

from gatewatch.gateway.answers import IAM_DENIALS, SIGNATURE_REFUSALS, Answer
from gatewatch.gateway.body import BodyForm, BodyText
from gatewatch.gateway.examples import begins
from gatewatch.gateway.recognise_text import of_type, worded
from gatewatch.gateway.recognised import UNRECOGNISED, Recognition, plainly
from gatewatch.gateway.traits import Traits
from gatewatch.gateway.url import HostKind, parse
from gatewatch.gateway.wire_formats import FUNCTION_URL_ANSWERS
from gatewatch.model import ApiKind, Exchange


def by_door(exchange: Exchange, traits: Traits) -> Recognition | None:
    """The answer of AppSync, Cognito or a function URL, by host or hint; None for all others."""
    kind = parse(exchange.request.url).host_kind
    if is_appsync(exchange, traits.body):
        return _by_appsync(traits)
    if "due to WAF block" in traits.body.message:
        return plainly(Answer.COGNITO_BLOCKED)
    if kind is HostKind.COGNITO:
        return UNRECOGNISED
    if kind is HostKind.FUNCTION_URL or exchange.api_kind == ApiKind.FUNCTION_URL:
        return by_function_url(traits) or of_type(traits) or _by_function(traits)
    return None


_NAMED_BY_OTHERS = (HostKind.CUSTOM, HostKind.UNKNOWN, HostKind.CLOUDFRONT)


def is_appsync(exchange: Exchange, body: BodyText) -> bool:
    """By the host, the hint, or its error types, which no other GraphQL server writes."""
    kind = parse(exchange.request.url).host_kind
    if kind is HostKind.APPSYNC or exchange.api_kind == ApiKind.APPSYNC:
        return True
    return kind in _NAMED_BY_OTHERS and body.graphql_type.endswith("Exception")


_UNSEEN_OF_APPSYNC = {
    401: frozenset(
        {Answer.APPSYNC_NO_CREDENTIAL, Answer.APPSYNC_NOT_AUTHORIZED, Answer.APPSYNC_REFUSED}
    ),
    403: IAM_DENIALS | SIGNATURE_REFUSALS | {Answer.APPSYNC_BLOCKED},
    429: frozenset({Answer.RATE_EXCEEDED}),
}


def _by_appsync(traits: Traits) -> Recognition:
    """AppSync's refusals before it runs a query. Those about signatures and policies use AWS's
    common wordings."""
    if traits.status not in _UNSEEN_OF_APPSYNC:
        return UNRECOGNISED
    body = traits.body
    if body.graphql_type == "WAFForbiddenException":
        return plainly(Answer.APPSYNC_BLOCKED)
    if signed := worded(traits) & (IAM_DENIALS | SIGNATURE_REFUSALS):
        return Recognition(plain=signed)
    if "authorization header not provided" in body.message:
        return plainly(Answer.APPSYNC_NO_CREDENTIAL)
    if body.message.startswith("You are not authorized to make this call"):
        return plainly(Answer.APPSYNC_NOT_AUTHORIZED)
    if (
        body.form is BodyForm.UNSEEN
        or body.cut
        or (body.form is BodyForm.TEXT and not body.graphql_type)
    ):
        return Recognition(plain=_UNSEEN_OF_APPSYNC[traits.status])
    other = body.graphql_type not in ("", "UnauthorizedException")
    refused = traits.status == 401 and not other and (body.message or body.form is BodyForm.JSON)
    return plainly(Answer.APPSYNC_REFUSED) if refused else UNRECOGNISED


_HELP = re.compile(r"^Forbidden\. For troubleshooting Function URL")


def by_function_url(traits: Traits) -> Recognition | None:
    """Function URLs write `Message`; they share some wordings with REST APIs."""
    unseen = traits.body.form is BodyForm.UNSEEN
    if traits.status == 502 and (unseen or traits.body.message == "Internal Server Error"):
        return plainly(Answer.FUNCTION_URL_ERROR)
    if traits.error_type not in (None, "AccessDeniedException"):
        return None
    if traits.body.is_null and traits.body.capital and traits.status < 500:
        return plainly(Answer.FUNCTION_URL_NULL)
    if _HELP.search(traits.body.message):
        return plainly(Answer.FUNCTION_URL_HELP)
    if traits.body.cut:
        known = (Answer.FUNCTION_URL_FORBIDDEN, Answer.FUNCTION_URL_HELP)
        begun = frozenset(one for one in known if begins(one, traits.body.message))
        return Recognition(plain=begun) if begun else None
    if traits.body.capital and traits.body.message == "Forbidden":
        return plainly(Answer.FUNCTION_URL_FORBIDDEN)
    if unseen and traits.status == 403:
        usual = {Answer.FUNCTION_URL_FORBIDDEN, Answer.FUNCTION_URL_HELP, Answer.FUNCTION_URL_NULL}
        others = SIGNATURE_REFUSALS | {traits.as_backends} if traits.error_type is None else ()
        return Recognition(plain=frozenset(usual), weak=frozenset(others))
    return None


def _by_function(traits: Traits) -> Recognition:
    """Any answer that function URLs are not known to give comes from the function."""
    by_words = worded(traits) & FUNCTION_URL_ANSWERS
    return Recognition(plain=by_words or frozenset({traits.as_backends}))
