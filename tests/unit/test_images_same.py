"""The same lists give the same bytes: whenever, wherever and under whatever umask an image is built."""

from __future__ import annotations

import os
import runpy
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from embedded.images import python_app, rootfs
from embedded.images.layer import Layer, pack, plain
from embedded.paths import CHECKOUT

TRIM: dict[str, Any] = runpy.run_path(str(CHECKOUT / "images/notebook/trim.py"))
WHEEL = {
    "tool/__init__.py": "WORDS = {'a': frozenset({'x', 'y', 'z'})}\n\ndef main() -> int:\n    return 0\n",
    "tool/page.js": "lab " * 1000,
    "tool/empty": "",
    "tool-1.dist-info/METADATA": "Name: tool\nVersion: 1\n",
    "tool-1.dist-info/entry_points.txt": "[console_scripts]\ntool = tool:main\nanother = tool:main\n",
    "share/tool/page.js": "lab " * 1000,
    "share/tool/empty": "",
    "bin/tool": "#!/whatever/ran/uv\n",
}


@pytest.fixture(autouse=True)
def _umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def built(work: Path, umask: int, time: float, *, kept: bool) -> Layer:
    """Build the layer of one wheel, which an installer took out of what it keeps, or wrote anew."""
    os.umask(umask)
    names = sorted(WHEEL, reverse=kept)
    for name in names:
        file = work / "wheels" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(WHEEL[name])
        os.utime(file, (time, time))
    if kept:
        shutil.copytree(work / "wheels", work / "kept", copy_function=os.link)
    prefix = work / "tree/opt/app"
    python_app.lay_out(prefix, work / "wheels", "/opt/app")
    TRIM["share"](prefix)
    sources = sorted(str(path.relative_to(work / "tree")) for path in prefix.rglob("*.py"))
    compile_them = [sys.executable, "-S", "-c", rootfs._COMPILE, str(os.cpu_count() if kept else 1)]
    subprocess.run(compile_them, cwd=work / "tree", input="\n".join(sources), text=True, check=True)
    return pack(work / "tree", work / "layer", plain({}))


def test_the_same_wheels_give_the_same_layer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = built(tmp_path / "a", 0o022, 1_700_000_000, kept=False)
    listed = Path.iterdir  # in whatever order a disk names its files
    monkeypatch.setattr(Path, "iterdir", lambda folder: reversed(sorted(listed(folder))))
    later = built(tmp_path / "somewhere/else", 0o077, 1_800_000_000, kept=True)
    assert (now.digest, now.size) == (later.digest, later.size)
    assert list((tmp_path / "a/tree").rglob("*.pyc"))


def test_files_that_are_equal_lie_in_the_image_once(tmp_path: Path) -> None:
    for name, text in {"a/page.js": "lab", "b/page.js": "lab", "b/other.js": "hub", "run": "lab"}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "run").chmod(0o755)
    (tmp_path / "link.js").symlink_to("a/page.js")
    TRIM["share"](tmp_path)
    assert (tmp_path / "a/page.js").samefile(tmp_path / "b/page.js")
    assert (tmp_path / "b/other.js").read_text() == "hub"
    # A program stays one, and what is none does not become one.
    assert not (tmp_path / "run").samefile(tmp_path / "a/page.js")
    assert (tmp_path / "link.js").is_symlink()


def test_what_an_installer_keeps_is_left_as_it_was(tmp_path: Path) -> None:
    """Wheels lie in the tree by hard links into uv's store, which other builds read."""
    (tmp_path / "store").mkdir()
    (tmp_path / "tree").mkdir()
    for name in ("a", "b"):
        (tmp_path / "store" / name).write_text("lab")
        os.link(tmp_path / "store" / name, tmp_path / "tree" / name)
    TRIM["share"](tmp_path / "tree")
    assert not (tmp_path / "store/a").samefile(tmp_path / "store/b")
