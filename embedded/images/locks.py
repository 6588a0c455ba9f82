"""Making the images' locks again from their short lists: `python -m embedded.images lock`."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

from embedded.console import say
from embedded.fault import Fault
from embedded.images import jars
from embedded.images.command import Runner
from embedded.images.python_app import UV
from embedded.images.recipe import PYTHON, architecture
from embedded.paths import CHECKOUT

PYTHON_LISTS = ("hub", "notebook", "notebook/code-server", "proxy", "services")
NPM_LISTS = ("proxy", "notebook/code-server")
# What a list does without although others ask for it, with the reason inside.
LEFT_OUT = "left-out.txt"


def remake(checkout: Path = CHECKOUT) -> None:
    """Resolve every list anew to the newest allowed versions, with hashes and without any address."""
    runner = Runner()
    folder = checkout / "images"
    for name in PYTHON_LISTS:
        _python(folder / name, runner)
        say(f"  images/{name}/requirements.txt")
    # What the variant adds has to go with what is there.
    _python(folder / "notebook", runner, "requirements-cuda", "--constraints", "requirements.txt")
    say("  images/notebook/requirements-cuda.txt")
    with tempfile.TemporaryDirectory() as scratch:
        jars.lock(folder / "services", Path(scratch) / "jars", runner)
    say(f"  images/services/{jars.LOCK}")
    for name in NPM_LISTS:
        _npm(folder / name, runner)
        say(f"  images/{name}/package-lock.json")


def _python(folder: Path, runner: Runner, name: str = "requirements", *more: str) -> None:
    left_out: list[str] = ["--excludes", LEFT_OUT] if (folder / LEFT_OUT).is_file() else []
    runner.fetch(
        f"Resolving {name}.in of images/{folder.name}",
        [
            *(UV, "--directory", str(folder), "pip", "compile", "--quiet", "--upgrade", f"{name}.in", *more),
            *("--output-file", f"{name}.txt", "--generate-hashes", "--only-binary", ":all:"),
            *left_out,
            *("--python-version", PYTHON, "--python-platform", architecture().wheel),
            *("--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links"),
        ],
    )


def _npm(folder: Path, runner: Runner) -> None:
    if shutil.which("npm") is None:
        raise Fault(
            "npm is not on PATH.",
            f"images/{folder.name}/package-lock.json was left as it is.",
            "Install Node.js, then run the same command again.",
        )
    (folder / "package-lock.json").unlink(missing_ok=True)
    runner.fetch(
        f"Resolving images/{folder.name}/package.json",
        # Addresses left out: a lock serves whoever has another mirror, and names no host.
        [
            *(
                "npm",
                "install",
                "--prefix",
                folder,
                "--package-lock-only",
                "--omit-lockfile-registry-resolved",
            ),
            *("--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"),
        ],
    )
    _without_addresses(folder / "package-lock.json")


def _without_addresses(lock: Path) -> None:
    """Drop what npm's lock says beyond versions and hashes: whom to fund, where a package came from."""
    document = json.loads(lock.read_text())
    for package in document["packages"].values():
        for key in ("funding", "resolved"):
            package.pop(key, None)
    lock.write_text(json.dumps(document, indent=2) + "\n")
