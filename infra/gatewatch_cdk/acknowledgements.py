"""What takes over acknowledgements from PagerDuty and from chats: a function, and an address where
PagerDuty's webhook may call it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from gatewatch_cdk.functions import Functions
from gatewatch_cdk.grants import let_take_over
from gatewatch_cdk.needs import Returns


class Acknowledgements(Construct):
    """`address` is None where nothing is signed: then only whoever may invoke the function does.

    PagerDuty cannot sign for IAM, so that its address is open to all, and the function checks the
    signature of each message before it reads anything else:
    https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        functions: Functions,
        needs: Returns,
        secret_keys: Sequence[str],
    ) -> None:
        super().__init__(scope, construct_id)
        signed_with = msgspec.json.encode(needs.signed_with).decode()
        self.function = functions.add_acknowledger(signed_with)
        let_take_over(self.function, needs, secret_keys)
        self.address = (
            lambda_.FunctionUrl(
                self,
                "Url",
                function=self.function.function,
                auth_type=lambda_.FunctionUrlAuthType.NONE,
            ).url
            if needs.signed_with
            else None
        )

    def outputs(self) -> dict[str, tuple[str, str]]:
        name = self.function.function.function_name
        found = {"AcknowledgeFunction": (name, "What a button in a chat invokes")}
        if self.address is not None:
            told = "Where a webhook (v3) of PagerDuty tells who takes an incident"
            found["PagerDutyAcknowledgements"] = (self.address, told)
        return found
