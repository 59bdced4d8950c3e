"""Front doors with words of their own: AppSync, Cognito, Lambda function URLs."""

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


def by_door(exchange: Exchange, seen: Traits) -> Recognition | None:
    """What a door of its own kind said, told by the host or the hint; None for all others."""
    kind = parse(exchange.request.url).host_kind
    if is_appsync(exchange, seen.said):
        return _by_appsync(seen)
    if "due to WAF block" in seen.said.message:
        return plainly(Answer.COGNITO_BLOCKED)
    if kind is HostKind.COGNITO:
        return UNRECOGNISED
    if kind is HostKind.FUNCTION_URL or exchange.api_kind == ApiKind.FUNCTION_URL:
        return by_function_url(seen) or of_type(seen) or _by_function(seen)
    return None


_NAMED_BY_OTHERS = (HostKind.CUSTOM, HostKind.UNKNOWN, HostKind.CLOUDFRONT)


def is_appsync(exchange: Exchange, said: BodyText) -> bool:
    """Told by the host, the hint, or its error types, which no other GraphQL server writes."""
    kind = parse(exchange.request.url).host_kind
    if kind is HostKind.APPSYNC or exchange.api_kind == ApiKind.APPSYNC:
        return True
    return kind in _NAMED_BY_OTHERS and said.graphql_type.endswith("Exception")


_UNSEEN_OF_APPSYNC = {
    401: frozenset(
        {Answer.APPSYNC_NO_CREDENTIAL, Answer.APPSYNC_NOT_AUTHORIZED, Answer.APPSYNC_REFUSED}
    ),
    403: IAM_DENIALS | SIGNATURE_REFUSALS | {Answer.APPSYNC_BLOCKED},
    429: frozenset({Answer.RATE_EXCEEDED}),
}


def _by_appsync(seen: Traits) -> Recognition:
    """What AppSync refuses before it runs a query. A signature and a policy it judges in AWS's
    common words."""
    if seen.status not in _UNSEEN_OF_APPSYNC:
        return UNRECOGNISED
    said = seen.said
    if said.graphql_type == "WAFForbiddenException":
        return plainly(Answer.APPSYNC_BLOCKED)
    if signed := worded(seen) & (IAM_DENIALS | SIGNATURE_REFUSALS):
        return Recognition(plain=signed)
    if "authorization header not provided" in said.message:
        return plainly(Answer.APPSYNC_NO_CREDENTIAL)
    if said.message.startswith("You are not authorized to make this call"):
        return plainly(Answer.APPSYNC_NOT_AUTHORIZED)
    if (
        said.form is BodyForm.UNSEEN
        or said.cut
        or (said.form is BodyForm.TEXT and not said.graphql_type)
    ):
        return Recognition(plain=_UNSEEN_OF_APPSYNC[seen.status])
    other = said.graphql_type not in ("", "UnauthorizedException")
    refused = seen.status == 401 and not other and (said.message or said.form is BodyForm.JSON)
    return plainly(Answer.APPSYNC_REFUSED) if refused else UNRECOGNISED


_HELP = re.compile(r"^Forbidden\. For troubleshooting Function URL")


def by_function_url(seen: Traits) -> Recognition | None:
    """Function URLs write `Message`; some of what they say, REST APIs say as well."""
    unseen = seen.said.form is BodyForm.UNSEEN
    if seen.status == 502 and (unseen or seen.said.message == "Internal Server Error"):
        return plainly(Answer.FUNCTION_URL_ERROR)
    if seen.error_type not in (None, "AccessDeniedException"):
        return None
    if seen.said.is_null and seen.said.capital and seen.status < 500:
        return plainly(Answer.FUNCTION_URL_NULL)
    if _HELP.search(seen.said.message):
        return plainly(Answer.FUNCTION_URL_HELP)
    if seen.said.cut:
        known = (Answer.FUNCTION_URL_FORBIDDEN, Answer.FUNCTION_URL_HELP)
        begun = frozenset(one for one in known if begins(one, seen.said.message))
        return Recognition(plain=begun) if begun else None
    if seen.said.capital and seen.said.message == "Forbidden":
        return plainly(Answer.FUNCTION_URL_FORBIDDEN)
    if unseen and seen.status == 403:
        usual = {Answer.FUNCTION_URL_FORBIDDEN, Answer.FUNCTION_URL_HELP, Answer.FUNCTION_URL_NULL}
        others = SIGNATURE_REFUSALS | {seen.as_backends} if seen.error_type is None else ()
        return Recognition(plain=frozenset(usual), weak=frozenset(others))
    return None


def _by_function(seen: Traits) -> Recognition:
    """What no function URL is known to say, the function said."""
    said = worded(seen) & FUNCTION_URL_ANSWERS
    return Recognition(plain=said or frozenset({seen.as_backends}))
