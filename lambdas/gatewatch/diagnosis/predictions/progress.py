"""How far a request came, by its answer: sets of answers in the order of the gates."""

from __future__ import annotations

from collections.abc import Mapping

from gatewatch.gateway.answers import (
    ANONYMOUS_DENIALS,
    AUTHORIZER_DENIALS,
    BACKEND_ANSWERS,
    IAM_DENIALS,
    SIGNATURE_REFUSALS,
    Answer,
)
from gatewatch.model import Guard

UNMATCHED = frozenset(
    {
        Answer.MISSING_TOKEN,
        Answer.INCOMPLETE_SIGNATURE,
        Answer.NO_METHOD_FOUND,
        Answer.HTTP_NOT_FOUND,
    }
)
INTEGRATION_FAILURES = frozenset(
    {
        Answer.INTERNAL_ERROR,
        Answer.BAD_GATEWAY,
        Answer.INTEGRATION_TIMED_OUT,
        Answer.INTEGRATION_UNREACHABLE,
        Answer.HTTP_INTERNAL_ERROR,
        Answer.HTTP_UNAVAILABLE,
    }
)
REACHED_INTEGRATION = (
    INTEGRATION_FAILURES | BACKEND_ANSWERS | {Answer.SUCCESS, Answer.INNER_FAILURE}
)
PAST_API_KEY = REACHED_INTEGRATION | {
    Answer.QUOTA_EXCEEDED,
    Answer.RATE_EXCEEDED,
    Answer.BAD_REQUEST,
    Answer.TOO_LARGE,
    Answer.UNSUPPORTED_MEDIA_TYPE,
}
PAST_AUTHORIZER = PAST_API_KEY | {Answer.FORBIDDEN}
PAST_AUTHENTICATION = PAST_AUTHORIZER | IAM_DENIALS | ANONYMOUS_DENIALS | AUTHORIZER_DENIALS
MATCHED = frozenset(Answer) - UNMATCHED - {Answer.FORBIDDEN}
"""Answers that show that a route was found, without those that a closed entrance gives, too."""
UNAUTHORIZED = frozenset(
    {
        Answer.UNAUTHORIZED,
        Answer.TOKEN_EXPIRED,
        Answer.CHALLENGED,
        Answer.CHALLENGED_INVALID_TOKEN,
    }
)
GUARD_REFUSALS = (
    UNAUTHORIZED
    | IAM_DENIALS
    | ANONYMOUS_DENIALS
    | AUTHORIZER_DENIALS
    | SIGNATURE_REFUSALS
    | {
        Answer.MISSING_TOKEN,
        Answer.INCOMPLETE_SIGNATURE,
        Answer.FORBIDDEN,
        Answer.CHALLENGED_SCOPE,
        Answer.FUNCTION_URL_FORBIDDEN,
        Answer.FUNCTION_URL_HELP,
        Answer.APPSYNC_NO_CREDENTIAL,
        Answer.APPSYNC_NOT_AUTHORIZED,
        Answer.APPSYNC_REFUSED,
    }
)
"""How a guard of the route itself may refuse a caller who lacks what it asks for."""
REFUSALS_BY: Mapping[Guard, frozenset[Answer]] = {
    Guard.IAM: SIGNATURE_REFUSALS
    | IAM_DENIALS
    | ANONYMOUS_DENIALS
    | {
        Answer.MISSING_TOKEN,
        Answer.INCOMPLETE_SIGNATURE,
        Answer.FORBIDDEN,
        Answer.FUNCTION_URL_FORBIDDEN,
        Answer.FUNCTION_URL_HELP,
    },
    Guard.LAMBDA: AUTHORIZER_DENIALS | ANONYMOUS_DENIALS | {Answer.UNAUTHORIZED, Answer.FORBIDDEN},
    Guard.COGNITO: UNAUTHORIZED | {Answer.APPSYNC_NO_CREDENTIAL, Answer.APPSYNC_REFUSED},
    Guard.JWT: UNAUTHORIZED | {Answer.CHALLENGED_SCOPE},
}
"""What each kind of authorizer, or a resource policy before it, answers an invalid credential.

On an HTTP API, Lambda authorizers and IAM answer Forbidden (az and ms rows).
"""
TRANSIENT = INTEGRATION_FAILURES | {
    Answer.QUOTA_EXCEEDED,
    Answer.RATE_EXCEEDED,
    Answer.BACKEND_ERROR,
    Answer.FUNCTION_URL_ERROR,
    Answer.BALANCER_UNAVAILABLE,
    Answer.CHALLENGE,
    Answer.BOT_CHALLENGE,
    Answer.AUTHORIZER_BROKEN,
    Answer.TIMEOUT,
    Answer.SILENCE,
    Answer.RESET,
    Answer.CONNECT_FAILURE,
    Answer.DNS_FAILURE,
    Answer.TLS_FAILURE,
    Answer.CERTIFICATE_REQUIRED,
}
"""Answers that may come at any time, or before a cause can strike: they never refute one."""
