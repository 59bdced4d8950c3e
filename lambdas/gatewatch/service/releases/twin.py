"""A round of looks that the function outside the VPC asks of its twin inside, in packed form.

What a call of Lambda may carry is limited, and text packs well:
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""

from __future__ import annotations

import zlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from typing import TypeVar

import msgspec

from gatewatch.config.canonical import Config
from gatewatch.looking.rounds import Round, Taken, TakeRound
from gatewatch.plan import Entered
from gatewatch.service.releases.callers import ROUND, RoundCall, UnknownCallError

_MOST_BYTES = 6_000_000
_MOST_EXPANDED = 200_000_000
_TAKEN = "taken"


class TwinError(Exception):
    """Raised where the twin did not take a round; says why."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What the twin must know. `config`: the private part alone; `networks`: the address ranges to
    which it may connect."""

    config: Config
    round: Round
    entered: tuple[tuple[str, str], ...] = ()
    networks: tuple[str, ...] = ()


Ask = Callable[[bytes], bytes]
"""Calls the twin with this event, and returns its answer. Raises TwinError."""


def through(ask: Ask, config: Config, entered: Entered, networks: tuple[str, ...]) -> TakeRound:
    """Rounds of the private part of a configuration. Raises TwinError."""

    def take(asked: Round) -> Taken:
        known = tuple(sorted(entered))
        part = Part(config=config, round=asked, entered=known, networks=networks)
        event = msgspec.json.encode({ROUND: _packed(part)})
        if len(event) > _MOST_BYTES:
            raise TwinError(f"{len(event)} bytes are too many for one call of the twin")
        return _read_answer(ask(event))

    return take


def _read_answer(body: bytes) -> Taken:
    try:
        found = msgspec.json.decode(body, type=dict[str, str])
        return _unpacked(found[_TAKEN], Taken)
    except (KeyError, ValueError, zlib.error) as error:
        raise TwinError(f"the twin's answer cannot be read ({type(error).__name__})") from None


def read_part(call: RoundCall) -> Part:
    """Raises UnknownCallError."""
    try:
        return _unpacked(call.packed, Part)
    except (ValueError, zlib.error) as error:
        raise UnknownCallError(f"the round cannot be read ({type(error).__name__})") from None


def answer(taken: Taken) -> Mapping[str, str]:
    return {_TAKEN: _packed(taken)}


def _packed(value: object) -> str:
    return b64encode(zlib.compress(msgspec.json.encode(value), 6)).decode()


T = TypeVar("T")


def _unpacked(text: str, kind: type[T]) -> T:
    unpacker = zlib.decompressobj()
    body = unpacker.decompress(b64decode(text, validate=True), _MOST_EXPANDED)
    if not unpacker.eof:
        raise ValueError("it is cut off, or too long")
    return msgspec.json.decode(body, type=kind)
