"""What a person sees: plain sentences, and long steps with what runs, how long, of how many.

On a terminal a live board; elsewhere (a pipeline's log) a line when a step starts and ends, and
one every half minute between, so that a log never looks dead.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

console = Console(highlight=False, soft_wrap=True)
HEARTBEAT_SECONDS = 30.0


def say(text: str) -> None:
    """Print one line for a person (rich markup allowed)."""
    console.print(text)


def elapsed(seconds: float) -> str:
    """Minutes and seconds, as a person says them."""
    whole = round(seconds)
    return f"{whole // 60} min {whole % 60:02d} s" if whole >= 60 else f"{seconds:.1f} s"


Detail = Callable[[str], None]


class _Board:
    """The one live display: pieces of work that run at the same time share it."""

    def __init__(self) -> None:
        self._users = 0
        self._lock = threading.Lock()
        self._progress: Progress | None = None

    def open(self) -> Progress | None:
        """Show the board if this is a terminal; the first one to open it starts it."""
        if not console.is_terminal:
            return None
        with self._lock:
            if self._progress is None:
                self._progress = Progress(
                    SpinnerColumn(),
                    TextColumn("{task.description}"),
                    TimeElapsedColumn(),
                    TextColumn("[dim]{task.fields[detail]}"),
                    console=console,
                    transient=True,
                )
                self._progress.start()
            self._users += 1
            return self._progress

    def close(self) -> None:
        """Leave the board; the last one to leave takes it down."""
        with self._lock:
            self._users -= 1
            if self._users == 0 and self._progress:
                self._progress.stop()
                self._progress = None


_BOARD = _Board()


class Work:
    """A piece of work made of long steps, shown while they run; steps may run in threads at once.

    with Work("Tools", total=9) as work:
        with work.step("Kubernetes 1.36.3") as detail:
            detail("kubelet")
    """

    def __init__(self, title: str, total: int) -> None:
        self._title = title
        self._total = total
        self._done = 0
        self._running: dict[str, float] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._live: Progress | None = None
        self._beat = threading.Thread(target=self._heartbeat, daemon=True)

    def __enter__(self) -> Work:
        self._live = _BOARD.open()
        if not self._live:
            self._beat.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        if self._live:
            _BOARD.close()

    def _heartbeat(self) -> None:
        while not self._stop.wait(HEARTBEAT_SECONDS):
            with self._lock:
                now = time.monotonic()
                running = ", ".join(
                    f"{name} ({elapsed(now - since)})" for name, since in self._running.items()
                )
            if running:
                say(f"  ... {self._title}: {self._done} of {self._total} done; running: {running}")

    @contextmanager
    def step(self, name: str) -> Iterator[Detail]:
        """Show one step; yields a function that names what the step does right now."""
        started = time.monotonic()
        with self._lock:
            self._running[name] = started
        task = self._live.add_task(f"{self._title}: {name}", total=None, detail="") if self._live else None
        if not self._live:
            say(f"  {self._title}: {name} ...")

        def detail(text: str) -> None:
            if self._live and task is not None:
                self._live.update(task, detail=text)

        try:
            yield detail
            with self._lock:
                self._done += 1
            took = elapsed(time.monotonic() - started)
            say(f"  [green]✓[/] {self._title} {self._done}/{self._total}: {name} [dim]({took})[/]")
        finally:
            with self._lock:
                self._running.pop(name, None)
            if self._live and task is not None:
                self._live.remove_task(task)
