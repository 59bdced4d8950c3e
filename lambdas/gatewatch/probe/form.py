"""Posts a form to a token endpoint: no redirect, one deadline, nothing of the answer repeated."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter

from gatewatch.gateway.url import host_of
from gatewatch.ports import SecretError
from gatewatch.probe.connection import Adapter, shared_context
from gatewatch.probe.exchange import exchange, prepare, user_agent
from gatewatch.probe.flight import Flight
from gatewatch.probe.resolve import Resolver

_SECONDS = 10


def post_form(
    url: str,
    headers: dict[str, str],
    form: str,
    networks: Sequence[str] | None = None,
    authority: str | None = None,
    contact: str | None = None,
) -> tuple[int, bytes]:
    """The status and the body; raises SecretError where no answer came.

    `networks`: as for a Resolver. `authority`: PEM certificates that are trusted in addition.
    `contact`: as for a Prober.
    """
    own = {"User-Agent": user_agent("token", contact), "Connection": "close", **headers}
    prepared = prepare("POST", url, own, form)
    flight = Flight(Resolver(networks=networks), perf_counter() + _SECONDS)
    adapter = Adapter(shared_context(authority), 1)
    outcome = exchange(adapter.pool(url), prepared, {}, flight)
    adapter.close()
    if not outcome.head_is_whole:
        failure = f"the token endpoint {host_of(url)}: {outcome.error}"
        raise SecretError(failure, "check its address, and the way to it")
    return outcome.status, outcome.body
