"""Turns a user's text into a `Config`, or into every problem at once. Pure: text in, values out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import TypeVar

import msgspec
from msgspec.structs import astuple

from gatewatch.config import authored
from gatewatch.config.canonical import (
    Api,
    Canonical,
    Channel,
    Config,
    CredentialSource,
    Heartbeat,
    Network,
    SecretRef,
    SecretSource,
    UnreadableError,
    Verification,
    Window,
    read_canonical,
)
from gatewatch.config.channels import channel, heartbeat
from gatewatch.config.credentials import NamedSource, credential, hosts_of_users, read_source
from gatewatch.config.expand import api
from gatewatch.config.findings import Findings
from gatewatch.config.limits import check_times
from gatewatch.config.lookups import Lookups
from gatewatch.config.maintenance import windows
from gatewatch.config.network import network
from gatewatch.config.parts import Part, Parts, read_parts
from gatewatch.config.problems import ConfigError, Path, Problem
from gatewatch.config.rules import problems
from gatewatch.config.values import MOST_CHANNELS, MOST_WINDOWS
from gatewatch.config.verification import verification
from gatewatch.model import ANONYMOUS

T = TypeVar("T")


def load(text: str, name: str, lookups: Lookups | None = None) -> Config:
    """Raise ConfigError with all problems; `name` is the file's name in them. `lookups` resolve
    what the text refers to, the files that it includes among it."""
    parts = read_parts(text, name, lookups or Lookups())
    config = _config(parts) if parts.is_whole else None
    if parts.problems or config is None:
        raise ConfigError(name, parts.problems)
    return config


def api_names(text: str, name: str, lookups: Lookups) -> tuple[str, ...]:
    """The APIs of all files that can be read, whatever else is wrong."""
    parts = read_parts(text, name, lookups)
    return tuple(dict.fromkeys(one for part in parts.files for one in part.mapping("apis")))


def waits_for_apis(text: str, name: str, lookups: Lookups) -> bool:
    """Whether all files can be read and name no API: another place may add some."""
    parts = read_parts(text, name, lookups)
    return parts.is_whole and not any(part.mapping("apis") for part in parts.files)


def _config(parts: Parts) -> Config | None:
    main = parts.main
    owners = {key: _owners(key, parts) for key in ("apis", "credentials")}
    common = _defaults(main)
    sources = {name: _source(name, part) for name, part in owners["credentials"].items()}
    apis = _apis(owners["apis"], common, sources, parts)
    maintenance = tuple(_windows(owners["apis"], parts))
    notify = tuple(_channels(owners["apis"], parts))
    placed = _network(main)
    verify = _verification(main)
    beat = _heartbeat(main)
    if parts.problems:
        return None
    used = hosts_of_users(apis)
    credentials = tuple(
        credential(named, used[name], owners["credentials"][name].findings)
        for name, named in sources.items()
    )
    made = Config(
        apis=apis,
        credentials=credentials,
        notify=notify,
        maintenance=maintenance,
        network=placed,
        alarms=msgspec.convert(main.value.get("alarms", "layer"), authored.Acting),
        contact=_text(main, "contact"),
        alarm_runbook=_text(main, "alarm_runbook"),
        small=main.value.get("small") is True or msgspec.UNSET,
        verify=verify,
        heartbeat=msgspec.UNSET if beat is None else beat,
    )
    if not parts.problems:
        for problem in _of_canonical(made):
            _keeper(problem.path, owners, main).take([problem])
    return made


def _owners(key: str, parts: Parts) -> dict[str, Part]:
    """The file in which each name stands; a name that stands in two is a problem of the second."""
    found: dict[str, Part] = {}
    for part in parts.files:
        for name in part.mapping(key):
            if name in found:
                earlier = parts.place(found[name], (key, name))
                part.findings.add((key, name), f"expected once; it stands at {earlier} already")
            found.setdefault(name, part)
    return found


def _of_canonical(made: Config) -> Iterator[Problem]:
    """The problems that a reader of the canonical form would find."""
    try:
        read_canonical(msgspec.json.encode(made))
    except (UnreadableError, OverflowError, UnicodeEncodeError, RecursionError) as error:
        yield Problem((), f"expected values that can be published: {error}")
    yield from problems(made)


def _keeper(path: Path, owners: Mapping[str, Mapping[str, Part]], main: Part) -> Findings:
    """The problems of the file in which a place of the whole stands."""
    match path:
        case (str() as key, str() as name, *_) if key in owners:
            return owners[key].get(name, main).findings
        case _:
            return main.findings


def _channels(apis: Mapping[str, Part], parts: Parts) -> Iterator[Channel]:
    found = 0
    for part in parts.files:
        entries = part.value.get("notify")
        for at, raw in enumerate(entries if isinstance(entries, list) else ()):
            one = _piece(raw, authored.Channel, ("notify", at), part.findings)
            if one is not None:
                found += 1
                _check_count(found, MOST_CHANNELS, "channels", ("notify",), part)
                place = ("notify", at)
                yield channel(one, apis, place, part.findings, part.lookups, _own(part))


def _check_count(found: int, most: int, what: str, path: Path, part: Part) -> None:
    """Once, at the first that is too much."""
    if found == most + 1:
        part.findings.add(path, f"expected at most {most} {what} in all files together")


def _own(part: Part) -> tuple[str, ...] | None:
    """What an included file speaks for; the main one speaks for all."""
    return tuple(part.mapping("apis")) if part.is_included else None


def _windows(apis: Mapping[str, Part], parts: Parts) -> Iterator[Window]:
    found = 0
    for part in parts.files:
        for one in windows(part.value.get("maintenance"), apis, part.findings, _own(part)):
            found += 1
            _check_count(found, MOST_WINDOWS, "windows", ("maintenance",), part)
            yield one


def _heartbeat(main: Part) -> Heartbeat | None:
    if main.value.get("heartbeat") is None:
        return None
    path = ("heartbeat",)
    written = _piece(main.value["heartbeat"], authored.Heartbeat, path, main.findings)
    return heartbeat(written, path, main.findings) if written else None


def _network(main: Part) -> Network | None:
    if main.value.get("network") is None:
        return None
    written = _piece(main.value["network"], authored.Network, ("network",), main.findings)
    return network(written, ("network",), main.findings) if written else None


def _verification(main: Part) -> Verification | msgspec.UnsetType:
    if main.value.get("verify") is None:
        return msgspec.UNSET
    path = ("verify",)
    written = _piece(main.value["verify"], authored.Verification, path, main.findings)
    return verification(written, path, main.findings) if written else msgspec.UNSET


def _text(main: Part, key: str) -> str | None:
    return msgspec.convert(main.value.get(key), str | None)


def _piece(value: object, kind: type[T], path: Path, findings: Findings) -> T | None:
    """A part of the file as its type; None where the part is wrong, which is already recorded."""
    return None if findings.touch(path) else msgspec.convert(value, kind)


def _defaults(part: Part) -> authored.Defaults:
    path, built_in = ("defaults",), authored.Defaults()
    written = _piece(part.value.get("defaults", {}), authored.Defaults, path, part.findings)
    check_times(written or built_in, path, part.findings)
    return written or built_in


def _source(name: str, part: Part) -> NamedSource:
    path, findings = ("credentials", name), part.findings
    if name == ANONYMOUS or "+" in name:
        findings.add(path, f"expected a name other than {ANONYMOUS} and without +")
    written = _piece(part.mapping("credentials")[name], authored.Credential, path, findings)
    source = None if written is None else read_source(written, path, part.lookups, findings)
    return NamedSource(name, source and _beside(source, part.folder), written)


def _beside(source: CredentialSource, folder: PurePath) -> CredentialSource:
    """With files as they are seen from the main file's folder."""
    if not folder.parts:
        return source
    return _moved(source, folder)


def _moved(value: T, folder: PurePath) -> T:
    if isinstance(value, SecretRef):
        is_file = value.source is SecretSource.FILE
        name = str(folder / value.name) if is_file else value.name
        return msgspec.structs.replace(value, name=name)
    if not isinstance(value, Canonical):
        return value
    fields = zip(value.__struct_fields__, astuple(value), strict=True)
    return msgspec.structs.replace(value, **{key: _moved(one, folder) for key, one in fields})


def _apis(
    owners: Mapping[str, Part],
    common: authored.Defaults,
    sources: Mapping[str, NamedSource],
    parts: Parts,
) -> tuple[Api, ...]:
    if not owners and not parts.main.findings.touch(("apis",)):
        parts.main.findings.add(("apis",), "expected at least one API")
    near = {id(part): _defaults(part) for part in parts.files if part.is_included}
    found = (
        api(
            name,
            part.mapping("apis")[name],
            (common, near.get(id(part), authored.Defaults())),
            sources,
            part.lookups,
            part.findings,
        )
        for name, part in owners.items()
    )
    return tuple(one for one in found if one is not None)
