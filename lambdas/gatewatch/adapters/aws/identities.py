"""Who Gatewatch is in AWS, and which roles it may assume: implements the port `Identities`."""

from __future__ import annotations

from gatewatch.adapters.aws.cognito import cognito_token
from gatewatch.adapters.aws.sts import own_keys, role_keys


class AwsIdentities:
    own_keys = staticmethod(own_keys)
    role_keys = staticmethod(role_keys)
    cognito_token = staticmethod(cognito_token)
