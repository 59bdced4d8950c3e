"""Reads the secrets that a configuration names, from where it says that they are."""

from __future__ import annotations

from pathlib import Path

from gatewatch.adapters.aws.secretsmanager import read_secret
from gatewatch.adapters.aws.ssm import read_parameter
from gatewatch.adapters.local.secrets import read_environment, read_file
from gatewatch.config.canonical import SecretRef, SecretSource
from gatewatch.ports import ReadSecret, SecretError


def read_in_account(ref: SecretRef) -> str:
    """Reads nothing from the process itself: its environment holds its own keys."""
    match ref.source:
        case SecretSource.SECRET:
            return read_secret(ref.name)
        case SecretSource.SSM:
            return read_parameter(ref.name)
        case _:
            raise SecretError(
                f"{ref}: in the account, only secrets and parameters can be read",
                "keep it in Secrets Manager or in a parameter, and deploy",
            )


def reader(folder: Path) -> ReadSecret:
    """Relative file names start at `folder`, the configuration's own."""

    def read(ref: SecretRef) -> str:
        match ref.source:
            case SecretSource.ENV:
                return read_environment(ref.name)
            case SecretSource.FILE:
                return read_file(folder, ref.name)
            case SecretSource.SECRET:
                return read_secret(ref.name)
            case SecretSource.SSM:
                return read_parameter(ref.name)

    return read
