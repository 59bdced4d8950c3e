"""Secrets from the environment and from files."""

from __future__ import annotations

import os
from pathlib import Path

from gatewatch.ports import SecretError


def read_environment(name: str) -> str:
    value = os.environ.get(name)
    if value is None:
        raise SecretError(f"the environment variable {name} is not set")
    return value


def read_file(folder: Path, name: str) -> str:
    try:
        return (folder / name).read_text(encoding="utf-8")
    except OSError as error:
        raise SecretError(f"the file {name} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SecretError(f"the file {name} is not text") from None
