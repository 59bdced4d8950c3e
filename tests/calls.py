"""Requests to the sandbox without a socket between, as tests tell them."""

from __future__ import annotations

from datetime import UTC, datetime
from unittest.mock import patch

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from gatewatch.sandbox import orders
from gatewatch.sandbox.call import Arrived
from gatewatch.sandbox.faults import FAULTS
from gatewatch.sandbox.memory import Memory
from gatewatch.sandbox.serve import Served, serve
from gatewatch.sandbox.world import World

HOST = f"{orders.API_ID}.execute-api.{orders.REGION}.amazonaws.com"
TOKEN = {"authorization": f"Bearer {orders.USER_TOKEN}"}
NOW = datetime(2026, 11, 22, 1, 2, 3, tzinfo=UTC)


def call(
    path: str,
    method: str = "GET",
    host: str = HOST,
    world: World | None = None,
    memory: Memory | None = None,
    body: bytes = b"",
    **headers: str,
) -> Served:
    """One request to a sandbox; a query may be part of the path."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    path, _, query = path.partition("?")
    arrived = Arrived(
        method, host, path, query, {"host": host, **sent}, body=body, length=len(body)
    )
    return serve(arrived, world or orders.world(), memory or Memory(), NOW)


def with_fault(name: str) -> World:
    return FAULTS[name].apply(orders.world())


def signed(path: str, secret: str = orders.SECRET_ACCESS_KEY, host: str = HOST) -> dict[str, str]:
    request = AWSRequest("GET", f"https://{host}{path}")
    keys = Credentials(orders.ACCESS_KEY_ID, secret)
    with patch("botocore.auth.get_current_datetime", lambda *_, **__: NOW.replace(tzinfo=None)):
        SigV4Auth(keys, "execute-api", orders.REGION).add_auth(request)
    return {
        "authorization": request.headers["Authorization"],
        "x_amz_date": request.headers["X-Amz-Date"],
    }
