"""One credential that fails at several APIs: who tells of it, and which incidents it tells of.

Each API has its own incidents and its own writer. Where the same credential fails at several, the
first to tell claims it: its incident *leads*, and names the others. An incident that another one
tells of says nothing itself, as long as that one is open, and has named it within some minutes.
Nothing here is decided by hope: who is not named in time speaks for itself.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import msgspec
from msgspec.structs import replace

from gatewatch.incidents.correlate import CREDENTIAL, OPEN
from gatewatch.incidents.learn import concerned, may_be_a_credential
from gatewatch.model import Incident, Related, Severity, is_stranger


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """An open incident of an API in which a credential fails, as other APIs know of it.

    `scope` is `credential NAME`. `part_of`: the incident that tells of it.
    """

    scope: str
    api: str
    incident: str
    since: str = ""
    part_of: str | None = None


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """That an incident tells of a credential wherever it fails; `at`: since when it may."""

    scope: str
    api: str
    incident: str
    severity: Severity
    at: str


class Links(Protocol):
    """What the stories of other APIs say of a credential."""

    def links(self, scope: str) -> Sequence[Link]:
        """The open incidents in which it fails; the API that asks may be among them."""

    def claimed(self, scope: str) -> Claim | None: ...

    def claim(self, wanted: Claim, before: Claim | None) -> Claim:
        """Takes the place of `before`, unless somebody else has taken it; whose it is then."""

    def told(self, api: str, incident: str) -> Incident | None:
        """An incident of another API, if it is open and somebody was told of it."""


class Alone:
    """Where nothing is known of other APIs."""

    def links(self, _scope: str) -> Sequence[Link]:
        return ()

    def claimed(self, _scope: str) -> Claim | None:
        return None

    def claim(self, wanted: Claim, _before: Claim | None) -> Claim:
        return wanted

    def told(self, _api: str, _incident: str) -> Incident | None:
        return None


ALONE = Alone()


def link_of(incident: Incident) -> Link | None:
    """The link of an open incident that may be a credential's fault and concerns no other. While
    a maintenance window holds it, nobody names it."""
    scope = credential_of(incident)
    if scope is None or incident.state != OPEN or incident.held_until is not None:
        return None
    return Link(
        scope=scope,
        api=incident.api,
        incident=incident.id,
        since=incident.opened_at,
        part_of=incident.part_of,
    )


def credential_of(incident: Incident) -> str | None:
    """The scope of the credential whose fault an incident may be.

    An incident of a single place says no more than that a route is concerned: one credential is
    seen there all the same.
    """
    if incident.scope.startswith(CREDENTIAL):
        return incident.scope
    callers = {one.caller for one in concerned(incident)}
    if len(callers) != 1 or not may_be_a_credential(incident):
        return None
    [caller] = callers
    return None if is_stranger(caller) else f"{CREDENTIAL}{caller}"


NAMED_WITHIN = timedelta(minutes=5)
"""So long an incident waits to be named by the one that leads: that one bundles for a short while,
and hears of it with the next sweep."""


def leader(
    incident: Incident, links: Links, at: str, own: Container[str] = (), *, is_told: bool = False
) -> Claim | None:
    """Which incident tells of the credential of this one: it may be this one itself, which claims
    that where nobody else does so. None, if it concerns no credential, or is over unclaimed.

    `own`: the incidents of its API. One that was told of relies on nobody, so that it only claims
    what nobody holds.
    """
    scope = credential_of(incident)
    if scope is None:
        return None
    now = links.claimed(scope)
    if incident.state != OPEN:
        return now
    if not is_told and (now is None or now.incident != incident.part_of):
        stays = _still_told(incident, scope, links)
        if stays is not None:
            return claim_of(stays, scope, stays.opened_at)
    if now is not None and _holds(now, incident, links, at, own, is_told=is_told):
        return _as_told(now, links)
    return links.claim(claim_of(incident, scope, at), now)


def _still_told(incident: Incident, scope: str, links: Links) -> Incident | None:
    """The one that has named an incident and does still, though another one claims by now: that
    one has its places for those whom nobody names."""
    if incident.part_of is None:
        return None
    places = (one for one in links.links(scope) if one.incident == incident.part_of)
    told = next((links.told(one.api, one.incident) for one in places), None)
    return told if told is not None and incident.id in _named(told) else None


def claim_of(incident: Incident, scope: str, at: str) -> Claim:
    return Claim(
        scope=scope, api=incident.api, incident=incident.id, severity=incident.severity, at=at
    )


def _holds(
    claim: Claim,
    incident: Incident,
    links: Links,
    at: str,
    own: Container[str],
    *,
    is_told: bool,
) -> bool:
    if claim.api == incident.api:
        return claim.incident == incident.id or claim.incident in own
    return _speaks_for(claim, None if is_told else incident, links, at)


def _as_told(claim: Claim, links: Links) -> Claim:
    """A claim with the severity that its incident has by now."""
    told = links.told(claim.api, claim.incident)
    return claim if told is None else replace(claim, severity=told.severity)


_AHEAD = timedelta(hours=1)
"""A claim from so far ahead was made by a clock that was wrong."""


def _speaks_for(claim: Claim, incident: Incident | None, links: Links, at: str) -> bool:
    """Whether one may rely on another to tell of an incident: it has named it, or may still. Of
    none in particular: whether it tells of the credential at all."""
    told = links.told(claim.api, claim.incident)
    if told is not None and credential_of(told) != claim.scope:
        return False
    if told is not None and (incident is None or incident.id in _named(told)):
        return True
    began = _moment(claim.at)
    if told is not None and incident is not None:
        began = max(began, _moment(incident.opened_at))
    return -_AHEAD < _moment(at) - began < NAMED_WITHIN


def _named(told: Incident) -> frozenset[str]:
    return frozenset(one.incident for one in told.related if one.said and one.until is None)


def _moment(at: str) -> datetime:
    return datetime.fromisoformat(at)


_MOST_RELATED = 300
"""Whoever finds no place is not named, and so speaks for itself. Where there is no place for all,
only those get one that rely on this incident: the others have somebody, or speak for themselves."""


def related(
    incident: Incident, links: Links, at: str, *, grows: bool = True, only: str | None = None
) -> Incident:
    """The incident with those of other APIs in which its credential fails now; `only` one of them.

    One that does not grow learns no more of them than that they ended, which is no news then.
    """
    scope = credential_of(incident)
    if scope is None:
        ended = tuple(one for one in incident.related if one.until and not one.end_said)
        return replace(incident, related=ended)
    found = {one.incident: one for one in links.links(scope) if one.api != incident.api}
    known = [_as_of_now(one, found, at, grows=grows) for one in incident.related]
    unknown = found.keys() - {one.incident for one in known} if grows else set()
    new = [found[name] for name in (unknown if only is None else unknown & {only})]
    if len(known) + len(new) > _MOST_RELATED:
        new = [one for one in new if one.part_of == incident.id]
    joined = [
        Related(api=one.api, incident=one.incident, since=one.since or at)
        for one in sorted(new, key=_place)
    ]
    return replace(incident, related=(*known, *joined)[:_MOST_RELATED])


def _as_of_now(one: Related, found: Container[str], at: str, *, grows: bool) -> Related:
    if one.incident not in found:
        return one if one.until else replace(one, until=at, end_said=not grows)
    if one.until is None:
        return one
    return replace(one, until=None, said=one.said and not one.end_said, end_said=False)


def _place(link: Link) -> tuple[str, str]:
    return link.api, link.incident


def is_followed(incident: Incident, links: Links) -> bool:
    """Whether others that it tells of are still open."""
    scope = credential_of(incident)
    return scope is not None and any(one.part_of == incident.id for one in links.links(scope))


def was_left(incident: Incident, links: Links) -> bool:
    """Whether the one that told of an incident does so no more: its end is then its own to tell."""
    scope = credential_of(incident)
    if scope is None or incident.part_of is None:
        return False
    return all(one.incident != incident.part_of for one in links.links(scope))
