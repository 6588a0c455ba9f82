"""The head of an HTTP/1.1 message: its first line and its fields, read, changed and written."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

LONGEST = 64 * 1024
PATIENCE = 30.0


@dataclass(frozen=True)
class Head:
    """First line and fields, in their order."""

    first: str
    fields: tuple[tuple[str, str], ...]

    @property
    def words(self) -> list[str]:
        """The words of the first line: method, target, version."""
        return self.first.split(" ")

    def get(self, name: str) -> str:
        """A field's value; empty when there is none."""
        return next((value for key, value in self.fields if key.lower() == name), "")

    def but(self, without: Iterable[str], *added: tuple[str, str]) -> Head:
        """Return this head without some fields, and with others."""
        gone = set(without)
        kept = tuple(entry for entry in self.fields if entry[0].lower() not in gone)
        return Head(self.first, kept + added)

    def __bytes__(self) -> bytes:
        lines = [self.first, *(f"{key}: {value}" for key, value in self.fields), "", ""]
        return "\r\n".join(lines).encode("latin-1")


async def read(reader: asyncio.StreamReader) -> Head:
    """Read a head; whoever sends none within half a minute is not waited for."""
    raw = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE)
    if len(raw) > LONGEST:
        raise ValueError("a head of a message that is too long")
    first, *lines = raw.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
    fields = []
    for line in lines:
        key, colon, value = line.partition(":")
        if not colon or key != key.strip():
            raise ValueError("a field that is none")
        fields.append((key, value.strip()))
    return Head(first, tuple(fields))


def answer(status: str, text: str) -> bytes:
    """A whole answer in plain words."""
    body = f"{text}\n".encode()
    head = Head(
        f"HTTP/1.1 {status}",
        (
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", str(len(body))),
            ("Connection", "close"),
        ),
    )
    return bytes(head) + body
