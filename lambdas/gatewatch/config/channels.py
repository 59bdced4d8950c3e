"""Turns authored channels and the heartbeat into canonical ones: where each leads, and what binds a
secret address to its host."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TypeVar

import msgspec

from gatewatch.config import authored
from gatewatch.config.canonical import (
    Channel,
    Heartbeat,
    Hook,
    HookKind,
    Quiet,
    SecretRef,
)
from gatewatch.config.credentials import reference
from gatewatch.config.findings import Findings
from gatewatch.config.limits import seconds
from gatewatch.config.lookups import Lookups
from gatewatch.config.maintenance import covered_apis, opened
from gatewatch.config.problems import Path
from gatewatch.config.rules import HTTPS, is_secure, problem_of_template
from gatewatch.config.values import BEATS, ESCALATION
from gatewatch.gateway.url import host_of, tidied_base

KINDS = ("sns", "event_bus", *HookKind)
PAGERDUTY_URL = "https://events.pagerduty.com/v2/enqueue"
"""https://developer.pagerduty.com/docs/send-alert-event"""
OPSGENIE_URL = "https://api.opsgenie.com/v2/alerts"
"""https://docs.opsgenie.com/docs/alert-api"""
INCIDENT_IO_URL = "https://api.incident.io/v2/alert_events/http/"
"""https://api-docs.incident.io/tag/Alert-Events-V2"""
SLACK_HOST = "hooks.slack.com"
"""https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks"""
HOST_OF_SECRET = "missing; expected the host of that address, since the secret may lead elsewhere"

_One = TypeVar("_One")


def channel(
    written: authored.Channel,
    apis: Collection[str],
    path: Path,
    findings: Findings,
    lookups: Lookups,
    own: Collection[str] | None,
) -> Channel:
    """`own`: the APIs of an included file, which its channels cover where they name none."""
    given = [kind for kind in KINDS if getattr(written, kind) is not None]
    if len(given) != 1:
        found = ", ".join(given) or "none"
        findings.add(path, f"expected exactly one of {', '.join(KINDS)}; here: {found}")
    if written.shape is not None and written.sns is None:
        findings.add((*path, "as"), "only a topic (sns) has a shape", written.shape)
    hook = _hook(written, path, findings, lookups)
    name = written.name or ("" if written.sns else next(iter(given), ""))
    return Channel(
        topic=written.sns or "",
        severities=_all(written.severity),
        only=written.only,
        apis=_or_unset(covered_apis(written.apis, apis, path, findings, own)),
        name=_or_unset(name or None),
        shape=_or_unset(written.shape),
        bus=_or_unset(written.event_bus),
        hook=_or_unset(hook),
        owners=_all(written.owner) or msgspec.UNSET,
        layers=_all(written.layer) or msgspec.UNSET,
        findings=_all(written.finding) or msgspec.UNSET,
        quiet=_or_unset(_quiet(written.quiet, (*path, "quiet"), findings)),
        after_seconds=_or_unset(_after(written.after, (*path, "after"), findings)),
    )


def _or_unset(value: _One | None) -> _One | msgspec.UnsetType:
    return msgspec.UNSET if value is None else value


def _all(value: _One | tuple[_One, ...]) -> tuple[_One, ...]:
    return value if isinstance(value, tuple) else (value,)


def _hook(
    written: authored.Channel, path: Path, findings: Findings, lookups: Lookups
) -> Hook | None:
    """Of the first kind that is given."""
    return next(_hooks(written, path, findings, lookups), None)


def _hooks(
    written: authored.Channel, path: Path, findings: Findings, lookups: Lookups
) -> Iterator[Hook | None]:
    if (pager := written.pagerduty) is not None:
        place = (*path, "pagerduty")
        ask = pager.acknowledge
        yield _keyed(
            HookKind.PAGERDUTY,
            pager,
            pager.url or PAGERDUTY_URL,
            place,
            findings,
            None if ask is None else reference(ask, (*place, "acknowledge"), findings),
        )
    if written.slack is not None:
        yield _secret_url(HookKind.SLACK, written.slack, SLACK_HOST, (*path, "slack"), findings)
    if written.teams is not None:
        yield _secret_url(HookKind.TEAMS, written.teams, None, (*path, "teams"), findings)
    if (genie := written.opsgenie) is not None:
        url = genie.url or OPSGENIE_URL
        yield _keyed(HookKind.OPSGENIE, genie, url, (*path, "opsgenie"), findings)
    if (source := written.incident_io) is not None:
        url = source.url or f"{INCIDENT_IO_URL}{source.source}"
        yield _keyed(HookKind.INCIDENT_IO, source, url, (*path, "incident_io"), findings)
    if written.webhook is not None:
        yield _webhook(written.webhook, (*path, "webhook"), findings, lookups)


def _keyed(
    kind: HookKind,
    key: authored.SecretRef,
    url: str,
    path: Path,
    findings: Findings,
    acknowledge: SecretRef | None = None,
) -> Hook | None:
    found = reference(key, path, findings)
    if not is_secure(url):
        findings.add((*path, "url"), HTTPS)
        return None
    return Hook(
        kind=kind, url=tidied_base(url), hosts=(host_of(url),), key=found, acknowledge=acknowledge
    )


def _secret_url(
    kind: HookKind,
    url: authored.SecretUrl,
    usual: str | None,
    path: Path,
    findings: Findings,
) -> Hook | None:
    found = reference(url, path, findings)
    host = url.host or usual
    if host is None:
        findings.add((*path, "host"), HOST_OF_SECRET)
    if found is None or host is None:
        return None
    return Hook(kind=kind, url=found, hosts=(_destination(host),))


def _destination(host: str) -> str:
    return (host if ":" in host else f"{host}:443").lower()


def _webhook(
    written: authored.Webhook, path: Path, findings: Findings, lookups: Lookups
) -> Hook | None:
    found = _address(written.url, written.host, path, findings)
    sign = None if written.sign is None else reference(written.sign, (*path, "sign"), findings)
    bearer = (
        None if written.bearer is None else reference(written.bearer, (*path, "bearer"), findings)
    )
    if written.content_type is not None and written.template is None:
        findings.add((*path, "content_type"), "only a body of a template has a type of its own")
    if (told := problem_of_template(written.template, written.content_type)) is not None:
        findings.add((*path, "template"), told)
    authority = lookups.authority(written.ca_file, (*path, "ca_file"), findings)
    if found is None:
        return None
    url, hosts = found
    return Hook(
        kind=HookKind.WEBHOOK,
        url=url,
        hosts=hosts,
        key=bearer,
        sign=sign,
        template=written.template,
        content_type=written.content_type,
        authority=authority,
    )


def _address(
    url: str | authored.SecretRef, host: str | None, path: Path, findings: Findings
) -> tuple[str | SecretRef, tuple[str, ...]] | None:
    """An address and where it is."""
    if isinstance(url, str):
        if host is not None:
            findings.add((*path, "host"), "only where the URL is a secret", host)
        if not is_secure(url):
            findings.add((*path, "url"), HTTPS)
            return None
        return tidied_base(url), (host_of(url),)
    found = reference(url, (*path, "url"), findings)
    if host is None:
        findings.add((*path, "host"), HOST_OF_SECRET)
    if found is None or host is None:
        return None
    return found, (_destination(host),)


def _quiet(written: authored.Quiet | None, path: Path, findings: Findings) -> Quiet | None:
    if written is None:
        return None
    window = opened(
        authored.Window(cron=written.cron, duration=written.duration, timezone=written.timezone),
        path,
        findings,
    )
    if window is None:
        return None
    return Quiet(window=window, severities=_all(written.severity))


def _after(written: str | None, path: Path, findings: Findings) -> float | None:
    if written is None:
        return None
    lasts, (least, most) = seconds(written), ESCALATION
    if not least <= lasts <= most:
        findings.add(path, "expected from 1m to 7d", written)
    return lasts


def heartbeat(written: authored.Heartbeat, path: Path, findings: Findings) -> Heartbeat | None:
    every, (least, most) = seconds(written.every), BEATS
    if not least <= every <= most or every % 60:
        findings.add((*path, "every"), "expected whole minutes from 1m to 1d", written.every)
    if (written.url is None) is (written.sns is None):
        findings.add(path, "expected one of url and sns")
        return None
    if written.url is None:
        return Heartbeat(every_seconds=every, topic=written.sns or "")
    found = _address(written.url, written.host, path, findings)
    if found is None:
        return None
    return Heartbeat(every_seconds=every, url=found[0], hosts=found[1])
