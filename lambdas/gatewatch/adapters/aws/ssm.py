"""Parameters of Systems Manager, by name or ARN; secure strings are decrypted."""

from __future__ import annotations

from gatewatch.adapters.aws.client import client, region_of, told_as


def read_parameter(name: str) -> str:
    """The parameter's value; raises SecretError."""
    with told_as(f"ssm {name}"):
        found = client("ssm", region_of(name)).get_parameter(Name=name, WithDecryption=True)
    return str(found["Parameter"]["Value"])
