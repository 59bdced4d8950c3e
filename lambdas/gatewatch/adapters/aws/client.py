"""What the AWS clients have in common: a bounded time, few retries, and errors without contents."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from threading import Lock
from typing import Any

from gatewatch.ports import SecretError

_making = Lock()


def client(service: str, region: str | None = None, *, signed: bool = True) -> Any:
    """One client for each service and region; `AWS_ENDPOINT_URL` is honoured by boto3 itself."""
    with _making:
        return _client(service, region, signed)


@lru_cache(maxsize=32)
def _client(service: str, region: str | None, signed: bool) -> Any:
    import boto3
    from botocore import UNSIGNED
    from botocore.config import Config

    config = Config(
        connect_timeout=3,
        read_timeout=5,
        retries={"mode": "standard", "max_attempts": 3},
        signature_version=None if signed else UNSIGNED,
    )
    return boto3.client(service, region_name=region, config=config)


@contextmanager
def told_as(what: str) -> Iterator[None]:
    """Turns what AWS or its library raises into a SecretError that names `what` and the code.

    The message of the error stays out: it may repeat what was sent.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "unknown error")
        raise SecretError(f"{what}: {code}") from None
    except BotoCoreError as error:
        raise SecretError(
            f"{what}: {_REASONS.get(type(error).__name__, type(error).__name__)}"
        ) from None


_REASONS = {
    "NoCredentialsError": "no AWS credentials found",
    "PartialCredentialsError": "incomplete AWS credentials found",
    "NoRegionError": "no AWS region is set",
    "EndpointConnectionError": "the service cannot be reached",
    "ConnectTimeoutError": "the service cannot be reached",
    "ReadTimeoutError": "the service did not answer in time",
}


def region_of(name: str) -> str | None:
    """The region that an ARN names; None for a bare name."""
    return name.split(":")[3] if name.startswith("arn:") and name.count(":") >= 5 else None
