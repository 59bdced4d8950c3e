"""`gatewatch push`, `pull` and `rollback`: the configuration of the service in the account."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from gatewatch.adapters.aws.s3 import S3Objects
from gatewatch.cli.exits import UsageError
from gatewatch.cli.options import CONFIG, ConfigFile
from gatewatch.cli.setting import read_config
from gatewatch.cli.stack import (
    DEFAULT_STACK,
    MonitorName,
    Outputs,
    Place,
    Region,
    StackName,
    in_one_line,
)
from gatewatch.service.published import (
    VERSIONS,
    Allowed,
    Pointer,
    RejectedError,
    encoded,
    pointer_to,
    read_pointer,
    read_published,
)

_SHOWN = 12


class Deployed:
    """The configuration bucket of a deployed stack, and what the stack was deployed for."""

    def __init__(self, place: Place) -> None:
        found = Outputs(place)
        self._objects = S3Objects(found["ConfigBucket"], place.region)
        self._pointer_key = found["ConfigPointer"]

    def pointer(self) -> Pointer:
        return read_pointer(self._read(self._pointer_key))

    def since(self) -> str | None:
        """When the current version was published, in ISO 8601."""
        with in_one_line(self._pointer_key):
            return next((at for _, at in self._objects.keys(self._pointer_key)), None)

    def allowed(self) -> Allowed:
        folder = self._pointer_key.rpartition("/")[0]
        return msgspec.json.decode(self._read(f"{folder}/allowed.json"), type=Allowed)

    def body(self, pointer: Pointer) -> bytes:
        return self._read(pointer.key)

    def versions(self) -> list[str]:
        """The newest first."""
        with in_one_line(VERSIONS):
            keys = [key for key, _ in self._objects.keys(VERSIONS)]
        return [stored.removeprefix(VERSIONS).removesuffix(".json") for stored in keys]

    def publish(self, pointer: Pointer, body: bytes) -> None:
        """Write the pointer last: until then, nobody reads the new version."""
        read_published(body, pointer.version, self.allowed())
        with in_one_line(pointer.key):
            self._objects.write(pointer.key, body)
        self.point(pointer, body)

    def point(self, pointer: Pointer, body: bytes) -> None:
        """Raises RejectedError for what the stack was not deployed for."""
        read_published(body, pointer.version, self.allowed())
        with in_one_line(self._pointer_key):
            self._objects.write(self._pointer_key, msgspec.json.encode(pointer))

    def _read(self, key: str) -> bytes:
        with in_one_line(key):
            try:
                return self._objects.read(key)
            except KeyError:
                raise UsageError(f"{key}: there is no such object in the stack's bucket") from None


@contextmanager
def _refusing(what: str) -> Iterator[None]:
    """Every problem on a line of its own."""
    try:
        yield
    except RejectedError as error:
        raise UsageError("\n".join([f"{what}: refused", *error.problems])) from None


def push(
    config: ConfigFile = CONFIG,
    stack: StackName = DEFAULT_STACK,
    region: Region = None,
    monitor: MonitorName = None,
) -> None:
    """Make this the configuration of the service in the account, from its next minute on.

    A configuration that needs more than the stack was deployed for is refused: a new secret, role,
    credential or host needs `cdk deploy`.

    **Examples**

    ```
    gatewatch push
    gatewatch push --config staging.yaml --stack Gatewatch-staging
    ```
    """
    body = encoded(read_config(config))
    deployed, pointer = Deployed(Place(stack, region, monitor)), pointer_to(body)
    with _refusing(str(config)):
        deployed.publish(pointer, body)
    typer.echo(f"{config}: published as {pointer.version[:_SHOWN]}")


def pull(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A file to write it to.")
    ] = None,
    stack: StackName = DEFAULT_STACK,
    region: Region = None,
    monitor: MonitorName = None,
) -> None:
    """Print the published configuration, in its canonical form.

    **Examples**

    ```
    gatewatch pull
    gatewatch pull --output published.json
    ```
    """
    deployed = Deployed(Place(stack, region, monitor))
    with _refusing(stack):
        body = deployed.body(deployed.pointer())
    written = msgspec.json.format(body, indent=2)
    if output is None:
        typer.echo(written)
    else:
        output.write_bytes(written + b"\n")


def rollback(
    version: Annotated[
        str | None, typer.Argument(help="A version or its beginning; without it, the one before.")
    ] = None,
    stack: StackName = DEFAULT_STACK,
    region: Region = None,
    monitor: MonitorName = None,
) -> None:
    """Publish an earlier configuration again.

    **Examples**

    ```
    gatewatch rollback
    gatewatch rollback 3f9a1c
    ```
    """
    deployed = Deployed(Place(stack, region, monitor))
    with _refusing(stack):
        chosen = _chosen(deployed.versions(), deployed.pointer().version, version)
        pointer = Pointer(version=chosen, key=f"{VERSIONS}{chosen}.json")
        deployed.point(pointer, deployed.body(pointer))
    typer.echo(f"{stack}: published again: {chosen[:_SHOWN]}")


def _chosen(known: list[str], current: str, wanted: str | None) -> str:
    if wanted is None:
        earlier = known[known.index(current) + 1 :] if current in known else known
        if not earlier:
            raise UsageError("there is no version before the published one")
        return earlier[0]
    matching = [version for version in known if version.startswith(wanted.lower())]
    if len(matching) != 1:
        raise UsageError(f"{len(matching) or 'no'} versions begin with {wanted}")
    return matching[0]
