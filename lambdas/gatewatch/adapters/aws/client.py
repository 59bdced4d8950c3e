"""What the AWS clients have in common: a bounded time, few retries, and errors without contents.

They are botocore's: boto3 makes the same ones, and takes a quarter longer to be there.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from threading import Lock
from time import monotonic
from typing import Any

from gatewatch.ports import SecretError

_UNREACHABLE_FOR_SECONDS = 30.0
_Service = tuple[str, str | None]

_making = Lock()
_unreachable_until: dict[_Service, float] = {}


@contextmanager
def asked(
    what: str, service: str, region: str | None = None, *, signed: bool = True
) -> Iterator[Any]:
    """A client for one call; `AWS_ENDPOINT_URL` is honoured by botocore itself.

    Raises SecretError, as `told_as`. A service that could not be reached is not asked again for
    half a minute: many secrets must not each wait for the same silence.
    """
    from botocore.exceptions import HTTPClientError

    place = (service, region)
    if monotonic() < _unreachable_until.get(place, 0.0):
        raise SecretError(f"{what}: {_UNREACHABLE}")
    with told_as(what):
        try:
            yield _made(what, service, region, signed)
        except HTTPClientError:
            _unreachable_until[place] = monotonic() + _UNREACHABLE_FOR_SECONDS
            raise


def _made(what: str, service: str, region: str | None, signed: bool) -> Any:
    """One client for each service and region."""
    try:
        with _making:
            return _client(service, region, signed)
    except ValueError:
        raise SecretError(f"{what}: the AWS settings of this machine are not valid") from None


def client(service: str, region: str | None = None) -> Any:
    """A signed client whose errors are raised as they are; for what holds no secrets."""
    with _making:
        return _client(service, region, True)


@lru_cache(maxsize=32)
def _client(service: str, region: str | None, signed: bool) -> Any:
    from botocore import UNSIGNED
    from botocore.config import Config

    config = Config(
        connect_timeout=2,
        read_timeout=3,
        retries={"mode": "standard", "max_attempts": 2},
        signature_version=None if signed else UNSIGNED,
    )
    return _session().create_client(service, region_name=region, config=config)


@lru_cache
def _session() -> Any:
    """One for all clients: each would read the tables of regions and errors anew."""
    from botocore.session import get_session

    return get_session()


@contextmanager
def told_as(what: str) -> Iterator[None]:
    """Turns what AWS or its library raises into a SecretError that names `what` and the code.

    The message of the error stays out: it may repeat what was sent, or all that was answered.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    _keep_quiet()
    try:
        yield
    except SecretError:
        raise
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code"))
        told = code if _CODE.fullmatch(code) else "an error without a code"
        raise SecretError(f"{what}: {told}") from None
    except BotoCoreError as error:
        raise SecretError(f"{what}: {_reason(error)}") from None
    except Exception as error:  # noqa: BLE001 - the library's parsers raise errors of many kinds
        kind = type(error).__name__
        raise SecretError(f"{what}: the answer is not one of AWS's ({kind})") from None


def _keep_quiet() -> None:
    """At the level of debugging, botocore logs what it sends and receives: secrets."""
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


def _reason(error: Exception) -> str:
    return _REASONS.get(type(error).__name__, type(error).__name__)


def region_of(name: str) -> str | None:
    """The region that an ARN names; None for a bare name."""
    return name.split(":")[3] if name.startswith("arn:") and name.count(":") >= 5 else None
