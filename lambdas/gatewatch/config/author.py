"""Turns a user's text into a `Config`, or into every problem at once. Pure: text in, values out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeVar

import msgspec

from gatewatch.config import authored
from gatewatch.config.canonical import (
    Api,
    Channel,
    Config,
    Network,
    UnreadableError,
    read_canonical,
)
from gatewatch.config.conform import deviations
from gatewatch.config.credentials import NamedSource, credential, read_source
from gatewatch.config.document import Document, read_document
from gatewatch.config.expand import api
from gatewatch.config.findings import Findings
from gatewatch.config.limits import check_times
from gatewatch.config.lookups import Lookups
from gatewatch.config.maintenance import windows
from gatewatch.config.network import network
from gatewatch.config.problems import ConfigError, Path, Problem
from gatewatch.config.rules import problems
from gatewatch.model import ANONYMOUS, Severity

T = TypeVar("T")


def load(text: str, name: str, lookups: Lookups | None = None) -> Config:
    """Raise ConfigError with all problems; `name` is the file's name in them. `lookups` resolve
    what the text refers to."""
    document = read_document(text)
    findings = Findings(document)
    config = _config(document, findings, lookups or Lookups()) if not findings.problems else None
    if findings.problems or config is None:
        raise ConfigError(name, findings.problems)
    return config


def _config(document: Document, findings: Findings, lookups: Lookups) -> Config | None:
    value = document.value
    if value is None:
        findings.add((), "an empty file; expected at least the key apis")
        return None
    findings.take(deviations(value, msgspec.inspect.type_info(authored.File)))
    if not isinstance(value, dict):
        return None
    defaults = _piece(value.get("defaults", {}), authored.Defaults, ("defaults",), findings)
    check_times(defaults or authored.Defaults(), ("defaults",), findings)
    sources = _sources(_mapping(value, "credentials"), lookups, findings)
    settled = defaults or authored.Defaults()
    apis = _apis(_mapping(value, "apis"), settled, sources, lookups, findings)
    maintenance = windows(value.get("maintenance"), _mapping(value, "apis"), findings)
    placed = _network(value, findings)
    if findings.problems:
        return None
    credentials = tuple(credential(named, apis, findings) for named in sources.values())
    made = Config(
        apis=apis,
        credentials=credentials,
        notify=tuple(_channels(value)),
        maintenance=maintenance,
        network=placed,
        alarms=msgspec.convert(value.get("alarms", "layer"), authored.Acting),
        contact=_text(value, "contact"),
        alarm_runbook=_text(value, "alarm_runbook"),
    )
    if not findings.problems:
        findings.take(list(_of_canonical(made)))
    return made


def _of_canonical(made: Config) -> Iterator[Problem]:
    """The problems that a reader of the canonical form would find."""
    try:
        read_canonical(msgspec.json.encode(made))
    except (UnreadableError, OverflowError, UnicodeEncodeError, RecursionError) as error:
        yield Problem((), f"expected values that can be published: {error}")
    yield from problems(made)


def _channels(value: Mapping[str, object]) -> Iterator[Channel]:
    for one in msgspec.convert(value.get("notify", ()), tuple[authored.Channel, ...]):
        taken = (one.severity,) if isinstance(one.severity, Severity) else one.severity
        yield Channel(topic=one.sns, severities=taken, only=one.only)


def _network(value: Mapping[str, object], findings: Findings) -> Network | None:
    if value.get("network") is None:
        return None
    written = _piece(value["network"], authored.Network, ("network",), findings)
    return network(written, ("network",), findings) if written else None


def _text(value: Mapping[str, object], key: str) -> str | None:
    return msgspec.convert(value.get(key), str | None)


def _mapping(value: Mapping[str, object], key: str) -> dict[str, object]:
    found = value.get(key)
    return found if isinstance(found, dict) else {}


def _piece(value: object, kind: type[T], path: Path, findings: Findings) -> T | None:
    """A part of the file as its type; None where the part is wrong, which is already recorded."""
    return None if findings.touch(path) else msgspec.convert(value, kind)


def _sources(
    value: Mapping[str, object], lookups: Lookups, findings: Findings
) -> dict[str, NamedSource]:
    sources: dict[str, NamedSource] = {}
    for name, raw in value.items():
        path = ("credentials", name)
        if name == ANONYMOUS or "+" in name:
            findings.add(path, f"expected a name other than {ANONYMOUS} and without +")
        written = _piece(raw, authored.Credential, path, findings)
        source = None if written is None else read_source(written, path, lookups, findings)
        sources[name] = NamedSource(name, source, written)
    return sources


def _apis(
    value: Mapping[str, object],
    defaults: authored.Defaults,
    sources: Mapping[str, NamedSource],
    lookups: Lookups,
    findings: Findings,
) -> tuple[Api, ...]:
    if not value and not findings.touch(("apis",)):
        findings.add(("apis",), "expected at least one API")
    found = (api(name, raw, defaults, sources, lookups, findings) for name, raw in value.items())
    return tuple(one for one in found if one is not None)
