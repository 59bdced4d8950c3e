"""Keys to sign with: our own, or those of an assumed role."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from shlex import quote

from gatewatch.adapters.aws.client import OTHERWISE, WHO_LOOKS, Remedies, asked, client, told_as
from gatewatch.config.canonical import AssumedRole
from gatewatch.ports import Keys, SecretError

SESSION_NAME = "gatewatch"
_OWN_FOR = timedelta(minutes=5)


def own_keys() -> tuple[Keys, datetime]:
    """The keys that botocore finds; read again soon, since it refreshes them itself."""
    from botocore.session import get_session

    with told_as("own AWS credentials"):
        found = get_session().get_credentials()
        frozen = found.get_frozen_credentials() if found is not None else None
    if frozen is None or frozen.access_key is None or frozen.secret_key is None:
        raise SecretError("own AWS credentials: none found", "aws sts get-caller-identity")
    keys = Keys(frozen.access_key, frozen.secret_key, frozen.token)
    return keys, datetime.now(UTC) + _OWN_FOR


def own_name(region: str | None = None) -> str:
    """The caller, as the end of the ARN: `user/alice`, `assumed-role/OnCall/alice`. No permission
    is needed.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
    """
    return str(client("sts", region).get_caller_identity()["Arn"]).rpartition(":")[2]


def role_keys(role: AssumedRole) -> tuple[Keys, datetime]:
    """Keys for an hour, the longest that a role reached from a role can give."""
    external = {} if role.external_id is None else {"ExternalId": role.external_id}
    with asked(f"role {role.arn}", "sts", remedies=_remedies(role)) as tokens:
        found = tokens.assume_role(
            RoleArn=role.arn, RoleSessionName=SESSION_NAME, DurationSeconds=3600, **external
        )["Credentials"]
        keys = Keys(found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"])
        return keys, found["Expiration"]


def _remedies(role: AssumedRole) -> Remedies:
    """AWS reveals neither whether the role exists nor which of the two policies refuses."""
    name = role.arn.rpartition("/")[2]
    show = f"aws iam get-role --role-name {quote(name)} --query Role.AssumeRolePolicyDocument"
    external = " with the external id" if role.external_id else ""
    return {
        OTHERWISE: f"{show}; it must let {WHO_LOOKS} assume the role{external}, and that identity "
        f"needs sts:AssumeRole on {role.arn}"
    }
