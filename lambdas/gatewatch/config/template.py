"""Users' templates for the body of a webhook: Jinja2 in its sandbox, and only what cannot run away.

The sandbox keeps a template from our objects, but not from work without end or from filling the
memory. So a template has fields, filters, `if` and `for`, and nothing that calls, calculates or
stores; its loops and its output are bounded. The library is imported only where a template is used:
it takes 60 ms.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from traceback import extract_tb
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from jinja2 import Environment, nodes

MOST_OUTPUT = 262_144
"""Bytes of a message."""
_MOST_STEPS = 10_000
"""Of all loops together."""
_MOST_WORK = 4_194_304
"""Characters that all filters together read and make."""
_NAME = "<template>"
FIELDS = frozenset(
    (
        *("version", "message_id", "kind", "at", "account", "region", "deployment"),
        *("title", "symptom", "state", "severity", "key", "text", "news", "facts", "steps"),
        *("owned", "place", "blocks", "links", "commands", "members", "expected", "stopped_at"),
        *("test", "gatewatch", "by", "why", "apis", "until", "ended_by", "still_paused"),
        *("shortened", "incident"),
    )
)
"""What a template may name."""


JSON = "application/json"


def is_json(content_type: str | None) -> bool:
    """Of a body, whose type is this one unless it says otherwise (`+json`: RFC 6839)."""
    return (content_type or JSON).partition(";")[0].strip().lower().endswith(("/json", "+json"))


class TemplateFaultError(Exception):
    """Raised where a template cannot be read or filled in; names the line, and no value."""


def template_problem(text: str, *, is_json: bool) -> str | None:
    """What is wrong with a template, with its line. `is_json`: its output is to be JSON, whatever
    the texts hold that are filled in."""
    try:
        for has_all in (True, False):
            tried = _filled(text, {}, _trial(has_all=has_all))
            if is_json:
                json.loads(tried)
    except TemplateFaultError as error:
        return str(error)
    except ValueError:
        return _NO_JSON
    return None


_NO_JSON = (
    "expected a template that writes JSON whatever its fields hold: write {{ title|tojson }} "
    'and not "{{ title }}"; or a content_type that is no JSON'
)


def filled(text: str, fields: Mapping[str, Any]) -> str:
    """The template with these fields, of which any may be missing. Raises TemplateFaultError."""
    from jinja2 import ChainableUndefined

    return _filled(text, fields, ChainableUndefined)


def _filled(text: str, fields: Mapping[str, Any], undefined: type[Any]) -> str:
    from jinja2 import Template, TemplateError, TemplateSyntaxError

    env = _environment(undefined)
    try:
        _check(env.parse(text), env)
        tree = env.parse(text)
        _count_steps(tree)
        code = env.compile(tree, _NAME, _NAME)
        parts = Template.from_code(env, code, {}).generate(fields)
        return "".join(_bounded(parts))
    except TemplateSyntaxError as error:
        raise TemplateFaultError(f"line {error.lineno} of the template: {error.message}") from None
    except (RecursionError, MemoryError, SyntaxError):
        raise TemplateFaultError("it is nested too deep") from None
    except (TemplateError, ArithmeticError, *_OF_PYTHON) as error:
        raise TemplateFaultError(f"{_line(error)}{type(error).__name__}") from None


_OF_PYTHON = (AttributeError, LookupError, TypeError, ValueError)


def _line(error: Exception) -> str:
    lines = [one.lineno for one in extract_tb(error.__traceback__) if one.filename == _NAME]
    return f"line {lines[-1]} of the template: " if lines else "it cannot be read: "


def _bounded(parts: Iterable[str]) -> Iterator[str]:
    left = MOST_OUTPUT
    for part in parts:
        left -= len(part.encode("utf-8", "replace"))
        if left < 0:
            raise TemplateFaultError(f"it makes more than {MOST_OUTPUT} bytes")
        yield part


def _environment(undefined: type[Any]) -> Environment:
    """One for each use, since it counts the steps."""
    from jinja2 import pass_context
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    # Without its optimizer, which would let a loop use what a filter made, and count that once.
    env = ImmutableSandboxedEnvironment(
        undefined=undefined, autoescape=False, cache_size=0, optimized=False
    )
    env.globals = {}
    left = _MOST_STEPS

    @pass_context
    def counted(_: object, found: Iterable[Any]) -> Iterator[Any]:
        nonlocal left
        for one in found:
            left -= 1
            if left < 0:
                raise TemplateFaultError(f"its loops take more than {_MOST_STEPS} steps")
            yield one

    work = _Work()
    env.filters = {**{name: work.bounded(one) for name, one in FILTERS.items()}, _COUNTED: counted}
    return env


_COUNTED = "counted"


class _Work:
    """What the filters of one use may still read and make. (A loop over filters of long texts would
    go on for minutes, and a pushed template is tried before anybody deploys it.)"""

    def __init__(self) -> None:
        self._left = _MOST_WORK

    def bounded(self, apply: Callable[..., Any]) -> Callable[..., Any]:
        """The filter, whose result may be no longer than a message. (Chained, they would let a text
        grow beyond all bounds.)"""

        def counted(*args: Any, **more: Any) -> Any:
            self._take(*args, *more.values())
            found = apply(*args, **more)
            if isinstance(found, str) and len(found) > MOST_OUTPUT:
                raise TemplateFaultError(f"it makes more than {MOST_OUTPUT} bytes")
            self._take(found)
            return found

        return counted

    def _take(self, *used: Any) -> None:
        self._left -= 1 + sum(len(one) for one in used if isinstance(one, (str, list, tuple)))
        if self._left < 0:
            raise TemplateFaultError(f"its filters take more than {_MOST_WORK} characters")


def _join(found: Iterable[Any], between: str = "") -> str:
    parts = [str(one) for one in found]
    if sum(map(len, parts)) + len(parts) * len(between) > MOST_OUTPUT:
        raise TemplateFaultError(f"it makes more than {MOST_OUTPUT} bytes")
    return between.join(parts)


def _truncated(found: Any, length: int = 255) -> str:
    text = str(found)
    return text if len(text) <= length else f"{text[: max(length - 1, 0)]}…"


def _escaped(found: Any) -> str:
    """For HTML and XML."""
    from markupsafe import escape

    return str(escape(str(found)))


def _as_json(found: Any) -> str:
    """What is not there is null."""
    return json.dumps(found, ensure_ascii=False, default=_missing)


def _missing(found: Any) -> str | None:
    from jinja2 import Undefined

    if not isinstance(found, Undefined):
        raise TypeError
    return str(found) or None


def _default(found: Any, otherwise: Any = "") -> Any:
    return found if found or found == 0 else otherwise


FILTERS: dict[str, Callable[..., Any]] = {
    "capitalize": lambda found: str(found).capitalize(),
    "default": _default,
    "escape": _escaped,
    "first": lambda found: next(iter(found), ""),
    "join": _join,
    "last": lambda found: next(iter([*found][-1:]), ""),
    "length": lambda found: len([*found]),
    "lower": lambda found: str(found).lower(),
    "tojson": _as_json,
    "trim": lambda found: str(found).strip(),
    "truncate": _truncated,
    "upper": lambda found: str(found).upper(),
    "urlencode": lambda found: quote(str(found), safe=""),
}
_ALLOWED = frozenset(
    (
        *("Template", "Output", "TemplateData", "Name", "Const", "Getattr", "Getitem", "Filter"),
        *("Keyword", "Test", "If", "For", "CondExpr", "Compare", "Operand", "And", "Or", "Not"),
        *("List", "Tuple"),
    )
)


def _check(tree: nodes.Template, env: Environment) -> None:
    from jinja2 import nodes

    for one in tree.find_all(nodes.Node):
        kind = type(one).__name__
        if kind not in _ALLOWED or (isinstance(one, nodes.For) and one.recursive):
            told = "expected only fields, filters, if and for"
            raise TemplateFaultError(f"line {one.lineno} of the template: {told}; here: {kind}")
        if isinstance(one, nodes.Filter) and one.name not in FILTERS:
            raise TemplateFaultError(_no_such("filter", one.name, one.lineno, FILTERS))
        if isinstance(one, nodes.Test) and one.name not in env.tests:
            raise TemplateFaultError(_no_such("test", one.name, one.lineno, env.tests))
        if isinstance(one, (nodes.List, nodes.Tuple)) and not _is_of_constants(one):
            told = "expected only constants in a list"
            raise TemplateFaultError(f"line {one.lineno} of the template: {told}")
    _check_fields(tree)


def _check_fields(tree: nodes.Template) -> None:
    """Not before all else is known to be harmless: the library calculates while it looks, and puts
    what comes out into the tree."""
    from jinja2 import nodes
    from jinja2.meta import find_undeclared_variables

    unknown = find_undeclared_variables(tree) - FIELDS
    for one in tree.find_all(nodes.Name):
        if one.name in unknown:
            raise TemplateFaultError(_no_such("field", one.name, one.lineno, FIELDS))


def _no_such(what: str, name: str, line: int, known: Iterable[str]) -> str:
    listed = ", ".join(sorted(one for one in known if one.isidentifier()))
    return f"line {line} of the template: no such {what}: {name}; expected one of {listed}"


def _is_of_constants(found: nodes.List | nodes.Tuple) -> bool:
    from jinja2 import nodes

    return all(isinstance(one, nodes.Const) for one in found.items)


def _count_steps(tree: nodes.Template) -> None:
    from jinja2 import nodes

    for one in tree.find_all(nodes.For):
        one.iter = nodes.Filter(
            one.iter, _COUNTED, [], [], None, None, lineno=one.lineno, environment=tree.environment
        )


_NASTY = 'a "text"\\ of\ntwo lines'


def _trial(*, has_all: bool) -> type[Any]:
    """Stands in for any field: a text that is no JSON by itself, and a list of one. Or nothing."""
    from jinja2 import ChainableUndefined

    class Tried(ChainableUndefined):
        def __str__(self) -> str:
            return _NASTY if has_all else ""

        def __bool__(self) -> bool:
            return has_all

        def __iter__(self) -> Iterator[Any]:
            return iter((self,) if has_all else ())

    return Tried
