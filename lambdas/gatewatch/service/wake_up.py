"""A message that wakes an API's one writer, to absorb news, send messages or end incidents."""

from __future__ import annotations

from hashlib import sha256

import msgspec

from gatewatch.service.ledger import WriterContext
from gatewatch.service.ports import Message


class WakeUp(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`news`: the last numbers of the slices that have some. A sweep has none; it names the
    configuration in force (`compare`, its key) and the API's digest in it, None where the API has
    left it."""

    api: str
    at: str
    about: WriterContext
    news: dict[str, int] = {}
    compare: str | None = None
    digest: str | None = None

    def message(self) -> Message:
        """Wake-ups of one API are processed one after the other."""
        body = msgspec.json.encode(self)
        lane = sha256(self.api.encode()).hexdigest()[:32]
        return Message(body=body, lane=lane, once=sha256(body).hexdigest())
