"""What the services have in common that wait for our answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from gatewatch.adapters.aws.refusal import explained
from gatewatch.ports import SecretError
from gatewatch.service.releases.replies import UnansweredError


@dataclass(slots=True)
class Taken:
    """`is_first`: no answer came before this one."""

    is_first: bool = True


@contextmanager
def answered(service: str, answered_before: str) -> Iterator[Taken]:
    """`answered_before`: the code of an answer that comes too late. Raises UnansweredError."""
    from botocore.exceptions import ClientError

    taken = Taken()
    try:
        with explained(f"{service} did not take the answer"):
            try:
                yield taken
            except ClientError as error:
                if error.response.get("Error", {}).get("Code") != answered_before:
                    raise
                taken.is_first = False
    except SecretError as error:
        raise UnansweredError(str(error)) from None
