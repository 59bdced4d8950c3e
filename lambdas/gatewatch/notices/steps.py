"""The first steps for an incident: for each leading cause, how to confirm it and how to fix it; for
a finding that needs no cause, what to check and how to close or fix it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from gatewatch.diagnosis.cause import Cause, sections
from gatewatch.diagnosis.causes import catalogue
from gatewatch.incidents.learn import concerned
from gatewatch.model import EXPOSURES, READING_METHODS, Candidate, Exchange, Finding, Incident
from gatewatch.notices.commands import BY_FINDING, command_in
from gatewatch.notices.origin import Origin

_LEADING = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """`check` and `fix` are sentences; each may have a command, filled in, to paste."""

    about: str = ""
    check: str = ""
    check_command: str | None = None
    fix: str = ""
    fix_command: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    text: str
    is_command: bool = False


def lines(found: Iterable[Step]) -> Iterator[Line]:
    """The steps in lines for people. A command that already stands above is not repeated."""
    shown: dict[str, str] = {}
    for one in found:
        if one.about:
            yield Line(one.about)
        yield from _advice("check", one.check, one.check_command, shown)
        yield from _advice("fix", one.fix, one.fix_command, shown)
        for command in (one.check_command, one.fix_command):
            shown.setdefault(command or "", one.about.partition(":")[0])


def _advice(
    word: str, sentence: str, command: str | None, shown: Mapping[str, str]
) -> Iterator[Line]:
    above = shown.get(command or "")
    if sentence or command:
        also = f" (the command is that of {above})" if above and command else ""
        yield Line(f"  {word}: {sentence}{also}".rstrip())
    if command is not None and not above:
        yield from (Line(f"    {line}", is_command=True) for line in _whole(command))


_LONGEST_COMMAND = 900


def _whole(command: str) -> list[str]:
    """A command that would be cut is not shown: half of one does something else."""
    is_short = _is_short(command)
    return command.splitlines() if is_short else ["# this command is too long to stand here"]


def _is_short(command: str) -> bool:
    return all(len(one) <= _LONGEST_COMMAND for one in command.splitlines())


def steps_of(candidates: Iterable[Candidate], exchanges: Sequence[Exchange]) -> tuple[Step, ...]:
    """For the leading candidates, best first, and for the first at each other layer, so that no
    layer is forgotten. The first exchange is the subject.

    A command that fixes (deploys, permits) is offered only where one cause is left; with several,
    confirming comes first.
    """
    known = catalogue()
    found = [known[one.cause] for one in candidates if one.cause in known]
    firsts = {one.layer: one for one in reversed(found)}
    leading = [one for one in found if one in found[:_LEADING] or firsts[one.layer] is one]
    is_settled = len(found) == 1
    return tuple(_step(one, exchanges, is_settled=is_settled) for one in leading)


def _step(cause: Cause, exchanges: Sequence[Exchange], *, is_settled: bool) -> Step:
    prose = sections(cause)
    confirm, fix = prose.get("Confirm", ""), prose.get("Fix", "")
    return Step(
        about=f"{cause.id}: {cause.title}",
        check=_sentence(confirm),
        check_command=command_in(confirm, exchanges),
        fix=_sentence(fix),
        fix_command=command_in(fix, exchanges) if is_settled else None,
    )


def _sentence(prose: str) -> str:
    """The text before the first command, in one line."""
    words = " ".join(re.split(r"^    ", prose, maxsplit=1, flags=re.MULTILINE)[0].split())
    return re.sub(r":$", ".", words)


_HOW_GUARDED = "Read how the route is guarded now."
_CORRECTED = "or correct what gatewatch.yaml expects of the route."
_FIRST = {
    Finding.PUBLIC_ROUTE_CLOSED: (
        _HOW_GUARDED,
        "Take the guard off and deploy the stage; or say access: protected in gatewatch.yaml.",
    ),
    Finding.GUARD_WEAKENED: (
        _HOW_GUARDED,
        "Put the declared guard back and deploy; or correct guarded_by in gatewatch.yaml.",
    ),
    Finding.UNEXPECTED_STATUS: (
        "Compare the status in the evidence with the route's expect in gatewatch.yaml.",
        f"Mend the route; {_CORRECTED}",
    ),
    Finding.ASSERTION_FAILED: (
        "Call the route, and compare its answer with the route's expect in gatewatch.yaml.",
        f"Mend the backend; {_CORRECTED}",
    ),
    Finding.CERTIFICATE_EXPIRING: (
        "Read which certificate the host shows, and until when it is valid.",
        "Renew it; if AWS Certificate Manager should have, see why its validation fails.",
    ),
    Finding.CREDENTIAL_UNREADABLE: (
        "The credential and the reason are named above; follow the hint there after next.",
        "Put it where gatewatch.yaml says that it is, and let the monitor read it there.",
    ),
    Finding.SLOW: (
        "Compare the API's metrics Latency and IntegrationLatency: is it the backend?",
        f"Make the backend faster; {_CORRECTED}",
    ),
}
BY_CAUSE = frozenset({Finding.REFUSED, Finding.UNDECIDED})
"""The findings that possible causes explain; the others need no cause."""


def steps(incident: Incident, origin: Origin, *, in_full: bool = False) -> tuple[Step, ...]:
    """The first steps for an open incident. A message about an exposure contains nothing that lets
    its reader in; `in_full` is for those who may read its evidence."""
    command = command_in(BY_FINDING.get(incident.finding, ""), incident.evidence)
    if incident.finding in EXPOSURES:
        return (_closing(incident, origin, command if in_full else None),)
    if incident.finding in BY_CAUSE:
        return steps_of(incident.candidates, incident.evidence)
    if incident.finding not in _FIRST:
        return ()
    check, fix = _FIRST[incident.finding]
    return (Step(check=check, check_command=command, fix=fix),)


def confirming(incident: Incident, origin: Origin) -> str | None:
    """The first command that only reads and tells whether a leading cause is true."""
    found = (one.check_command for one in steps(incident, origin))
    return next((one for one in found if one and _is_short(one)), None)


_DENIED_MEANWHILE = "until then, deny everybody in the API's resource policy."
_CLOSED_BY = {
    Finding.PROTECTED_ROUTE_OPEN: f"Put its guard back and deploy the stage; {_DENIED_MEANWHILE}",
    Finding.ENTRANCE_NOT_CLOSED: "Disable this entrance; a REST API then needs a deployment.",
}
_CLOSED = "Close it, and deploy the stage."
_MORE = "The incident in full has the evidence, and the commands that read the guard."


def _closing(incident: Incident, origin: Origin, command: str | None) -> Step:
    hint = () if command else (_MORE,)
    return Step(
        check=" ".join((*_confirming(incident), *hint)),
        check_command=command,
        fix=_CLOSED_BY.get(incident.finding, _CLOSED),
        fix_command="\n".join(_releasing(incident, origin)) or None,
    )


def _confirming(incident: Incident) -> Iterator[str]:
    routes = dict.fromkeys(one.route for one in concerned(incident))
    reading = [one for one in routes if not _writes(one)]
    writing = [one for one in routes if _writes(one)]
    if reading:
        yield f"Call {reading[0]} without a credential, by its path as named here: does it answer?"
    if writing:
        yield f"Do not call {writing[0]}, it may change something: read how it is guarded."


_MOST_RELEASED = 3


def _releasing(incident: Incident, origin: Origin) -> Iterator[str]:
    """A write that got through is held back until a person confirms that it is closed."""
    routes = dict.fromkeys(one.route for one in concerned(incident))
    for route in [one for one in routes if _writes(one)][:_MOST_RELEASED]:
        yield "# once it is closed, let it be looked at again:"
        yield origin.command("ack", incident.api, route)


def _writes(route: str) -> bool:
    return route.partition(" ")[0] not in READING_METHODS
