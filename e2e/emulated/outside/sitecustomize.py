"""Python runs this first in every process of the emulator, so in every Lambda function.

The watched API's names lead to this machine, to an address where nobody listens, or to the end of
the process, as the run wants it.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

_NAMES = ".execute-api.us-east-1.amazonaws.com"
_WORLD = Path(os.environ["WORLD"])
_look_up = socket.getaddrinfo


def _steered(host: Any, *args: Any, **named: Any) -> Any:
    if isinstance(host, str) and host.endswith(_NAMES):
        for one in sorted(_WORLD.glob("crash-*")):
            one.unlink()
            os._exit(1)
        cut_off = (_WORLD / f"cut-off-{host}").exists()
        host = "127.0.0.2" if cut_off else "127.0.0.1"
    return _look_up(host, *args, **named)


socket.getaddrinfo = _steered
