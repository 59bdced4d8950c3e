"""Cards to be shaped: of each reviewed message, of the attack corpus, and of the monitor itself."""

from __future__ import annotations

from gatewatch.notices.bulletin import PAUSED, RESUMED, TEST, Bulletin, bulletin_card
from gatewatch.notices.card import Card, card_of
from gatewatch.notices.notice import Notice
from gatewatch.notices.origin import Origin
from tests.notices.test_message import LATER, MESSAGES, ORIGIN

BULLETINS = {
    kind: Bulletin(
        message_id="4f1d",
        kind=kind,
        at=LATER,
        channel="",
        by="user/alice",
        version="1.2.3",
        why="a drill",
        apis=() if kind == TEST else ("orders", "shop"),
        until=LATER if kind == PAUSED else None,
    )
    for kind in (TEST, PAUSED, RESUMED)
}


def card(name: str, origin: Origin = ORIGIN) -> Card:
    if name in BULLETINS:
        return bulletin_card(BULLETINS[name], origin)
    kind, incident, news = MESSAGES[name]
    return card_of("4f1d", kind, LATER, incident, origin=origin, news=news)


def card_of_notice(notice: Notice, origin: Origin = ORIGIN) -> Card:
    told = (notice.message_id, notice.kind, notice.at, notice.incident)
    return card_of(*told, origin=origin, news=notice.news)


NAMES = (*MESSAGES, *BULLETINS)
