"""How the channels fare, and what reached one, in the table of the service's state.

pk           sk                 what
channel      KEY                how it fares, and the messages that wait for it
delivered    MESSAGE            it was accepted, for longer than a message waits
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
from msgspec.structs import replace

from gatewatch.adapters.aws.client import client
from gatewatch.adapters.aws.items import Item, expires, query
from gatewatch.delivery.standing import Standing

_CHANNEL, _DELIVERED = "channel", "delivered"
_OWN = ":own"
"""The deployment's own topic, whose key is empty; no channel has a name like this."""
_KEPT = timedelta(days=400)
_MARKED = timedelta(days=7)


class DynamoChannels:
    """`name` is the table's. Errors of the service are raised as botocore raises them."""

    def __init__(self, name: str, region: str | None = None) -> None:
        self._name = name
        self._region = region

    @property
    def _client(self) -> Any:
        return client("dynamodb", self._region)

    def standing(self, channel: str) -> Standing:
        item = self._get(_CHANNEL, channel or _OWN)
        return Standing(channel=channel) if item is None else _standing(item)

    def standings(self) -> list[Standing]:
        """Of all channels to which something was sent."""
        return [_standing(item) for item in query(self._client, self._name, _CHANNEL)]

    def set_standing(self, after: Standing, *, done: str | None = None) -> None:
        """What waits is a set of ids, so that whoever does it again changes nothing."""
        document = msgspec.json.encode(replace(after, waiting=0)).decode()
        self._change(
            after.channel,
            "SET document = :d, expires = :e" + ("" if done is None else " DELETE waiting :m"),
            {":d": {"S": document}, **({} if done is None else {":m": {"SS": [done]}})},
        )

    def add_waiting(self, channel: str, message: str) -> None:
        self._change(channel, "SET expires = :e ADD waiting :m", {":m": {"SS": [message]}})

    def is_delivered(self, message: str) -> bool:
        return self._get(_DELIVERED, message) is not None

    def set_delivered(self, message: str) -> None:
        item = {**_key(_DELIVERED, message), "expires": expires(_MARKED)}
        self._client.put_item(TableName=self._name, Item=item)

    def _get(self, partition: str, name: str) -> Item | None:
        found: Item | None = self._client.get_item(
            TableName=self._name, Key=_key(partition, name), ConsistentRead=True
        ).get("Item")
        return found

    def _change(self, channel: str, update: str, values: dict[str, Any]) -> None:
        self._client.update_item(
            TableName=self._name,
            Key=_key(_CHANNEL, channel or _OWN),
            UpdateExpression=update,
            ExpressionAttributeValues={":e": expires(_KEPT), **values},
        )


def _key(partition: str, name: str) -> dict[str, Any]:
    return {"pk": {"S": partition}, "sk": {"S": name}}


def _standing(item: Item) -> Standing:
    name = str(item["sk"]["S"])
    known = Standing(channel="" if name == _OWN else name)
    if "document" in item:
        known = msgspec.json.decode(item["document"]["S"], type=Standing)
    return replace(known, waiting=len(item.get("waiting", {}).get("SS", ())))
