"""What the commands share: reading a configuration, and real adapters for the core's ports."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from gatewatch.adapters.local.authority import authorities
from gatewatch.adapters.local.clock import SystemClock
from gatewatch.adapters.local.included import included
from gatewatch.adapters.local.sqlite import Owner, SqliteStore
from gatewatch.cli.exits import UsageError
from gatewatch.config.author import load
from gatewatch.config.canonical import Config
from gatewatch.config.document import MOST_CHARACTERS
from gatewatch.config.lines import Places, places
from gatewatch.config.lookups import LookUp, Lookups, Missing
from gatewatch.notices.origin import Origin
from gatewatch.ports import SecretError

if TYPE_CHECKING:
    from gatewatch.probe.prober import Prober
    from gatewatch.probe.vault import Vault

DEFAULT_CONFIG = Path("gatewatch.yaml")
STATE_FOLDER = ".gatewatch"
_MOST_BYTES = 4 * MOST_CHARACTERS + 4
"""More than any accepted file has, so that an endless one is refused as too long."""


def read_config(
    file: Path, parameter: LookUp | None = None, instead: Mapping[str, str] | None = None
) -> Config:
    """Raise ConfigError with all problems, or UsageError where there is no such file.

    URLs in Parameter Store are read from there, unless `parameter` gives them. `instead`: by API,
    the URL at which it is looked at instead.
    """
    lookups = Lookups(
        parameter or lru_cache(_parameter), authorities(file.parent), included(file), instead or {}
    )
    return load(_text(file), str(file), lookups)


def _text(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            return opened.read(_MOST_BYTES).decode("utf-8")
    except OSError as error:
        hint = "; `gatewatch init` writes a starter file" if not file.exists() else ""
        raise UsageError(f"{file}: {error.strerror}{hint}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{file}: not UTF-8 text") from None


def read_places(file: Path) -> Places:
    """Where each route is configured, with the files as a report's reader knows them."""
    return places(_text(file), _in_repository(file), Lookups(included=included(file)))


def _in_repository(file: Path) -> str:
    """Seen from the repository that GitHub Actions checked out, else from the working folder."""
    whole = Path(os.path.normpath(Path.cwd() / file))
    for folder in (os.environ.get("GITHUB_WORKSPACE"), Path.cwd()):
        if folder and whole.is_relative_to(folder):
            return whole.relative_to(folder).as_posix()
    return file.as_posix()


def _parameter(name: str) -> str | Missing:
    """The parameter's value, read with the AWS credentials of whoever runs the command."""
    from gatewatch.adapters.aws.ssm import read_parameter

    try:
        return read_parameter(name)
    except SecretError as error:
        return Missing(str(error))


def open_store(config_file: Path, state: Path | None, config: Config) -> SqliteStore:
    """The state beside the configuration, unless another file is named."""
    watched = frozenset(
        (api.name, route.name, entrance.url)
        for api in config.apis
        for route in api.routes
        for entrance in api.entrances
    )
    owner = Owner(str(config_file.resolve()), watched, is_beside=state is None)
    return SqliteStore(state or _beside(config_file), owner)


def existing_store(config_file: Path, state: Path | None) -> SqliteStore:
    """The same for commands that only read: where there is no state yet, none is created.

    Raises UsageError where the named state or configuration does not exist.
    """
    file = state or _beside(config_file)
    if file.exists():
        return SqliteStore(file)
    if state is not None or not config_file.exists():
        raise UsageError(f"{state or config_file}: no such file")
    return SqliteStore(None)


def origin(config_file: Path, state: Path | None) -> Origin:
    """The options with which a later command finds the incidents of this one."""
    if state is not None:
        return Origin(options=("--state", str(state)))
    named = () if config_file == DEFAULT_CONFIG else ("--config", str(config_file))
    return Origin(options=named)


def _beside(config_file: Path) -> Path:
    """Each configuration has its own state: a route missing from one has not left another."""
    return config_file.parent / STATE_FOLDER / f"{config_file.name}.sqlite3"


def vault(folder: Path, config: Config) -> Vault:
    """The secrets and tokens of credentials, for the life of the command."""
    from gatewatch.adapters.aws.identities import AwsIdentities
    from gatewatch.adapters.secrets import reader
    from gatewatch.probe.vault import Vault

    return Vault(reader(folder), SystemClock(), AwsIdentities(), contact=config.contact)


def prober(config: Config, held: Vault) -> Prober:
    """The transport of one run; imported here, since half of the commands send nothing."""
    from gatewatch.probe.credentials import Keyring
    from gatewatch.probe.prober import Prober

    keyring = Keyring(config.credentials, held)
    return Prober(keyring, SystemClock(), contact=config.contact)
