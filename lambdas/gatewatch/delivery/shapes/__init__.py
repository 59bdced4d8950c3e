"""One module for each kind of hook: its `post` writes a card as the readers there expect it."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from gatewatch.config.canonical import HookKind
from gatewatch.delivery.post import Shape


def shape_of(kind: HookKind) -> Shape:
    """Its module is imported when it is first needed: most deployments use one or two."""
    return cast(Shape, import_module(f"{__name__}.{kind.value}").post)
