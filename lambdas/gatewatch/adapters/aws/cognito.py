"""Tokens of a Cognito user, by user name and password."""

from __future__ import annotations

import base64
import hmac
from datetime import UTC, datetime, timedelta

from gatewatch.adapters.aws.client import OTHERWISE, Remedies, asked
from gatewatch.config.canonical import Cognito
from gatewatch.ports import SecretError


def cognito_token(user: Cognito, password: str, client_secret: str | None) -> tuple[str, datetime]:
    """The token of the wanted kind and the end of its life; raises SecretError."""
    parameters = {"USERNAME": user.username, "PASSWORD": password}
    if client_secret is not None:
        parameters["SECRET_HASH"] = secret_hash(user.username, user.client_id, client_secret)
    what = f"Cognito user {user.username}"
    remedies = _remedies(user)
    with asked(what, "cognito-idp", user.region, signed=False, remedies=remedies) as pools:
        answer = pools.initiate_auth(
            AuthFlow="USER_PASSWORD_AUTH", ClientId=user.client_id, AuthParameters=parameters
        )
        if challenge := answer.get("ChallengeName"):
            raise SecretError(
                f"{what}: the user pool asks for {challenge}, which needs a person",
                f"answer it once as {user.username}, or look as a user without it",
            )
        result = answer["AuthenticationResult"]
        token = result["IdToken" if user.token == "id" else "AccessToken"]
        return token, datetime.now(UTC) + timedelta(seconds=result["ExpiresIn"])


def _remedies(user: Cognito) -> Remedies:
    """By the codes of
    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_InitiateAuth.html
    """
    client = f"app client {user.client_id} in {user.region}"
    person = f"the user's status in the pool of {client}, and the password in {user.password}"
    return {
        OTHERWISE: f"check {person}",
        "ResourceNotFoundException": f"check that there is an {client}",
        "InvalidParameterException": f"allow USER_PASSWORD_AUTH at {client}",
    }


def secret_hash(username: str, client_id: str, client_secret: str) -> str:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/signing-up-users-in-your-app.html"""
    text = f"{username}{client_id}".encode()
    return base64.b64encode(hmac.digest(client_secret.encode(), text, "sha256")).decode()
