"""Secrets from the environment and from files."""

from __future__ import annotations

import os
from pathlib import Path
from shlex import quote

from gatewatch.ports import SecretError


def read_environment(name: str) -> str:
    value = os.environ.get(name)
    if value is None:
        raise SecretError(f"the environment variable {name} is not set", f"export {name}=…")
    return value


def read_file(folder: Path, name: str) -> str:
    try:
        return (folder / name).read_text(encoding="utf-8")
    except OSError as error:
        text = f"the file {name} cannot be read: {error.strerror}"
        raise SecretError(text, f"ls -l {quote(str(folder / name))}") from None
    except UnicodeDecodeError:
        text = f"the file {name} is not text"
        raise SecretError(text, f"file {quote(str(folder / name))}") from None
