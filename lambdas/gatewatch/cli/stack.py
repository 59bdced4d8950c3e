"""The deployed stack that a command works on, and how it reports every AWS error."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated

import typer

from gatewatch.adapters.aws.cloudformation import monitors, outputs, region_of_calls
from gatewatch.adapters.aws.refusal import explained
from gatewatch.cli.exits import UsageError
from gatewatch.config.problems import nearest
from gatewatch.config.values import REGION
from gatewatch.notices.origin import USUAL_NAME, Origin
from gatewatch.ports import SecretError

DEFAULT_STACK = USUAL_NAME
STACK_HELP = "The deployed stack's name."
StackName = Annotated[str, typer.Option("--stack", "-s", help=STACK_HELP)]
Region = Annotated[
    str | None,
    typer.Option("--region", help="The stack's region. [default: that of the AWS settings]"),
]
MonitorName = Annotated[
    str | None,
    typer.Option("--monitor", help="Which monitor, if the stack has several."),
]


@dataclass(frozen=True, slots=True)
class Place:
    """What the options of a command say about where a monitor is deployed."""

    stack: str = DEFAULT_STACK
    region: str | None = None
    monitor: str | None = None

    @property
    def origin(self) -> Origin:
        """For the commands that a command names: they find the same monitor."""
        return Origin(region=self.region, stack=self.stack, monitor=self.monitor)


class Outputs:
    """The outputs of the one monitor at a place, by name. Raises UsageError."""

    def __init__(self, place: Place) -> None:
        self._place = place
        _refuse_no_region(place.region)
        with in_one_line(f"stack {place.stack}"):
            try:
                found = outputs(place.stack, place.region)
            except KeyError:
                where = region_of_calls(place.region)
                raise UsageError(f"stack {place.stack}: there is none in {where}") from None
        self._found = _chosen(monitors(found), place)

    def __getitem__(self, name: str) -> str:
        try:
            return self._found[name]
        except KeyError:
            raise UsageError(
                f"stack {self._place.stack}: its monitor has no output {name}; an older version is "
                "deployed, and a new deployment adds it"
            ) from None

    def get(self, name: str) -> str | None:
        return self._found.get(name)


def _refuse_no_region(given: str | None) -> None:
    """It becomes part of a host's name, which nobody would answer."""
    if given is not None and not re.search(REGION, given):
        raise UsageError(f"--region: expected an AWS region such as eu-west-1, found {given!r}")


def _chosen(known: Mapping[str, dict[str, str]], place: Place) -> dict[str, str]:
    """Raises UsageError unless exactly one monitor is meant."""
    stack, wanted = place.stack, place.monitor
    if not known:
        raise UsageError(
            f"stack {stack}: no monitor is among its outputs; expected its StateTable, "
            "ConfigBucket and ConfigPointer. An older version wrote them for the stack of "
            "`make deploy` only: deploy the newer one"
        )
    named = ", ".join(known)
    if wanted is None:
        if len(known) > 1:
            raise UsageError(f"stack {stack}: it has {len(known)} monitors; add --monitor: {named}")
        return next(iter(known.values()))
    if wanted not in known:
        close = nearest(wanted, known)
        hint = f" (did you mean {close}?)" if close else ""
        raise UsageError(f"stack {stack}: it has no monitor {wanted}{hint}; it has {named}")
    return known[wanted]


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
        then = "" if error.remedy is None else f"; next: {error.remedy}"
        raise UsageError(f"{error}{then}") from None
