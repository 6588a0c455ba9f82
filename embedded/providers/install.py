"""Puts the providers where the engine looks for installed plugins, and never over an official one.

The engine takes a directory `resource-<name>-v<version>` in PULUMI_HOME/plugins for installed when no
`.partial` file stands beside it, and runs the executable `pulumi-resource-<name>` in it. A PulumiPlugin.yaml
would make it look for a language runtime, so there is none.
"""

from __future__ import annotations

import os
import shlex
import shutil
import tempfile
from pathlib import Path

from embedded.paths import CHECKOUT
from embedded.providers import MARKER, VERSIONS

SAYS = "Made by this project's embedded environment; this is not the official plugin.\n"


def install(pulumi_home: Path, python: Path, ca: Path, helm: Path) -> None:
    """Install both providers; an official plugin that is already there stays and is used."""
    for name in VERSIONS:
        place = directory(pulumi_home, name)
        if is_official(place):
            continue
        _place(place, name, _wrapper(name, python, ca, helm))


def directory(pulumi_home: Path, name: str) -> Path:
    """Where the engine looks for this plugin."""
    return pulumi_home / "plugins" / f"resource-{name}-v{VERSIONS[name]}"


def is_official(place: Path) -> bool:
    """Whether somebody else's plugin is wholly installed (a half-made one has a .partial file beside it)."""
    partial = place.with_name(place.name + ".partial")
    return place.is_dir() and not (place / MARKER).exists() and not partial.exists()


def _wrapper(name: str, python: Path, ca: Path, helm: Path) -> str:
    # -P keeps the engine's working directory, which is the program's, out of the module path.
    words = [python, "-P", "-m", "embedded.providers", name, "--ca", ca, "--helm", helm]
    command = " ".join(shlex.quote(str(word)) for word in words)
    return f'#!/bin/sh\nPYTHONPATH={shlex.quote(str(CHECKOUT))} exec {command} "$@"\n'


def _place(place: Path, name: str, wrapper: str) -> None:
    """Write beside the place and rename: the engine never sees a half-written plugin."""
    script = f"pulumi-resource-{name}"
    if (place / MARKER).exists() and _same(place / script, wrapper):
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=place.parent))
    (fresh / script).write_text(wrapper, encoding="utf-8")
    (fresh / script).chmod(0o755)
    (fresh / MARKER).write_text(SAYS, encoding="utf-8")
    fresh.chmod(0o755)
    shutil.rmtree(place, ignore_errors=True)
    fresh.rename(place)
    place.with_name(place.name + ".partial").unlink(missing_ok=True)


def _same(script: Path, wrapper: str) -> bool:
    return script.exists() and os.access(script, os.X_OK) and script.read_text(encoding="utf-8") == wrapper
