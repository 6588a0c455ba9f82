"""Layers that an earlier build of an image made: found again inside its archive, and not stored twice."""

from __future__ import annotations

import json
import tarfile
from contextlib import suppress
from pathlib import Path

from embedded.images.layer import Layer

SUFFIX = ".where"


def note(folder: Path, name: str, layer: Layer) -> None:
    """Note which layer a name stands for; the archive that holds it may come and go."""
    (folder / f"{name}{SUFFIX}").write_text(json.dumps({"digest": layer.digest, "size": layer.size}))


def find(folder: Path, image: str, name: str) -> Layer | None:
    """Give the layer of that name, from whichever archive of the image still holds it."""
    try:
        said = json.loads((folder / f"{name}{SUFFIX}").read_text())
        digest, size = str(said["digest"]), int(said["size"])
    except (OSError, ValueError, KeyError):
        return None
    for archive in sorted(folder.glob(f"{image}-*.tar")):
        with suppress(OSError, tarfile.TarError, KeyError), tarfile.open(archive) as tar:
            member = tar.getmember(f"blobs/sha256/{digest}")
            if member.size == size:
                return Layer(archive, digest, size, member.offset_data)
    return None
