"""An authorizer that got no identity, or did not accept the one it got: 401 Unauthorized.

On a REST API all of these are one answer. An HTTP API's JWT authorizer adds a challenge that
says why; its Lambda authorizers add none.
"""

from __future__ import annotations

from gatewatch.diagnosis.predictions.guarded_alike import GUARDED_ALIKE
from gatewatch.diagnosis.predictions.progress import PAST_AUTHENTICATION
from gatewatch.diagnosis.predictions.rules import (
    APPSYNC,
    HTTP,
    REST,
    REST_LIKE,
    ROUTE,
    Prediction,
    Rule,
    Sends,
    rule,
)
from gatewatch.gateway.answers import Answer

_WITH_A_VALID_ONE = PAST_AUTHENTICATION | {Answer.AUTHORIZER_BROKEN}

IDENTITY_MISSING: Prediction = (
    rule(
        REST_LIKE,
        ROUTE,
        Sends.NO_CREDENTIAL,
        expects={Answer.UNAUTHORIZED},
        because="without its identity source, an authorizer is not called and the answer is 401",
    ),
    rule(
        REST_LIKE,
        ROUTE,
        expects={Answer.UNAUTHORIZED},
        allows=_WITH_A_VALID_ONE,
        because="the authorizer may look for its identity in another place than where it was sent",
        weight=0.25,
    ),
    rule(
        HTTP,
        ROUTE,
        Sends.NO_CREDENTIAL,
        expects={Answer.UNAUTHORIZED, Answer.CHALLENGED},
        because="without its identity source, an authorizer is not called and the answer is 401",
    ),
    rule(
        HTTP,
        ROUTE,
        expects={Answer.UNAUTHORIZED, Answer.CHALLENGED},
        allows=_WITH_A_VALID_ONE | {Answer.CHALLENGED_INVALID_TOKEN, Answer.CHALLENGED_SCOPE},
        because="the authorizer may look for its identity in another place than where it was sent",
        weight=0.25,
    ),
    rule(
        APPSYNC,
        ROUTE,
        Sends.A_CREDENTIAL,
        expects={Answer.APPSYNC_NO_CREDENTIAL},
        because="AppSync may look for its credential in another header than where it was sent",
        weight=0.25,
    ),
    rule(
        APPSYNC,
        ROUTE,
        expects={Answer.APPSYNC_NO_CREDENTIAL},
        because="AppSync says that no authorization header was provided",
    ),
)

_THROWN: Rule = rule(
    REST_LIKE | HTTP,
    ROUTE,
    Sends.A_CREDENTIAL,
    expects={Answer.UNAUTHORIZED},
    allows=PAST_AUTHENTICATION,
    because="an authorizer that throws Unauthorized makes the gateway answer 401",
)

THROWN_UNAUTHORIZED: Prediction = (
    _THROWN,
    rule(
        REST_LIKE | HTTP,
        ROUTE,
        expects={Answer.UNAUTHORIZED},
        allows=PAST_AUTHENTICATION,
        because="an authorizer without an identity source may throw Unauthorized at anybody",
        weight=0.5,
    ),
)

COGNITO_MISSING: Prediction = (
    rule(
        REST,
        ROUTE,
        Sends.NO_AUTHORIZATION,
        expects={Answer.UNAUTHORIZED},
        because="a Cognito authorizer answers a call without a token with 401",
    ),
    rule(
        APPSYNC,
        ROUTE,
        Sends.A_KEY,
        allows={Answer.APPSYNC_REFUSED, Answer.APPSYNC_NOT_AUTHORIZED},
        because="a key was sent, and AppSync judged it",
    ),
    rule(
        APPSYNC,
        ROUTE,
        surmises={Answer.APPSYNC_NO_CREDENTIAL, Answer.APPSYNC_REFUSED},
        because="AppSync refuses a call without a token",
    ),
    rule(
        REST,
        ROUTE,
        Sends.A_TOKEN,
        expects={Answer.UNAUTHORIZED},
        allows=_WITH_A_VALID_ONE | {Answer.TOKEN_EXPIRED},
        because="the Cognito authorizer may look for its token in another header",
        weight=0.2,
    ),
)

COGNITO_REJECTED: Prediction = (
    rule(
        APPSYNC,
        ROUTE,
        Sends.AN_IDENTITY,
        expects={Answer.APPSYNC_REFUSED, Answer.APPSYNC_NOT_AUTHORIZED},
        because="AppSync refuses a token that it cannot verify",
    ),
    rule(
        REST,
        ROUTE,
        Sends.A_TOKEN,
        expects={Answer.UNAUTHORIZED, Answer.TOKEN_EXPIRED},
        because="a Cognito authorizer refuses a wrong, expired or wrong-kind token with 401",
    ),
    rule(
        REST,
        ROUTE,
        Sends.A_CREDENTIAL,
        expects={Answer.UNAUTHORIZED, Answer.TOKEN_EXPIRED},
        because="a Cognito authorizer may take its token from another header",
        weight=0.3,
    ),
    rule(
        REST,
        ROUTE,
        allows={Answer.UNAUTHORIZED},
        because="a Cognito authorizer answers a call without a token with 401",
    ),
)

APPSYNC_KEY: Prediction = (
    rule(
        APPSYNC,
        ROUTE,
        Sends.A_KEY,
        expects={Answer.APPSYNC_NOT_AUTHORIZED},
        surmises={Answer.APPSYNC_REFUSED},
        because="AppSync refuses an API key that has expired or that it does not know with 401",
    ),
    rule(
        APPSYNC,
        ROUTE,
        allows={Answer.APPSYNC_NO_CREDENTIAL, Answer.APPSYNC_REFUSED},
        because="without a key there is none to refuse",
    ),
)

JWT_REJECTED: Prediction = (
    rule(
        HTTP,
        ROUTE,
        Sends.A_CREDENTIAL,
        expects={Answer.CHALLENGED_INVALID_TOKEN},
        surmises={Answer.CHALLENGED},
        because="a JWT authorizer says in its challenge why it refused a token, if it is one",
    ),
    rule(
        HTTP,
        ROUTE,
        allows={Answer.CHALLENGED},
        because="a JWT authorizer answers a call without a token with a bare challenge",
    ),
)

JWT_SCOPE: Prediction = (
    GUARDED_ALIKE,
    rule(
        HTTP,
        ROUTE,
        Sends.A_CREDENTIAL,
        expects={Answer.CHALLENGED_SCOPE},
        because="a JWT authorizer names the scope it wants in its challenge",
    ),
    rule(
        HTTP,
        ROUTE,
        allows={Answer.CHALLENGED},
        because="a JWT authorizer answers a call without a token with a bare challenge",
    ),
)
