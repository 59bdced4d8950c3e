"""Secrets of Secrets Manager, by name or ARN."""

from __future__ import annotations

from gatewatch.adapters.aws.client import client, region_of, told_as
from gatewatch.ports import SecretError


def read_secret(name: str) -> str:
    """The current version's text; raises SecretError."""
    with told_as(f"secret {name}"):
        found = client("secretsmanager", region_of(name)).get_secret_value(SecretId=name)
    if "SecretString" not in found:
        raise SecretError(f"secret {name}: expected a text, found binary data")
    return str(found["SecretString"])
