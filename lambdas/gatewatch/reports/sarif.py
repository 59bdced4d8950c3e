"""A release as SARIF 2.1.0, for code scanning: each failure at its route's line.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import PurePath
from urllib.parse import quote

from gatewatch import __version__
from gatewatch.config.lines import Place, Places
from gatewatch.diagnosis.cause import Cause, sections
from gatewatch.diagnosis.causes import catalogue
from gatewatch.model import Finding
from gatewatch.notices.words import finding_phrase
from gatewatch.release.checked import Checked, Standing
from gatewatch.release.decide import Decision, Release
from gatewatch.reports.look import Level, Names, clean, facts, has_look_alikes, level, reason, rule

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
MOST = 25_000
"""GitHub takes no more results of one run.
https://docs.github.com/en/code-security/reference/code-scanning/sarif-support-for-code-scanning"""

EXIT_CODES = {Decision.PASSED: 0, Decision.STOPPED: 1, Decision.UNDECIDED: 2}

_Json = dict[str, object]


def write(release: Release, places: Places) -> str:
    """One result for each failure and each unknown look."""
    told = [(one, grave) for one in release.looks if (grave := level(one)) is not None]
    names, shown = Names(release), told[:MOST]
    run: _Json = {
        "tool": {"driver": _driver([one for one, _ in shown])},
        "invocations": [_invocation(release, len(told) - len(shown))],
        "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": "the repository"}}},
        "results": [_result(one, grave, names, places, release) for one, grave in shown],
        "columnKind": "unicodeCodePoints",
    }
    whole = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(whole, ensure_ascii=False, indent=1) + "\n"


def _driver(looks: Sequence[Checked]) -> _Json:
    unsure = {rule(one) for one in looks if has_look_alikes(one)}
    rules = [_rule(one, is_sure=one not in unsure) for one in dict.fromkeys(map(rule, looks))]
    return {"name": "gatewatch", "version": __version__, "rules": rules}


def _rule(name: str, *, is_sure: bool) -> _Json:
    """Its title heads each of its results: it claims no more than any of them does."""
    cause = catalogue().get(name)
    if cause is None:
        return {"id": name, "shortDescription": _text(_title(name))}
    title = cause.title if is_sure else f"{cause.title}, or a cause that looks the same"
    return {"id": name, "shortDescription": _text(title)} | _of_cause(cause)


def _title(name: str) -> str:
    finding = next((one for one in Finding if one == name), None)
    if finding is not None:
        return f"A route is {finding_phrase(finding)}"
    return "Nothing was decided" if name == Standing.UNKNOWN else name


def _of_cause(cause: Cause) -> _Json:
    told = sections(cause)
    help_text = "\n\n".join(f"## {heading}\n{told[heading]}" for heading in told)
    links = [one.reference for one in cause.sources if one.reference.startswith("https://")]
    found: _Json = {
        "fullDescription": _text(told["What happens"]),
        "help": {"text": help_text, "markdown": help_text},
        "properties": {"tags": list(dict.fromkeys((cause.layer.value, cause.gate.value)))},
    }
    return found | ({"helpUri": links[0]} if links else {})


def _text(text: str) -> _Json:
    return {"text": text}


def _invocation(release: Release, left_out: int) -> _Json:
    """An undecided release is no success of ours: its results are not all that there is."""
    began = datetime.fromisoformat(release.at).astimezone(UTC)
    found: _Json = {
        "executionSuccessful": release.decision is not Decision.UNDECIDED,
        "exitCode": EXIT_CODES[release.decision],
        "exitCodeDescription": clean(release.because),
        "startTimeUtc": _moment(began),
        "endTimeUtc": _moment(began + timedelta(seconds=release.seconds)),
    }
    if left_out:
        told = f"{left_out:,} more results, none of them graver, are left out"
        found["toolExecutionNotifications"] = [{"level": "warning", "message": _text(told)}]
    return found


def _moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _result(look: Checked, grave: Level, names: Names, places: Places, release: Release) -> _Json:
    found: _Json = {
        "ruleId": rule(look),
        "level": grave.value,
        "message": _text(f"{clean(look.api)}: {names.of(look)}: {reason(look)}"),
        "locations": [_location(look, names, places.of(look.api, look.route))],
        "partialFingerprints": {"gatewatchLook/v1": _fingerprint(look)},
        "properties": dict(facts(look)),
    }
    return found | ({"baselineState": _state(look)} if release.baseline else {})


def _state(look: Checked) -> str:
    return "unchanged" if look.standing is Standing.OLDER_FAILURE else "new"


def _location(look: Checked, names: Names, place: Place | None) -> _Json:
    named = f"{clean(look.api)}: {names.of(look)}"
    logical: _Json = {"fullyQualifiedName": named, "kind": "resource"}
    if place is None:
        return {"logicalLocations": [logical]}
    physical = {"artifactLocation": _artifact(place.file), "region": {"startLine": place.line}}
    return {"physicalLocation": physical, "logicalLocations": [logical]}


def _artifact(file: str) -> Mapping[str, str]:
    """A relative path is one in the repository."""
    path = PurePath(clean(file))
    uri = quote(path.as_posix())
    if path.is_absolute():
        return {"uri": f"file://{uri}"}
    return {"uri": uri, "uriBaseId": "%SRCROOT%"}


def _fingerprint(look: Checked) -> str:
    """The same as long as the same look shows the same."""
    told = "\0".join((*look.key, rule(look)))
    return sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:32]
