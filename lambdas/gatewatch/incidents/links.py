"""One credential that fails at several APIs: which incident announces it, and names the others.

Each API has its own incidents and its own writer. Where the same credential fails at several, the
first incident to announce it claims it: it *leads*, and names the others. A named incident sends
nothing itself while the leader is open. One that is not named within some minutes announces itself.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import msgspec
from msgspec.structs import replace

from gatewatch.incidents.correlate import CREDENTIAL, OPEN
from gatewatch.incidents.learn import concerned, may_be_a_credential
from gatewatch.model import Finding, Incident, Layer, Related, Severity, is_stranger


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """An open incident in which a credential fails, as other APIs see it.

    `scope` is `credential NAME`. `part_of`: the incident that announces it.
    """

    scope: str
    api: str
    incident: str
    since: str = ""
    part_of: str | None = None


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """The right of an incident to announce a credential wherever it fails, held since `at`.

    `severity`, and `team`, `layer` and `finding`, which an earlier version did not write, decide
    who is told.
    """

    scope: str
    api: str
    incident: str
    severity: Severity
    at: str
    team: str | msgspec.UnsetType | None = msgspec.UNSET
    layer: Layer | None = None
    finding: Finding | None = None

    def told(self, incident: Incident) -> Incident:
        """Another incident as the claiming one would tell it."""
        return replace(
            incident,
            severity=self.severity,
            team=incident.team if isinstance(self.team, msgspec.UnsetType) else self.team,
            layer=self.layer or incident.layer,
            finding=self.finding or incident.finding,
        )


class Links(Protocol):
    """What other APIs store about a failing credential."""

    def links(self, scope: str) -> Sequence[Link]:
        """The open incidents in which it fails, those of the asking API included."""

    def claimed(self, scope: str) -> Claim | None: ...

    def claim(self, wanted: Claim, before: Claim | None) -> Claim:
        """Replaces `before`, unless another claim already has; returns the claim that stands."""

    def announced(self, api: str, incident: str) -> Incident | None:
        """An incident of another API, if it is open, was announced and is not muted."""


class Alone:
    """For an API without others."""

    def links(self, _scope: str) -> Sequence[Link]:
        return ()

    def claimed(self, _scope: str) -> Claim | None:
        return None

    def claim(self, wanted: Claim, _before: Claim | None) -> Claim:
        return wanted

    def announced(self, _api: str, _incident: str) -> Incident | None:
        return None


ALONE = Alone()


def link_of(incident: Incident) -> Link | None:
    """The link of an open incident that may be the fault of one credential alone.

    None while a maintenance window holds the incident, or it is muted and nobody was told of it,
    so that no other names it.
    """
    scope = credential_of(incident)
    if scope is None or incident.state != OPEN or _is_untold(incident):
        return None
    return Link(
        scope=scope,
        api=incident.api,
        incident=incident.id,
        since=incident.opened_at,
        part_of=incident.part_of,
    )


def _is_untold(incident: Incident) -> bool:
    was_told = incident.part_of is not None or any(one.said for one in incident.members)
    return incident.held_until is not None or (incident.muted is not None and not was_told)


def credential_of(incident: Incident) -> str | None:
    """The scope of the credential whose fault an incident may be.

    The scope of an incident with a single member is its route; its credential counts all the same.
    """
    if incident.scope.startswith(CREDENTIAL):
        return incident.scope
    callers = {one.caller for one in concerned(incident)}
    if len(callers) != 1 or not may_be_a_credential(incident):
        return None
    [caller] = callers
    return None if is_stranger(caller) else f"{CREDENTIAL}{caller}"


NAMED_WITHIN = timedelta(minutes=5)
"""How long an incident waits for its leader to name it: the leader bundles for a short while, and
learns of it with the next sweep."""


def leader(
    incident: Incident,
    links: Links,
    at: str,
    own: Container[str] = (),
    *,
    is_announced: bool = False,
) -> Claim | None:
    """The claim on this incident's credential; this incident makes it if no other holds it.

    None if it concerns no credential, or is over and unclaimed. `own`: the incidents of its API. An
    announced incident (`is_announced`) relies on no other, so it claims only what none holds.
    """
    scope = credential_of(incident)
    if scope is None:
        return None
    now = links.claimed(scope)
    if incident.state != OPEN:
        return now
    if not is_announced and (now is None or now.incident != incident.part_of):
        stays = _present_leader(incident, scope, links)
        if stays is not None:
            return claim_of(stays, scope, stays.opened_at)
    if now is not None and _holds(now, incident, links, at, own, is_announced=is_announced):
        return _as_announced(now, links)
    return links.claim(claim_of(incident, scope, at), now)


def _present_leader(incident: Incident, scope: str, links: Links) -> Incident | None:
    """The leader that still names this incident, even if another incident claims by now: the new
    one keeps its places for incidents that none names."""
    if incident.part_of is None:
        return None
    places = (one for one in links.links(scope) if one.incident == incident.part_of)
    named_by = next((links.announced(one.api, one.incident) for one in places), None)
    return named_by if named_by is not None and incident.id in _named(named_by) else None


def claim_of(incident: Incident, scope: str, at: str) -> Claim:
    return Claim(
        scope=scope,
        api=incident.api,
        incident=incident.id,
        severity=incident.severity,
        at=at,
        team=incident.team,
        layer=incident.layer,
        finding=incident.finding,
    )


def _holds(
    claim: Claim,
    incident: Incident,
    links: Links,
    at: str,
    own: Container[str],
    *,
    is_announced: bool,
) -> bool:
    if claim.api == incident.api:
        return claim.incident == incident.id or claim.incident in own
    return _speaks_for(claim, None if is_announced else incident, links, at)


def _as_announced(claim: Claim, links: Links) -> Claim:
    """The claim with its incident as it is told at present."""
    lead = links.announced(claim.api, claim.incident)
    return claim if lead is None else claim_of(lead, claim.scope, claim.at)


_AHEAD = timedelta(hours=1)
"""A claim from further ahead was made by a wrong clock."""


def _speaks_for(claim: Claim, incident: Incident | None, links: Links, at: str) -> bool:
    """Whether the claiming incident has named this one, or still may.

    Without an incident: whether it announces the credential at all.
    """
    lead = links.announced(claim.api, claim.incident)
    if lead is not None and credential_of(lead) != claim.scope:
        return False
    if lead is not None and (incident is None or incident.id in _named(lead)):
        return True
    began = _moment(claim.at)
    if lead is not None and incident is not None:
        began = max(began, _moment(incident.opened_at))
    return -_AHEAD < _moment(at) - began < NAMED_WITHIN


def _named(lead: Incident) -> frozenset[str]:
    return frozenset(one.incident for one in lead.related if one.said and one.until is None)


def _moment(at: str) -> datetime:
    return datetime.fromisoformat(at)


_MOST_RELATED = 300
"""An incident beyond it is not named, and so announces itself. If there is no place for all, only
those that rely on this incident get one."""


def related(
    incident: Incident, links: Links, at: str, *, grows: bool = True, only: str | None = None
) -> Incident:
    """The incident with those of other APIs in which its credential fails now; `only` one of them.

    If it does not grow, it only marks those that ended, without news.
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
    """Whether incidents that it announces are still open."""
    scope = credential_of(incident)
    return scope is not None and any(one.part_of == incident.id for one in links.links(scope))


def was_left(incident: Incident, links: Links) -> bool:
    """Whether the leader of an incident is gone, so that it must announce its own end."""
    scope = credential_of(incident)
    if scope is None or incident.part_of is None:
        return False
    return all(one.incident != incident.part_of for one in links.links(scope))
