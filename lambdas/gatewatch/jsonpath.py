"""JSON paths (RFC 9535), by a library that is imported only where a path is really used.

Its import costs 110 ms, as much as all of `requests`.
"""

from __future__ import annotations

_DESCENT = ".."
_PATTERN_FUNCTIONS = ("match", "search")


class LookUpError(Exception):
    """Raised when a value is nested too deep for a path; says so."""


def is_path(text: str) -> bool:
    """A path whose look-up takes time in proportion to the value, whoever wrote the value: it
    descends once at most, and matches no regular expression."""
    import jsonpath

    if text.count(_DESCENT) > 1:
        return False
    environment = jsonpath.JSONPathEnvironment(strict=True)
    for name in _PATTERN_FUNCTIONS:
        environment.function_extensions.pop(name, None)
    try:
        environment.compile(text)
    except (jsonpath.JSONPathError, RecursionError):
        return False
    return True


def found_at(path: str, value: object) -> list[object]:
    """The values at a path; raises LookUpError."""
    import jsonpath

    try:
        return list(jsonpath.findall(path, value))  # type: ignore[arg-type]
    except (jsonpath.JSONPathError, RecursionError):
        raise LookUpError("the body is nested too deep") from None
