"""Where a look was aimed, relative to the look in question."""

from __future__ import annotations

import re
from enum import StrEnum

from gatewatch.gateway.stages import is_surely_a_stage, is_usual_stage
from gatewatch.gateway.url import Address, HostKind, parse
from gatewatch.model import (
    ApiKind,
    Request,
)

NO_SUCH_ROUTE = "gatewatch-no-such-route"
"""The path segment of our own controls, which no API is expected to have."""


class Place(StrEnum):
    """Where a look was aimed, relative to the look in question."""

    ROUTE = "the route itself"
    OTHER_METHOD = "another method of the same path"
    PREFLIGHT = "OPTIONS at the same path"
    NO_SUCH_SIBLING = "a path beside it that cannot exist"
    NO_SUCH_PATH = "a path that cannot exist"
    ELSEWHERE = "another path of the same API"
    OTHER_STAGE = "another stage"
    WITHOUT_FIRST_SEGMENT = "the same path without its first segment"
    BEHIND_A_STAGE = "the same path behind a stage"
    BEHIND_A_BASE_PATH = "the same path behind a base path"
    OTHER_ENTRANCE = "the same path at another entrance"
    OTHER_HOST = "another path of another host"


def places(request: Request, subject: Request, kinds: frozenset[ApiKind]) -> frozenset[Place]:
    """Every reading of where a look was aimed. `kinds` are the front doors it may have met."""
    here, there = parse(request.url), parse(subject.url)
    if request == subject:
        return frozenset({Place.ROUTE})
    if not (here.host and there.host):
        return frozenset(Place)
    same_method = request.method.upper() == subject.method.upper()
    if (here.host, here.port) != (there.host, there.port):
        same_path = same_method and _one_ends_in_the_other(here.segments, there.segments)
        return frozenset({Place.OTHER_ENTRANCE if same_path else Place.OTHER_HOST})
    if not (request.method and subject.method) and here.segments == there.segments:
        return _SAME_PATH
    if here.segments == there.segments:
        place = Place.ROUTE if same_method else _by_another_method(request.method)
        if here.ends_in_slash == there.ends_in_slash:
            return frozenset({place})
        # Another resource (rt-041), unless it is the root of a stage.
        return frozenset({Place.ELSEWHERE} if len(here.segments) > 1 else {place, Place.ELSEWHERE})
    shifted = _shifted(here, there, kinds) if same_method else frozenset()
    return shifted or _elsewhere(request, subject, kinds)


_SAME_PATH = frozenset({Place.ROUTE, Place.OTHER_METHOD, Place.PREFLIGHT})


def _one_ends_in_the_other(here: tuple[str, ...], there: tuple[str, ...]) -> bool:
    """Whether at most the stage or base path differs, which each entrance has of its own."""
    shorter, longer = sorted((here, there), key=len)
    return len(longer) - len(shorter) <= 1 and longer[len(longer) - len(shorter) :] == shorter


def _by_another_method(method: str) -> Place:
    return Place.PREFLIGHT if method.upper() == "OPTIONS" else Place.OTHER_METHOD


def _shifted(here: Address, there: Address, kinds: frozenset[ApiKind]) -> frozenset[Place]:
    """The same path with one segment more or less in front: a stage, a base path, or a route's.

    At a REST API's default endpoint the first segment is a stage, whatever its name.
    """
    at_default = here.host_kind is HostKind.EXECUTE_API
    is_rest = at_default and ApiKind.HTTP not in kinds
    if here.segments and here.segments == there.segments[1:]:
        if is_rest:
            return frozenset({Place.OTHER_STAGE})
        return _surely_if(is_surely_a_stage(there.segments[0]), Place.WITHOUT_FIRST_SEGMENT)
    if not here.segments or here.segments[1:] != there.segments:
        return frozenset()
    if not there.segments and not (at_default and is_usual_stage(here.segments[0])):
        return frozenset()
    if at_default:
        return _surely_if(is_rest or is_surely_a_stage(here.segments[0]), Place.BEHIND_A_STAGE)
    return frozenset({Place.BEHIND_A_BASE_PATH, Place.ELSEWHERE})


def _surely_if(sure: bool, place: Place) -> frozenset[Place]:
    return frozenset({place} if sure else {place, Place.ELSEWHERE})


def _elsewhere(request: Request, subject: Request, kinds: frozenset[ApiKind]) -> frozenset[Place]:
    """Another path of the same host; the first segment shows whether the stage is the same."""
    here, there = parse(request.url), parse(subject.url)
    path = _other_path(request, subject)
    if here.segments[:1] == there.segments[:1]:
        return path
    if here.host_kind is HostKind.EXECUTE_API and ApiKind.HTTP not in kinds:
        return frozenset({Place.OTHER_STAGE})
    return path | {Place.OTHER_STAGE}


# How people name a path that they know does not exist.
_NONSENSE = re.compile(
    r".*(no-?such|nonsen[sc]e|(does-?|do-?)?no?t-?exist|doesnt-?exist|nonexist|bogus|gibberish"
    r"|not-?a-?(real-?)?(path|route|resource)|definitely-not).*|nope|asdf\w*|foobar",
    re.IGNORECASE,
)


def _other_path(request: Request, subject: Request) -> frozenset[Place]:
    """Such a name is surely aimed at nothing; any other may be."""
    here, there = parse(request.url), parse(subject.url)
    same_method = request.method.upper() == subject.method.upper()
    beside = same_method and here.segments[:-1] == there.segments[:-1]
    nothing = Place.NO_SUCH_SIBLING if beside else Place.NO_SUCH_PATH
    last = here.segments[-1] if here.segments else ""
    is_named_so = last == NO_SUCH_ROUTE or bool(_NONSENSE.fullmatch(last.replace("_", "-")))
    return frozenset({nothing} if is_named_so else {nothing, Place.ELSEWHERE})
