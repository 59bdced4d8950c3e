"""The published configuration: which one is current, and whether it needs more than the stack was
deployed for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from hashlib import sha256
from itertools import islice

import msgspec
from msgspec.structs import replace

from gatewatch.config.canonical import (
    Api,
    AssumedRole,
    Channel,
    Config,
    Credential,
    CredentialSource,
    Heartbeat,
    Hook,
    Network,
    OAuth2,
    OwnKeys,
    SecretRef,
    SecretSource,
    Sigv4,
    UnreadableError,
    read_canonical,
    within,
)
from gatewatch.config.places import inside, outside
from gatewatch.config.rules import problems
from gatewatch.gateway.url import host_of
from gatewatch.model import ANONYMOUS

VERSIONS = "config/versions/"
_VERSION = re.compile(r"[0-9a-f]{64}")
_MOST_BYTES = 64_000_000
_MOST_REPORTED = 100


class Pointer(msgspec.Struct, frozen=True, kw_only=True):
    """`version` is the SHA-256 of the configuration's bytes, `key` where they are."""

    version: str
    key: str


class Granted(msgspec.Struct, frozen=True, kw_only=True):
    """What one probe may read, assume and present. `credentials`: the `host:port` pairs that may
    receive each; `api_ids`: the APIs that each may call through a VPC endpoint, and under
    `anonymous` those for every caller; `sources`: fingerprints of each one's parts. `authorities`:
    fingerprints of the trusted private ones.

    `hosts`: what is called at all, as `host:port`; `writes`: the write methods, such as
    `DELETE host:port`, or `DELETE host:port invoke` for real calls. None: an earlier version was
    deployed, which did not record it.
    """

    secrets: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    credentials: dict[str, tuple[str, ...]] = {}
    api_ids: dict[str, tuple[str, ...]] = {}
    sources: dict[str, str] = {}
    authorities: tuple[str, ...] = ()
    hosts: tuple[str, ...] | None = None
    writes: tuple[str, ...] | None = None


class Twin(Granted, frozen=True, kw_only=True):
    """The probe of private APIs: where it is, and to which private addresses it may connect.
    Inside the VPC, even a stranger's request may do harm."""

    network: Network
    hosts: tuple[str, ...] | None = ()


class Allowed(Granted, frozen=True, kw_only=True):
    """What the stack was deployed for; only a deployment writes it.

    `buses`: where events go; `hooks`, by the channel's name, and the `heartbeat`: where else
    something is sent, whole. `networks`: address ranges, in CIDR form, to which every probe may
    connect in addition to public addresses; a deployment of the stack names none.
    """

    topics: tuple[str, ...] = ()
    buses: tuple[str, ...] = ()
    hooks: dict[str, Hook] = {}
    heartbeat: Heartbeat | None = None
    networks: tuple[str, ...] = ()
    twin: Twin | None = None

    @property
    def inside(self) -> tuple[str, ...]:
        """The ranges to which the twin may connect."""
        return self.networks + (self.twin.network.ranges if self.twin else ())


class RejectedError(Exception):
    """Raised for an unusable published configuration; `problems` has the reasons."""

    def __init__(self, found: Iterable[str]) -> None:
        self.problems = tuple(found)
        super().__init__("; ".join(self.problems))


def encoded(config: Config) -> bytes:
    """The bytes that are published."""
    return msgspec.json.encode(config)


def pointer_to(body: bytes) -> Pointer:
    return _pointer(sha256(body).hexdigest())


def _pointer(version: str) -> Pointer:
    return Pointer(version=version, key=f"{VERSIONS}{version}.json")


def read_pointer(body: bytes) -> Pointer:
    """Raises RejectedError."""
    try:
        found = msgspec.json.decode(body, type=Pointer)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise RejectedError([f"the pointer cannot be read: {error}"]) from None
    if not _VERSION.fullmatch(found.version) or found != _pointer(found.version):
        raise RejectedError(["the pointer names no version of a configuration"])
    return found


def read_published(body: bytes, version: str, allowed: Allowed) -> Config:
    """Raises RejectedError with all problems, and nothing else: whatever was pushed, the previous
    version stays in force."""
    try:
        return _checked(body, version, allowed)
    except RejectedError:
        raise
    except Exception as error:
        raise RejectedError([f"it cannot be checked: {type(error).__name__}"]) from error


def _checked(body: bytes, version: str, allowed: Allowed) -> Config:
    if sha256(body).hexdigest() != version:
        raise RejectedError([f"it is not the version {version[:12]} that was published"])
    if len(body) > _MOST_BYTES:
        raise RejectedError([f"it has {len(body)} bytes; expected at most {_MOST_BYTES}"])
    try:
        config = read_canonical(body)
    except UnreadableError as error:
        raise RejectedError([f"it cannot be read: {error}"]) from None
    if found := list(islice(problems(config), _MOST_REPORTED)):
        raise RejectedError(map(str, found))
    if needed := dict.fromkeys(needs_deployment(config, allowed)):
        raise RejectedError(needed)
    return config


def needs_deployment(config: Config, allowed: Allowed) -> Iterator[str]:
    """What a configuration needs and the stack was not deployed for, one line each."""
    yield from _of_calls(outside(config), allowed, "")
    yield from _of_place(outside(config), allowed, "")
    yield from _of_private(config, allowed.twin)
    for channel in config.notify:
        yield from _of_channel(channel, allowed)
    if isinstance(config.heartbeat, Heartbeat):
        yield from _of_heartbeat(config.heartbeat, allowed.heartbeat)
    for api in config.apis:
        if api.connect_to is not None:
            yield f"api {api.name}: connect_to is for the command line, not for the account"


def _of_channel(channel: Channel, allowed: Allowed) -> Iterator[str]:
    told = f"notify {channel.called}"
    if channel.topic and channel.topic not in allowed.topics:
        yield f"notify {channel.topic}: needs cdk deploy"
    if isinstance(channel.bus, str) and channel.bus not in allowed.buses:
        yield f"{told} would send events to {channel.bus}: needs cdk deploy"
    if isinstance(channel.hook, Hook):
        yield from _of_hook(told, channel.hook, allowed.hooks.get(channel.key))


def _of_hook(told: str, hook: Hook, deployed: Hook | None) -> Iterator[str]:
    if deployed is None:
        yield f"{told} is new: needs cdk deploy"
    elif hook != deployed:
        elsewhere = [one for one in hook.hosts if one not in deployed.hosts]
        yield from (f"{told} would be sent to {one}: needs cdk deploy" for one in elsewhere)
        if not elsewhere:
            yield f"{told} is made otherwise than the deployed one: needs cdk deploy"


def _of_heartbeat(wanted: Heartbeat, deployed: Heartbeat | None) -> Iterator[str]:
    """How often it beats needs none."""
    if deployed is None:
        yield "heartbeat is new: needs cdk deploy"
    elif replace(wanted, every_seconds=deployed.every_seconds) != deployed:
        yield "heartbeat would be sent elsewhere than the deployed one: needs cdk deploy"


def _of_private(config: Config, twin: Twin | None) -> Iterator[str]:
    private = inside(config)
    if twin is None:
        yield from (f"api {api.name} is private: needs cdk deploy" for api in private.apis)
        return
    if private.apis and config.network != twin.network:
        yield "network is not the one that was deployed: needs cdk deploy"
    yield from _of_calls(private, twin, " inside the VPC")
    yield from _of_place(private, twin, " to private APIs")


def _of_place(config: Config, allowed: Granted, place: str) -> Iterator[str]:
    for credential in config.credentials:
        yield from _of_credential(credential, allowed, place)
    known: set[str] = set()
    for name, ids in api_ids(config).items():
        for api_id in ids:
            if api_id in known or api_id in allowed.api_ids.get(name, ()):
                continue
            known.add(api_id)
            sent = "a call" if name == ANONYMOUS else f"credential {name}"
            yield f"{sent} would be sent to the API {api_id}: needs cdk deploy"
    for told, authority in trusted_authorities(config):
        if fingerprint(authority) not in allowed.authorities:
            yield f"{told} trusts an authority (ca_file) that is new{place}: needs cdk deploy"


def _of_calls(config: Config, allowed: Granted, place: str) -> Iterator[str]:
    if allowed.hosts is not None:
        for host in hosts_of(config):
            if host not in allowed.hosts:
                yield f"{host} would be called{place}: needs cdk deploy"
    if allowed.writes is not None:
        for write in writes_of(config):
            if write not in allowed.writes:
                method, host, *invoke = write.split(" ")
                how = " with invoke" if invoke else ""
                yield f"{host} would be called with {method}{how}{place}: needs cdk deploy"


def hosts_of(config: Config) -> tuple[str, ...]:
    """The `host:port` of every entrance, sorted; no target changes it, or `joined` refuses it."""
    return tuple(sorted({host_of(one.url) for api in config.apis for one in api.entrances}))


def writes_of(config: Config) -> tuple[str, ...]:
    """The write methods, each with its host, and whether it is invoked; sorted."""
    return tuple(sorted({one for api in config.apis for one in _writes(api)}))


def _writes(api: Api) -> Iterator[str]:
    used = {(route.method, route.invoke) for route in api.routes if route.writes}
    for host in {host_of(entrance.url) for entrance in api.entrances}:
        yield from (f"{method} {host}{' invoke' if invoke else ''}" for method, invoke in used)


def trusted_authorities(config: Config) -> Iterator[tuple[str, str]]:
    """Each API or credential that trusts a private authority, with the certificates."""
    for api in config.apis:
        if api.authority is not None:
            yield f"api {api.name}", api.authority
    for credential in config.credentials:
        if isinstance(credential.source, OAuth2) and credential.source.authority is not None:
            yield f"credential {credential.name}", credential.source.authority


def fingerprint(authority: str) -> str:
    return sha256(authority.encode()).hexdigest()


def api_ids(config: Config) -> dict[str, tuple[str, ...]]:
    """By credential, the APIs that it calls through VPC endpoints; strangers' looks last."""
    found: dict[str, set[str]] = {}
    asked = [api for api in config.apis if api.api_id is not None]
    for api in asked:
        for name in api.presented:
            found.setdefault(name, set()).add(api.api_id or "")
    for api in asked:
        found.setdefault(ANONYMOUS, set()).add(api.api_id or "")
    return {name: tuple(sorted(ids)) for name, ids in found.items()}


def made_of(source: CredentialSource) -> str:
    """The fingerprint of all that decides which secret goes where in a call, or who gets it in
    exchange for a token; the trusted authority has a fingerprint of its own."""
    plain = replace(source, authority=None) if isinstance(source, OAuth2) else source
    return sha256(msgspec.json.encode(plain)).hexdigest()


def _of_credential(credential: Credential, allowed: Granted, place: str) -> Iterator[str]:
    told = f"credential {credential.name}"
    if credential.name not in allowed.credentials:
        yield f"{told} is new{place}: needs cdk deploy"
        return
    found = list(_of_places(told, credential, allowed))
    if not found and allowed.sources.get(credential.name) != made_of(credential.source):
        yield f"{told} is made otherwise than the deployed one: needs cdk deploy"
    yield from found


def _of_places(told: str, credential: Credential, allowed: Granted) -> Iterator[str]:
    for host in credential.hosts:
        if host not in allowed.credentials[credential.name]:
            yield f"{told} would be sent to {host}: needs cdk deploy"
    for ref in within(credential.source, SecretRef):
        yield from _of_secret(told, ref, allowed)
    yield from _of_source(told, credential, allowed)


def _of_source(told: str, credential: Credential, allowed: Granted) -> Iterator[str]:
    match credential.source:
        case Sigv4(keys=AssumedRole(arn=arn)) if arn not in allowed.roles:
            yield f"{told} assumes {arn}: needs cdk deploy"
        case Sigv4(keys=OwnKeys()) | Sigv4(keys=AssumedRole()):
            return
        case OAuth2(token_url=url) if host_of(url) not in allowed.credentials[credential.name]:
            yield f"{told} gets its token at {host_of(url)}: needs cdk deploy"


def _of_secret(told: str, ref: SecretRef, allowed: Granted) -> Iterator[str]:
    match ref.source:
        case SecretSource.SECRET:
            is_known = ref.name in allowed.secrets
        case SecretSource.SSM:
            is_known = ref.name in allowed.parameters
        case _:
            yield f"{told} reads {ref}: in the account, only secrets and parameters can be read"
            return
    if not is_known:
        yield f"{told} reads {ref}: needs cdk deploy"
