"""JSON paths (RFC 9535), with a library that is imported only where a path is used.

Its import costs 110 ms, as much as all of `requests`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jsonpath import CompoundJSONPath, JSONPath

_DESCENT = ".."
_LONGEST = 500
_MOST_COMMAS = 5
_QUOTED = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\"""")
_PATTERN_FUNCTIONS = ("match", "search")


class LookUpError(Exception):
    """Raised when a path cannot be followed into a value; says why."""


def is_path(text: str) -> bool:
    """Whether it is a path whose look-up takes time in proportion to the value, whoever wrote it:
    it descends at most once, names few things at once, never returns to the root, and matches no
    regular expression."""
    import jsonpath

    bare = _QUOTED.sub("''", text)
    if len(text) > _LONGEST or text.count(_DESCENT) > 1 or bare.count(",") > _MOST_COMMAS:
        return False
    if "$" in bare[1:]:
        return False
    try:
        _compiled(text)
    except (jsonpath.JSONPathError, RecursionError):
        return False
    return True


@lru_cache(maxsize=256)
def _compiled(path: str) -> JSONPath | CompoundJSONPath:
    import jsonpath

    environment = jsonpath.JSONPathEnvironment(strict=True)
    for name in _PATTERN_FUNCTIONS:
        environment.function_extensions.pop(name, None)
    return environment.compile(path)


_ROOT = "$"


def found_at(path: str, value: object) -> list[object]:
    """The values at a path; raises LookUpError.

    The library takes a text for a document that it has yet to decode. Here it is a value like any
    other: nothing is in it but itself.
    """
    import jsonpath

    if isinstance(value, str):
        return [value] if path.strip() == _ROOT else []
    try:
        return list(_compiled(path).findall(value))  # type: ignore[arg-type]
    except RecursionError:
        raise LookUpError("the body is nested too deep") from None
    except jsonpath.JSONPathError:
        raise LookUpError("the path does not fit the body") from None
