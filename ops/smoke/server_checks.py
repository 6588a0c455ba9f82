"""What a person does: get a server, run a cell, keep a file, get another server and find the file."""

from __future__ import annotations

import json
import secrets

from ops.smoke.hub import Hub
from ops.smoke.kernel import CellFailed, kernel
from ops.smoke.outcome import Failed, Seen
from ops.smoke.visit import Visit

_FILE = ".ops-smoke"
_WRITE = """
import json, os, pathlib
place = pathlib.Path.home() / {file!r}
with place.open("w") as file:
    file.write({nonce!r})
    file.flush()
    os.fsync(file.fileno())
print(json.dumps({{"product": {one} * {other}, "place": str(place)}}))
"""
_READ = """
import json, pathlib
place = pathlib.Path.home() / {file!r}
print(json.dumps({{"there": place.exists(), "same": place.exists() and place.read_text() == {nonce!r}}}))
"""
_CELL_FOLLOWS = "People's notebooks do not work."
_HOME_FOLLOWS = "What people save is lost when their server stops."


def spawn(visit: Visit) -> Seen:
    """The user is made, and gets a server."""
    visit.made = True
    visit.hub.make_user()
    seconds = visit.starter.start(visit.options.profile.slug)
    return Seen(f"a server with the profile {visit.options.profile.slug}, ready after {seconds:.0f} s")


def cell(visit: Visit) -> Seen:
    """A kernel starts, computes, and writes a file into the home."""
    one, other = secrets.randbelow(10**6) + 2, secrets.randbelow(10**6) + 2
    found = said_by(visit.hub, _WRITE.format(file=_FILE, nonce=visit.nonce, one=one, other=other))
    if found.get("product") != one * other:
        raise Failed(
            "the cell computed something else than was asked",
            _CELL_FOLLOWS,
            "Look at the server's log: `kubectl logs -l component=singleuser-server --tail=50`.",
        )
    return Seen(f"a cell computed, and wrote {found['place']}")


def home(visit: Visit) -> Seen:
    """The server stops and starts again, in another pod, and the file is there."""
    before = _pod(visit)
    visit.tell("stopping the server")
    visit.hub.stop()
    visit.starter.start(visit.options.profile.slug)
    found = said_by(visit.hub, _READ.format(file=_FILE, nonce=visit.nonce))
    if not found.get("same"):
        raise Failed(
            "after a restart the file is " + ("another one" if found.get("there") else "gone"),
            _HOME_FOLLOWS,
            f"`kubectl -n {visit.settings.namespace.name} get pvc`: is the home on a claim of its own, and "
            "bound? Then storage.homes in the settings.",
        )
    after = _pod(visit)
    if before == after:
        raise Failed("the server did not stop", _HOME_FOLLOWS, f"`ops why {visit.live.stack}` tells more.")
    return Seen("another pod, and the file is there")


def _pod(visit: Visit) -> str:
    """Give what tells the user's pod from any later one."""
    return next((str(pod["metadata"]["uid"]) for pod in visit.pods()), "none")


def said_by(hub: Hub, code: str, seconds: float = 60) -> dict[str, object]:
    """Run a cell that writes one JSON object."""
    try:
        with kernel(hub) as running:
            written = running.run(code, seconds)
        found = dict(json.loads(written.strip().splitlines()[-1]))
    except CellFailed as error:
        raise _no_cell(str(error)) from error
    except (ValueError, TypeError, IndexError) as error:
        raise _no_cell("it wrote something else than it was asked for") from error
    return found


def _no_cell(why: str) -> Failed:
    return Failed(
        f"a cell failed: {why}",
        _CELL_FOLLOWS,
        "Look at the server's log: `kubectl logs -l component=singleuser-server --tail=50`.",
    )
