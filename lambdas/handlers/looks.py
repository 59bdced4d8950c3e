"""What the functions that call APIs share: the account's rules of where to and with what."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from gatewatch.adapters.aws.identities import AwsIdentities
from gatewatch.adapters.secrets import read_in_account
from gatewatch.config.canonical import Credential
from gatewatch.probe.credentials import Keyring
from gatewatch.probe.prober import Prober
from gatewatch.probe.resolve import Resolver
from gatewatch.probe.vault import Vault
from handlers import wiring


@lru_cache
def vault(networks: tuple[str, ...], contact: str | None) -> Vault:
    """Secrets and tokens are kept from one call to the next."""
    return Vault(read_in_account, wiring.CLOCK, AwsIdentities(), networks, contact)


def prober(
    credentials: Sequence[Credential], networks: tuple[str, ...], contact: str | None
) -> Prober:
    """With connections of its own. `networks`: the ranges to which it may connect besides public
    addresses."""
    return Prober(
        Keyring(credentials, vault(networks, contact)),
        wiring.CLOCK,
        resolver=Resolver(networks=networks),
        contact=contact,
    )
