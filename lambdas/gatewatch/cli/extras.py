"""Commands that need more than `pip install gatewatch` brings."""

from __future__ import annotations

from importlib.util import find_spec

from gatewatch.cli.exits import UsageError


def need_sandbox() -> None:
    """The sandbox certifies itself with a library that nothing else here needs."""
    if find_spec("trustme") is None:
        raise UsageError("the sandbox is not installed; pip install 'gatewatch[sandbox]'")
