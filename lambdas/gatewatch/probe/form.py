"""Posts a form to a token endpoint: no redirect, one deadline, nothing of the answer repeated."""

from __future__ import annotations

from collections.abc import Sequence

from gatewatch.gateway.url import host_of
from gatewatch.ports import SecretError
from gatewatch.probe.exchange import user_agent
from gatewatch.probe.posting import posted

_SECONDS = 10.0


def post_form(
    url: str,
    headers: dict[str, str],
    form: str,
    networks: Sequence[str] | None = None,
    authority: str | None = None,
    contact: str | None = None,
) -> tuple[int, bytes]:
    """The status and the body; raises SecretError where no answer came.

    `networks` and `authority`: as for `posted`. `contact`: as for a Prober.
    """
    outcome = posted(
        url, headers, form, user_agent("token", contact), networks, authority, _SECONDS
    )
    if not outcome.head_is_whole:
        failure = f"the token endpoint {host_of(url)}: {outcome.error}"
        raise SecretError(failure, "check its address, and the way to it")
    return outcome.status, outcome.body
