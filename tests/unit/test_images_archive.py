"""Layers are the same bytes for the same files; archives are what containerd reads, and never half there."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import tarfile
from pathlib import Path
from typing import Any

import pytest

from embedded.images import archive
from embedded.images.layer import Attributes, Layer, as_found, pack, plain

REF = "localhost/jupyterhub/hub:abcdef123456"


def make_tree(root: Path, names: list[str], *, umask: int = 0o022) -> Path:
    before = os.umask(umask)
    try:
        for name in names:
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"content of {name}")
        (root / "bin/run").chmod(0o700)
        (root / "bin/link").symlink_to("run")
        os.link(root / "bin/run", root / "bin/same")
        os.mkfifo(root / "fifo")
    finally:
        os.umask(before)
    return root


NAMES = ["opt/app/b.py", "opt/app/a.py", "opt/z", "bin/run", "home/jovyan/.keep"]


def test_two_builds_of_the_same_tree_are_byte_identical(tmp_path: Path) -> None:
    first = make_tree(tmp_path / "one", NAMES)
    second = make_tree(tmp_path / "two", NAMES[::-1], umask=0o077)
    os.utime(second / "opt/z", (1, 1))
    judge = plain({"home/jovyan": Attributes(0o755, 1000, 100)})
    one = pack(first, tmp_path / "one.tar", judge)
    two = pack(second, tmp_path / "two.tar", judge)
    assert one.file.read_bytes() == two.file.read_bytes()
    assert one.digest == two.digest


def test_a_layers_digest_and_size_are_those_of_its_file(tmp_path: Path) -> None:
    layer = pack(make_tree(tmp_path / "tree", NAMES), tmp_path / "layer", plain({}))
    data = layer.file.read_bytes()
    assert layer.digest == hashlib.sha256(data).hexdigest()
    assert layer.size == len(data)


def test_owners_and_modes_are_as_said(tmp_path: Path) -> None:
    tree = make_tree(tmp_path / "tree", NAMES, umask=0o077)
    layer = pack(tree, tmp_path / "layer", plain({"home/jovyan": Attributes(0o755, 1000, 100)}))
    with tarfile.open(layer.file) as tar:
        entries = {entry.name: entry for entry in tar}
    assert "fifo" not in entries
    assert (entries["home/jovyan"].uid, entries["home/jovyan"].gid) == (1000, 100)
    assert (entries["opt/z"].uid, entries["opt/z"].mode) == (0, 0o644)
    assert (entries["opt"].mode, entries["bin/run"].mode) == (0o755, 0o755)
    assert entries["bin/link"].linkname == "run"
    assert entries["bin/same"].islnk()
    assert len({entry.mtime for entry in entries.values()}) == 1


def test_debian_modes_are_kept_but_no_set_uid_program_is(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    program = tmp_path / "tree" / "su"
    program.touch()
    program.chmod(0o4755)
    assert program.stat().st_mode & stat.S_ISUID
    layer = pack(tmp_path / "tree", tmp_path / "layer", as_found)
    with tarfile.open(layer.file) as tar:
        assert tar.getmember("su").mode == 0o755


def test_a_part_of_a_tree_comes_with_the_directories_above_it(tmp_path: Path) -> None:
    tree = make_tree(tmp_path / "tree", NAMES)
    layer = pack(tree, tmp_path / "layer", plain({}), only=("opt/app",))
    with tarfile.open(layer.file) as tar:
        assert tar.getnames() == ["opt", "opt/app", "opt/app/a.py", "opt/app/b.py"]


@pytest.fixture
def layers(tmp_path: Path) -> list[Layer]:
    return [
        pack(make_tree(tmp_path / name, [*NAMES, f"opt/{name}"]), tmp_path / f"{name}.layer", plain({}))
        for name in ("below", "above")
    ]


def read(file: Path) -> dict[str, bytes]:
    with tarfile.open(file) as tar:
        return {entry.name: content.read() for entry in tar if (content := tar.extractfile(entry))}


def test_the_archive_is_an_image_layout_under_its_full_name(tmp_path: Path, layers: list[Layer]) -> None:
    out = tmp_path / "hub.tar"
    archive.write(out, REF, "amd64", {"User": "1000:1000"}, layers)
    files = read(out)

    def blob(descriptor: dict[str, Any]) -> bytes:
        algorithm, digest = descriptor["digest"].split(":")
        data = files[f"blobs/{algorithm}/{digest}"]
        assert hashlib.sha256(data).hexdigest() == digest
        assert len(data) == descriptor["size"]
        return data

    assert json.loads(files["oci-layout"]) == {"imageLayoutVersion": "1.0.0"}
    (entry,) = json.loads(files["index.json"])["manifests"]
    assert entry["annotations"]["io.containerd.image.name"] == REF
    assert entry["platform"] == {"architecture": "amd64", "os": "linux"}
    manifest = json.loads(blob(entry))
    assert manifest["schemaVersion"] == 2
    config = json.loads(blob(manifest["config"]))
    assert (config["architecture"], config["os"]) == ("amd64", "linux")
    assert config["config"] == {"User": "1000:1000"}
    diff_ids = [f"sha256:{hashlib.sha256(blob(layer)).hexdigest()}" for layer in manifest["layers"]]
    assert config["rootfs"] == {"type": "layers", "diff_ids": diff_ids}
    assert [digest for digest, _ in archive.layers_of(out)] == diff_ids
    assert len(diff_ids) == 2


def test_the_same_layers_give_the_same_archive(tmp_path: Path, layers: list[Layer]) -> None:
    for name in ("one", "two"):
        archive.write(tmp_path / name, REF, "amd64", {"User": "1", "Env": ["A=b"]}, layers)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_an_archive_that_fails_midway_leaves_nothing(tmp_path: Path, layers: list[Layer]) -> None:
    layers[1].file.unlink()
    folder = tmp_path / "images"
    folder.mkdir()
    with pytest.raises(OSError, match="No such file"):
        archive.write(folder / "hub.tar", REF, "amd64", {}, layers)
    assert list(folder.iterdir()) == []
