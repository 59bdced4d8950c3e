"""A message as it is posted: made for each kind of hook by the shape that its readers expect."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from gatewatch.config.canonical import Heartbeat, Hook, SecretRef
from gatewatch.config.rules import is_secure
from gatewatch.gateway.url import halves, host_of, joined_url, tidied, tidied_base
from gatewatch.notices.card import Card

Reveal = Callable[[SecretRef], str]
"""Reads a secret; raises SecretError."""


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Post:
    """Sent once with POST; `then` is sent once it was taken. `sign`: the secret with which whoever
    sends it signs it. `authority`: the hook's, which `deliver` adds. Address, headers and body may
    hold secrets: it has no repr, and is not stored."""

    url: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    sign: str | None = None
    authority: str | None = None
    then: Post | None = None


class MisledError(Exception):
    """Raised where a secret holds no address of the hook's, or no key that can be sent; names what
    was expected, and not what is there."""


def address(of: Hook | Heartbeat, reveal: Reveal) -> str:
    """Where messages go. Raises MisledError, and what `reveal` raises."""
    url = of.url if isinstance(of.url, str) else _tidy(reveal(of.url)) if of.url else ""
    try:
        is_there = host_of(joined_url(*halves(url))) in of.hosts and is_secure(url)
    except ValueError:
        is_there = False
    if not is_there:
        raise MisledError(f"its address is no https URL at {' or '.join(of.hosts)}")
    return url


def _tidy(url: str) -> str:
    base, query = halves(url.strip())
    return tidied_base(base) + tidied(query)


_SENDABLE = re.compile(r"[\x21-\x7e]{1,4096}")


def key(hook: Hook, reveal: Reveal) -> str:
    """The hook's key. Raises MisledError, and what `reveal` raises."""
    found = "" if hook.key is None else reveal(hook.key).strip()
    if not _SENDABLE.fullmatch(found):
        raise MisledError(
            "its key is empty, or holds a space or a character that no header carries"
        )
    return found


Shape = Callable[[Card, Hook, Reveal], Post | None]
"""The message as a hook of its kind expects it; None where it need not be told this. Raises
MisledError, and what `reveal` raises."""
