"""`python -m embedded.world.neighbours`: keeps in stacks' namespaces what others keep there in earnest.

Each stack has a file in a folder: its namespace, the objects that belong there, the object store's address.
Namespaces come and go with their stacks; so this looks again and again for as long as the node runs.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from embedded.console import say
from embedded.netpol.api import CONNECT_SECONDS, SILENCE_SECONDS, Access, access
from embedded.node.api import Document, address
from embedded.world.buckets import Gateway
from embedded.world.others import CLAIMS, answer, bound, bucket_of

PAUSE = 1.0
MANAGER = "embedded-neighbours"
NOT_FOUND, CONFLICT = 404, 409
MERGE = "application/merge-patch+json"


@dataclass
class Neighbours:
    """Gives each stack's namespace what it lacks."""

    access: Access
    folder: Path
    session: requests.Session = field(init=False)

    def __post_init__(self) -> None:
        self.session = self.access.session()

    def round(self) -> None:
        """Look at every stack once."""
        stacks = [json.loads(file.read_text()) for file in sorted(self.folder.glob("*.json"))]
        for stack in stacks:
            if self._stands(stack["namespace"]):
                self._keep(stack["objects"])
        self._answer({stack["namespace"]: stack for stack in stacks})

    def _stands(self, namespace: str) -> bool:
        """Whether the namespace is there and not on its way out: nothing can be made in one that goes."""
        found = self._get(f"/api/v1/namespaces/{namespace}")
        return bool(found and found["status"]["phase"] == "Active")

    def _keep(self, objects: Iterable[Document]) -> None:
        for wanted in objects:
            there = self._get(address(wanted))
            if there is None or there["data"] != wanted["data"]:
                self._apply(wanted)

    def _answer(self, stacks: dict[str, Document]) -> None:
        """Answer the bucket claims of stacks; a cluster that does not know the kind has none."""
        claims = self._get(f"/apis/{CLAIMS}/objectbucketclaims") or {}
        for claim in claims.get("items", []):
            namespace = claim["metadata"]["namespace"]
            if bound(claim) or namespace not in stacks or "deletionTimestamp" in claim["metadata"]:
                continue
            answered = answer(claim, stacks[namespace]["endpoint"])
            if gateway := stacks[namespace].get("gateway"):
                Gateway(**gateway).make(*bucket_of(answered))
            for document in answered:
                self._apply(document)
            path = f"/apis/{CLAIMS}/namespaces/{namespace}/objectbucketclaims/{claim['metadata']['name']}"
            self._send("PATCH", f"{path}/status", {"status": {"phase": "Bound"}}, MERGE)

    def _apply(self, document: Document) -> None:
        path = f"{address(document)}?fieldManager={MANAGER}&force=true"
        self._send("PATCH", path, document, "application/apply-patch+yaml")

    def _get(self, path: str) -> Any:  # noqa: ANN401 (JSON)
        found = self.session.get(self.access.server + path, timeout=(CONNECT_SECONDS, SILENCE_SECONDS))
        if found.status_code == NOT_FOUND:
            return None
        found.raise_for_status()
        return found.json()

    def _send(self, method: str, path: str, body: object, kind: str) -> None:
        done = self.session.request(
            method,
            self.access.server + path,
            data=json.dumps(body),
            headers={"Content-Type": kind},
            timeout=(CONNECT_SECONDS, SILENCE_SECONDS),
        )
        # Gone, or on its way out, since it was looked at: the next round sees.
        if done.status_code not in (NOT_FOUND, CONFLICT):
            done.raise_for_status()


def follow(look: Callable[[], None], stop: threading.Event) -> None:
    """Look again and again; a fault is said once, until it works again."""
    told = ""
    while not stop.wait(PAUSE):
        try:
            look()
            told = ""
        # Whatever it was: a loop that ended would leave stacks waiting without a word.
        except Exception as error:
            words = f"{type(error).__name__}: {str(error)[:300]}"
            if words != told:
                say(f"{words}; trying again")
            told = words


def main(arguments: list[str]) -> int:
    """Keep at it until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m embedded.world.neighbours", description=__doc__)
    parser.add_argument("--kubeconfig", type=Path, required=True)
    parser.add_argument("--folder", type=Path, required=True, help="one file for each stack")
    options = parser.parse_args(arguments)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with access(options.kubeconfig) as found:
        follow(Neighbours(found, options.folder).round, stop)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
