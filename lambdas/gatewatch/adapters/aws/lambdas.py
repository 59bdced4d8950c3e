"""Calls a Lambda function and waits for its answer."""

from __future__ import annotations

import re

import msgspec

from gatewatch.adapters.aws.client import client
from gatewatch.adapters.aws.refusal import explained
from gatewatch.ports import SecretError
from gatewatch.service.releases.twin import TwinError

_LONGEST_SECONDS = 300
_NAME = re.compile(r"[A-Za-z0-9_.]{1,80}")


class TwinFunction:
    """Asked once for each round: a second try would take its looks twice."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, event: bytes) -> bytes:
        """Raises TwinError."""
        try:
            with explained("the twin in the VPC did not answer"):
                found = client("lambda", read_seconds=_LONGEST_SECONDS, tries=1).invoke(
                    FunctionName=self._name, InvocationType="RequestResponse", Payload=event
                )
                body = bytes(found["Payload"].read())
        except SecretError as error:
            raise TwinError(str(error)) from None
        if found.get("FunctionError"):
            raise TwinError(f"the twin in the VPC failed: {_type_of(body)}; see its log")
        return body


def _type_of(body: bytes) -> str:
    """The error's name alone: its text may quote an answer."""
    try:
        found = msgspec.json.decode(body)
        name = found["errorType"] if isinstance(found, dict) else ""
    except (msgspec.MsgspecError, KeyError):
        name = ""
    return name if isinstance(name, str) and _NAME.fullmatch(name) else "an unknown error"
