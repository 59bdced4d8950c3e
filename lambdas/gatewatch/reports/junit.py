"""A release as JUnit XML, for what shows test results, such as Jenkins and GitLab.

The form is that of Jenkins' xUnit plugin: https://github.com/jenkinsci/xunit-plugin (junit-10.xsd).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from gatewatch.config.lines import Places
from gatewatch.model import Action
from gatewatch.release.baseline import Before
from gatewatch.release.checked import Checked, Standing
from gatewatch.release.decide import Decision, Release
from gatewatch.reports.look import (
    Names,
    by_api,
    clean,
    facts,
    gone_name,
    reason,
    rule,
    seconds,
)


def write(release: Release, _: Places) -> str:
    """One suite for each API, and one case for each look."""
    names, looks, gone = Names(release), by_api(release.looks), by_api(release.gone)
    whole = Element("testsuites", {"name": "gatewatch verify"})
    whole.set("time", f"{release.seconds:.3f}")
    for api in dict.fromkeys((*looks, *gone)):
        whole.append(_suite(api, looks.get(api, ()), gone.get(api, ()), release, names))
    if release.decision is not Decision.PASSED and not release.stopping:
        whole.append(_undecided(release))
    for name in ("tests", "failures", "errors"):
        whole.set(name, str(sum(int(suite.attrib[name]) for suite in whole)))
    ElementTree.indent(whole)
    text = ElementTree.tostring(whole, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _undecided(release: Release) -> Element:
    """A release about which no look decided anything: no empty report, which would be green."""
    suite = Element("testsuite", {"name": "release", "tests": "1", "failures": "0", "errors": "1"})
    suite.append(_properties(release, ()))
    case = SubElement(suite, "testcase", {"classname": "release", "name": "decision"})
    SubElement(case, "error", {"type": release.decision, "message": clean(release.because)})
    return suite


def _counts(looks: Sequence[Checked]) -> Mapping[str, str]:
    tags = Counter(map(_tag, looks))
    return {
        "tests": str(len(looks)),
        "failures": str(tags["failure"]),
        "errors": str(tags["error"]),
    }


def _tag(look: Checked) -> str | None:
    """Only what stops the release is red; what else did not pass is seen as skipped."""
    if look.stops:
        return "failure" if look.has_failed else "error"
    return None if look.standing in (Standing.PASSED, Standing.FIXED) else "skipped"


def _suite(
    api: str, looks: Sequence[Checked], gone: Sequence[Before], release: Release, names: Names
) -> Element:
    suite = Element("testsuite", {"name": clean(api), **_counts(looks)})
    suite.set("skipped", str(sum(_tag(one) == "skipped" for one in looks)))
    suite.set("time", f"{release.seconds:.3f}")
    suite.set("timestamp", clean(release.at))
    suite.append(_properties(release, looks))
    suite.extend(_case(one, names) for one in looks)
    if gone:
        SubElement(suite, "system-out").text = _gone(gone)
    return suite


def _properties(release: Release, looks: Sequence[Checked]) -> Element:
    counted = Counter(one.standing for one in looks)
    told = {
        "decision": release.decision.value,
        "because": release.because,
        "baseline": release.baseline or "none",
        "baseline_at": release.baseline_at or "unknown",
        **({"beware": clean("; ".join(release.doubts))} if release.doubts else {}),
        "rounds": str(release.rounds),
        "requests": str(release.requests),
        **{standing.value: str(counted[standing]) for standing in Standing},
    }
    properties = Element("properties")
    for name, value in told.items():
        SubElement(properties, "property", {"name": name, "value": clean(value)})
    return properties


def _case(look: Checked, names: Names) -> Element:
    case = Element("testcase", {"classname": clean(look.api), "name": names.of(look)})
    case.set("time", f"{seconds(look):.3f}")
    tag = _tag(look)
    if tag == "skipped":
        SubElement(case, tag, {"message": f"{_why_not_red(look)}{reason(look)}"})
    elif tag is not None:
        body = SubElement(case, tag, {"type": _type(look), "message": reason(look)})
        body.text = "\n".join(f"{name}: {told}" for name, told in facts(look))
    return case


def _why_not_red(look: Checked) -> str:
    if not look.has_failed:
        return ""
    if look.standing is Standing.OLDER_FAILURE:
        return "older failure: "
    return "ignored: " if look.action is Action.IGNORE else "warning: "


def _type(look: Checked) -> str:
    """What the failure is about, and what was found: `routing/route_not_found`."""
    return "/".join((*map(str, look.concerns[:1]), rule(look)))


def _gone(gone: Sequence[Before]) -> str:
    lines = "\n".join(gone_name(one) for one in gone)
    return f"known before, and no longer configured:\n{lines}"
