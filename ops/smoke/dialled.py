"""Connections tried from the user's kernel: which stand, which do not, which were not tried."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from ops.smoke.hub import Hub
from ops.smoke.outcome import Failed
from ops.smoke.server_checks import said_by
from ops.smoke.targets import Target

_SECONDS = 5
# Runs in the notebook image: any Python 3, nothing but the standard library.
_CODE = """
import concurrent.futures, ipaddress, json, socket
def dial(one):
    host, port = one["through"] or (one["host"], one["port"])
    try:
        address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][4][0]
    except OSError:
        return "no name", ""
    if any(ipaddress.ip_address(address) in ipaddress.ip_network(never) for never in GIVEN["never"]):
        return "not tried", address
    try:
        with socket.create_connection((address, port), timeout=GIVEN["seconds"]) as made:
            if one["through"]:
                target = "%s:%d" % (one["host"], one["port"])
                made.sendall(("CONNECT %s HTTP/1.1\\r\\nHost: %s\\r\\n\\r\\n" % (target, target)).encode())
                answer = made.recv(64).split(b" ")
                if len(answer) < 2 or answer[1] != b"200":
                    return "refused", address
    except socket.timeout:
        return "no answer", address
    except OSError:
        return "refused", address
    return "open", address
with concurrent.futures.ThreadPoolExecutor(16) as pool:
    print(json.dumps({"found": list(pool.map(dial, GIVEN["targets"]))}))
"""


class End(StrEnum):
    """How a connection ended."""

    OPEN = "open"
    REFUSED = "refused"
    SILENT = "no answer"
    UNKNOWN = "no name"
    NOT_TRIED = "not tried"


@dataclass(frozen=True)
class Dialled:
    """One target, how it ended, and the address behind its name."""

    target: Target
    end: End
    address: str

    def __str__(self) -> str:
        where = f"{self.target.host}:{self.target.port}"
        return f"{self.target.what} ({where}): {self.end}"


def answers(
    hub: Hub, code: str, targets: list[dict[str, Any]], never: Iterable[str], follows: str
) -> list[Any]:
    """Let a kernel of the user try all targets at once by this code, and give what it says of each.

    `follows` is what is not known if it says nothing.
    """
    given = {"targets": targets, "never": [*never], "seconds": _SECONDS}
    # Twice: the inner text is data, the outer one makes it a literal of the cell.
    told = said_by(hub, f"import json\nGIVEN = json.loads({json.dumps(given)!r})\n{code}", 120)
    found = told.get("found")
    if not isinstance(found, list) or len(found) != len(targets):
        raise Failed(
            "the kernel does not say what it reaches",
            follows,
            "Try the notebook image by hand: it must have Python 3.",
        )
    return found


def dialled(hub: Hub, targets: list[Target], never: Iterable[str]) -> list[Dialled]:
    """Try all targets at once, from a kernel of the user."""
    asked = [asdict(one) for one in targets]
    found = answers(hub, _CODE, asked, never, "It is not known whether network policies hold.")
    return [Dialled(one, End(end), address) for one, (end, address) in zip(targets, found, strict=True)]
