"""`python -m embedded.images`: build what is missing and show it; `lock`, `contents`: remake locks, page."""

from __future__ import annotations

import sys

from rich.table import Column, Table

from embedded import paths
from embedded.console import console, say
from embedded.fault import Fault
from embedded.images import Image, archive, contents, ensure, locks

USAGE = "Usage: python -m embedded.images [lock | contents]"


def table(images: dict[str, Image]) -> Table:
    """Names, references, sizes and layers; a layer that two images share is counted in both."""
    shown = Table("image", Column("reference", no_wrap=True), Column("size", justify="right"), "layers")
    for name, image in images.items():
        layers = archive.layers_of(image.archive)
        shown.add_row(
            name,
            image.ref,
            _megabytes(sum(size for _, size in layers)),
            "\n".join(f"{digest[7:15]} {_megabytes(size)}" for digest, size in layers),
        )
    return shown


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.0f} MB" if size >= 1e7 else f"{size / 1e6:.1f} MB"


def main(words: list[str]) -> int:
    """Run the command; a fault is a message, not a traceback."""
    try:
        if words == ["lock"]:
            locks.remake()
        elif words == ["contents"]:
            found = contents.look(ensure(paths.find())["notebook"].archive)
            contents.PAGE.write_text(contents.page(found))
            say(f"  docs/{contents.PAGE.name}")
        elif not words:
            console.print(table(ensure(paths.find())))
        else:
            say(USAGE)
            return 2
    except Fault as fault:
        say(f"[red]✗[/] {fault}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
