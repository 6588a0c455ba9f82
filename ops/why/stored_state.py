"""Asks Pulumi's backend about a stack; reads only, and decrypts nothing."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ops.stack_files import PROJECT
from ops.why.facts import Lock, State, Unseen
from ops.why.masking import masked
from ops.why.times import moment
from settings import Settings

_SECONDS = 60
_FILE = "file://"
_NO_STACK = ("no stack named", "not found")


class _Refused(Exception):
    """pulumi's last words."""


def stored(stack: str, settings: Settings) -> tuple[State, list[Unseen]]:
    """Give what the backend knows, and what of it could not be seen."""
    # Files that fit a stack to this machine (`make env`) keep what its own say of a backend elsewhere.
    fitted = os.environ.get("HUB_STACK_FILES")
    wanted = settings.state.backend if settings.state and not fitted else None
    if not shutil.which("pulumi"):
        return State(wanted), [Unseen("the state", "pulumi is not on PATH")]
    try:
        used = str(json.loads(_pulumi("whoami", "--json"))["url"])
        if wanted and not _same(wanted, used):
            return State(wanted, used), []
        return _of_backend(stack, wanted, used)
    except (_Refused, KeyError, ValueError) as refused:
        return State(wanted), [Unseen("the state", masked(str(refused)))]


def _same(wanted: str, used: str) -> bool:
    """Compare two backends; of Pulumi's service people log in to one address, and are told another."""
    service = "https://"
    both = wanted.startswith(service) and used.startswith(service)
    return both or wanted.rstrip("/") == used.rstrip("/")


def _of_backend(stack: str, wanted: str | None, used: str) -> tuple[State, list[Unseen]]:
    try:
        deployment = json.loads(_pulumi("stack", "export", "--stack", stack)).get("deployment") or {}
    except _Refused as refused:
        if any(mark in str(refused) for mark in _NO_STACK):
            return State(wanted, used, there=False), []
        raise
    pending = tuple(_operation(one) for one in deployment.get("pending_operations") or ())
    locks, unseen = _locks(stack, used)
    return State(wanted, used, there=True, pending=pending, locks=locks), unseen


def _operation(one: dict[str, Any]) -> str:
    urn = str((one.get("resource") or {}).get("urn") or "")
    kind = urn.split("::")[2].rpartition("$")[2] if urn.count("::") >= 3 else ""
    return f"{one.get('type')} {kind} {urn.rpartition('::')[2]}".strip()


def _locks(stack: str, used: str) -> tuple[tuple[Lock, ...], list[Unseen]]:
    if used.startswith(_FILE):
        return tuple(_in_folder(stack, used)), []
    if used.startswith("https://"):
        return tuple(_at_service(stack)), []
    place = f"{used.partition('?')[0].rstrip('/')}/.pulumi/locks"
    return (), [Unseen("locks", f"no command of pulumi lists those in {place}; its next run tells of one")]


def _in_folder(stack: str, used: str) -> Iterator[Lock]:
    folder = Path(used.removeprefix(_FILE).partition("?")[0]).expanduser()
    for file in sorted((folder / ".pulumi" / "locks").glob(f"**/{stack}/*.json")):
        try:
            told = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        pid, host = int(told.get("pid") or 0), str(told.get("hostname"))
        here = host == socket.gethostname()
        who = f"{told.get('username')}@{host}"
        yield Lock(who, pid, moment(told.get("timestamp")), here, alive=not here or _runs(pid))


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _at_service(stack: str) -> Iterator[Lock]:
    for one in json.loads(_pulumi("stack", "ls", "--json")):
        if str(one.get("name")).rpartition("/")[2] == stack and one.get("updateInProgress"):
            yield Lock(
                "a run that the service knows", 0, moment(one.get("lastUpdate")), here=False, alive=True
            )


def _pulumi(*words: str) -> str:
    try:
        done = subprocess.run(
            ["pulumi", *words, "--non-interactive", "--color", "never"],
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _Refused(f"pulumi {' '.join(words)}: {type(error).__name__}") from error
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise _Refused(
            next((line for line in lines if line.startswith("error:")), (lines or ["it failed"])[0])
        )
    return done.stdout
