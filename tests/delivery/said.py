"""Parcels of each kind of message, to try the delivery with."""

from __future__ import annotations

from msgspec.structs import replace

from gatewatch.config.canonical import Channel, Heartbeat
from gatewatch.delivery.parcel import Beat, Parcel
from gatewatch.incidents.acknowledge import acknowledge
from gatewatch.incidents.announce import AnnouncementKind
from gatewatch.model import Acknowledgement, Incident
from gatewatch.notices.bulletin import Bulletin
from gatewatch.notices.notice import Notice
from gatewatch.notices.origin import Origin
from tests.notices.test_message import AT, EXPOSED, LATER, OPENED, ORIGIN, RESOLVED, SEVERAL

__all__ = ["EXPOSED", "OPENED", "ORIGIN", "RESOLVED", "SEVERAL", "Origin"]
TAKEN_OVER = acknowledge(OPENED, Acknowledgement(by="user/alice", at=AT, why="rolling back"))


def notice(
    to: Channel, incident: Incident = OPENED, kind: AnnouncementKind = AnnouncementKind.OPENED
) -> Parcel:
    told = Notice(
        message_id=f"{kind.value}-{incident.id}",
        kind=kind,
        at=LATER if incident.resolved_at else AT,
        channel=to.key,
        incident=incident,
        via=to,
    )
    return Parcel(to=to, notice=told)


def changed(to: Channel) -> Parcel:
    one = notice(to, SEVERAL, AnnouncementKind.CHANGED)
    assert one.notice is not None
    return replace(one, notice=replace(one.notice, news=("GET /items fails, too",)))


def acknowledged(to: Channel) -> Parcel:
    return notice(to, TAKEN_OVER, AnnouncementKind.ACKNOWLEDGED)


def resolved(to: Channel) -> Parcel:
    return notice(to, RESOLVED, AnnouncementKind.RESOLVED)


def bulletin(to: Channel, kind: str = "test") -> Parcel:
    told = Bulletin(
        message_id=f"{kind}-1", kind=kind, at=AT, channel=to.key, by="user/alice", version="1"
    )
    return Parcel(to=to, bulletin=replace(told, until=LATER, via=to))


def beat(url: str, *hosts: str) -> Parcel:
    to = Heartbeat(every_seconds=60, url=url, hosts=hosts)
    return Parcel(beat=Beat(at=AT, to=to, deployment="Gatewatch", version="1"))
