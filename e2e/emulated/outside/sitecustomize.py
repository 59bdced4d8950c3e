"""Python runs this first in every process of the emulator, so in every Lambda function.

The watched APIs' names have an address of AWS's, and what connects there comes to this machine, to
a place where nobody listens, or to the end of the process, as the run wants it.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

_NAMES = (
    ".execute-api.us-east-1.amazonaws.com",
    ".cloudfront.net",
    ".gatewatch-e2e.net",
    ".lambda-url.us-east-1.on.aws",
)
_REACHED, _CUT_OFF = "52.94.224.1", "52.94.224.2"
_HERE = {_REACHED: "127.0.0.1", _CUT_OFF: "127.0.0.2"}
_HTTPS, _FRONT = 443, int(os.environ["FRONT_PORT"])
_WORLD = Path(os.environ["WORLD"])
_look_up = socket.getaddrinfo
_connect = socket.socket.connect


def _found(host: Any, *args: Any, **named: Any) -> Any:
    if isinstance(host, str) and host.endswith(_NAMES):
        for one in sorted(_WORLD.glob("crash-*")):
            one.unlink()
            os._exit(1)
        host = _CUT_OFF if (_WORLD / f"cut-off-{host}").exists() else _REACHED
    return _look_up(host, *args, **named)


def _connected(self: Any, address: Any) -> None:
    if isinstance(address, tuple) and address[0] in _HERE:
        port = _FRONT if address[1] == _HTTPS else address[1]
        address = (_HERE[address[0]], port, *address[2:])
    _connect(self, address)


socket.getaddrinfo = _found
socket.socket.connect = _connected  # type: ignore[method-assign]
