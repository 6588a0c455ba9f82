"""`python -m ops`: one process, from its first import to its last byte."""

from __future__ import annotations

import os
import sys

_STOPPED = 130


def _prepare_streams() -> None:
    """Have both streams, and on each whatever is written: what goes to no terminal is UTF-8 everywhere."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            # The caller has closed it (`>&-`), and wants nothing.
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w"))
        elif stream.isatty():
            stream.reconfigure(errors="backslashreplace")
        else:
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def main() -> None:
    """Run a command."""
    _prepare_streams()
    try:
        # Here, since it takes a second: who stops it by hand meanwhile is shown no traceback either.
        from ops.cli import app

        app(prog_name="ops")
    except KeyboardInterrupt:
        sys.exit(_STOPPED)


if __name__ == "__main__":
    main()
