"""The service's ports in memory, counting what they would cost: calls, bytes, messages."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from math import ceil

import msgspec
from msgspec.structs import replace

from gatewatch.adapters.aws.sqs import batches
from gatewatch.incidents.acknowledge import Ack
from gatewatch.incidents.links import Claim, Link
from gatewatch.model import Finding, Incident
from gatewatch.notices.notice import Notice
from gatewatch.service import ledger as ledgers
from gatewatch.service import state_slices as packing
from gatewatch.service.changes.deployed import DeployedApi, Rounds
from gatewatch.service.errands import Answer, Errand, Looked, Tick, Waiting
from gatewatch.service.ledger import Ledger
from gatewatch.service.ports import ApiRecord, Message, OvertakenError
from gatewatch.service.state_slices import Slice


class Bucket:
    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def read(self, key: str) -> bytes:
        return self.objects[key]


class Lanes:
    """A FIFO queue: whatever waits, by lane."""

    def __init__(self) -> None:
        self.waiting: list[Message] = []
        self.sent = Counter[str]()

    def send(self, messages: Sequence[Message]) -> None:
        self.sent["calls"] += len(list(batches(messages)))
        self.waiting += messages
        self.sent["messages"] += len(messages)
        self.sent["bytes"] += sum(len(one.body) for one in messages)

    def taken(self) -> dict[str, list[Message]]:
        lanes: dict[str, list[Message]] = defaultdict(list)
        for one in self.waiting:
            lanes[one.lane].append(one)
        self.waiting = []
        return lanes


class Inbox:
    def __init__(self) -> None:
        self.notices: list[Notice] = []

    def publish(self, notice: Notice) -> None:
        self.notices.append(notice)


class CountingTable:
    """Items are packed as they are in DynamoDB. Units: a write of up to 1 kB, a read of 4 kB."""

    def __init__(self) -> None:
        self._slices: dict[tuple[str, str], tuple[bytes, int, int]] = {}
        self._ledgers: dict[str, tuple[bytes, int]] = {}
        self._records: dict[str, ApiRecord] = {}
        self._good: str | None = None
        self._acks: list[Ack] = []
        self._errands: dict[str, Errand] = {}
        self._answers: dict[str, Answer] = {}
        self.looked: dict[tuple[str, str], Looked] = {}
        self.tick: Tick | None = None
        self._links: dict[tuple[str, str, str], Link] = {}
        self._claims: dict[str, Claim] = {}
        self._deployed: dict[str, DeployedApi] = {}
        self.used = Counter[str]()

    def _read(self, *sizes: int) -> None:
        """One call for items by their keys; each is rounded up by itself."""
        self.used["read calls"] += 1
        self.used["read bytes"] += sum(sizes)
        self.used["read units"] += sum(max(1, ceil(size / 4096)) for size in sizes) or 1

    def _queried(self, size: int) -> None:
        """A query is rounded up as a whole, a page of 1 MB each."""
        self.used["read calls"] += max(1, ceil(size / 1e6))
        self.used["read bytes"] += size
        self.used["read units"] += max(1, ceil(size / 4096))

    def _wrote(self, size: int = 100) -> None:
        self.used["write calls"] += 1
        self.used["write bytes"] += size
        self.used["write units"] += max(1, ceil(size / 1024))

    def records(self) -> dict[str, ApiRecord]:
        self._queried(100 * len(self._records))
        return dict(self._records)

    def _change(self, api: str, **changes: object) -> None:
        self._wrote()
        self._records[api] = replace(self._records.get(api, ApiRecord(api=api)), **changes)

    def add_let_in(self, api: str, entrances: Iterable[str]) -> None:
        known = self._records.get(api, ApiRecord(api=api)).let_in
        self._change(api, let_in=known | set(entrances))

    def latch(self, api: str, route: str, entrance: str, finding: Finding) -> None:
        known = self._records.get(api, ApiRecord(api=api)).latched
        self._change(api, latched={**known, (route, entrance): finding})

    def unlatch(self, api: str, route: str, entrance: str, finding: Finding) -> None:
        known = dict(self._records.get(api, ApiRecord(api=api)).latched)
        if known.get((route, entrance)) is finding:
            del known[route, entrance]
        self._change(api, latched=known)

    def held(self, api: str) -> dict[tuple[str, str], Finding]:
        self._change(api)
        return dict(self._records[api].latched)

    def release(self, api: str, route: str) -> int:
        known = self._records.get(api, ApiRecord(api=api)).latched
        left = {key: held for key, held in known.items() if key[0] != route}
        self._change(api, latched=left)
        return len(known) - len(left)

    def acknowledged(self) -> frozenset[str]:
        self._read(1)
        return frozenset(one.api for one in self._acks)

    def acks(self, api: str) -> list[Ack]:
        self._read(1)
        return [one for one in self._acks if one.api == api]

    def remove_ack(self, ack: Ack) -> None:
        self._wrote()
        self._acks.remove(ack)

    def errands(self) -> Waiting:
        self._read(1)
        return Waiting(errands=tuple(self._errands.values()))

    def add_errand(self, errand: Errand) -> None:
        self._errands[errand.id] = errand

    def remove_errand(self, name: str) -> None:
        self._wrote()
        self._errands.pop(name, None)

    def answer(self, name: str) -> Answer | None:
        self._read(1)
        return self._answers.get(name)

    def set_answer(self, answer: Answer) -> None:
        self._wrote()
        self._answers[answer.id] = answer

    def set_looked(self, tick: str, part: str, looked: Looked) -> None:
        self._wrote()
        self.looked[tick, part] = looked

    def set_tick(self, tick: Tick) -> None:
        self._wrote()
        self.tick = tick

    def deployed_apis(self) -> dict[str, DeployedApi]:
        self._queried(200 * len(self._deployed))
        return dict(self._deployed)

    def set_rounds(self, api: str, rounds: Rounds) -> None:
        self._wrote()
        self._deployed[api] = replace(self._deployed[api], rounds=rounds)

    def deployed(self, api: str) -> DeployedApi:
        self._read(200)
        return self._deployed.get(api, DeployedApi(api=api))

    def save_deployed(self, after: DeployedApi) -> None:
        self._wrote()
        before = self._deployed.get(after.api, DeployedApi(api=after.api))
        if before.version != after.version:
            raise OvertakenError
        self._deployed[after.api] = replace(after, version=after.version + 1, rounds=before.rounds)

    def news(self, api: str) -> int:
        self._read(100)
        return self._records.get(api, ApiRecord(api=api)).news

    def add_news(self, api: str) -> None:
        self._change(api, news=self._records.get(api, ApiRecord(api=api)).news + 1)

    def clear_news(self, api: str, count: int) -> None:
        if count and self._records.get(api, ApiRecord(api=api)).news == count:
            self._change(api, news=0)

    def set_swept(self, api: str, digest: str) -> None:
        self._change(api, swept=digest)

    def set_restless(self, api: str, *, wanted: bool) -> None:
        self._change(api, is_restless=wanted)

    def set_slices(self, api: str, count: int) -> None:
        self._change(api, slices=count)

    def forget(self, api: str) -> None:
        self._wrote()
        self._records.pop(api, None)

    def good_version(self) -> str | None:
        return self._good

    def set_good_version(self, key: str) -> None:
        self._wrote()
        self._good = key

    def some(self, api: str, names: Sequence[str]) -> list[Slice]:
        found = [self._slice(api, name) for name in names if (api, name) in self._slices]
        missing = [name for name in names if (api, name) not in self._slices]
        self._read(*(len(self._slices[api, one.name][0]) for one in found))
        return [*found, *packing.recut(missing, self.all(api), api)] if missing else found

    def all(self, api: str) -> list[Slice]:
        names = [name for known, name in self._slices if known == api]
        self._queried(sum(len(self._slices[api, name][0]) for name in names))
        return [self._slice(api, name) for name in names]

    def _slice(self, api: str, name: str) -> Slice:
        packed, version, heard = self._slices[api, name]
        return packing.unpack_slice(api, name, packed, version, heard)

    def save(self, after: Slice) -> None:
        _, version, heard = self._slices.get((after.api, after.name), (b"", 0, 0))
        packed = packing.pack_slice(after)
        self._wrote(len(packed))
        if version != after.version:
            raise OvertakenError
        self._slices[after.api, after.name] = packed, version + 1, heard

    def set_heard(self, one: Slice, number: int) -> None:
        packed, version, _ = self._slices[one.api, one.name]
        self._wrote(len(packed))
        self._slices[one.api, one.name] = packed, version, number

    def ledger(self, api: str) -> Ledger:
        packed, version = self._ledgers.get(api, (b"", 0))
        self._read(len(packed))
        return ledgers.unpack_ledger(api, packed, version) if version else Ledger(api=api)

    def save_ledger(self, after: Ledger) -> Ledger:
        packed = ledgers.pack_ledger(after)
        self._wrote(len(packed))
        if self._ledgers.get(after.api, (b"", 0))[1] != after.version:
            raise OvertakenError
        self._ledgers[after.api] = packed, after.version + 1
        return replace(after, version=after.version + 1)

    def links(self, scope: str) -> list[Link]:
        found = [one for one in self._links.values() if one.scope == scope]
        self._queried(100 * len(found))
        return found

    def link(self, one: Link) -> None:
        self._wrote()
        self._links[one.scope, one.api, one.incident] = one

    def unlink(self, one: Link) -> None:
        self._wrote()
        self._wrote()
        self._links.pop((one.scope, one.api, one.incident), None)
        claim = self._claims.get(one.scope)
        if claim is not None and claim.incident == one.incident:
            del self._claims[one.scope]

    def claimed(self, scope: str) -> Claim | None:
        self._read(200)
        return self._claims.get(scope)

    def claim(self, wanted: Claim, before: Claim | None) -> Claim:
        self._wrote()
        if self._claims.get(wanted.scope) == before:
            self._claims[wanted.scope] = wanted
        return self._claims[wanted.scope]

    def file(self, incident: Incident) -> None:
        self._wrote(len(msgspec.json.encode(incident)))
