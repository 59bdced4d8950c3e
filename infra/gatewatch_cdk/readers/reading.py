"""What a reader learns of an API from its constructs. Values only: nothing here calls the CDK."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gatewatch_cdk.readers.policies import Policy


@dataclass(frozen=True, slots=True)
class FoundRoute:
    """A route as its constructs define it.

    `method` may be ANY, and `path` may hold variables. `guards`: what refuses strangers; none, and
    they get in. `doubt`: why the constructs do not tell who gets in. `is_preflight`: the gateway
    itself answers it. `is_everything`: it takes whatever no other route takes.
    """

    method: str
    path: str
    guards: tuple[str, ...] = ()
    doubt: str = ""
    is_preflight: bool = False
    is_everything: bool = False


@dataclass(frozen=True, slots=True)
class Remark:
    """What a synthesis says, as a warning: `kind` and `place` make its id, which stays the same."""

    kind: str
    place: str
    text: str


@dataclass(frozen=True, slots=True)
class Entrances:
    """The URLs of one stage; some may be tokens. `custom`: those of custom domains, which name no
    region. `lack`: why none is open."""

    opened: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()
    custom: tuple[str, ...] = ()
    lack: str = ""
    remarks: tuple[Remark, ...] = ()


@dataclass(frozen=True, slots=True)
class OwnCall:
    """What the probe's own identity needs to call the API with a signature. `only_if`: a condition
    of IAM."""

    action: str
    resource: str
    only_if: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """`unread`: what cannot be read of the routes, and why; empty if all of them are known.
    `below`: the paths that can be looked at at all. `tells_iam`: an unsigned call that IAM refuses
    is answered otherwise than one to a route that does not exist.
    """

    routes: tuple[FoundRoute, ...]
    entrances: Entrances
    calls: tuple[OwnCall, ...]
    unread: str = ""
    policy: Policy | None = None
    is_private: bool = False
    below: str = "/"
    tells_iam: bool = False
