"""Running the tools that fetch and build: retried where the network may be at fault, plain when it fails."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from embedded.fault import Fault

PAUSES = (2.0, 6.0, 15.0)
# However a build is ended, by SIGKILL too, none of its commands goes on writing where the next one clears up.
TOGETHER = ("setpriv", "--pdeathsig", "KILL", "--")
LAST_WORDS = 6


class Runner:
    """Runs commands for builds that go on side by side; once one of them gave up, none tries again."""

    def __init__(self, pauses: Sequence[float] = PAUSES) -> None:
        self._pauses = pauses
        self.stopped = threading.Event()

    def run(
        self, what: str, argv: Sequence[str | Path], *, env: Mapping[str, str] | None = None, given: str = ""
    ) -> None:
        """Run a local step: it is expected to work at once."""
        self._attempts(what, lambda: _once(argv, env, given), argv, ())

    def fetch(
        self,
        what: str,
        argv: Sequence[str | Path],
        *,
        env: Mapping[str, str] | None = None,
        fresh: Path | None = None,
    ) -> None:
        """Run a step that needs a registry: retried after growing pauses, each time without `fresh`."""

        def attempt() -> str | None:
            if fresh is not None:
                shutil.rmtree(fresh, ignore_errors=True)
            return _once(argv, env, "")

        self._attempts(what, attempt, argv, self._pauses)

    def _attempts(
        self,
        what: str,
        attempt: Callable[[], str | None],
        argv: Sequence[str | Path],
        pauses: Sequence[float],
    ) -> None:
        for pause in (*pauses, None):
            words = attempt()
            if words is None:
                return
            if pause is None or self.stopped.wait(pause):
                break
        if pauses:
            self.stopped.set()
        tried = f" ({len(pauses) + 1} tries)" if pauses else ""
        raise Fault(
            f"{what} failed{tried}. {Path(argv[0]).name} said last:\n    {words}",
            "The images are not complete, so the embedded node cannot start pods.",
            "See whether the package registries answer, then run the same command again: "
            "what was made already is kept."
            if pauses
            else "Run the same command again.",
        )


def _once(argv: Sequence[str | Path], env: Mapping[str, str] | None, given: str) -> str | None:
    """None when it worked; else the tool's last words."""
    try:
        done = subprocess.run(
            [*TOGETHER, *(str(word) for word in argv)],
            env=None if env is None else dict(env),
            input=given,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    except OSError as error:
        return f"it could not be started: {error.strerror}"
    if done.returncode == 0:
        return None
    lines = [line for line in f"{done.stdout}\n{done.stderr}".splitlines() if line.strip()]
    return "\n    ".join(lines[-LAST_WORDS:]) or f"nothing (it ended with {done.returncode})"
