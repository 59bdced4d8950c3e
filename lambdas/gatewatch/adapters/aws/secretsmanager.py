"""Secrets of Secrets Manager, by name or ARN."""

from __future__ import annotations

from gatewatch.adapters.aws.client import asked, region_of
from gatewatch.ports import SecretError


def read_secret(name: str) -> str:
    """The current version's text; raises SecretError."""
    with asked(f"secret {name}", "secretsmanager", region_of(name)) as secrets:
        found = secrets.get_secret_value(SecretId=name)
        if "SecretBinary" in found:
            raise SecretError(f"secret {name}: expected a text, found binary data")
        return str(found["SecretString"])
