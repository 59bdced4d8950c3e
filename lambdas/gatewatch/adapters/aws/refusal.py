"""Why AWS refuses a command line's call: permissions and credentials.

Only for calls that carry no secret: part of the error's text is shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from gatewatch.adapters.aws.client import told_as
from gatewatch.ports import SecretError


@contextmanager
def explained(what: str) -> Iterator[None]:
    """As `told_as`, with the denied action, or what is wrong with the credentials."""
    from botocore.exceptions import BotoCoreError, ClientError

    with told_as(what):
        try:
            yield
        except ClientError as error:
            details = error.response.get("Error", {})
            reason = _said(
                str(details.get("Code")), str(details.get("Message")), error.operation_name
            )
            if reason is None:
                raise
            raise SecretError(f"{what}: {reason}") from None
        except BotoCoreError as error:
            if type(error).__name__ not in _LOGGED_OUT:
                raise
            raise SecretError(f"{what}: the AWS login has expired: log in again") from None


def in_words(error: Exception) -> str | None:
    """One line about an error that AWS or its library raised; None for others."""
    from botocore.exceptions import BotoCoreError, ClientError

    if not isinstance(error, (ClientError, BotoCoreError)):
        return str(error) if isinstance(error, SecretError) else None
    what = f"AWS {error.operation_name}" if isinstance(error, ClientError) else "AWS"
    try:
        with explained(what):
            raise error
    except SecretError as told:
        return str(told)


_LOGGED_OUT = (
    "SSOTokenLoadError",
    "UnauthorizedSSOTokenError",
    "TokenRetrievalError",
    "LoginRefreshRequired",
    "LoginTokenLoadError",
)
# https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html
_EXPIRED = ("ExpiredToken", "ExpiredTokenException", "RequestExpired")
_NOT_KNOWN = (
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "InvalidSignatureException",
)
_DENIED = ("AccessDenied", "AccessDeniedException")
# https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
_ACTION = re.compile(
    r"not authorized to perform: ([a-z0-9-]+:[A-Za-z]+)(?: on resource: (arn:aws[\w:/.*-]+))?"
)


def _said(code: str, message: str, operation: str) -> str | None:
    if code in _EXPIRED:
        return "the AWS credentials have expired: log in again"
    if code in _NOT_KNOWN:
        return f"AWS does not know these credentials ({code})"
    if code not in _DENIED:
        return None
    found = _ACTION.search(message)
    if found is None:
        return f"you lack a permission for {operation}"
    place = f" on {found[2]}" if found[2] else ""
    return f"you lack the permission {found[1]}{place}"
