"""Secrets from the environment and from files, and only those that a configuration names."""

from __future__ import annotations

import os
from pathlib import Path

from gatewatch.config.canonical import SecretRef
from gatewatch.ports import SecretError


class LocalSecrets:
    """`folder` is where relative file names begin: the configuration's own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, ref: SecretRef) -> str:
        if ref.source == "env":
            return self._from_environment(ref.name)
        return self._from_file(ref.name)

    def _from_environment(self, name: str) -> str:
        value = os.environ.get(name)
        if value is None:
            raise SecretError(f"the environment variable {name} is not set")
        return value

    def _from_file(self, name: str) -> str:
        try:
            return (self._folder / name).read_text(encoding="utf-8")
        except OSError as error:
            raise SecretError(f"the file {name} cannot be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise SecretError(f"the file {name} is not text") from None
