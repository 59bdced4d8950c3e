"""A message as it is posted: made for each kind of hook by the shape that its readers expect."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from gatewatch.config.canonical import Hook, SecretRef
from gatewatch.gateway.url import host_of
from gatewatch.notices.card import Card


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Post:
    """Sent once with POST. Address, headers and body may hold secrets: it has no repr, and is not
    stored."""

    url: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    authority: str | None = None


class MisledError(Exception):
    """Raised where an address, as its secret gives it, is none of the hook's; names the host that
    was expected, and not the address."""


def address(hook: Hook, reveal: Callable[[SecretRef], str]) -> str:
    """Where a hook's messages go. Raises MisledError, and what `reveal` raises."""
    url = hook.url if isinstance(hook.url, str) else reveal(hook.url).strip()
    try:
        is_there = host_of(url) in hook.hosts
    except ValueError:
        is_there = False
    if not is_there:
        raise MisledError(f"its address is not at {' or '.join(hook.hosts)}")
    return url


Shape = Callable[[Card, Hook, Callable[[SecretRef], str]], Post]
"""Raises as `address` does."""
