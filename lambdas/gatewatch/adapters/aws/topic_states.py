"""How a topic is: who is subscribed, and whether its key works. Publishes nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from gatewatch.adapters.aws.client import client, region_of
from gatewatch.service.listeners import TopicState, UnaskableError


class SnsTopicStates:
    """`own`: the topics whose keys are ours to ask about."""

    def __init__(self, own: Collection[str]) -> None:
        self._own = own

    def of(self, topic: str) -> TopicState:
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.parsers import ResponseParserError

        try:
            found = client("sns", region_of(topic)).get_topic_attributes(TopicArn=topic)
            return self._state(topic, found["Attributes"])
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            if code in _GONE:
                return TopicState(exists=False)
            raise UnaskableError(code or type(error).__name__) from error
        except (BotoCoreError, ResponseParserError, KeyError, ValueError) as error:
            raise UnaskableError(type(error).__name__) from error

    def _state(self, topic: str, said: Mapping[str, str]) -> TopicState:
        key = said.get("KmsMasterKeyId") if topic in self._own else None
        return TopicState(
            confirmed=int(said["SubscriptionsConfirmed"]),
            pending=int(said["SubscriptionsPending"]),
            key=_key_state(key, topic) if key else None,
        )


_GONE = ("NotFound", "NotFoundException")
"""https://docs.aws.amazon.com/sns/latest/api/API_GetTopicAttributes.html"""


def _key_state(key: str, topic: str) -> str:
    from botocore.exceptions import ClientError

    try:
        found: Any = client("kms", region_of(topic)).describe_key(KeyId=key)
    except ClientError as error:
        if (code := error.response.get("Error", {}).get("Code")) in _GONE:
            return str(code)
        raise
    return str(found["KeyMetadata"]["KeyState"])
