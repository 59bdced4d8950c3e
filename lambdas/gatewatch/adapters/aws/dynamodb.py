"""The service's state in one DynamoDB table with the keys `pk` and `sk`.

pk           sk                 what
deployment   api#NAME           Record of an API
deployment   config             the last valid configuration
api#NAME     state#COUNT-N      a slice of its route states
api#NAME     ledger             its writer's memory
incident     ID                 every incident, for later readers
link         SCOPE, NAME, ID    an open incident of an API in which a credential fails
claim        SCOPE              which of these announces all
ack          api#NAME, time     a person's acknowledgement, until the writer has applied it
taken        EVENT              a message from outside that was taken over, so that it counts once
errand       ID                 what a person asks of the service, until it is done
answer       ID                 what has become of it, for longer than any pause
answer       TICK, shard        the verdicts of looks that a person asked for, for a day
deployment   tick               the last tick
change       NAME               the last deployments of an API, and how far dispatch looked after it
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import islice
from typing import Any

import msgspec

from gatewatch.adapters.aws.client import client
from gatewatch.adapters.aws.items import Item, batch, condition, expires, query
from gatewatch.incidents.acknowledge import Ack, is_in_order
from gatewatch.incidents.correlate import OPEN
from gatewatch.incidents.links import Claim, Link
from gatewatch.model import Finding, Held, Incident
from gatewatch.service import ledger as ledgers
from gatewatch.service import state_slices
from gatewatch.service.changes.deployed import DeployedApi, Rounds, packed_deployments, unpacked
from gatewatch.service.errands import (
    LONGEST_PAUSE,
    Answer,
    Errand,
    Looked,
    Tick,
    Waiting,
    is_lasting,
    pack_looked,
    unpack_looked,
)
from gatewatch.service.ledger import Ledger
from gatewatch.service.ports import ApiRecord
from gatewatch.service.state_slices import Slice

_KEPT = timedelta(days=400)
_UNTOUCHED = timedelta(days=30)
_ANSWERED = LONGEST_PAUSE + timedelta(days=7)
_LOOKED = timedelta(days=1)
_REPEATED = timedelta(days=1)
_CHANGED = timedelta(days=2)
_MOST_ERRANDS = 500
_MOST_READ = 20_000
_DEPLOYMENT = {"S": "deployment"}
_ACK = "ack"
_TAKEN = "taken"
_ERRAND = "errand"
_ANSWER = "answer"
_CHANGE = "change"
_LINK = "link"
_CLAIM = "claim"
_PART = "\n"


class DynamoTable:
    """`name` is the table's; `region` is given where it differs from the AWS settings. Errors of
    the service are raised as botocore raises them."""

    def __init__(self, name: str, region: str | None = None) -> None:
        self._name = name
        self._region = region

    @property
    def _client(self) -> Any:
        return client("dynamodb", self._region)

    def records(self) -> dict[str, ApiRecord]:
        found = (_record(item) for item in query(self._client, self._name, "deployment", "api#"))
        return {one.api: one for one in found}

    def add_let_in(self, api: str, entrances: Iterable[str]) -> None:
        self._record(api, "ADD let_in :v", v={"SS": sorted(entrances)})

    def latch(self, api: str, route: str, entrance: str, held: Held) -> None:
        self._record(api, "ADD latched :v", v=_latch(route, entrance, held))

    def unlatch(self, api: str, route: str, entrance: str, held: Held) -> None:
        self._record(api, "DELETE latched :v", v=_latch(route, entrance, held))

    def held(self, api: str) -> dict[tuple[str, str], Held]:
        """Reads with a write, so that it fails where no latch could be set."""
        attributes = self._record(api, "SET asked = :v", v={"BOOL": True})
        return dict(_latched(attributes.get("latched", {}).get("SS", ())))

    def release(self, api: str, route: str) -> int:
        held = [one for one in self._held(api) if one.partition(_PART)[0] == route]
        if held:
            self._record(api, "DELETE latched :v", v={"SS": held})
        return len(dict(_latched(held)))

    def _held(self, api: str) -> list[str]:
        key = {"pk": _DEPLOYMENT, "sk": {"S": f"api#{api}"}}
        item = self._client.get_item(TableName=self._name, Key=key, ConsistentRead=True)
        return list(item.get("Item", {}).get("latched", {}).get("SS", ()))

    def acknowledged(self) -> frozenset[str]:
        waiting = (str(item["sk"]["S"]) for item in query(self._client, self._name, _ACK))
        return frozenset(one.removeprefix("api#").partition(_PART)[0] for one in waiting)

    def acks(self, api: str) -> list[Ack]:
        found = (_ack(item) for item in query(self._client, self._name, _ACK, f"api#{api}{_PART}"))
        return [one for one in found if one is not None]

    def add_ack(self, ack: Ack) -> None:
        document = {"S": msgspec.json.encode(ack).decode()}
        item = {**_ack_key(ack), "document": document, "expires": expires(_UNTOUCHED)}
        self._client.put_item(TableName=self._name, Item=item)

    def remove_ack(self, ack: Ack) -> None:
        self._client.delete_item(TableName=self._name, Key=_ack_key(ack))

    def was_taken(self, event: str) -> bool:
        key = _key(_TAKEN, event)
        return "Item" in self._client.get_item(TableName=self._name, Key=key, ConsistentRead=True)

    def set_taken(self, event: str) -> None:
        item = {**_key(_TAKEN, event), "expires": expires(_REPEATED)}
        self._client.put_item(TableName=self._name, Item=item)

    def errands(self) -> Waiting:
        """All pauses and what ends them, and so much of the rest that a flood hides none."""
        found, passing, spoilt = list[Errand](), list[Errand](), list[str]()
        for item in islice(query(self._client, self._name, _ERRAND), _MOST_READ):
            errand = _errand(item)
            if errand is None:
                spoilt.append(str(item["sk"]["S"]))
            else:
                (found if is_lasting(errand) else passing).append(errand)
        return Waiting(
            errands=(*found, *passing[:_MOST_ERRANDS]), spoilt=tuple(spoilt[:_MOST_ERRANDS])
        )

    def add_errand(self, errand: Errand) -> None:
        document = {"S": msgspec.json.encode(errand).decode()}
        kept = {"document": document, "expires": expires(_UNTOUCHED)}
        self._client.put_item(TableName=self._name, Item={**_key(_ERRAND, errand.id), **kept})

    def remove_errand(self, name: str) -> None:
        self._client.delete_item(TableName=self._name, Key=_key(_ERRAND, name))

    def answer(self, name: str) -> Answer | None:
        key = _key(_ANSWER, name)
        item = self._client.get_item(TableName=self._name, Key=key, ConsistentRead=True).get("Item")
        return None if item is None else _answer(item)

    def set_answer(self, answer: Answer) -> None:
        document = {"S": msgspec.json.encode(answer).decode()}
        kept = {"document": document, "expires": expires(_ANSWERED)}
        self._client.put_item(TableName=self._name, Item={**_key(_ANSWER, answer.id), **kept})

    def answers(self, names: Sequence[str]) -> dict[str, Answer]:
        """For readers who may not ask for one item."""
        keys = [_key(_ANSWER, name) for name in names]
        found = (_answer(item) for item in batch(self._client, self._name, keys))
        return {one.id: one for one in found}

    def set_looked(self, tick: str, part: str, looked: Looked) -> None:
        self._client.update_item(
            TableName=self._name,
            Key=_key(_ANSWER, _PART.join((tick, part))),
            UpdateExpression="SET packed = :p, expires = :e",
            ExpressionAttributeValues={
                ":p": {"B": pack_looked(looked)},
                ":e": expires(_LOOKED),
            },
        )

    def looked(self, tick: str) -> list[Looked]:
        """Of each shard that has answered."""
        found = query(self._client, self._name, _ANSWER, f"{tick}{_PART}")
        return [unpack_looked(item["packed"]["B"]) for item in found if "packed" in item]

    def deployed_apis(self) -> dict[str, DeployedApi]:
        found = (_deployed(item) for item in query(self._client, self._name, _CHANGE))
        return {one.api: one for one in found}

    def set_rounds(self, api: str, rounds: Rounds) -> None:
        """An item that expired meanwhile is not made anew."""
        with condition(suppressed=True):
            self._client.update_item(
                TableName=self._name,
                Key=_key(_CHANGE, api),
                UpdateExpression="SET rounds = :v",
                ConditionExpression="attribute_exists(packed)",
                ExpressionAttributeValues={":v": {"B": msgspec.json.encode(rounds)}},
            )

    def deployed(self, api: str) -> DeployedApi:
        key = _key(_CHANGE, api)
        item = self._client.get_item(TableName=self._name, Key=key, ConsistentRead=True).get("Item")
        return DeployedApi(api=api) if item is None else _deployed(item)

    def save_deployed(self, after: DeployedApi) -> None:
        packed = packed_deployments(after)
        self._write(_key(_CHANGE, after.api), packed, after.version, kept=_CHANGED)

    def set_tick(self, tick: Tick) -> None:
        item = {
            "pk": _DEPLOYMENT,
            "sk": {"S": "tick"},
            "at": {"S": tick.at},
            "document": {"S": msgspec.json.encode(tick).decode()},
        }
        with condition(suppressed=True):
            self._client.put_item(
                TableName=self._name,
                Item=item,
                ConditionExpression="attribute_not_exists(pk) OR #a < :a",
                ExpressionAttributeNames={"#a": "at"},
                ExpressionAttributeValues={":a": {"S": tick.at}},
            )

    def tick(self) -> Tick | None:
        """None where no tick has come yet, or an older version runs."""
        key = {"pk": _DEPLOYMENT, "sk": {"S": "tick"}}
        for item in batch(self._client, self._name, [key]):
            return msgspec.json.decode(item["document"]["S"], type=Tick)
        return None

    def in_force(self) -> str | None:
        """As `good_version`, for readers who may not ask for one item."""
        for item in batch(self._client, self._name, [{"pk": _DEPLOYMENT, "sk": {"S": "config"}}]):
            return str(item["key"]["S"])
        return None

    def news(self, api: str) -> int:
        key = {"pk": _DEPLOYMENT, "sk": {"S": f"api#{api}"}}
        answer = self._client.get_item(TableName=self._name, Key=key, ConsistentRead=True)
        return int(answer.get("Item", {}).get("news", {}).get("N", 0))

    def add_news(self, api: str) -> None:
        self._record(api, "ADD news :v", v={"N": "1"})

    def clear_news(self, api: str, count: int) -> None:
        if count:
            with condition(suppressed=True):
                self._record(api, "REMOVE news", "news = :v", v={"N": str(count)})

    def set_swept(self, api: str, digest: str) -> None:
        self._record(api, "SET swept = :v", v={"S": digest})

    def set_restless(self, api: str, *, wanted: bool) -> None:
        self._record(api, "SET restless = :v", v={"BOOL": wanted})

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

    def _record(self, api: str, update: str, condition: str | None = None, **values: Any) -> Item:
        """The record's current content."""
        changed = self._client.update_item(
            TableName=self._name,
            Key={"pk": _DEPLOYMENT, "sk": {"S": f"api#{api}"}},
            UpdateExpression=update,
            ExpressionAttributeValues={f":{name}": value for name, value in values.items()},
            ReturnValues="ALL_NEW",
            **({} if condition is None else {"ConditionExpression": condition}),
        )
        found: Item = changed["Attributes"]
        return found

    def some(self, api: str, names: Sequence[str]) -> list[Slice]:
        keys = [{"pk": {"S": f"api#{api}"}, "sk": {"S": f"state#{name}"}} for name in names]
        found = list(_slices(api, batch(self._client, self._name, keys)))
        missing = sorted(set(names) - {one.name for one in found})
        return [*found, *state_slices.recut(missing, self.all(api), api)] if missing else found

    def all(self, api: str) -> list[Slice]:
        return list(_slices(api, query(self._client, self._name, f"api#{api}", "state#")))

    def save(self, after: Slice) -> None:
        key = {"pk": {"S": f"api#{after.api}"}, "sk": {"S": f"state#{after.name}"}}
        self._write(key, state_slices.pack_slice(after), after.version)

    def set_heard(self, one: Slice, number: int) -> None:
        """A slice that expired meanwhile has no news left to absorb."""
        with condition(suppressed=True):
            self._client.update_item(
                TableName=self._name,
                Key={"pk": {"S": f"api#{one.api}"}, "sk": {"S": f"state#{one.name}"}},
                UpdateExpression="SET heard = :v",
                ConditionExpression="attribute_exists(packed)",
                ExpressionAttributeValues={":v": {"N": str(number)}},
            )

    def ledger(self, api: str) -> Ledger:
        key = {"pk": {"S": f"api#{api}"}, "sk": {"S": "ledger"}}
        answer = self._client.get_item(TableName=self._name, Key=key, ConsistentRead=True)
        item = answer.get("Item")
        return Ledger(api=api) if item is None else _ledger(item)

    def save_ledger(self, after: Ledger) -> Ledger:
        key = {"pk": {"S": f"api#{after.api}"}, "sk": {"S": "ledger"}}
        self._write(key, ledgers.pack_ledger(after), after.version, kept=_KEPT)
        return msgspec.structs.replace(after, version=after.version + 1)

    def file(self, incident: Incident) -> None:
        item: dict[str, Any] = {
            "pk": {"S": "incident"},
            "sk": {"S": incident.id},
            "document": {"B": ledgers.filed_document(incident)},
        }
        if incident.state != OPEN:
            item["expires"] = expires(_KEPT)
        self._client.put_item(TableName=self._name, Item=item)

    def links(self, scope: str) -> list[Link]:
        found = query(self._client, self._name, _LINK, f"{scope}{_PART}")
        return [_link(item) for item in found]

    def link(self, one: Link) -> None:
        document = {"S": msgspec.json.encode(one).decode()}
        item = {**_link_key(one), "document": document, "expires": expires(_KEPT)}
        self._client.put_item(TableName=self._name, Item=item)

    def claimed(self, scope: str) -> Claim | None:
        key = _claim_key(scope)
        item = self._client.get_item(TableName=self._name, Key=key, ConsistentRead=True).get("Item")
        return None if item is None else msgspec.json.decode(item["document"]["S"], type=Claim)

    def claim(self, wanted: Claim, before: Claim | None) -> Claim:
        of, at = (before or wanted).incident, (before or wanted).at
        with condition(suppressed=True):
            self._client.put_item(
                TableName=self._name,
                Item={
                    **_claim_key(wanted.scope),
                    "of": {"S": wanted.incident},
                    "since": {"S": wanted.at},
                    "document": {"S": msgspec.json.encode(wanted).decode()},
                    "expires": expires(_KEPT),
                },
                ConditionExpression="attribute_not_exists(pk) OR (#o = :o AND since = :s)",
                ExpressionAttributeNames={"#o": "of"},
                ExpressionAttributeValues={":o": {"S": of}, ":s": {"S": at}},
            )
        return self.claimed(wanted.scope) or wanted

    def unlink(self, one: Link) -> None:
        with condition(suppressed=True):
            self._client.delete_item(
                TableName=self._name,
                Key=_claim_key(one.scope),
                ConditionExpression="#o = :o",
                ExpressionAttributeNames={"#o": "of"},
                ExpressionAttributeValues={":o": {"S": one.incident}},
            )
        self._client.delete_item(TableName=self._name, Key=_link_key(one))

    def open_incidents(self) -> list[Incident]:
        """The open incidents of all APIs, as their writers know them."""
        keys = [
            {"pk": {"S": f"api#{one.api}"}, "sk": {"S": "ledger"}}
            for one in self.records().values()
            if one.news
        ]
        return [one for item in batch(self._client, self._name, keys) for one in _ledger(item).open]

    def filed(self, prefix: str = "") -> Iterator[Incident]:
        """Incidents whose id begins with the prefix, newest first; read page by page."""
        for item in query(self._client, self._name, "incident", prefix, newest_first=True):
            yield _filed(item["document"])

    def _write(
        self,
        key: Mapping[str, Any],
        packed: bytes,
        version: int,
        kept: timedelta = _UNTOUCHED,
    ) -> None:
        """Write only if the stored version is still the one that was read."""
        with condition():
            self._client.update_item(
                TableName=self._name,
                Key=key,
                UpdateExpression="SET packed = :p, version = :n, expires = :e",
                ConditionExpression="version = :v" if version else "attribute_not_exists(version)",
                ExpressionAttributeValues={
                    ":p": {"B": packed},
                    ":n": {"N": str(version + 1)},
                    ":e": expires(kept),
                    **({":v": {"N": str(version)}} if version else {}),
                },
            )


def _ledger(item: Item) -> Ledger:
    api = str(item["pk"]["S"]).removeprefix("api#")
    return ledgers.unpack_ledger(api, item["packed"]["B"], int(item["version"]["N"]))


def _filed(document: Mapping[str, Any]) -> Incident:
    """As text, those that were filed by a version of before."""
    if "S" in document:
        return msgspec.json.decode(document["S"], type=Incident)
    return ledgers.read_filed(document["B"])


def _record(item: Item) -> ApiRecord:
    return ApiRecord(
        api=str(item["sk"]["S"]).removeprefix("api#"),
        let_in=frozenset(item.get("let_in", {}).get("SS", ())),
        latched=dict(_latched(item.get("latched", {}).get("SS", ()))),
        news=int(item.get("news", {}).get("N", 0)),
        swept=item.get("swept", {}).get("S"),
        slices=int(item.get("slices", {}).get("N", 1)),
        is_restless=item.get("restless", {}).get("BOOL", False),
    )


def _ack_key(ack: Ack) -> dict[str, Any]:
    name = _PART.join((f"api#{ack.api}", ack.who.at, ack.who.by))
    return {"pk": {"S": _ACK}, "sk": {"S": name}}


def _ack(item: Item) -> Ack | None:
    """People write these: one that is not in order must not stop the writer."""
    try:
        ack = msgspec.json.decode(item["document"]["S"], type=Ack)
    except (KeyError, msgspec.MsgspecError):
        return None
    return ack if is_in_order(ack) and _ack_key(ack)["sk"] == item["sk"] else None


def _key(partition: str, name: str) -> dict[str, Any]:
    return {"pk": {"S": partition}, "sk": {"S": name}}


def _errand(item: Item) -> Errand | None:
    """People write these."""
    try:
        errand = msgspec.json.decode(item["document"]["S"], type=Errand)
    except (KeyError, msgspec.MsgspecError):
        return None
    return errand if errand.id == item["sk"]["S"] else None


def _answer(item: Item) -> Answer:
    return msgspec.json.decode(item["document"]["S"], type=Answer)


def _deployed(item: Item) -> DeployedApi:
    return unpacked(
        api=str(item["sk"]["S"]),
        version=int(item.get("version", {}).get("N", 0)),
        packed=item.get("packed", {}).get("B", b""),
        rounds=item.get("rounds", {}).get("B"),
    )


def _link_key(one: Link) -> dict[str, Any]:
    name = _PART.join((one.scope, one.api, one.incident))
    return {"pk": {"S": _LINK}, "sk": {"S": name}}


def _link(item: Item) -> Link:
    """The version of before wrote its key only."""
    if "document" in item:
        return msgspec.json.decode(item["document"]["S"], type=Link)
    scope, api, incident = str(item["sk"]["S"]).split(_PART)
    return Link(scope=scope, api=api, incident=incident)


def _claim_key(scope: str) -> dict[str, Any]:
    return {"pk": {"S": _CLAIM}, "sk": {"S": scope}}


def _latch(route: str, entrance: str, held: Held) -> dict[str, list[str]]:
    return {"SS": [_PART.join((route, entrance, held or ""))]}


def _latched(written: Iterable[str]) -> Iterator[tuple[tuple[str, str], Held]]:
    """The version of before wrote no finding: what it held back was open to strangers. Of several
    that hold back one write, what is known comes last, and counts."""
    for one in sorted(written):
        route, entrance, *held = one.split(_PART)
        known, *_ = held or [Finding.PROTECTED_ROUTE_OPEN]
        yield (route, entrance), Finding(known) if known else None


def _slices(api: str, items: Iterable[Item]) -> Iterator[Slice]:
    """The version of before left items without states, where it noted what was heard of a slice
    that the table had forgotten."""
    return (_slice(api, item) for item in items if "packed" in item)


def _slice(api: str, item: Item) -> Slice:
    return state_slices.unpack_slice(
        api,
        str(item["sk"]["S"]).removeprefix("state#"),
        item["packed"]["B"],
        int(item["version"]["N"]),
        int(item.get("heard", {}).get("N", 0)),
    )
