"""Image archives: an OCI image layout in a tar, as `ctr images import`, docker and podman read it."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from embedded.images.layer import EPOCH, Layer

LAYER = "application/vnd.oci.image.layer.v1.tar"
CONFIG = "application/vnd.oci.image.config.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CREATED = "2025-01-01T00:00:00Z"


def _encode(document: object) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def _descriptor(kind: str, digest: str, size: int) -> dict[str, Any]:
    return {"mediaType": kind, "digest": f"sha256:{digest}", "size": size}


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mtime = len(data), EPOCH
    tar.addfile(info, io.BytesIO(data))


def _add_blob(tar: tarfile.TarFile, data: bytes) -> tuple[str, int]:
    digest = hashlib.sha256(data).hexdigest()
    _add(tar, f"blobs/sha256/{digest}", data)
    return digest, len(data)


def _add_layer(tar: tarfile.TarFile, layer: Layer) -> None:
    info = tarfile.TarInfo(f"blobs/sha256/{layer.digest}")
    info.size, info.mtime = layer.size, EPOCH
    with layer.file.open("rb") as content:
        content.seek(layer.start)
        tar.addfile(info, content)


def write(
    out: Path, ref: str, architecture: str, config: Mapping[str, object], layers: Sequence[Layer]
) -> None:
    """Write the archive beside its final name and rename it: a half-made archive is never found."""
    image = {
        "architecture": architecture,
        "os": "linux",
        "created": CREATED,
        "config": dict(config),
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{layer.digest}" for layer in layers]},
        "history": [{"created": CREATED, "created_by": "embedded/images"} for _ in layers],
    }
    partial = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        with partial.open("wb") as file:
            with tarfile.open(fileobj=file, mode="w") as tar:
                _add(tar, "oci-layout", _encode({"imageLayoutVersion": "1.0.0"}))
                for layer in layers:
                    _add_layer(tar, layer)
                manifest = {
                    "schemaVersion": 2,
                    "mediaType": MANIFEST,
                    "config": _descriptor(CONFIG, *_add_blob(tar, _encode(image))),
                    "layers": [_descriptor(LAYER, layer.digest, layer.size) for layer in layers],
                }
                entry = _descriptor(MANIFEST, *_add_blob(tar, _encode(manifest)))
                entry["platform"] = {"architecture": architecture, "os": "linux"}
                # containerd takes the image's whole name from its own annotation, others from OCI's.
                entry["annotations"] = {
                    "io.containerd.image.name": ref,
                    "org.opencontainers.image.ref.name": ref,
                }
                _add(
                    tar, "index.json", _encode({"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]})
                )
            file.flush()
            os.fsync(file.fileno())
        partial.replace(out)
    finally:
        partial.unlink(missing_ok=True)


def layers_of(archive: Path) -> list[tuple[str, int]]:
    """Digest and size of each layer, as the archive's own manifest lists them."""
    with tarfile.open(archive) as tar:

        def document(name: str) -> Any:  # noqa: ANN401 (JSON)
            file = tar.extractfile(name)
            assert file is not None, name  # noqa: S101 (a file we wrote)
            return json.load(file)

        digest = document("index.json")["manifests"][0]["digest"].removeprefix("sha256:")
        manifest = document(f"blobs/sha256/{digest}")
    return [(layer["digest"], layer["size"]) for layer in manifest["layers"]]
