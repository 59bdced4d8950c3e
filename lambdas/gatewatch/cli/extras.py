"""Commands that need more than `pip install gatewatch` installs."""

from __future__ import annotations

from importlib.util import find_spec

from gatewatch.cli.exits import UsageError


def need_sandbox() -> None:
    """Raise UsageError without the library that only the sandbox needs, for its certificates."""
    if find_spec("trustme") is None:
        raise UsageError("the sandbox is not installed; pip install 'gatewatch[sandbox]'")
