"""Which open incidents of other APIs are due to the same credential, as far as one can tell.

Each API has its own incidents and its own writer; this only lets one say that others fail with the
same credential, so that whoever hears of one API knows how far the trouble goes. It decides nothing
about an incident.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import msgspec

from gatewatch.correlate import CREDENTIAL, OPEN
from gatewatch.learn import concerned, may_be_a_credential
from gatewatch.model import Incident, is_stranger


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """An open incident of an API in which a credential fails; `scope` is `credential NAME`."""

    scope: str
    api: str
    incident: str


FindLinks = Callable[[str], Sequence[Link]]
"""What is known of a scope; the API that asks may be in it."""


def unlinked(_scope: str) -> Sequence[Link]:
    """Where nothing is known of other APIs."""
    return ()


def link_of(incident: Incident) -> Link | None:
    """The link of an open incident that may be a credential's fault and concerns no other."""
    scope = _credential(incident)
    if scope is None or incident.state != OPEN:
        return None
    return Link(scope=scope, api=incident.api, incident=incident.id)


def _credential(incident: Incident) -> str | None:
    """An incident of a single place says no more than that a route is concerned: one credential
    is seen there all the same."""
    if incident.scope.startswith(CREDENTIAL):
        return incident.scope
    callers = {one.caller for one in concerned(incident)}
    if len(callers) != 1 or not may_be_a_credential(incident):
        return None
    [caller] = callers
    return None if is_stranger(caller) else f"{CREDENTIAL}{caller}"


_MOST_NAMED = 10


def elsewhere(incident: Incident, find: FindLinks) -> tuple[str, ...]:
    """Where else the credential of an incident fails, as a line of news; none, if nowhere."""
    own = link_of(incident)
    if own is None:
        return ()
    return _told(one for one in find(own.scope) if one.api != own.api)


def _told(links: Iterable[Link]) -> tuple[str, ...]:
    names = [f"{one.api} ({one.incident})" for one in sorted(links, key=_place)]
    if not names:
        return ()
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return (f"the same credential fails at: {', '.join(names[:_MOST_NAMED])}{more}",)


def _place(link: Link) -> tuple[str, str]:
    return link.api, link.incident
