"""Which host a TLS client asks for, read without taking anything from its connection.

A context that demands a client certificate has to be chosen before the handshake, so the first
message is looked at ahead of it.
"""

from __future__ import annotations

import contextlib
import socket
import ssl

_RECORD_HEADER = 5
_MOST = 65_536


def server_name(connection: socket.socket) -> str:
    """The name in the client's first message; empty where there is none."""
    peek = socket.MSG_PEEK | socket.MSG_WAITALL
    header = connection.recv(_RECORD_HEADER, peek)
    if len(header) < _RECORD_HEADER:
        return ""
    length = _RECORD_HEADER + int.from_bytes(header[3:], "big")
    return _named(connection.recv(min(length, _MOST), peek))


def _named(hello: bytes) -> str:
    names: list[str] = []

    def remember(_: ssl.SSLObject, name: str | None, __: ssl.SSLContext) -> int:
        names.append(name or "")
        return int(ssl.ALERT_DESCRIPTION_USER_CANCELLED)

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.sni_callback = remember
    incoming = ssl.MemoryBIO()
    incoming.write(hello)
    with contextlib.suppress(ssl.SSLError):
        context.wrap_bio(incoming, ssl.MemoryBIO(), server_side=True).do_handshake()
    return names[0] if names else ""
