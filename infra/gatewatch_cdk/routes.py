"""Which routes of an API are watched: those that its constructs define, completed by what a person
gave. Pure; what is not watched is said, never dropped in silence."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from gatewatch.config.problems import Problem
from gatewatch.model import READING_METHODS
from gatewatch_cdk.readers.reading import FoundRoute, Reading, Remark

Written: TypeAlias = Mapping[str, Any]
"""As in gatewatch.yaml: JSON, validated with the whole file."""
Given: TypeAlias = Mapping[str, Written | None]
"""By route, what a person adds; None: this route is not to be watched."""
_ANY = "ANY"
_VARIABLE = re.compile(r"\{([\w.-]+)(\+?)\}")
_ANY_VALUE = "gatewatch"
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Completed:
    routes: tuple[tuple[str, dict[str, Any]], ...]
    problems: tuple[Problem, ...]
    remarks: tuple[Remark, ...]

    @property
    def has_public_writes(self) -> bool:
        return any(_is_skipped(name, one) for name, one in self.routes)


def complete(api: str, reading: Reading, given: Given) -> Completed:
    """`api` is the name in problems."""
    derived = _by_name(reading.routes)
    problems = tuple(_unknown(api, reading, given, derived))
    covered = _covered(reading, given, derived)
    named = {**derived, **covered}
    settled = [_settled(name, one, reading, given.get(name, {})) for name, one in named.items()]
    settled = [
        one for one in settled if not (one.needs_values and named[one.name] in covered.values())
    ]
    routes = {one.name: one.written for one in settled if one.written is not None}
    routes |= dict(_own(reading, given, named))
    remarks = (
        *(one.remark for one in settled if one.remark),
        *_of_any(reading, derived, named, routes),
        *_of_writes(reading, routes),
        *_of_unsigned(reading, routes),
        *_of_unread(reading, derived),
    )
    if not problems and not any(not _is_skipped(name, one) for name, one in routes.items()):
        problems = (Problem(("apis", api, "routes"), _why_nothing(reading, remarks)),)
    return Completed(
        routes=tuple(sorted(routes.items())),
        problems=problems,
        remarks=remarks,
    )


def in_full(given: Mapping[str, Any]) -> Given:
    """A bare access word is short for a mapping, as in gatewatch.yaml."""
    return {name: {"access": own} if isinstance(own, str) else own for name, own in given.items()}


def checkable(name: str, own: Written) -> object:
    """A given route by itself, before the constructs tell what else there is to it."""
    if not isinstance(own, Mapping) or not isinstance(own.get("path", {}), Mapping):
        return own
    lacking = {found[0] for found in _VARIABLE.findall(name)}
    path = {**dict.fromkeys(lacking, _ANY_VALUE), **own.get("path", {})}
    return {"access": "protected", **own, **({"path": path} if path else {})}


def _by_name(routes: tuple[FoundRoute, ...]) -> dict[str, FoundRoute]:
    """As they are called: ANY with GET, unless GET has a route of its own. Open preflights are not:
    nobody is kept out, and no backend answers."""
    ordered = sorted(routes, key=lambda one: (one.method == _ANY, one.is_everything))
    found: dict[str, FoundRoute] = {}
    for one in ordered:
        if not one.is_preflight or one.guards:
            found.setdefault(_called(one), one)
    return found


def _called(one: FoundRoute) -> str:
    return f"{'GET' if one.method == _ANY else one.method} {one.path}"


@dataclass(frozen=True, slots=True)
class _Settled:
    """`needs_values`: unless a person gives another route of those that it takes."""

    name: str
    written: dict[str, Any] | None = None
    remark: Remark | None = None
    needs_values: bool = False


def _settled(name: str, one: FoundRoute, reading: Reading, own: Written | None) -> _Settled:
    if own is None:
        return _Settled(name)
    method, _, path = name.partition(" ")
    guards, doubt = _guards(one, method, path, reading)
    access = own.get("access", "protected" if guards else "public")
    if doubt and "access" not in own:
        return _unwatched(name, doubt, "access")
    if method == "OPTIONS" and not guards and not own:
        return _unwatched(name, "its backend may refuse a preflight that names no origin", "access")
    derived = {"guarded_by": list(guards)} if guards and access == "protected" else {}
    written = _with_values(name, {"access": access, **derived, **own})
    if written is None:
        return replace(_without_values(name, one), needs_values=not own)
    return _Settled(name, written, _of_callers(name, written, reading))


def _guards(
    one: FoundRoute, method: str, path: str, reading: Reading
) -> tuple[tuple[str, ...], str]:
    """What refuses strangers, or why nobody can tell whether anything does."""
    if one.doubt or reading.policy is None:
        return one.guards, one.doubt
    admits = reading.policy.admits_strangers(method, path)
    if admits is None and not one.guards:
        return (), f"its resource policy decides {reading.policy.doubts}"
    return (*one.guards, *(("resource_policy",) if admits is False else ())), ""


def _unwatched(name: str, reason: str, key: str) -> _Settled:
    text = f'{name} is not watched: {reason}; give routes={{"{name}": {{"{key}": …}}}}'
    return _Settled(name, remark=Remark("unwatched", name, text))


def _without_values(name: str, one: FoundRoute) -> _Settled:
    if not one.is_everything:
        return _unwatched(name, "its path needs values", "path")
    text = (
        f"{name} is not watched: it takes every path, and only a person knows which of them "
        'answer; give such as routes={"GET /health": {}}'
    )
    return _Settled(name, remark=Remark("unwatched", name, text))


def _with_values(name: str, written: dict[str, Any]) -> dict[str, Any] | None:
    """Path variables need values. A guard refuses a stranger whatever they are, so any will do; a
    call that should get in needs real ones."""
    lacking = {found[0] for found in _VARIABLE.findall(name)} - set(written.get("path", {}))
    if not lacking:
        return written
    if written["access"] == "public" or written.get("as"):
        return None
    return {**written, "path": {**written.get("path", {}), **dict.fromkeys(lacking, _ANY_VALUE)}}


def _of_callers(name: str, written: Written, reading: Reading) -> Remark | None:
    method, _, path = name.partition(" ")
    if not written.get("as") or reading.policy is None:
        return None
    if reading.policy.admits_known(method, path) is not False:
        return None
    text = (
        f"{name}: the resource policy refuses every caller from where Gatewatch looks, those of "
        "`as` included"
    )
    return Remark("refused", name, text)


def _covered(
    reading: Reading, given: Given, derived: Mapping[str, FoundRoute]
) -> dict[str, FoundRoute]:
    """Given routes that a wider one takes, such as ANY or {proxy+}: with its guards."""
    found = {name: _covering(reading.routes, name) for name in given if name not in derived}
    return {name: one for name, one in found.items() if one is not None}


def _covering(routes: tuple[FoundRoute, ...], name: str) -> FoundRoute | None:
    method, _, path = name.partition(" ")
    fitting = [one for one in routes if one.method in (_ANY, method) and _takes(one, path)]
    return min(fitting, key=_width, default=None)


def _takes(one: FoundRoute, path: str) -> bool:
    if one.is_everything or one.path == path:
        return True
    pieces = re.split(r"(\{[^{}]*\})", one.path)
    pattern = "".join(_piece(piece) for piece in pieces)
    return bool(re.fullmatch(pattern, path))


def _piece(piece: str) -> str:
    if not piece.startswith("{"):
        return re.escape(piece)
    return ".+" if piece.endswith("+}") else "[^/{}]+"


def _width(one: FoundRoute) -> tuple[bool, bool, int, bool]:
    """The gateway prefers the most specific route."""
    return one.is_everything, "+}" in one.path, one.path.count("{"), one.method == _ANY


def _own(
    reading: Reading, given: Given, named: Mapping[str, FoundRoute]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Routes that only the person knows."""
    for name, own in given.items():
        if reading.unread and name not in named and own is not None and "access" in own:
            yield name, dict(own)


def _unknown(
    api: str, reading: Reading, given: Given, derived: Mapping[str, FoundRoute]
) -> Iterator[Problem]:
    place = ("apis", api, "routes")
    for name, own in given.items():
        path = name.partition(" ")[2]
        if not path.startswith(reading.below):
            yield Problem(place, f"expected a path below {reading.below}: {reading.unread}", name)
        elif name in derived or _covering(reading.routes, name) is not None:
            continue
        elif not reading.unread:
            expected = "no such route in this API"
            yield Problem(place, expected, name, near=(name, derived))
        elif own is None or "access" not in own:
            yield Problem(place, f"expected its access: {reading.unread}", name)


def _of_any(
    reading: Reading,
    derived: Mapping[str, FoundRoute],
    named: Mapping[str, FoundRoute],
    routes: Mapping[str, Written],
) -> Iterator[Remark]:
    """What of ANY is not looked at, unless a person has given another method."""
    others = {one for name, one in named.items() if not name.startswith("GET ")}
    for one in reading.routes:
        if one.method != _ANY or one in others:
            continue
        place = f"ANY {one.path}"
        but = f'for another method give routes={{"POST {one.path}": {{…}}}}'
        if derived.get(_called(one)) is not one:
            text = f"{place} is not watched where GET has a route of its own; {but}"
            yield Remark("unwatched", place, text)
        elif _called(one) in routes:
            yield Remark("any", place, f"{place} is looked at with GET only; {but}")


def _is_skipped(name: str, written: Written) -> bool:
    """A write that `plan` does not send at all."""
    is_write = name.partition(" ")[0] not in READING_METHODS
    return is_write and written.get("access") == "public" and not written.get("invoke")


def _of_writes(reading: Reading, routes: Mapping[str, Written]) -> Iterator[Remark]:
    skipped = [name for name, one in routes.items() if _is_skipped(name, one)]
    if skipped:
        text = f"public writes are not called without `invoke`: {_listed(skipped)}"
        yield Remark("skipped", "", text)
    unproven = [name for name, one in routes.items() if _is_unproven(name, one)]
    if unproven:
        text = (
            "unsigned, a write guarded by IAM answers like a route that does not exist; its "
            f"protection stays unknown: {_listed(unproven)}"
        )
        yield Remark("unproven", "", text if reading.tells_iam else f"{text}; {_NEVER_VERIFIED}")


_NEVER_VERIFIED = "no release passes its verification, unless the route has `verify: warn`"
"""What is unknown is never a pass; see `release.policy`."""


def _is_unproven(name: str, written: Written) -> bool:
    is_write = name.partition(" ")[0] not in READING_METHODS
    guards = written.get("guarded_by", ())
    return is_write and "iam" in guards and not written.get("invoke")


def _of_unsigned(reading: Reading, routes: Mapping[str, Written]) -> Iterator[Remark]:
    found = [name for name, one in routes.items() if _is_unsigned(name, one)]
    if found and not reading.tells_iam:
        text = (
            "unsigned, a route guarded by IAM alone is refused like one that does not exist, so it "
            f"stays unknown: {_listed(found)}; give `as` with a credential that signs, "
            f"or {_NEVER_VERIFIED}"
        )
        yield Remark("unsigned", "", text)


def _is_unsigned(name: str, written: Written) -> bool:
    is_read = name.partition(" ")[0] in READING_METHODS
    return is_read and list(written.get("guarded_by", ())) == ["iam"] and not written.get("as")


def _of_unread(reading: Reading, derived: Mapping[str, FoundRoute]) -> Iterator[Remark]:
    if reading.unread and derived:
        text = f"not all of its routes are known: {reading.unread}; give the others in routes"
        yield Remark("unread", "", text)


def _why_nothing(reading: Reading, remarks: tuple[Remark, ...]) -> str:
    if reading.unread:
        example = '{"GET /path": {"access": …}}'.replace("/path", f"{reading.below}path")
        return f"{reading.unread}; expected routes={example.replace('//', '/')}"
    reasons = "; ".join(one.text for one in remarks[:_SHOWN])
    return "nothing of this API can be looked at" + (f": {reasons}" if reasons else "")


def _listed(names: list[str]) -> str:
    more = len(names) - _SHOWN
    shown = ", ".join(sorted(names)[:_SHOWN])
    return f"{shown} and {more} more" if more > 0 else shown
