"""Front doors with words of their own: AppSync, Cognito, Lambda function URLs."""

from __future__ import annotations

import re

from gatewatch.gateway.answers import SIGNATURE_REFUSALS, Answer
from gatewatch.gateway.body import Form
from gatewatch.gateway.examples import begins
from gatewatch.gateway.recognised import UNRECOGNISED, Recognition, plainly
from gatewatch.gateway.seen import Seen
from gatewatch.gateway.url import HostKind, parse
from gatewatch.gateway.wires import FUNCTION_URL_ANSWERS
from gatewatch.gateway.wording import of_type, worded
from gatewatch.model import ApiKind, Exchange


def by_door(exchange: Exchange, seen: Seen) -> Recognition | None:
    """What a door of its own kind said, told by the host or the hint; None for all others."""
    kind = parse(exchange.request.url).host_kind
    if is_appsync(exchange):
        return _by_appsync(seen)
    if "due to WAF block" in seen.said.message:
        return plainly(Answer.COGNITO_BLOCKED)
    if kind is HostKind.COGNITO:
        return UNRECOGNISED
    if kind is HostKind.FUNCTION_URL or exchange.api_kind == ApiKind.FUNCTION_URL:
        return by_function_url(seen) or of_type(seen) or _by_function(seen)
    return None


def is_appsync(exchange: Exchange) -> bool:
    """Told by the host or the hint."""
    kind = parse(exchange.request.url).host_kind
    return kind is HostKind.APPSYNC or exchange.api_kind == ApiKind.APPSYNC


def _by_appsync(seen: Seen) -> Recognition:
    if seen.status not in (401, 403):
        return UNRECOGNISED
    if "authorization header not provided" in seen.said.message:
        return plainly(Answer.APPSYNC_NO_CREDENTIAL)
    if seen.said.form is Form.JSON or (seen.said.message and not seen.said.cut):
        return plainly(Answer.APPSYNC_REFUSED)
    return plainly(Answer.APPSYNC_NO_CREDENTIAL, Answer.APPSYNC_REFUSED)


_HELP = re.compile(r"^Forbidden\. For troubleshooting Function URL")


def by_function_url(seen: Seen) -> Recognition | None:
    """Function URLs write `Message`; some of what they say, REST APIs say as well."""
    unseen = seen.said.form is Form.UNSEEN
    if seen.status == 502 and (unseen or seen.said.message == "Internal Server Error"):
        return plainly(Answer.FUNCTION_URL_ERROR)
    if seen.error_type not in (None, "AccessDeniedException"):
        return None
    if seen.said.is_null and seen.said.capital and seen.status < 500:
        return plainly(Answer.FUNCTION_URL_NULL)
    if _HELP.search(seen.said.message):
        return plainly(Answer.FUNCTION_URL_HELP)
    if seen.said.capital and seen.said.message == "Forbidden":
        return plainly(Answer.FUNCTION_URL_FORBIDDEN)
    if seen.said.cut:
        known = (Answer.FUNCTION_URL_FORBIDDEN, Answer.FUNCTION_URL_HELP)
        begun = frozenset(one for one in known if begins(one, seen.said.message))
        return Recognition(plain=begun) if begun else None
    if unseen and seen.status == 403:
        usual = {Answer.FUNCTION_URL_FORBIDDEN, Answer.FUNCTION_URL_HELP, Answer.FUNCTION_URL_NULL}
        others = SIGNATURE_REFUSALS | {seen.as_backends} if seen.error_type is None else ()
        return Recognition(plain=frozenset(usual), weak=frozenset(others))
    return None


def _by_function(seen: Seen) -> Recognition:
    """What no function URL is known to say, the function said."""
    said = worded(seen) & FUNCTION_URL_ANSWERS
    return Recognition(plain=said or frozenset({seen.as_backends}))
