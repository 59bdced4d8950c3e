"""Posts once and reads the answer: no redirect is followed, one deadline is kept, and nothing is
taken from the environment."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping, Sequence
from time import perf_counter, time

import requests

from gatewatch.delivery.outcome import Answered
from gatewatch.delivery.post import Post
from gatewatch.probe.connection import Adapter, shared_context
from gatewatch.probe.exchange import Received, exchange, prepare, user_agent
from gatewatch.probe.flight import Flight
from gatewatch.probe.resolve import Resolver

_SECONDS = 10
_LOOPBACK = ("127.0.0.0/8", "::1/128")


def posted(
    url: str,
    headers: Mapping[str, str],
    body: bytes | str,
    agent: str,
    networks: Sequence[str] | None,
    authority: str | None,
    seconds: float = _SECONDS,
) -> Received:
    """`networks`: as for a Resolver. `authority`: PEM certificates that are trusted in addition.
    `seconds`: until its deadline.

    Raises OSError, ValueError and RequestException for what cannot be sent at all.
    """
    own = {"User-Agent": agent, "Connection": "close", **headers}
    prepared = prepare("POST", url, own, body)
    flight = Flight(Resolver(networks=networks), perf_counter() + seconds)
    adapter = Adapter(shared_context(authority), 1)
    try:
        return exchange(adapter.pool(url), prepared, {}, flight)
    finally:
        adapter.close()


class Poster:
    """Sends messages to channels at public addresses and at those of `networks`. `is_local`: also
    at those of this machine, and of no deployment's. `contact`: as for a Prober."""

    def __init__(
        self,
        networks: Sequence[str] = (),
        *,
        is_local: bool = False,
        contact: str | None = None,
        seconds: float = _SECONDS,
        now: Callable[[], float] = time,
    ) -> None:
        self._networks = (*networks, *(_LOOPBACK if is_local else ()))
        self._seconds = seconds
        self._now = now
        self._agent = user_agent("notification", contact)

    def send(self, post: Post) -> Answered:
        """Never raises: whatever becomes of it is an answer."""
        try:
            came = posted(
                post.url,
                {**post.headers, **_signature(post, self._now())},
                post.body,
                self._agent,
                self._networks,
                post.authority,
                self._seconds,
            )
        except (OSError, ValueError, requests.RequestException) as error:
            # The library's text quotes headers and address.
            return Answered(error=f"it cannot be sent: {type(error).__name__}")
        if not came.head_is_whole:
            return Answered(error=came.error or "no whole answer came")
        headers = {name.lower(): value for name, value in reversed(came.headers)}
        return Answered(
            status=came.status,
            error=came.error,
            retry_after=headers.get("retry-after"),
            date=headers.get("date"),
            body=came.body,
        )


def _signature(post: Post, now: float) -> dict[str, str]:
    """With the time at which it is sent, so that a receiver can refuse old ones: a message that
    waited is signed anew."""
    if post.sign is None:
        return {}
    moment = str(int(now))
    signed = hmac.digest(post.sign.encode(), f"{moment}.".encode() + post.body, "sha256").hex()
    return {"X-Gatewatch-Timestamp": moment, "X-Gatewatch-Signature": f"v1={signed}"}
