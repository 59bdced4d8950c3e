"""What the service remembers, in one DynamoDB table with the keys `pk` and `sk`.

pk           sk                 what
deployment   api#NAME           Record of an API
deployment   config             the last configuration found in order
api#NAME     state#COUNT-N      a slice of its route states
api#NAME     ledger             its writer's memory
incident     ID                 every incident, for whoever asks later
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from gatewatch.adapters.aws.client import client
from gatewatch.correlate import OPEN
from gatewatch.model import Incident
from gatewatch.service import ledger as ledgers
from gatewatch.service import slices
from gatewatch.service.ledger import Ledger
from gatewatch.service.ports import OvertakenError, Record
from gatewatch.service.slices import Slice

_KEPT = timedelta(days=400)
_UNTOUCHED = timedelta(days=30)
_BATCH = 100
_DEPLOYMENT = {"S": "deployment"}
_LATCH = "\n"

Item = Mapping[str, Mapping[str, Any]]


class DynamoTable:
    """`name` is the table's. Errors of the service are raised as botocore raises them."""

    def __init__(self, name: str) -> None:
        self._name = name

    @property
    def _client(self) -> Any:
        return client("dynamodb")

    def records(self) -> dict[str, Record]:
        found = (_record(item) for item in self._query("deployment", "api#"))
        return {one.api: one for one in found}

    def add_let_in(self, api: str, entrances: Iterable[str]) -> None:
        self._record(api, "ADD let_in :v", v={"SS": sorted(entrances)})

    def latch(self, api: str, route: str, entrance: str) -> None:
        self._record(api, "ADD latched :v", v={"SS": [f"{route}{_LATCH}{entrance}"]})

    def release(self, api: str, route: str) -> int:
        known = self.records().get(api, Record(api=api)).latched
        held = [f"{name}{_LATCH}{entrance}" for name, entrance in known if name == route]
        if held:
            self._record(api, "DELETE latched :v", v={"SS": held})
        return len(held)

    def news(self, api: str) -> int:
        key = {"pk": _DEPLOYMENT, "sk": {"S": f"api#{api}"}}
        answer = self._client.get_item(TableName=self._name, Key=key, ConsistentRead=True)
        return int(answer.get("Item", {}).get("news", {}).get("N", 0))

    def add_news(self, api: str) -> None:
        self._record(api, "ADD news :v", v={"N": "1"})

    def clear_news(self, api: str, count: int) -> None:
        if count:
            with _condition(suppressed=True):
                self._record(api, "REMOVE news", "news = :v", v={"N": str(count)})

    def set_swept(self, api: str, digest: str) -> None:
        self._record(api, "SET swept = :v", v={"S": digest})

    def set_slices(self, api: str, count: int) -> None:
        self._record(api, "SET slices = :v", v={"N": str(count)})

    def forget(self, api: str) -> None:
        key = {"pk": _DEPLOYMENT, "sk": {"S": f"api#{api}"}}
        self._client.delete_item(TableName=self._name, Key=key)

    def good_version(self) -> str | None:
        key = {"pk": _DEPLOYMENT, "sk": {"S": "config"}}
        item = self._client.get_item(TableName=self._name, Key=key).get("Item")
        return None if item is None else str(item["key"]["S"])

    def set_good_version(self, key: str) -> None:
        item = {"pk": _DEPLOYMENT, "sk": {"S": "config"}, "key": {"S": key}}
        self._client.put_item(TableName=self._name, Item=item)

    def _record(self, api: str, update: str, condition: str | None = None, **values: Any) -> None:
        self._client.update_item(
            TableName=self._name,
            Key={"pk": _DEPLOYMENT, "sk": {"S": f"api#{api}"}},
            UpdateExpression=update,
            ExpressionAttributeValues={f":{name}": value for name, value in values.items()},
            **({} if condition is None else {"ConditionExpression": condition}),
        )

    def some(self, api: str, names: Sequence[str]) -> list[Slice]:
        keys = [{"pk": {"S": f"api#{api}"}, "sk": {"S": f"state#{name}"}} for name in names]
        found = [_slice(api, item) for item in self._batch(keys)]
        missing = sorted(set(names) - {one.name for one in found})
        return [*found, *slices.recut(missing, self.all(api), api)] if missing else found

    def all(self, api: str) -> list[Slice]:
        return [_slice(api, item) for item in self._query(f"api#{api}", "state#")]

    def save(self, after: Slice) -> None:
        key = {"pk": {"S": f"api#{after.api}"}, "sk": {"S": f"state#{after.name}"}}
        self._write(key, slices.pack(after), after.version)

    def set_heard(self, one: Slice, number: int) -> None:
        self._client.update_item(
            TableName=self._name,
            Key={"pk": {"S": f"api#{one.api}"}, "sk": {"S": f"state#{one.name}"}},
            UpdateExpression="SET heard = :v",
            ExpressionAttributeValues={":v": {"N": str(number)}},
        )

    def ledger(self, api: str) -> Ledger:
        key = {"pk": {"S": f"api#{api}"}, "sk": {"S": "ledger"}}
        answer = self._client.get_item(TableName=self._name, Key=key, ConsistentRead=True)
        item = answer.get("Item")
        if item is None:
            return Ledger(api=api)
        return ledgers.unpack(api, item["packed"]["B"], int(item["version"]["N"]))

    def save_ledger(self, after: Ledger) -> Ledger:
        key = {"pk": {"S": f"api#{after.api}"}, "sk": {"S": "ledger"}}
        self._write(key, ledgers.pack(after), after.version, kept=_KEPT)
        return msgspec.structs.replace(after, version=after.version + 1)

    def file(self, incident: Incident) -> None:
        item: dict[str, Any] = {
            "pk": {"S": "incident"},
            "sk": {"S": incident.id},
            "document": {"S": msgspec.json.encode(ledgers.without_evidence(incident)).decode()},
        }
        if incident.state != OPEN:
            item["expires"] = _expires(_KEPT)
        self._client.put_item(TableName=self._name, Item=item)

    def _write(
        self,
        key: Mapping[str, Any],
        packed: bytes,
        version: int,
        kept: timedelta = _UNTOUCHED,
    ) -> None:
        """Only if the stored version is still the one that was read."""
        with _condition():
            self._client.update_item(
                TableName=self._name,
                Key=key,
                UpdateExpression="SET packed = :p, version = :n, expires = :e",
                ConditionExpression="version = :v" if version else "attribute_not_exists(version)",
                ExpressionAttributeValues={
                    ":p": {"B": packed},
                    ":n": {"N": str(version + 1)},
                    ":e": _expires(kept),
                    **({":v": {"N": str(version)}} if version else {}),
                },
            )

    def _query(self, partition: str, prefix: str) -> Iterator[Item]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._name,
            KeyConditionExpression="pk = :p AND begins_with(sk, :s)",
            ExpressionAttributeValues={":p": {"S": partition}, ":s": {"S": prefix}},
            ConsistentRead=True,
        )
        for page in pages:
            yield from page["Items"]

    def _batch(self, keys: Sequence[Mapping[str, Any]]) -> Iterator[Item]:
        waiting = list(keys)
        while waiting:
            asked = {"Keys": waiting[:_BATCH], "ConsistentRead": True}
            answer = self._client.batch_get_item(RequestItems={self._name: asked})
            yield from answer["Responses"].get(self._name, [])
            left = answer.get("UnprocessedKeys", {}).get(self._name, {}).get("Keys", [])
            waiting = [*left, *waiting[_BATCH:]]


@contextmanager
def _condition(*, suppressed: bool = False) -> Iterator[None]:
    """A condition that does not hold any more means that somebody else was first."""
    from botocore.exceptions import ClientError

    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
        if not suppressed:
            raise OvertakenError from None


def _expires(kept: timedelta) -> dict[str, str]:
    return {"N": str(int((datetime.now(UTC) + kept).timestamp()))}


def _record(item: Item) -> Record:
    return Record(
        api=str(item["sk"]["S"]).removeprefix("api#"),
        let_in=frozenset(item.get("let_in", {}).get("SS", ())),
        latched=frozenset(_latched(item.get("latched", {}).get("SS", ()))),
        news=int(item.get("news", {}).get("N", 0)),
        swept=item.get("swept", {}).get("S"),
        slices=int(item.get("slices", {}).get("N", 1)),
    )


def _latched(written: Iterable[str]) -> Iterator[tuple[str, str]]:
    for one in written:
        route, _, entrance = one.partition(_LATCH)
        yield route, entrance


def _slice(api: str, item: Item) -> Slice:
    return slices.unpack(
        api,
        str(item["sk"]["S"]).removeprefix("state#"),
        item["packed"]["B"],
        int(item["version"]["N"]),
        int(item.get("heard", {}).get("N", 0)),
    )
