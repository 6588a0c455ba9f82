"""Bytes both ways between two connections, until both have ended."""

from __future__ import annotations

import asyncio
import contextlib

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]
CHUNK = 64 * 1024
HANGING = 30.0
"""Seconds that one way may go on after the other has ended."""


async def join(one: Stream, other: Stream) -> None:
    """Copy both ways; an end is passed on as an end, a break closes both."""
    ways = [
        asyncio.create_task(_copy(one[0], other[1])),
        asyncio.create_task(_copy(other[0], one[1])),
    ]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait(ways, timeout=HANGING)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        await close(one[1], other[1])


async def close(*writers: asyncio.StreamWriter) -> None:
    """Close connections; one that broke already is closed."""
    for writer in writers:
        writer.close()
    for writer in writers:
        # A client that is gone without a word of farewell is nothing to report.
        with contextlib.suppress(OSError, TimeoutError):
            await asyncio.wait_for(writer.wait_closed(), 5.0)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
        else:
            # TLS knows no half-closed connection: its end is the whole connection's.
            writer.close()
    except OSError:
        writer.close()
