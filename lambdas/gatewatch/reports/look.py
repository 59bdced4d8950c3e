"""One look of a release in the words that every report shares: what it is, how grave, and why."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import TypeVar

from msgspec.structs import replace

from gatewatch.model import (
    OK,
    Action,
    Confidence,
    Finding,
    Layer,
    Outcome,
    Response,
    Verdict,
    is_stranger,
)
from gatewatch.notices.visible import commanding_no_runner, cut, visible_line
from gatewatch.notices.words import finding_phrase, layers_phrase, probe_phrase, title_of
from gatewatch.release.baseline import Before
from gatewatch.release.checked import Checked, Standing
from gatewatch.release.decide import Release
from gatewatch.release.words import is_unsettled

LONGEST = 500
"""Characters of one thing that is told."""


_NOT_AWAITED = "it had only passed when another look stopped the release, too few times to count"


def excused(release: Release) -> Release:
    """The release, where looks that another one did not let settle stop nothing by themselves: a
    thousand routes are not red for one that is open."""
    looks = (
        replace(one, stops=False, action=None, because=_NOT_AWAITED)
        if is_unsettled(release, one)
        else one
        for one in release.looks
    )
    return replace(release, looks=tuple(looks))


def was_excused(look: Checked) -> bool:
    return look.standing is Standing.UNKNOWN and look.action is None


class Level(StrEnum):
    """How grave a look is for the release. Of what passed, was skipped or excused, nothing is
    said."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


def level(look: Checked) -> Level | None:
    """What stops the release is an error. An older failure is at most a warning."""
    if look.stops:
        return Level.ERROR
    if look.has_failed:
        return Level.NOTE if look.action is Action.IGNORE else Level.WARNING
    is_unknown = look.standing is Standing.UNKNOWN and not was_excused(look)
    return Level.NOTE if is_unknown else None


_FORBIDDEN = {0xFFFE: "\ufffd", 0xFFFF: "\ufffd"}
"""XML takes no other character that `visible_line` leaves: https://www.w3.org/TR/xml/#charsets"""


def clean(text: str, longest: int = LONGEST) -> str:
    """Foreign text as one line that every format can hold."""
    harmless = commanding_no_runner(visible_line(text).translate(_FORBIDDEN))
    return cut(harmless, longest)


_ACTUAL = re.compile(r" is .*, expected ", re.DOTALL)


def sentence(text: str) -> str:
    """What was judged, without the value that an answer had where `expect` wants another: reports
    are seen by more people than the terminal is."""
    return clean(_ACTUAL.sub(" is another, expected ", text))


class Names:
    """What the looks of a release are called: with their entrance, where an API has several."""

    def __init__(self, release: Release) -> None:
        entrances: dict[str, set[str]] = {}
        for look in release.looks:
            entrances.setdefault(look.api, set()).add(look.entrance)
        self._many = frozenset(api for api, found in entrances.items() if len(found) > 1)

    def of(self, look: Checked) -> str:
        """`GET /orders/{id} as anonymous`; the API stands beside it."""
        return clean(f"{look.route} as {look.caller}{self._where(look)}")

    def _where(self, look: Checked) -> str:
        return f" at {look.entrance}" if look.api in self._many else ""


_One = TypeVar("_One", Checked, Before)


def by_api(looks: Iterable[_One]) -> Mapping[str, Sequence[_One]]:
    """In the order in which each API comes first."""
    found: dict[str, list[_One]] = {}
    for one in looks:
        found.setdefault(one.api, []).append(one)
    return found


def gone_name(before: Before) -> str:
    return clean(f"{before.route} as {before.caller} at {before.entrance}")


def what(look: Checked) -> str:
    """The outcome in a few words: `refused at routing: route_not_found or 2 look-alikes`."""
    verdict = look.verdict
    if not look.has_failed or verdict is None:
        return look.standing.value
    if is_refusal(verdict):
        return f"refused at {layers_phrase(verdict)}: {clean(verdict.cause)}{doubt(verdict)}"
    return finding_phrase(verdict.finding)


def is_refusal(verdict: Verdict) -> bool:
    """Whether its cause tells what it is; else its finding does."""
    return verdict.finding in (Finding.REFUSED, None)


def has_look_alikes(look: Checked) -> bool:
    return look.has_failed and look.verdict is not None and len(look.verdict.candidates) > 1


def doubt(verdict: Verdict) -> str:
    """What a cause is told with, so that it is no surer than it is known."""
    others = len(verdict.candidates) - 1
    if others > 0:
        return f" or {others} look-alike{'s' if others > 1 else ''}"
    is_sure = verdict.confidence in (Confidence.CERTAIN, Confidence.UNKNOWN)
    return "" if is_sure else f", {verdict.confidence}"


def subject(look: Checked) -> str:
    """What a failure is about: its layer, or what was found where the request got through."""
    if not look.has_failed or look.verdict is None:
        return look.standing.value
    through = look.verdict.layer is Layer.OK and look.concerns
    return look.concerns[0].value if through else layers_phrase(look.verdict)


def reason(look: Checked) -> str:
    """The outcome and why, in one line."""
    return f"{what(look)}; {sentence(look.because)}"


def rule(look: Checked) -> str:
    """What it is an instance of: the cause of a refusal, else what was found."""
    if not look.has_failed or look.verdict is None:
        return look.standing.value
    finding = look.verdict.finding
    return clean(look.verdict.cause) if finding is None or is_refusal(look.verdict) else finding


def _answer(look: Checked) -> Response | None:
    """The answer that this caller got: the first of the evidence. Those beside it are of others."""
    evidence = look.verdict.evidence if look.verdict else ()
    return evidence[0].response if evidence else None


def got(look: Checked) -> str:
    """The status of its last answer, and nothing else of it."""
    answer = _answer(look)
    if answer is None or not answer.status_told:
        return ""
    return str(answer.status) if answer.status else "no answer"


def expected(look: Checked) -> str:
    """What should have come, as far as the finding tells, or what came before."""
    finding = look.verdict.finding if look.verdict and look.has_failed else None
    if finding is not Finding.REFUSED:
        return _EXPECTED.get(finding, "")
    if not is_stranger(look.caller):
        return "an answer"
    before = look.before
    was_refused = before is not None and (before.outcome, before.layer) == _REFUSED
    return _EXPECTED[Finding.GUARD_WEAKENED] if was_refused else ""


_REFUSED = (Outcome.PASS, Layer.AUTH)
_EXPECTED: Mapping[Finding | None, str] = {
    Finding.PROTECTED_ROUTE_OPEN: "a refusal",
    Finding.ENTRANCE_NOT_CLOSED: "a refusal",
    Finding.GUARD_WEAKENED: "a refusal by its guard",
    Finding.PUBLIC_ROUTE_CLOSED: "an answer without a credential",
}


def seconds(look: Checked) -> float:
    """How long its last answer took."""
    answer = _answer(look)
    return (answer.elapsed_ms or 0.0) / 1000 if answer else 0.0


def facts(look: Checked) -> Iterator[tuple[str, str]]:
    """What is known of a look that did not pass, each with its name."""
    yield "outcome", what(look)
    if look.verdict is not None:
        yield from _diagnosed(look, look.verdict)
    if wanted := expected(look):
        yield "expected", wanted
    if status := got(look):
        yield "got", status
    yield "because", sentence(look.because)
    if look.before is not None:
        yield "before", _known(look.before)
    if look.renamed is not None:
        yield "renamed", clean(look.renamed)
    if look.verdict is not None and look.verdict.next_probe is not None:
        probe = look.verdict.next_probe
        yield "next look", clean(f"{probe_phrase(probe)}: {probe.why}")


def _diagnosed(look: Checked, verdict: Verdict) -> Iterator[tuple[str, str]]:
    if look.has_failed:
        yield "layer", subject(look)
    if look.has_failed and verdict.cause != OK:
        yield "cause", clean(f"{verdict.cause} ({verdict.confidence}): {title_of(verdict.cause)}")
        rest = [one.cause for one in verdict.candidates if one.cause != verdict.cause]
        if rest:
            yield "or", clean(", ".join(rest))
    if verdict.because:
        yield "told", sentence(verdict.because)


def _known(before: Before) -> str:
    if before.outcome is Outcome.FAIL:
        since = f" since {before.since}" if before.since else ""
        return clean(f"failed{since}: {before.cause or before.finding or 'otherwise'}")
    last = f", last at {before.last_good}" if before.last_good else ""
    return clean(f"{before.outcome}{last}")
