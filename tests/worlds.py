"""The two worlds in which Gatewatch runs, side by side over sandboxes that break alike.

On the one side a run, as on a laptop; on the other dispatch, probe and writer, with the ports of
`bench.scale` that pack what they keep as DynamoDB does. Each has a sandbox of its own, since an
API remembers who called it; the time is one.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import msgspec
from bench.scale.memory import Bucket, CountingTable, Inbox, Lanes
from msgspec.structs import replace

from gatewatch.adapters.aws.published import PublishedApis
from gatewatch.adapters.local.authority import authorities
from gatewatch.adapters.local.sqlite import SqliteStore
from gatewatch.config.author import load
from gatewatch.config.canonical import Config, SecretRef
from gatewatch.config.lookups import Lookups
from gatewatch.incidents.deployments import deployment_at
from gatewatch.model import Exchange, Incident, Purpose, Verdict
from gatewatch.notices.words import headline
from gatewatch.ports import SecretError
from gatewatch.probe.credentials import Keyring
from gatewatch.probe.prober import Prober
from gatewatch.probe.resolve import Resolver
from gatewatch.probe.schedule import Limits
from gatewatch.probe.vault import Vault
from gatewatch.run import run
from gatewatch.sandbox import orders
from gatewatch.sandbox.server import Sandbox, running
from gatewatch.sandbox.world import World
from gatewatch.service.changes.deployed import Rounds
from gatewatch.service.dispatch import dispatch
from gatewatch.service.incidents import handle_wake_up
from gatewatch.service.probe import probe
from gatewatch.service.published import Allowed, encoded, pointer_to
from gatewatch.service.shards import Bounds, Shard
from gatewatch.service.source import Holding
from gatewatch.service.wake_up import WakeUp

Secrets = dict[str, str]
Message = tuple[str, str, str, str, tuple[str, ...]]
"""When and of which kind, the incident's id and headline, and what is new. The rest of a message
follows from the incident."""
Judged = TypeVar("Judged", Verdict, Incident)
NETWORKS = ("127.0.0.0/8",)
ONE_BY_ONE = Limits(in_flight=1)
"""So that an authorizer that remembers its answers is asked in the same order."""
BOUNDS = Bounds(seconds=0.001)
"""Each slice of an API at each of its entrances is a shard by itself."""


class Side(ABC):
    """One world: what it found in the last minute, and what it has said since the first."""

    def __init__(self, sandbox: Sandbox, config: Config, secrets: Secrets) -> None:
        self.sandbox = sandbox
        self.config = self._configured = config
        self.verdicts: list[Verdict] = []
        self.incidents: dict[str, Incident] = {}
        self.messages: list[Message] = []
        self._deployed: datetime | None = None
        self._now = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
        self._secrets = secrets
        sandbox.now = self.now

    def now(self) -> datetime:
        return self._now

    def minute(self) -> None:
        self._now += timedelta(minutes=1)
        self.verdicts = sorted(
            self.look(), key=lambda one: (one.api, one.route, one.entrance, one.caller)
        )

    @abstractmethod
    def look(self) -> list[Verdict]:
        """The verdicts of a minute, with all that comes of them."""

    @abstractmethod
    def release(self, api: str, route: str) -> None:
        """As an acknowledgement does."""

    def deployed(self) -> None:
        """That its APIs are deployed between this minute and the next becomes known."""
        self._deployed = self._now + timedelta(seconds=30)

    def connect(self, place: str | None) -> None:
        """To another place than the sandbox; None: to the sandbox again."""
        apis = tuple(
            replace(there, connect_to=place or before.connect_to)
            for there, before in zip(self.config.apis, self._configured.apis, strict=True)
        )
        self.config = replace(self.config, apis=apis)

    def vault(self) -> Vault:
        return Vault(self._read, self, networks=NETWORKS)

    def _read(self, ref: SecretRef) -> str:
        if ref.source == "file":
            return Path(ref.name).read_text()
        try:
            return self._secrets[ref.name]
        except KeyError:
            raise SecretError(f"{ref}: there is none", "put it there") from None

    @property
    def said(self) -> list[Message]:
        return sorted(self.messages)

    def say(self, kind: str, at: str, incident: Incident, news: tuple[str, ...]) -> None:
        self.messages.append((at, kind, incident.id, headline(incident), news))


class Local(Side):
    """`gatewatch watch`: a run each minute."""

    def __init__(self, sandbox: Sandbox, config: Config, secrets: Secrets) -> None:
        super().__init__(sandbox, config, secrets)
        self._store = SqliteStore(None)

    def release(self, api: str, route: str) -> None:
        self._store.release(api, route)

    def look(self) -> list[Verdict]:
        minute = int(self._now.timestamp() // 60)
        prober = Prober(Keyring(self.config.credentials, self.vault()), self, ONE_BY_ONE)
        minutes = range(minute, minute + 1)
        report = run(self.config, prober, self._store, self, minutes, self._deployed)
        prober.close()
        self.incidents |= {one.id: one for one in report.incidents}
        for one in report.announcements:
            self.say(one.kind, one.at, self.incidents[one.incident], one.news)
        return list(report.verdicts)


class Filing(CountingTable):
    """Keeps what is filed, where people look for what nobody was told of."""

    def __init__(self) -> None:
        super().__init__()
        self.filed: dict[str, Incident] = {}

    def file(self, incident: Incident) -> None:
        super().file(incident)
        self.filed[incident.id] = incident


class InAccount(Side):
    """Dispatch, probe and writer; `shards` are those of the last minute."""

    def __init__(self, sandbox: Sandbox, config: Config, secrets: Secrets) -> None:
        super().__init__(sandbox, config, secrets)
        self._table, self._inbox, self._bucket = Filing(), Inbox(), Bucket()
        self._work, self._changes = Lanes(), Lanes()
        self.shards: list[Shard] = []
        body = encoded(config)
        self._key = pointer_to(body).key
        self._bucket.objects = {self._key: body}

    def current(self) -> tuple[Holding, None]:
        """A source of configurations that lets an API be connected to on this machine."""
        return Holding(self.config, self._key, Allowed(networks=NETWORKS)), None

    def release(self, api: str, route: str) -> None:
        self._table.release(api, route)

    def deployed(self) -> None:
        """With no look more than a run takes."""
        made = deployment_at(self._now + timedelta(seconds=30))
        over = Rounds(of=made.ended, tick="", first=10**9, next=10**9)
        for api in self.config.apis:
            after = replace(self._table.deployed(api.name), deployments=(made,))
            self._table.save_deployed(after)
            self._table.set_rounds(api.name, over)

    def look(self) -> list[Verdict]:
        at = self._now
        dispatch(at, self, self._table, self._work, self._changes, BOUNDS)  # type: ignore[arg-type]
        waiting = [one for lane in self._work.taken().values() for one in lane]
        self.shards = [msgspec.json.decode(one.body, type=Shard) for one in waiting]
        found = [verdict for shard in self.shards for verdict in self._probed(shard)]
        self._write()
        return found

    def _probed(self, shard: Shard) -> tuple[Verdict, ...]:
        keyring = Keyring(shard.credentials, self.vault())
        prober = Prober(keyring, self, ONE_BY_ONE, Resolver(networks=shard.networks))
        probed = probe(shard, self, prober, self._table, self._changes)
        prober.close()
        return probed.verdicts

    def _write(self) -> None:
        waiting = [one for lane in self._changes.taken().values() for one in lane]
        calls = [msgspec.json.decode(one.body, type=WakeUp) for one in waiting]
        for call in sorted(calls, key=self._turn):
            handle_wake_up(
                call, self._table, self._inbox, PublishedApis(self._bucket).find, self._now
            )
        for one in self._inbox.notices[len(self.messages) :]:
            self.say(one.kind, one.at, one.incident, one.news)
        self.incidents |= self._table.filed
        ledgers = (self._table.ledger(api.name) for api in self.config.apis)
        self.incidents |= {one.id: one for ledger in ledgers for one in ledger.open}

    def _turn(self, call: WakeUp) -> int:
        """Lanes have no order among themselves. Here it is a run's, so that each writer knows as
        much of the others as it does there."""
        names = [api.name for api in self.config.apis]
        return names.index(call.api) if call.api in names else len(names)


class Worlds:
    """Both sides, which a test moves and breaks together."""

    def __init__(self, local: Local, account: InAccount) -> None:
        self.local, self.account = local, account

    def minutes(self, count: int = 1) -> None:
        for _ in range(count):
            self.local.minute()
            self.account.minute()

    @property
    def sides(self) -> tuple[Side, Side]:
        return self.local, self.account

    def change(self, change: Callable[[World], World]) -> None:
        for side in self.sides:
            side.sandbox.change(change)


def everything(connect_to: str, ca_file: str) -> str:
    """All of the sandbox, and one route more of its REST API: so many are two slices."""
    last = "      - GET /catalog: public\n"
    return orders.whole_configuration(connect_to, ca_file).replace(
        last, f"{last}      - POST /feedback: public\n"
    )


@contextmanager
def worlds(
    folder: Path,
    write: Callable[[str, str], str] | None = None,
    secrets: Secrets | None = None,
    make: Callable[[], Sandbox] | None = None,
) -> Iterator[Worlds]:
    """`write` makes the configuration, given where the sandbox listens and whom to trust."""
    known = dict(orders.SECRETS) if secrets is None else secrets
    with ExitStack() as stack:
        made: list[tuple[Sandbox, Config]] = []
        for name in ("local", "account"):
            place = folder / name
            place.mkdir()
            sandbox = make() if make else Sandbox(orders.world())
            where = stack.enter_context(running(sandbox, place))
            written = (write or everything)(*where)
            found = load(written, "test", Lookups(ca_file=authorities(place)))
            made.append((sandbox, found))
        (here, ours), (there, theirs) = made
        yield Worlds(Local(here, ours, known), InAccount(there, theirs, known))


_OF_ONE_CALL = (
    "date",
    "via",
    "x-amzn-requestid",
    "x-amz-apigw-id",
    "apigw-requestid",
    "x-amz-cf-id",
    "x-amzn-trace-id",
)


def plain(one: Exchange) -> Exchange:
    """An exchange without what differs from call to call. A control that several routes ask for
    is sent once, in the name of one; in the account, once for each shard."""
    is_control = one.request.purpose is Purpose.CONTROL
    headers = {
        name: value
        for name, value in one.response.headers.items()
        if name.lower() not in _OF_ONE_CALL
    }
    response = replace(
        one.response,
        headers=headers,
        elapsed_ms=None,
        phases_ms={},
        address=None,
        certificate_expires=None,
        body=one.response.body and re.sub(r"Request ID: \S+", "", one.response.body),
    )
    return replace(
        one,
        request=replace(one.request, at=None, route=None if is_control else one.request.route),
        response=response,
    )


def comparable(one: Judged) -> Judged:
    """A verdict or an incident without what differs from call to call."""
    return replace(one, evidence=tuple(plain(each) for each in one.evidence))
