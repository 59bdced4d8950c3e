"""How releases are verified, and what each failure does to one: from the file's words."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from gatewatch.config import authored
from gatewatch.config.canonical import Actions, Verification, usual_interval
from gatewatch.config.findings import Findings
from gatewatch.config.limits import check_verification, seconds
from gatewatch.config.problems import Path
from gatewatch.model import Action, Concern

_ALWAYS = "expected under `fail` only: an exposure always fails a release"


def actions(
    written: authored.Verify | None, path: Path, findings: Findings
) -> Actions | msgspec.UnsetType:
    """Of an API or a route; unset where nothing is written."""
    if written is None:
        return msgspec.UNSET
    if isinstance(written, Action):
        return {one: written for one in Concern if one is not Concern.EXPOSURE}
    return _of_policy(written, path, findings)


def verification(written: authored.Verification, path: Path, findings: Findings) -> Verification:
    """Of the whole file."""
    check_verification(written, path, findings)
    settles = seconds(written.duration)
    return Verification(
        actions=_of_policy(written, path, findings),
        for_seconds=settles,
        every_seconds=seconds(written.every) if written.every else usual_interval(settles),
        deadline_seconds=seconds(written.deadline)
        if written.deadline
        else max(_LEAST, 2 * settles),
    )


_LEAST = Verification().deadline_seconds


def _of_policy(written: authored.Policy, path: Path, findings: Findings) -> Actions:
    named: Mapping[Action, object] = {
        Action.FAIL: written.fail,
        Action.WARN: written.warn,
        Action.IGNORE: written.ignore,
    }
    found: Actions = {}
    for action, concerns in named.items():
        for one in (concerns,) if isinstance(concerns, Concern) else _all(concerns):
            place = (*path, str(action))
            if one is Concern.EXPOSURE and action is not Action.FAIL:
                findings.add(place, _ALWAYS, str(one))
            elif found.setdefault(one, action) is not action:
                findings.add(place, f"expected once; it stands under {found[one]} already", one)
    return found


def _all(concerns: object) -> tuple[Concern, ...]:
    return concerns if isinstance(concerns, tuple) else ()
