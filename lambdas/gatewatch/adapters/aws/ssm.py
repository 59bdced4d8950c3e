"""Parameters of Systems Manager, by name or ARN; secure strings are decrypted."""

from __future__ import annotations

from gatewatch.adapters.aws.client import asked, region_of


def read_parameter(name: str) -> str:
    """The parameter's value; raises SecretError."""
    with asked(f"ssm {name}", "ssm", region_of(name)) as parameters:
        found = parameters.get_parameter(Name=name, WithDecryption=True)
        return str(found["Parameter"]["Value"])
