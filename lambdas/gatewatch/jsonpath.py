"""JSON paths (RFC 9535), by a library that is imported only where a path is really used.

Its import costs 110 ms, as much as all of `requests`.
"""

from __future__ import annotations


def is_path(text: str) -> bool:
    import jsonpath

    try:
        jsonpath.compile(text)
    except jsonpath.JSONPathError:
        return False
    return True


def found_at(path: str, value: object) -> list[object]:
    """The values at a path."""
    import jsonpath

    return list(jsonpath.findall(path, value))  # type: ignore[arg-type]
