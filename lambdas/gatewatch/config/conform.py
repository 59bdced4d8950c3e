"""Compares plain values with the authored types: all deviations, not just the first."""

from __future__ import annotations

import re
from collections.abc import Iterable

from msgspec import inspect as types

from gatewatch.config.problems import Path, Problem, nearest

_HOOKS = ("pagerduty", "slack", "teams", "opsgenie", "incident_io", "webhook")


def _holds_secrets(path: Path) -> bool:
    """Whether somebody may write a secret there instead of a reference to it."""
    match path:
        case ("credentials" | "heartbeat", *_):
            return True
        case ("notify", _, kind, *_):
            return kind in _HOOKS
        case _:
            return False


def deviations(value: object, kind: types.Type, path: Path = ()) -> list[Problem]:
    """Every way in which `value` is not of the type `kind`."""
    if (most := _longest(kind)) is not None and isinstance(value, str) and len(value) > most:
        return [_wrong(path, value, f"at most {most} characters")]
    match kind:
        case types.StructType():
            return _struct(value, kind, path)
        case types.DictType():
            return _mapping(value, kind, path)
        case types.VarTupleType() | types.ListType():
            return _sequence(value, kind, path)
        case types.UnionType():
            return _union(value, kind, path)
        case types.Metadata():
            return _described(value, kind, path)
        case _:
            return [] if _is(value, kind) else [_wrong(path, value, _expected(kind))]


def _longest(kind: types.Type) -> int | None:
    while isinstance(kind, types.Metadata):
        kind = kind.type
    return kind.max_length if isinstance(kind, types.StrType) else None


def _described(value: object, kind: types.Metadata, path: Path) -> list[Problem]:
    """Deviations of the value itself use the type's description."""
    return [
        _wrong(path, value, _expected(kind)) if problem.path == path else problem
        for problem in deviations(value, kind.type, path)
    ]


def _wrong(path: Path, value: object, expected: str) -> Problem:
    """A problem that never repeats a value that may be a misplaced secret."""
    has_user_info = isinstance(value, str) and "://" in value and "@" in value
    hidden = _holds_secrets(path) or has_user_info
    return Problem(path, f"expected {expected}", None if hidden or value is None else value)


def _struct(value: object, kind: types.StructType, path: Path) -> list[Problem]:
    if not isinstance(value, dict):
        names = ", ".join(field.encode_name for field in kind.fields)
        return [_wrong(path, value, f"a mapping with the keys {names}")]
    fields = {field.encode_name: field for field in kind.fields}
    found: list[Problem] = []
    unknown = [key for key in value if key not in fields]
    for at, key in enumerate(unknown):
        found.append(_unknown_key((*path, key), key, fields, mistyped=at < _MOST_MISTYPED))
    for key, item in value.items():
        if key in fields:
            found += deviations(item, fields[key].type, (*path, key))
    missing = (name for name, field in fields.items() if field.required and name not in value)
    return found + [
        Problem((*path, name), f"missing; expected {_expected(fields[name].type)}")
        for name in missing
    ]


_MOST_MISTYPED = 100
"""In one mapping: more unknown keys than this are no typing errors."""


def _unknown_key(path: Path, key: str, known: Iterable[str], *, mistyped: bool) -> Problem:
    """Where secrets are named, a key that resembles no known one may be one itself."""
    names = sorted(known)
    is_below = len(path) > 2 and _holds_secrets(path[:-1])
    hidden = is_below and (not mistyped or nearest(key, names) is None)
    expected = f"unknown key; expected one of {', '.join(names)}"
    near = (key, names) if mistyped else None
    return Problem(path[:-1] if hidden else path, expected, near=near)


def _mapping(value: object, kind: types.DictType, path: Path) -> list[Problem]:
    if not isinstance(value, dict):
        return [_wrong(path, value, "a mapping")]
    names = [problem for key in value for problem in _named(key, kind.key_type, path)]
    return names + [
        problem
        for key, item in value.items()
        for problem in deviations(item, kind.value_type, (*path, key))
    ]


def _named(key: str, kind: types.Type, path: Path) -> list[Problem]:
    """What is wrong with a key, at its own path unless the key is too long for one."""
    is_short = len(key) <= (_longest(kind) or len(key))
    return deviations(key, kind, (*path, key) if is_short and key else path)


def _sequence(
    value: object, kind: types.VarTupleType | types.ListType, path: Path
) -> list[Problem]:
    if not isinstance(value, list):
        return [_wrong(path, value, "a list")]
    return [
        problem
        for at, item in enumerate(value)
        for problem in deviations(item, kind.item_type, (*path, at))
    ]


def _union(value: object, kind: types.UnionType, path: Path) -> list[Problem]:
    """The deviations from the alternative that the value comes closest to."""
    tried = [deviations(value, alternative, path) for alternative in kind.types]
    if any(not found for found in tried):
        return []
    below = [found for found in tried if any(len(one.path) > len(path) for one in found)]
    if below:
        return min(below, key=len)
    wanted = [_expected(one) for one in kind.types if not isinstance(one, types.NoneType)]
    return [_wrong(path, value, " or ".join(wanted))]


def _is(value: object, kind: types.Type) -> bool:
    match kind:
        case types.AnyType():
            return True
        case types.NoneType():
            return value is None
        case types.BoolType():
            return isinstance(value, bool)
        case types.IntType():
            return isinstance(value, int) and not isinstance(value, bool) and _within(value, kind)
        case types.FloatType():
            return isinstance(value, (int, float)) and not isinstance(value, bool)
        case types.EnumType():
            return value in [member.value for member in kind.cls]
        case types.LiteralType():
            return value in kind.values
        case types.StrType():
            # The whole text, since `$` would let a line end pass.
            return isinstance(value, str) and bool(re.fullmatch(kind.pattern or "(?s:.*)", value))
        case _:
            raise TypeError(f"no check for {kind}")


def _within(value: int, kind: types.IntType) -> bool:
    low, high = kind.ge, kind.le
    return (low is None or value >= low) and (high is None or value <= high)


def _expected(kind: types.Type) -> str:
    match kind:
        case types.Metadata():
            description = (kind.extra_json_schema or {}).get("description")
            return str(description) if description else _expected(kind.type)
        case types.EnumType():
            return _one_of(member.value for member in kind.cls)
        case types.LiteralType():
            return _one_of(str(value) for value in kind.values)
        case types.IntType():
            least = "" if kind.ge is None else f" from {kind.ge}"
            return f"a whole number{least}" + ("" if kind.le is None else f" to {kind.le}")
        case types.UnionType():
            return " or ".join(
                _expected(one) for one in kind.types if not isinstance(one, types.NoneType)
            )
        case _:
            return _NAMES.get(type(kind), "another value")


_NAMES: dict[type[types.Type], str] = {
    types.BoolType: "true or false",
    types.FloatType: "a number",
    types.StrType: "a text",
    types.DictType: "a mapping",
    types.StructType: "a mapping",
    types.VarTupleType: "a list",
    types.ListType: "a list",
}


def _one_of(values: Iterable[str]) -> str:
    known = sorted(values)
    return known[0] if len(known) == 1 else f"one of {', '.join(known)}"
