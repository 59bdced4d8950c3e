"""What all AWS clients share: bounded time, few retries, and errors without contents.

They are botocore's: boto3 makes the same ones, and takes a quarter longer to import.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from shlex import quote
from threading import Lock
from time import monotonic
from typing import Any

from gatewatch.ports import SecretError

_UNREACHABLE_FOR_SECONDS = 30.0
_SECONDS, _TRIES = 3.0, 2
_Service = tuple[str, str | None]

Remedies = Mapping[str, str]
"""What to do about an error, by its code; `OTHERWISE` is for codes that are not listed."""
OTHERWISE = ""
KEY_DENIED = "KMS"
"""Stands for the codes by which services report that a KMS key may not or cannot be used."""
WHO_LOOKS = "the identity that looks (in the account: the probe's role)"

_making = Lock()
_unreachable_until: dict[_Service, float] = {}


@contextmanager
def asked(
    what: str,
    service: str,
    region: str | None = None,
    *,
    signed: bool = True,
    remedies: Remedies | None = None,
) -> Iterator[Any]:
    """A client for one call; `AWS_ENDPOINT_URL` is honoured by botocore itself.

    Raises SecretError, as `told_as`. An unreachable service is not called again for half a minute:
    many secrets must not each wait for the same timeout.
    """
    from botocore.exceptions import HTTPClientError

    place = (service, region)
    if monotonic() < _unreachable_until.get(place, 0.0):
        raise SecretError(f"{what}: {_UNREACHABLE}", _FIND_A_WAY)
    with told_as(what, remedies):
        try:
            yield _made(what, service, region, signed)
        except HTTPClientError:
            _unreachable_until[place] = monotonic() + _UNREACHABLE_FOR_SECONDS
            raise


def _made(what: str, service: str, region: str | None, signed: bool) -> Any:
    """One client for each service and region."""
    try:
        with _making:
            return _client(service, region, signed, _SECONDS, _TRIES)
    except ValueError:
        raise SecretError(f"{what}: the AWS settings of this machine are not valid") from None


def client(
    service: str, region: str | None = None, *, read_seconds: float = _SECONDS, tries: int = _TRIES
) -> Any:
    """A signed client that raises errors unchanged; for calls without secrets.

    `read_seconds`: how long an answer may take.
    """
    with _making:
        return _client(service, region, True, read_seconds, tries)


@lru_cache(maxsize=32)
def _client(service: str, region: str | None, signed: bool, read_seconds: float, tries: int) -> Any:
    from botocore import UNSIGNED
    from botocore.config import Config

    config = Config(
        connect_timeout=2,
        read_timeout=read_seconds,
        retries={"mode": "standard", "max_attempts": tries},
        signature_version=None if signed else UNSIGNED,
    )
    return _session().create_client(service, region_name=region, config=config)


@lru_cache
def _session() -> Any:
    """One for all clients: each new one would read the tables of regions and errors again."""
    from botocore.session import get_session

    # Its HTTP library would write the keys of every call to the file that this names.
    os.environ.pop("SSLKEYLOGFILE", None)
    return get_session()


@contextmanager
def told_as(what: str, remedies: Remedies | None = None) -> Iterator[None]:
    """Turn what AWS or its library raises into a SecretError that names `what` and the code.

    The error's message is left out: it may repeat the request or the whole answer. It is only
    searched for a KMS key.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    _keep_quiet()
    try:
        yield
    except SecretError:
        raise
    except ClientError as error:
        raise _refusal(what, error.response.get("Error", {}), remedies or {}) from None
    except BotoCoreError as error:
        name = type(error).__name__
        raise SecretError(f"{what}: {_REASONS.get(name, name)}", _OWN_REMEDIES.get(name)) from None
    except Exception as error:  # noqa: BLE001 - the library's parsers raise errors of many kinds
        kind = type(error).__name__
        raise SecretError(f"{what}: the answer is not one of AWS's ({kind})") from None


def _refusal(what: str, error: Mapping[str, Any], remedies: Remedies) -> SecretError:
    code, message = str(error.get("Code")), str(error.get("Message"))
    by_key = code in _KEY_CODES or (code in _DENIED and _OF_A_KEY.search(message) is not None)
    remedy = remedies.get(KEY_DENIED if by_key else code, remedies.get(OTHERWISE))
    named = code if _CODE.fullmatch(code) else "an error without a code"
    because = f"{named} (its KMS key may not be used)" if by_key and code in _DENIED else named
    return SecretError(f"{what}: {because}", remedy, passes=code in _THROTTLED)


_DENIED = ("AccessDenied", "AccessDeniedException")
# Secrets Manager says "Access to KMS is not allowed", Parameter Store names `kms:Decrypt` or a
# "customer master key": https://repost.aws/knowledge-center/secrets-manager-cross-account-key
_OF_A_KEY = re.compile(r"\bKMS\b|\bkms:|customer master key")
# https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html#API_GetSecretValue_Errors
# https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html#API_GetParameter_Errors
_KEY_CODES = ("DecryptionFailure", "InvalidKeyId")
# https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html, and what services add.
_THROTTLED = (
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "TooManyRequestsException",
    "RequestLimitExceeded",
)


def _keep_quiet() -> None:
    """At debug level, botocore logs what it sends and receives: secrets."""
    log = logging.getLogger("botocore")
    if log.getEffectiveLevel() < logging.INFO:
        log.setLevel(logging.INFO)


_CODE = re.compile(r"[A-Za-z][A-Za-z0-9.]{1,63}|[45]\d\d")
_UNREACHABLE = "the service cannot be reached"
_REASONS = {
    "NoCredentialsError": "no AWS credentials found",
    "PartialCredentialsError": "incomplete AWS credentials found",
    "NoRegionError": "no AWS region is set",
    "EndpointConnectionError": _UNREACHABLE,
    "ConnectTimeoutError": _UNREACHABLE,
    "ReadTimeoutError": "the service did not answer in time",
}
_FIND_A_WAY = "check the way to it; out of a VPC, an AWS service needs an interface endpoint"
_LOG_IN = "aws sts get-caller-identity"
_OWN_REMEDIES = {
    "NoCredentialsError": _LOG_IN,
    "PartialCredentialsError": _LOG_IN,
    "NoRegionError": "set AWS_REGION",
    "EndpointConnectionError": _FIND_A_WAY,
    "ConnectTimeoutError": _FIND_A_WAY,
    "ReadTimeoutError": _FIND_A_WAY,
}


def region_of(name: str) -> str | None:
    """The region that an ARN names; None for a bare name."""
    return name.split(":")[3] if name.startswith("arn:") and name.count(":") >= 5 else None


def option(flag: str, name: str) -> str:
    """A name as an option of the AWS command line, with the region where an ARN names it."""
    region = region_of(name)
    return f"{flag} {quote(name)}" + (f" --region {quote(region)}" if region else "")
