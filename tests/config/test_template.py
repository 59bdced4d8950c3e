"""Users' templates: what they may do, and that none runs away."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gatewatch.config.template import (
    FIELDS,
    FILTERS,
    MOST_OUTPUT,
    TemplateFaultError,
    filled,
    is_json,
    template_problem,
)
from gatewatch.notices.machine import Message

GIVEN: dict[str, Any] = {
    "title": 'HIGH OPENED: "x"',
    "severity": "high",
    "blocks": [{"title": "a", "lines": ["1", "2"]}, {"title": "b", "lines": []}],
    "incident": {"api": "orders", "team": None},
    "members": 0,
    "text": "x" * 60_000,
}


@pytest.mark.parametrize(
    ("template", "made"),
    [
        pytest.param("{{ title|tojson }}", r'"HIGH OPENED: \"x\""', id="json"),
        pytest.param("{{ incident.api }}", "orders", id="field within a field"),
        pytest.param("{{ incident.nothing.there }}|{{ why }}", "|", id="what is not there"),
        pytest.param("{{ why|tojson }} {{ incident.team|tojson }}", "null null", id="null"),
        pytest.param("{{ why|default('none') }} {{ members|default(3) }}", "none 0", id="default"),
        pytest.param(
            "{% for b in blocks %}{{ loop.index }}{{ b.title }}{% if not loop.last %}, {% endif %}"
            "{% endfor %}",
            "1a, 2b",
            id="loop",
        ),
        pytest.param("{{ blocks[0].lines|join('; ') }}", "1; 2", id="join"),
        pytest.param(
            "{{ 'page' if severity in ['high', 'critical'] else 'mail' }}", "page", id="if"
        ),
        pytest.param("{{ title|upper|truncate(5) }}", "HIGH…", id="filters"),
        pytest.param("{{ title|escape }}", "HIGH OPENED: &#34;x&#34;", id="html"),
        pytest.param("{# a remark #}{% raw %}{{ }}{% endraw %}", "{{ }}", id="as it is"),
    ],
)
def test_a_template_is_filled_in(template: str, made: str) -> None:
    assert template_problem(template, is_json=False) is None
    assert filled(template, GIVEN) == made


LINE = "line 1 of the template: "
ONLY = f"{LINE}expected only fields, filters, if and for; here: "
REFUSED = {
    "no end": ("{{ title", f"{LINE}unexpected end of template"),
    "no such field": ("{{ titel }}", f"{LINE}no such field: titel; expected one of account, "),
    "no such filter": (
        "{{ title|upcase }}",
        f"{LINE}no such filter: upcase; expected one of capitalize, ",
    ),
    "no such test": ("{{ 1 if title is odder }}", f"{LINE}"),
    "call": ("{{ title.upper() }}", f"{ONLY}Call"),
    "endless loop": ("{% for a in range(9) %}{% endfor %}", f"{ONLY}Call"),
    "loop in itself": ("{% for a in text recursive %}{% endfor %}", f"{ONLY}For"),
    "macro": ("{% macro a() %}{% endmacro %}", f"{ONLY}Macro"),
    "variable": ("{% set a = title %}", f"{ONLY}Assign"),
    "another file": ("{% include 'x' %}", f"{ONLY}Include"),
    "product": ("{{ 'a' * 999999999 }}", f"{ONLY}Mul"),
    "power": ("{{ 9 ** 999999999 }}", f"{ONLY}Pow"),
    "list of fields": ("{{ [text, text]|join }}", f"{LINE}expected only constants in a list"),
    "deep": ("{{ " + "(" * 9_000 + "title", "it is nested too deep"),
    "deep loops": ("{% for a in text %}" * 30 + "{% endfor %}" * 30, "it is nested too deep"),
    "long chain": ("{{ title" + "|tojson" * 2_000 + " }}", "it is nested too deep"),
    "long number": ("{{ " + "9" * 10_000 + " }}", "it cannot be read: ValueError"),
    "second line": ("\n{{ titel }}", "line 2 of the template: no such field: titel"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_template_that_cannot_be_filled_in_is_refused(name: str) -> None:
    template, told = REFUSED[name]
    problem = template_problem(template, is_json=False)
    assert problem is not None
    assert problem.startswith(told)


RUNAWAY = {
    "loops": (
        "{% for a in text %}{% for b in text %}{% endfor %}{% endfor %}",
        "its loops take more than 10000 steps",
    ),
    "output": ("{{ text }}" * 10, f"it makes more than {MOST_OUTPUT} bytes"),
    "joined": ("{{ text|join(text) }}", f"it makes more than {MOST_OUTPUT} bytes"),
    "grown": ("{{ title" + "|tojson" * 30 + " }}", f"it makes more than {MOST_OUTPUT} bytes"),
    "wrong type": ("\n\n{{ title|join(3) }}", "line 3 of the template: "),
    "by zero": ("{{ 1 if members is divisibleby(0) else 2 }}", f"{LINE}ZeroDivisionError"),
}


@pytest.mark.parametrize("name", RUNAWAY)
def test_no_template_runs_away(name: str) -> None:
    template, told = RUNAWAY[name]
    with pytest.raises(TemplateFaultError) as found:
        filled(template, GIVEN)
    assert str(found.value).startswith(told)
    assert "HIGH OPENED" not in str(found.value)


NINE = f"({','.join(['1'] * 9)})"
LOOPED = "".join(f"{{% for {one} in {NINE} %}}" for one in "abcd")
ONES = f"'{'1' * 4_000}'"
SLOW = {
    "of what they make": f"why|default({ONES}){'|tojson' * 9}{'|lower|upper' * 40}",
    "of a constant": f"{ONES}{'|lower' * 20} == why",
    "that grow a constant": "'x' in '" + "\\\\" * 500 + "'|tojson|tojson",
}


@pytest.mark.parametrize("name", SLOW)
def test_filters_in_loops_are_bounded_together(name: str) -> None:
    """A pushed template is tried by dispatch, within its minute, before a deployment is asked."""
    template = f"{LOOPED}{{% if {SLOW[name]} %}}{{% endif %}}" + "{% endfor %}" * 4
    told = template_problem(template, is_json=False)
    assert told is not None
    assert told.startswith("its filters take more than")


@pytest.mark.parametrize("name", ["__class__", "__init__", "__globals__", "_x", "mro"])
def test_no_template_sees_what_is_behind_a_field(name: str) -> None:
    made = filled("{{ title.%s }}|{{ title['%s'] }}|{{ blocks.%s }}" % (name, name, name), GIVEN)  # noqa: UP031
    assert made == "||"


@pytest.mark.parametrize(
    ("template", "is_good"),
    [
        pytest.param('{"text": {{ title|tojson }}}', True, id="text"),
        pytest.param('{"text": "{{ title }}"}', False, id="text within quotes"),
        pytest.param(
            "[{% for one in facts %}{{ one.label|tojson }}{% if not loop.last %},{% endif %}"
            "{% endfor %}]",
            True,
            id="list",
        ),
        pytest.param('{"why": {{ why|tojson }}}', True, id="what may be missing"),
        pytest.param('{"why": {% if why %}{{ why|tojson }}{% endif %}}', False, id="nothing"),
        pytest.param("plain", False, id="no json"),
    ],
)
def test_what_should_be_json_is_tried(template: str, is_good: bool) -> None:
    problem = template_problem(template, is_json=True)
    assert (problem is None) is is_good
    assert is_good or "|tojson" in str(problem)


@pytest.mark.parametrize(
    ("content_type", "answer"),
    [
        (None, True),
        ("application/json", True),
        ("Application/JSON; charset=utf-8", True),
        ("application/cloudevents+json", True),
        ("text/plain", False),
        ("application/xml", False),
    ],
)
def test_which_bodies_are_json(content_type: str | None, answer: bool) -> None:
    assert is_json(content_type) is answer


def test_a_template_may_name_every_field_of_the_message_for_programs() -> None:
    assert set(Message.__struct_fields__) <= FIELDS


def test_the_page_names_every_filter() -> None:
    page = (Path(__file__).parents[2] / "docs" / "on-call.md").read_text()
    assert [one for one in FILTERS if f"`{one}`" not in page] == []
