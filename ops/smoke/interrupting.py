"""An end asked for from outside: the run stops, and still removes what it made."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from ops.ending import Cannot

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def interruptible() -> Iterator[None]:
    """Let each of these signals end the block as ctrl-c does, and say so in words."""
    before = {one: signal.signal(one, _interrupt) for one in _SIGNALS}
    try:
        yield
    except KeyboardInterrupt:
        raise Cannot(
            "Interrupted.\n"
            "    What follows: the checks are not finished; what the run had made is removed.\n"
            "    What to do:   run it again when there is time."
        ) from None
    finally:
        _restore(before)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Let nothing end the block but its own end; programs that it runs are not disturbed either."""
    before = {one: signal.signal(one, signal.SIG_IGN) for one in _SIGNALS}
    try:
        yield
    finally:
        _restore(before)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _restore(before: dict[signal.Signals, signal._HANDLER]) -> None:
    for one, handler in before.items():
        signal.signal(one, handler)
