"""Definitions of other projects' kinds, taken as they are from those projects' Go modules into the cache."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from embedded.console import say
from embedded.paths import Paths, make_writable
from embedded.toolchain import golang
from embedded.toolchain.places import MODULES, fingerprint, whole
from embedded.toolchain.versions import Definitions, load

LOCK = "definitions"


def ensure(name: str, paths: Paths) -> list[Path]:
    """Return a project's definitions as files, after downloading them where they are missing.

    The module's checksum is committed beside the tools': Go refuses anything else.
    """
    wanted = load().definitions[name]
    make_writable(paths.tools, "EMBEDDED_CACHE")
    key = fingerprint(MODULES / LOCK, wanted.model_dump_json())
    target = paths.tools / f"{LOCK}-{name}-{key}"
    with whole(target, lambda: say(f"  Another run downloads the definitions of {name}.")) as work:
        if work is not None:
            _download(wanted, work, golang.find(load().go, paths.tools))
    return [target / Path(file).name for file in wanted.files]


def _download(wanted: Definitions, work: Path, go: golang.Go) -> None:
    lock = work / LOCK  # a copy: Go may write beside a go.mod, and the checkout stays as it is
    shutil.copytree(MODULES / LOCK, lock)
    told = go.fetch(["mod", "download", "-json", f"{wanted.module}@v{wanted.version}"], lock)
    source = Path(json.loads(told)["Dir"])
    for file in wanted.files:
        shutil.copyfile(source / file, work / Path(file).name)
    shutil.rmtree(lock)
