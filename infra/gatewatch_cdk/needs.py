"""What a configuration needs of the account: secrets, parameters, roles and calls of its own.

A deployment grants these and nothing else, and records them, so that a later push cannot get more.
Pure: values in, values out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from msgspec.structs import replace

from gatewatch.config.canonical import (
    Api,
    AssumedRole,
    Channel,
    Config,
    Credential,
    Heartbeat,
    Hook,
    Network,
    OAuth2,
    OwnKeys,
    SecretRef,
    SecretSource,
    Sigv4,
    within,
)
from gatewatch.config.lookups import is_parameter
from gatewatch.config.places import inside, outside
from gatewatch.config.problems import ConfigError, Path, Problem
from gatewatch.gateway.addresses import address_of, is_public
from gatewatch.gateway.url import host_of, is_local, parse
from gatewatch.service.published import (
    api_ids,
    fingerprint,
    hosts_of,
    made_of,
    trusted_authorities,
    writes_of,
)


@dataclass(frozen=True, slots=True)
class Calls:
    """What one probe needs for its calls; names as the configuration gives them, sorted.

    `signed`: the APIs that are called with the probe's own identity; `invoked`: (region, API id,
    stage) of those whose URL shows it. `hosts`: where each credential goes; `api_ids`: to which
    APIs behind VPC endpoints; `sources`: fingerprints of its parts. `authorities`: fingerprints of
    the trusted private ones. `called`: the hosts of all calls; `writes`: the write methods, and
    where.
    """

    secrets: tuple[str, ...]
    parameters: tuple[str, ...]
    roles: tuple[str, ...]
    signed: tuple[str, ...]
    invoked: tuple[tuple[str, str, str], ...]
    hosts: dict[str, tuple[str, ...]]
    api_ids: dict[str, tuple[str, ...]]
    sources: dict[str, str]
    authorities: tuple[str, ...]
    called: tuple[str, ...]
    writes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Deliveries:
    """What whoever delivers to `hooks` (by their channel's name) and sends the `heartbeat` needs;
    `topics`: the heartbeat's."""

    hooks: dict[str, Hook]
    heartbeat: Heartbeat | None
    secrets: tuple[str, ...]
    parameters: tuple[str, ...]
    topics: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Returns:
    """What comes back from channels. `signed_with`: what PagerDuty's webhooks are; without any, no
    address is open to them."""

    signed_with: tuple[SecretRef, ...]
    secrets: tuple[str, ...]
    parameters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Needs:
    """`topics` and `buses` are those of `notify`. `deliveries` is set where there is a hook or a
    heartbeat; `returns`, where a channel may tell who takes care of an incident; `inside` (what the
    twin needs) and `network`, where some API is private."""

    topics: tuple[str, ...]
    buses: tuple[str, ...]
    deliveries: Deliveries | None
    returns: Returns | None
    outside: Calls
    inside: Calls | None
    network: Network | None


def needs(config: Config, name: str, vague: frozenset[str] = frozenset()) -> Needs:
    """Raises ConfigError where the account cannot give what is needed; `name` is the file's.
    `vague`: URLs that stand for others, which name no region."""
    problems = [
        *_unusable_names(config),
        *_unusable_channels(config),
        *_unreachable_places(config),
        *_unsignable(config, vague),
    ]
    if problems:
        raise ConfigError(name, problems)
    private = inside(config)
    return Needs(
        topics=_sorted(one.topic for one in config.notify if one.topic),
        buses=_sorted(one.bus for one in config.notify if isinstance(one.bus, str)),
        deliveries=_deliveries(config),
        returns=_returns(config),
        outside=_calls(outside(config)),
        inside=_calls(private) if private.apis else None,
        network=config.network if private.apis else None,
    )


def _deliveries(config: Config) -> Deliveries | None:
    hooks = {one.key: one.hook for one in config.notify if isinstance(one.hook, Hook)}
    heartbeat = config.heartbeat if isinstance(config.heartbeat, Heartbeat) else None
    if not hooks and heartbeat is None:
        return None
    # What comes back is checked elsewhere.
    sent = tuple(replace(one, acknowledge=None) for one in hooks.values())
    refs = list(within((*sent, heartbeat), SecretRef))
    return Deliveries(
        hooks=hooks,
        heartbeat=heartbeat,
        secrets=_sorted(ref.name for ref in refs if ref.source is SecretSource.SECRET),
        parameters=_sorted(ref.name for ref in refs if ref.source is SecretSource.SSM),
        topics=(heartbeat.topic,) if heartbeat is not None and heartbeat.topic else (),
    )


def _returns(config: Config) -> Returns | None:
    """Of pagers that sign what they tell, and of chats, whose buttons call the function itself."""
    hooks = [one.hook for one in config.notify if isinstance(one.hook, Hook)]
    refs = tuple(dict.fromkeys(one.acknowledge for one in hooks if one.acknowledge is not None))
    if not refs and all(one.shape != "chat" for one in config.notify):
        return None
    return Returns(
        signed_with=refs,
        secrets=_sorted(ref.name for ref in refs if ref.source is SecretSource.SECRET),
        parameters=_sorted(ref.name for ref in refs if ref.source is SecretSource.SSM),
    )


def _calls(config: Config) -> Calls:
    refs = list(within(config.credentials, SecretRef))
    return Calls(
        secrets=_sorted(ref.name for ref in refs if ref.source is SecretSource.SECRET),
        parameters=_sorted(ref.name for ref in refs if ref.source is SecretSource.SSM),
        roles=_sorted(role.arn for role in within(config, AssumedRole)),
        signed=_sorted(api.name for api in _signed(config)),
        invoked=tuple(sorted(set(_invoked(config)))),
        hosts={one.name: _hosts(one) for one in config.credentials},
        api_ids=api_ids(config),
        sources={one.name: made_of(one.source) for one in config.credentials},
        authorities=_sorted(fingerprint(text) for _, text in trusted_authorities(config)),
        called=_sorted(iter((*hosts_of(config), *_named(config)))),
        writes=writes_of(config),
    )


def _named(config: Config) -> Iterator[str]:
    """Hosts listed for a credential may be called some day; but not inside a VPC, where even a
    stranger's call may do harm."""
    private = any(api.private for api in config.apis)
    return (host for one in config.credentials for host in one.hosts if not private)


def _hosts(credential: Credential) -> tuple[str, ...]:
    """Where a credential goes: to its APIs, and to its token endpoint."""
    source = credential.source
    tokens = {host_of(source.token_url)} if isinstance(source, OAuth2) else set()
    return tuple(sorted({*credential.hosts, *tokens}))


def _sorted(names: Iterator[str]) -> tuple[str, ...]:
    return tuple(sorted(set(names)))


def _unusable_names(config: Config) -> Iterator[Problem]:
    for credential in config.credentials:
        path = ("credentials", credential.name)
        for role in within(credential, AssumedRole):
            yield from _patterns(path, role.arn)
        for ref in within(credential, SecretRef):
            yield from _unreadable(path, ref)


def _unreadable(path: Path, ref: SecretRef) -> Iterator[Problem]:
    yield from _patterns(path, ref.name)
    if ref.source in (SecretSource.ENV, SecretSource.FILE):
        yield Problem(
            path,
            f"{ref.source} is not there in the account; expected a secret of Secrets "
            "Manager {secret: NAME} or a parameter {ssm: NAME}",
        )


def _unusable_channels(config: Config) -> Iterator[Problem]:
    for at, channel in enumerate(config.notify):
        yield from _of_channel(("notify", at), channel)
    if isinstance(beat := config.heartbeat, Heartbeat):
        yield from _patterns(("heartbeat", "sns"), beat.topic)
        yield from _of_posts(("heartbeat", "url"), beat)


def _of_channel(path: Path, channel: Channel) -> Iterator[Problem]:
    yield from _patterns((*path, "sns"), channel.topic)
    if isinstance(channel.hook, Hook):
        yield from _of_posts((*path, channel.hook.kind.value), channel.hook)


def _of_posts(path: Path, to: Hook | Heartbeat) -> Iterator[Problem]:
    """No deployed function posts into its own network, or in the clear: that is for loopback."""
    for ref in within(to, SecretRef):
        yield from _unreadable(path, ref)
    for host in to.hosts:
        if _is_inner(host.rpartition(":")[0].strip("[]")):
            yield Problem(path, "expected a public host in the account", host)


def _is_inner(host: str) -> bool:
    try:
        return is_local(host) or not is_public(address_of(host))
    except ValueError:
        return False


def _patterns(path: Path, name: str) -> Iterator[Problem]:
    """In a policy these would mean many resources."""
    if "*" in name or "?" in name:
        yield Problem(path, "expected one name, without * and ?", name)


def _unreachable_places(config: Config) -> Iterator[Problem]:
    for api in config.apis:
        if api.connect_to is not None:
            yield Problem(("apis", api.name, "connect_to"), "only for tests, not in the account")
        if api.private and config.network is None:
            yield Problem(
                ("apis", api.name, "private"),
                "in the account, expected a network from where to look; see docs/account.md",
            )
    for api in _signed(config):
        if any(is_parameter(host_of(one.url)) for one in api.entrances if not one.closed):
            yield Problem(
                ("apis", api.name),
                "expected its URLs written out, or a sigv4 credential with a role: the probe's own "
                "identity is granted calls to APIs that are known before the deployment",
            )


def _unsignable(config: Config, vague: frozenset[str]) -> Iterator[Problem]:
    """As `rules` demands of URLs that are known: dispatch would refuse the whole configuration."""
    for one in config.credentials:
        is_vague = isinstance(one.source, Sigv4) and one.source.region is None
        for api in config.apis if is_vague else ():
            at = [entrance.url for entrance in api.entrances if not entrance.closed]
            if one.name in api.presented and vague.intersection(at):
                expected = f"expected a region in credential {one.name}: a custom domain names none"
                yield Problem(("apis", api.name), expected)


def _signed(config: Config) -> Iterator[Api]:
    own = {one.name for one in config.credentials if _signs_as_itself(one)}
    return (api for api in config.apis if own & api.presented)


def _invoked(config: Config) -> Iterator[tuple[str, str, str]]:
    for api in _signed(config):
        for entrance in api.entrances:
            address = parse(entrance.url)
            api_id = address.api_id or api.api_id
            if not entrance.closed and api_id and address.region:
                yield address.region, api_id, address.stage or "*"


def _signs_as_itself(credential: Credential) -> bool:
    return isinstance(credential.source, Sigv4) and isinstance(credential.source.keys, OwnKeys)
