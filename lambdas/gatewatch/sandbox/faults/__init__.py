"""What can go wrong: each fault is a change to the sandbox's configuration, as people make it."""

from __future__ import annotations

from collections.abc import Mapping

from gatewatch.sandbox.faults import (
    authorizers,
    backends,
    credentials,
    edges,
    keys,
    policies,
    routing,
)
from gatewatch.sandbox.faults.base import Fault

FAULTS: Mapping[str, Fault] = {
    **routing.FAULTS,
    **authorizers.FAULTS,
    **policies.FAULTS,
    **credentials.FAULTS,
    **keys.FAULTS,
    **backends.FAULTS,
    **edges.FAULTS,
}
