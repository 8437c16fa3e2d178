"""One public port in front of a server with workers: websockets go to the evented port.

Odoo with workers answers ordinary requests on one port and websockets on another, and expects
a reverse proxy in front.  This is the smallest one: it reads the first line of a connection
and then copies bytes both ways.  For development on this machine only.
"""

import argparse
import asyncio
import contextlib

WEBSOCKET = (b"GET /websocket", b"GET /longpolling")
CHUNK = 64 * 1024


async def serve(port: int, http_port: int, evented_port: int) -> None:
    """Listen on 127.0.0.1 until cancelled."""

    async def handle(reader, writer):
        await _forward(reader, writer, http_port, evented_port)

    server = await asyncio.start_server(handle, "127.0.0.1", port)
    async with server:
        await server.serve_forever()


async def _forward(reader, writer, http_port: int, evented_port: int) -> None:
    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
        first = await reader.read(CHUNK)
        port = evented_port if first.startswith(WEBSOCKET) else http_port
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", port)
        up_writer.write(first)
        await asyncio.gather(_copy(reader, up_writer), _copy(up_reader, writer))
    writer.close()


async def _copy(reader, writer) -> None:
    try:
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
    except OSError:
        return
    finally:
        writer.close()


def main() -> None:
    """Run as a program of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("port", "http-port", "evented-port"):
        parser.add_argument(f"--{name}", type=int, required=True)
    options = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(options.port, options.http_port, options.evented_port))


if __name__ == "__main__":
    main()
