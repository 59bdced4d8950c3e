"""What is known before a release: where a command reads it from, and the file that keeps it."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path
from typing import Literal

import msgspec
from msgspec.structs import replace

from gatewatch.cli.exits import UsageError
from gatewatch.incidents.correlate import moment
from gatewatch.model import Outcome, Verdict
from gatewatch.release.baseline import NO_BASELINE, Baseline, Before, of_verdict, of_verdicts
from gatewatch.release.checked import Checked, Standing
from gatewatch.release.decide import Release

_MOST_BYTES = 200_000_000


class Saved(msgspec.Struct, frozen=True, kw_only=True):
    """The file that `gatewatch verify --save` writes."""

    gatewatch: Literal["baseline"] = "baseline"
    at: str
    looks: tuple[Before, ...]


class _Summary(msgspec.Struct, frozen=True, kw_only=True):
    at: str


class _Ran(msgspec.Struct, frozen=True, kw_only=True):
    """What is read of the output of `gatewatch run --format json`."""

    summary: _Summary
    verdicts: tuple[Verdict, ...]


def read(file: Path) -> Baseline:
    """Raise UsageError where it is none."""
    try:
        with file.open("rb") as opened:
            body = opened.read(_MOST_BYTES)
    except OSError as error:
        raise UsageError(f"--baseline: {file}: {error.strerror}") from None
    try:
        found = _read(body, f"{file}")
        _check_times(found)
    except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError) as error:
        raise UsageError(
            f"--baseline: {file}: expected a file of `gatewatch verify --save`, or the output of "
            f"`gatewatch run --format json` ({error})"
        ) from None
    return found


def _read(body: bytes, source: str) -> Baseline:
    keys = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    if "verdicts" in keys:
        ran = msgspec.json.decode(body, type=_Ran)
        return of_verdicts(ran.verdicts, source, ran.summary.at)
    saved = msgspec.json.decode(body, type=Saved)
    return Baseline(source=source, at=saved.at, looks=saved.looks)


def _check_times(found: Baseline) -> None:
    """Raises ValueError or OverflowError for a time that cannot be told."""
    times = (time for one in found.looks for time in (one.since, one.last_good))
    for time in dict.fromkeys((found.at, *times)):
        if time is not None:
            moment(time)


def check_folder(file: Path) -> None:
    """Raises UsageError before anything is looked at."""
    if file.is_dir():
        raise UsageError(f"--save: {file}: Is a directory")
    if not file.absolute().parent.is_dir():
        raise UsageError(f"--save: {file}: there is no such folder")


def save(file: Path, release: Release, known: Baseline, apis: Collection[str]) -> None:
    """The looks of a release that passed, as the baseline of the next. What it did not see keeps
    what was known; APIs that are no longer configured are dropped."""
    seen = {one.key for one in release.looks}
    gone = {one.key for one in release.gone}
    kept = [
        one
        for one in known.looks
        if one.key not in seen and one.key not in gone and one.api in apis
    ]
    found = [one for checked in release.looks if (one := _kept(checked, release.at)) is not None]
    body = msgspec.json.encode(Saved(at=release.at, looks=(*found, *kept)))
    try:
        _replace(file, msgspec.json.format(body, indent=1) + b"\n")
    except OSError as error:
        raise UsageError(f"--save: {file}: {error.strerror}") from None


def _replace(file: Path, body: bytes) -> None:
    """Whole or not at all, whoever else writes it: each has an unfinished file of its own. What is
    no file, as a device, is written to."""
    if file.exists() and not file.is_file():
        file.write_bytes(body)
        return
    goal = file.resolve()
    unfinished = goal.with_name(f".{goal.name}.{os.getpid()}.new")
    try:
        unfinished.write_bytes(body)
        unfinished.replace(goal)
    finally:
        unfinished.unlink(missing_ok=True)


def _kept(checked: Checked, at: str) -> Before | None:
    verdict = checked.verdict
    if verdict is None or checked.standing in (Standing.UNKNOWN, Standing.SKIPPED):
        return checked.before and _named_as_now(checked.before, checked)
    if not checked.has_failed:
        return replace(of_verdict(verdict, at), outcome=Outcome.PASS)
    before = checked.before
    since = before.since if before is not None and before.since is not None else at
    return replace(of_verdict(verdict, at), outcome=Outcome.FAIL, since=since)


def _named_as_now(before: Before, checked: Checked) -> Before:
    return replace(before, route=checked.route, entrance=checked.entrance)


def of_apis(baseline: Baseline, names: Collection[str]) -> Baseline:
    """Only what concerns these APIs."""
    looks = tuple(one for one in baseline.looks if one.api in names)
    return baseline if baseline is NO_BASELINE else replace(baseline, looks=looks)
