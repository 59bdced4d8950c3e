"""A release as Markdown, for the summary of a step on GitHub and for comments."""

from __future__ import annotations

from gatewatch.config.lines import Places
from gatewatch.release.decide import Release
from gatewatch.reports.look import Names, clean, level, reason


def write(release: Release, _: Places) -> str:
    names = Names(release)
    lines = [f"# Release {release.decision}", "", clean(release.because), ""]
    lines += [f"- {names.of(one)}: {reason(one)}" for one in release.looks if level(one)]
    return "\n".join(lines) + "\n"
