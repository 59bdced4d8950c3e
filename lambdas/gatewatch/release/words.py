"""A release in plain words: for errors of stacks and pipelines, for logs, and for every report."""

from __future__ import annotations

from collections.abc import Iterator

from gatewatch.model import Confidence, Finding, Layer, Verdict
from gatewatch.notices.visible import visible_line
from gatewatch.notices.words import caller_phrase, finding_phrase, layers_phrase, title_of
from gatewatch.release.checked import Checked, Standing
from gatewatch.release.decide import Decision, Release

_SHOWN_CAUSES = 4
_MOST_CHARACTERS = 3_000


def told(release: Release, most_characters: int = _MOST_CHARACTERS) -> str:
    """The decision, what stops the release, what failed before already, each on a line of its own;
    what does not fit is counted."""
    lines = [headline(release), *_details(release)]
    kept: list[str] = []
    room = most_characters - len(_left_out(len(lines))) - 1
    for line in lines:
        room -= len(line) + 1
        if room < 0 and kept:
            kept.append(_left_out(len(lines) - len(kept)))
            break
        kept.append(line)
    return "\n".join(kept)[:most_characters]


def _left_out(number: int) -> str:
    return f"and {number} more"


def headline(release: Release) -> str:
    """Such as `release stopped after 95 s: 1 newly failing, 3 passed`."""
    _, _, counts = release.because.partition(": ")
    return f"release {release.decision} after {release.seconds:.0f} s: {counts}"


def _details(release: Release) -> Iterator[str]:
    for one in release.looks:
        if one.stops and not is_unsettled(release, one):
            yield f"- {look_name(one)}: {failure(one)}; {visible_line(one.because)}"
    for one in release.looks:
        if not one.stops and one.has_failed:
            told = f"{failure(one)}; {visible_line(one.because)}"
            yield f"- not stopping it: {look_name(one)}: {told}"
    for doubt in release.doubts:
        yield f"- beware: {visible_line(doubt)}"
    if release.decision is not Decision.PASSED and not release.baseline:
        yield "- there is no baseline: nothing is known of how it was before"


def is_unsettled(release: Release, one: Checked) -> bool:
    """Whether another look stopped the release before this one, which passed so far, settled."""
    is_stopped = release.decision is Decision.STOPPED
    return is_stopped and one.standing is Standing.UNKNOWN and one.has_only_passed


def look_name(checked: Checked) -> str:
    """Such as `orders: GET /orders as user`."""
    return visible_line(f"{checked.api}: {checked.route} {caller_phrase(checked.caller)}")


def failure(checked: Checked) -> str:
    """What is wrong, by layer and cause, no more surely than it is known."""
    verdict = checked.verdict
    if verdict is None or not checked.has_failed:
        return f"{checked.standing}"
    found = verdict.finding
    if found is not None and found is not Finding.REFUSED:
        return f"{_layers(verdict)}{finding_phrase(found)} ({visible_line(verdict.because)})"
    return f"{_layers(verdict)}{_causes(verdict)}"


def _layers(verdict: Verdict) -> str:
    """The layer, or those that it may be, where one stopped it."""
    return "" if verdict.layer is Layer.OK else f"{layers_phrase(verdict)}: "


def _causes(verdict: Verdict) -> str:
    if verdict.confidence in (Confidence.CERTAIN, Confidence.LIKELY) or not verdict.candidates:
        return f"{verdict.cause} ({verdict.confidence}), {title_of(verdict.cause)}"
    names = [one.cause for one in verdict.candidates]
    more = f" and {len(names) - _SHOWN_CAUSES} more" if len(names) > _SHOWN_CAUSES else ""
    return f"one of {', '.join(names[:_SHOWN_CAUSES])}{more}"
