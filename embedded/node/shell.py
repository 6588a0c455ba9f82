"""The machine's own commands (ip, nft, ctr, mount): run, and explained when they fail."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

from embedded.fault import Fault

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def attempt(*argv: str, given: str | None = None, timeout: float = 30.0) -> tuple[bool, str]:
    """Run a command; whether it succeeded, and what it said."""
    try:
        done = subprocess.run(
            argv,
            input=given,
            stdin=subprocess.DEVNULL if given is None else None,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
            env={"PATH": PATH, "LANG": "C.UTF-8"},
        )
    except FileNotFoundError:
        return False, f"{argv[0]}: not installed"
    except subprocess.TimeoutExpired:
        return False, f"{argv[0]}: no end after {timeout:.0f} s"
    return done.returncode == 0, done.stdout if done.returncode == 0 else done.stderr or done.stdout


def must(*argv: str, given: str | None = None, timeout: float = 30.0) -> str:
    """Run a command that has to succeed."""
    ok, said = attempt(*argv, given=given, timeout=timeout)
    if not ok:
        raise Fault(
            f"`{_shown(argv)}` failed: {said.strip()[-400:]}",
            "The node is not complete.",
            "Run it by hand to see more; then start again.",
        )
    return said


def _shown(argv: Sequence[str]) -> str:
    text = " ".join(argv)
    return text if len(text) < 120 else f"{text[:117]}..."
