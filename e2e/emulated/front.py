"""The watched API's public face: TLS for the names that AWS gives, in front of the emulator."""

from __future__ import annotations

import asyncio
import ssl
import threading

import trustme

from e2e.world import World

_NAMES = (
    "*.execute-api.us-east-1.amazonaws.com",
    "*.cloudfront.net",
    "*.gatewatch-e2e.net",
    "*.lambda-url.us-east-1.on.aws",
)


def certified(world: World) -> ssl.SSLContext:
    """The certificate's authority is left for whoever is to trust it."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(world.authority))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(*_NAMES).configure_cert(context)
    return context


def serve_tls(context: ssl.SSLContext, port: int, behind: int) -> None:
    """Listens at once."""
    started = threading.Event()

    async def run() -> None:
        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await _join(reader, writer, behind)

        async with await asyncio.start_server(accept, "127.0.0.1", port, ssl=context) as server:
            started.set()
            await server.serve_forever()

    threading.Thread(target=lambda: asyncio.run(run()), daemon=True).start()
    started.wait(10)


async def _join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, behind: int) -> None:
    inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", behind)
    await asyncio.gather(_pour(reader, inner_writer), _pour(inner_reader, writer))


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()
