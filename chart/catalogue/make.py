"""Makes the catalogue of the hub version that a lock pins: `make catalogue`, or

    python -m chart.catalogue.make [requirements.txt]

The packages are installed, with their hashes, into an environment that is thrown away afterwards.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
LOCK = HERE.parents[1] / "images" / "hub" / "requirements.txt"
READER = HERE / "packages.py"


def main(arguments: list[str]) -> None:
    """Write the catalogue beside this file."""
    text = made_from(Path(arguments[0]) if arguments else LOCK)
    place = HERE / f"{json.loads(text)['packages']['jupyterhub']}.json"
    place.write_text(text)
    sys.stdout.write(f"{place.name}: {len(json.loads(text)['classes'])} classes\n")


def made_from(lock: Path) -> str:
    """Install what the lock pins and write down what can be configured in it."""
    with tempfile.TemporaryDirectory(prefix="hub-catalogue-") as folder:
        return read_with(installed(lock, Path(folder)))


def installed(lock: Path, folder: Path) -> Path:
    """Give the Python of a new environment with the lock's packages."""
    # The lock's wheels are for the Python of the hub image.
    python = sys.executable if sys.version_info[:2] == (3, 11) else "3.11"
    uv = Path(sys.executable).parent / "uv"
    settings = {**os.environ, "UV_PYTHON_DOWNLOADS": "never"}
    made = folder / "bin" / "python"
    for command in (
        ["venv", "--quiet", "--clear", "--python", python, str(folder)],
        ["pip", "install", "--quiet", "--require-hashes", "--python", str(made), "-r", str(lock)],
    ):
        subprocess.run([str(uv), *command], check=True, env=settings)
    return made


def read_with(python: Path, reader: Path = READER) -> str:
    """Run a reader there, without this shell's variables: oauthenticator takes defaults from them."""
    bare = {"PATH": os.defpath, "LANG": "C.UTF-8"}
    done = subprocess.run([python, "-I", reader], check=True, env=bare, capture_output=True, text=True)
    return done.stdout


if __name__ == "__main__":
    main(sys.argv[1:])
