"""The deployed stack that a command works on, and how it reports every AWS error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from gatewatch.adapters.aws.cloudformation import outputs, region_of_calls
from gatewatch.adapters.aws.refusal import explained
from gatewatch.cli.exits import UsageError
from gatewatch.ports import SecretError

DEFAULT_STACK = "Gatewatch"
STACK_HELP = "The deployed stack's name."


class Outputs:
    """A stack's outputs, by name. Raises UsageError."""

    def __init__(self, stack: str, region: str | None = None) -> None:
        self._stack = stack
        with in_one_line(f"stack {stack}"):
            try:
                self._found = outputs(stack, region)
            except KeyError:
                place = region_of_calls(region)
                raise UsageError(f"stack {stack}: there is none in {place}") from None

    def __getitem__(self, name: str) -> str:
        try:
            return self._found[name]
        except KeyError:
            raise UsageError(f"stack {self._stack}: it has no output {name}") from None


@contextmanager
def in_one_line(what: str) -> Iterator[None]:
    """Turn whatever AWS or its library raises into a UsageError of one line."""
    try:
        with explained(what):
            try:
                yield
            except UsageError as error:
                raise SecretError(str(error)) from None
    except SecretError as error:
        raise UsageError(str(error)) from None
