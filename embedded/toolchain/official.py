"""The real parts, where they can be had: `pulumi` on PATH, its official release, the official plugins.

None of it is needed: a refusal or a missing route costs seconds, and the caller goes on with what this
project makes itself. EMBEDDED_OFFLINE=1 does not even try; after a failed try the next is a day later.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import subprocess
import tarfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import requests

from embedded.console import say
from embedded.paths import Paths
from embedded.toolchain.golang import numbers
from embedded.toolchain.places import whole
from embedded.toolchain.versions import Pulumi

ENGINE, HOST = "pulumi", "pulumi-language-python"
ARCHIVES = "https://get.pulumi.com/releases/sdk"
CHECKSUMS = "https://github.com/pulumi/pulumi/releases/download"
TRY_SECONDS = 2.0  # until a download counts as out of reach, whatever the resolver and the routes do
REMEMBERED_SECONDS = 24 * 3600
MACHINES = {"x86_64": "x64", "aarch64": "arm64"}


def on_path(wanted: Pulumi, paths: Paths, env: Mapping[str, str] = os.environ) -> Path | None:
    """Return the folder of a usable `pulumi` on PATH that has its Python language host beside it.

    The shell of `make env` puts our own wrapper on PATH: what lies in our own places is not "on PATH".
    """
    ours = (paths.cache, paths.state)
    for entry in env.get("PATH", os.defpath).split(os.pathsep):
        folder = Path(entry or ".").absolute()
        if any(folder.is_relative_to(place) for place in ours) or not os.access(folder / ENGINE, os.X_OK):
            continue
        real = (folder / ENGINE).resolve().parent
        beside = next((place for place in (folder, real) if os.access(place / HOST, os.X_OK)), None)
        reason = _unfit(folder / ENGINE, wanted.minimum) if beside else f"{HOST} is not beside it"
        if beside and not reason:
            return beside
        say(f"  {folder / ENGINE} is not used: {reason}.")
    return None


def _unfit(binary: Path, minimum: str) -> str:
    """Say why a `pulumi` cannot be used, or nothing."""
    try:
        done = subprocess.run(
            [str(binary), "version"],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
            env={**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"it does not run ({error})"
    version = re.fullmatch(r"v?(\d+\.\d+\.\d+\S*)", done.stdout.strip())
    if done.returncode or not version:
        return "it does not tell its version"
    if numbers(version[1]) < numbers(minimum):
        return f"it is {version[1]}; {minimum} or newer is needed"
    return ""


def release_folder(wanted: Pulumi, tools: Path) -> Path:
    """Return where the official release lies once it is downloaded."""
    return tools / f"pulumi-official-{wanted.official}"


class Reach:
    """Whether official downloads are worth a try: asked once per run, a refusal remembered for a day."""

    def __init__(self, cache: Path, env: Mapping[str, str] = os.environ) -> None:
        self._mark = cache / "official-downloads-refused"
        self._off = env.get("EMBEDDED_OFFLINE", "") not in ("", "0")
        self._known: bool | None = None

    def __call__(self, url: str) -> bool:
        """Tell whether the place answers; the answer is bounded in time."""
        if self._off or self._refused_lately():
            return False
        if self._known is None:
            self._known = _answers(url)
            if not self._known:
                self._mark.parent.mkdir(parents=True, exist_ok=True)
                self._mark.touch()
        return self._known

    def _refused_lately(self) -> bool:
        try:
            return time.time() - self._mark.stat().st_mtime < REMEMBERED_SECONDS
        except FileNotFoundError:
            return False


def _answers(url: str) -> bool:
    """Ask once, in a thread: neither a slow resolver nor a dropped packet may hold up the rest."""
    result: list[bool] = []

    def ask() -> None:
        try:
            requests.head(url, timeout=TRY_SECONDS, allow_redirects=False)
            result.append(True)
        except requests.RequestException:
            result.append(False)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(TRY_SECONDS)
    return bool(result and result[0])


def download_engine(wanted: Pulumi, tools: Path, reach: Reach) -> Path | None:
    """Return the folder of the official release, downloaded and checked, or None where it cannot be had."""
    target = release_folder(wanted, tools)
    if (target / ENGINE).exists():
        return target
    machine = MACHINES.get(platform.machine())
    if not machine or not reach(ARCHIVES):
        say("  Pulumi's official release cannot be downloaded here; the engine is built from its Go module.")
        return None
    name = f"pulumi-v{wanted.official}-linux-{machine}.tar.gz"
    try:
        sums = _get(f"{CHECKSUMS}/v{wanted.official}/pulumi-{wanted.official}-checksums.txt").decode()
        archive = _get(f"{ARCHIVES}/{name}")
    except requests.RequestException as error:
        say(f"  Pulumi's official release was not downloaded ({type(error).__name__}); the engine is built.")
        return None
    if not checked(archive, name, sums):
        say(f"  {name} does not have its published checksum and is not used; the engine is built.")
        return None
    with whole(target, lambda: say("  Another run unpacks Pulumi; waiting for it.")) as work:
        if work is not None:
            unpack(archive, work)
    return target


def _get(url: str) -> bytes:
    answer = requests.get(url, timeout=(TRY_SECONDS, 60))
    answer.raise_for_status()
    return answer.content


def checked(archive: bytes, name: str, sums: str) -> bool:
    """Compare an archive with its line in a checksum file (SHA-256 or SHA-512, told by the length)."""
    for line in sums.splitlines():
        digest, _, file = line.partition(" ")
        if file.strip(" *") == name:
            kind = {64: "sha256", 128: "sha512"}.get(len(digest))
            return kind is not None and hashlib.new(kind, archive).hexdigest() == digest.lower()
    return False


def unpack(archive: bytes, target: Path) -> None:
    """Unpack a release, whose files lie in one folder, flat into `target`."""
    packed = target / "archive.tar.gz"
    packed.write_bytes(archive)
    with tarfile.open(packed) as content:
        content.extractall(target / "content", filter="data")
    packed.unlink()
    for file in (target / "content").rglob("*"):
        if file.is_file():
            file.rename(target / file.name)
    shutil.rmtree(target / "content")


def have_plugins(pulumi: Path, paths: Paths, wanted: Pulumi, reach: Reach | None = None) -> bool:
    """Have the official plugins in PULUMI_HOME; False, within seconds, if they are not to be had."""
    missing = [name for name in wanted.plugins if not _installed(name, wanted.plugins[name], paths)]
    if not missing:
        return True
    reachable = (reach or Reach(paths.cache))(ARCHIVES)
    return reachable and all(_install(pulumi, name, wanted.plugins[name], paths) for name in missing)


def plugin_folder(name: str, version: str, paths: Paths) -> Path:
    """Return where the engine looks for a plugin."""
    return paths.pulumi_home / "plugins" / f"resource-{name}-v{version}"


def _installed(name: str, version: str, paths: Paths) -> bool:
    """Tell whether the official one is there: a program of megabytes, where ours is a script."""
    binary = plugin_folder(name, version, paths) / f"pulumi-resource-{name}"
    if not binary.is_file():
        return False
    with binary.open("rb") as file:
        return file.read(4) == b"\x7fELF"


def _install(pulumi: Path, name: str, version: str, paths: Paths) -> bool:
    done = subprocess.run(
        [str(pulumi), "plugin", "install", "--reinstall", "resource", name, version],
        env={**os.environ, "PULUMI_HOME": str(paths.pulumi_home), "PULUMI_SKIP_UPDATE_CHECK": "true"},
        capture_output=True,
        timeout=600,
        check=False,
    )
    return done.returncode == 0
