"""Parameters of Systems Manager, by name or ARN; secure strings are decrypted."""

from __future__ import annotations

from gatewatch.adapters.aws.client import (
    KEY_DENIED,
    OTHERWISE,
    WHO_LOOKS,
    Remedies,
    asked,
    option,
    region_of,
)


def read_parameter(name: str) -> str:
    """The parameter's value; raises SecretError."""
    remedies = _remedies(name)
    with asked(f"ssm {name}", "ssm", region_of(name), remedies=remedies) as parameters:
        found = parameters.get_parameter(Name=name, WithDecryption=True)
        return str(found["Parameter"]["Value"])


def _remedies(name: str) -> Remedies:
    """By the codes of
    https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html
    """
    # Without decryption, a secure string only returns its ciphertext.
    get = f"aws ssm get-parameter {option('--name', name)} --query Parameter.[Type,Version]"
    return {
        OTHERWISE: get,
        "AccessDeniedException": f"grant ssm:GetParameter on {name} to {WHO_LOOKS}",
        KEY_DENIED: f"grant kms:Decrypt on the key of parameter {name} to {WHO_LOOKS}",
    }
