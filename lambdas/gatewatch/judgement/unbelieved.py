"""Which successes need a look at a path that cannot exist before they are believed."""

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
    """The first success that needs a look at a path that cannot exist and has had none."""
    doubtful = (
        exchange
        for caller, exchange in looks.items()
        if _is_in_doubt(probe, caller, exchange) and not nowhere(others, exchange)
    )
    return next(doubtful, None)


def _is_in_doubt(probe: Probe, caller: str, exchange: Exchange) -> bool:
    if not is_success(exchange):
        return False
    if probe.entrance.closed or is_a_stranger_at_protected_route(probe, caller):
        return True
    return may_be_a_page_for_all(probe, exchange.response)


def may_be_a_page_for_all(probe: Probe, response: Response) -> bool:
    """Whether a success may be a page for everything.

    Not if the owner states the content, nor at the root, where a site rightly shows its one page.
    """
    if states_content(probe.route.expect) or is_at_the_root(probe.called):
        return False
    return may_be_a_page(response)
