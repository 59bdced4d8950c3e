"""Which successes are not believed before a path that cannot exist was asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gatewatch.attempt import Probe
from gatewatch.judgement.diagnosed import is_a_stranger_at_protected_route
from gatewatch.judgement.doubt import (
    is_at_the_root,
    is_success,
    may_be_a_page,
    nowhere,
    states_content,
)
from gatewatch.model import (
    Exchange,
    Response,
)


def in_doubt(
    probe: Probe, looks: Mapping[str, Exchange], others: Sequence[Exchange]
) -> Exchange | None:
    """The first look whose success cannot be believed before a path that cannot exist was asked."""
    found = (
        exchange
        for caller, exchange in looks.items()
        if _is_in_doubt(probe, caller, exchange) and not nowhere(others, exchange)
    )
    return next(found, None)


def _is_in_doubt(probe: Probe, caller: str, exchange: Exchange) -> bool:
    if not is_success(exchange):
        return False
    if probe.entrance.closed or is_a_stranger_at_protected_route(probe, caller):
        return True
    return may_be_a_page_for_all(probe, exchange.response)


def may_be_a_page_for_all(probe: Probe, response: Response) -> bool:
    """An owner who states the content has the last word on it; and at its root, a site shows its
    one page by right."""
    if states_content(probe.route.expect) or is_at_the_root(probe.called):
        return False
    return may_be_a_page(response)
