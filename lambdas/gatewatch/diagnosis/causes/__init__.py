"""The catalogue: one file for each cause, named after its id. This file only finds them."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from gatewatch.diagnosis.cause import Cause


@cache
def catalogue() -> dict[str, Cause]:
    """Every cause by id, in the order of their names."""
    names = sorted(module.name for module in iter_modules(__path__))
    return {name: import_module(f"{__name__}.{name}").CAUSE for name in names}
