"""Secrets of Secrets Manager, by name or ARN."""

from __future__ import annotations

import re

from gatewatch.adapters.aws.client import (
    KEY_DENIED,
    OTHERWISE,
    WHO_LOOKS,
    Remedies,
    asked,
    option,
    region_of,
)
from gatewatch.ports import SecretError


def read_secret(name: str) -> str:
    """The current version's text; raises SecretError."""
    what, remedies = f"secret {name}", _remedies(name)
    with asked(what, "secretsmanager", region_of(name), remedies=remedies) as secrets:
        found = secrets.get_secret_value(SecretId=name)
        if "SecretBinary" in found:
            raise SecretError(
                f"{what}: expected a text, found binary data",
                f"aws secretsmanager put-secret-value {option('--secret-id', name)} "
                "--secret-string file://FILE",
            )
        return str(found["SecretString"])


# https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot.html#ARN_secretnamehyphen
_ENDS_ALIKE = re.compile(r"^arn:.*-[A-Za-z0-9]{6}$")
_NO_SUFFIX = "; write its complete ARN: one that ends in a dash and six characters counts as such"


def _remedies(name: str) -> Remedies:
    """By the codes of
    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
    """
    secret = option("--secret-id", name)
    describe = f"aws secretsmanager describe-secret {secret}"
    return {
        OTHERWISE: describe,
        "ResourceNotFoundException": f"{describe}{_NO_SUFFIX if _ENDS_ALIKE.search(name) else ''}",
        "AccessDeniedException": f"grant secretsmanager:GetSecretValue on {name} to {WHO_LOOKS}",
        KEY_DENIED: f"{describe} --query KmsKeyId; grant kms:Decrypt on that key to {WHO_LOOKS}",
        # Also reported for a secret that is marked for deletion.
        "InvalidRequestException": f"{describe} --query DeletedDate; if it has one, "
        f"aws secretsmanager restore-secret {secret}",
    }
