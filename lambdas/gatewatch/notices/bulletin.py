"""A message about the monitor itself: a test, or that it does not look for a while.

For people and programs, as those of incidents are; `kind` tells them apart, `incident` is null.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from gatewatch.config.canonical import Channel
from gatewatch.incidents.correlate import moment
from gatewatch.notices.card import Block, Card, Fact, place
from gatewatch.notices.machine import Message
from gatewatch.notices.origin import UNNAMED, Origin

TEST = "test"
PAUSED = "paused"
RESUMED = "resumed"


class Bulletin(msgspec.Struct, frozen=True, kw_only=True):
    """One message to one channel, as in a notice; the deployment's own topic is an empty `channel`.

    `by` and `why`: who asked, and the reason given. `version`: of this software. `apis`: which are
    paused, or looked at again; none: all, except those of `still_paused`. `until`: when the pause
    ends by itself. `ended_by`: who ended it before.
    """

    message_id: str
    kind: str
    at: str
    channel: str = msgspec.field(name="topic")
    by: str
    version: str
    why: str | None = None
    apis: tuple[str, ...] = ()
    until: str | None = None
    ended_by: str | None = None
    still_paused: tuple[str, ...] = ()
    via: Channel | msgspec.UnsetType = msgspec.UNSET

    @property
    def is_posted(self) -> bool:
        """Whether its channel is a hook."""
        return isinstance(self.via, Channel) and self.via.hook is not msgspec.UNSET


_MOST_NAMED = 5


def _title(one: Bulletin) -> str:
    if one.kind == TEST:
        return "TEST: a message of Gatewatch, nothing is wrong"
    if one.kind == PAUSED:
        return f"PAUSED: {_which(one)} not looked at until {moment(one.until or one.at)}"
    but = f", except {_named(one.still_paused)}" if one.still_paused else ""
    return f"RESUMED: {_which(one)} looked at again{but}"


def _which(one: Bulletin) -> str:
    if not one.apis:
        return "all APIs are"
    return f"{_named(one.apis)} {'is' if len(one.apis) == 1 else 'are'}"


def _named(apis: Sequence[str]) -> str:
    more = len(apis) - _MOST_NAMED
    return ", ".join([*apis[:_MOST_NAMED], *([f"{more} more"] if more > 0 else [])])


def bulletin_card(one: Bulletin, origin: Origin = UNNAMED) -> Card:
    return Card(
        message_id=one.message_id,
        kind=one.kind,
        at=one.at,
        key=one.message_id,
        title=_title(one),
        symptom=_title(one),
        state="none",
        facts=tuple(_asked(one)),
        first=Block(lines=tuple(_meaning(one, origin))),
        place=(*place(origin), Fact(label="version", value=one.version)),
        end=f"message {one.message_id}",
        message=_message(one, origin),
    )


def _message(one: Bulletin, origin: Origin) -> Message:
    """`test` marks what programs should ignore."""
    return Message(
        message_id=one.message_id,
        kind=one.kind,
        at=one.at,
        account=origin.account,
        region=origin.region,
        deployment=origin.deployment,
        title=_title(one),
        symptom=_title(one),
        test=one.kind == TEST,
        gatewatch=one.version,
        by=one.by,
        why=one.why,
        apis=one.apis,
        until=one.until,
        ended_by=one.ended_by,
        still_paused=one.still_paused,
    )


def _asked(one: Bulletin) -> Iterator[Fact]:
    yield Fact(label="asked by", value=one.by)
    if one.why:
        yield Fact(label="why", value=one.why)
    if one.until and one.kind == PAUSED:
        yield Fact(label="ends", value=f"{moment(one.until)}, by itself")
    if one.kind == RESUMED:
        yield Fact(label="ended by", value=one.ended_by or "itself, its time is over")


def _meaning(one: Bulletin, origin: Origin) -> Iterator[str]:
    if one.kind == TEST:
        yield "Whoever gets this gets the incidents of this deployment, too, unless the filter of"
        yield "their subscription keeps some out. Nothing is to be done."
    elif one.kind == PAUSED:
        yield "Meanwhile no failure is found and none ends; open incidents stay open."
        yield f"end it now:  {origin.command('resume', *one.apis)}"
    else:
        yield "Each route is looked at when it is due next. To look at once:"
        yield f"look now:    {origin.command('probe-now', *one.apis[:1])}"
