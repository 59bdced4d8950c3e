"""A message that wakes an API's one writer, to absorb news, send messages or end incidents; or the
desk, which does so for the deployment as a whole."""

from __future__ import annotations

from hashlib import sha256

import msgspec

from gatewatch.service.errands import DeskCall
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


def desk_message(call: DeskCall) -> Message:
    """One after the other, too. No API's lane has this name."""
    body = msgspec.json.encode(call)
    return Message(body=body, lane="desk", once=sha256(body).hexdigest())


class _Peek(msgspec.Struct):
    errands: msgspec.Raw = msgspec.Raw()


def read_call(body: str) -> WakeUp | DeskCall:
    if bytes(msgspec.json.decode(body, type=_Peek).errands):
        return msgspec.json.decode(body, type=DeskCall)
    return msgspec.json.decode(body, type=WakeUp)
