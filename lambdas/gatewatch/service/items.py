"""Fits values into an item of the table, which holds 400 KB with its other attributes:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
"""

from __future__ import annotations

import lzma
import zlib
from collections.abc import Iterable

_LARGEST_BYTES = 350_000
_LZMA = b"\xfd7zXZ\x00"


def first_fitting(shapes: Iterable[bytes]) -> bytes:
    """The first of ever smaller shapes that fits; the last one, if none does."""
    found = b""
    for found in shapes:
        if len(found) <= _LARGEST_BYTES:
            break
    return found


def expanded(packed: bytes) -> bytes:
    return lzma.decompress(packed) if packed.startswith(_LZMA) else zlib.decompress(packed)
