"""The loop: what the API and the runtime say becomes the table, soon after it changes and only then."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any, Generic, TypeVar

from embedded.console import say
from embedded.fault import Fault
from embedded.netpol import cni, flows, model, table
from embedded.netpol.api import Access
from embedded.netpol.compile import decide
from embedded.netpol.model import Namespace, Pod, Policy
from embedded.netpol.render import CLOSED, render
from embedded.netpol.watch import Store, Watcher

# Long enough to take a burst of events as one, short against the start of a container.
DEBOUNCE_SECONDS = 0.05
# How often the runtime's notes are looked at: one stat.
POLL_SECONDS = 0.03
RETRY_SECONDS = 1.0

Item = TypeVar("Item", Pod, Namespace, Policy)


class Signal:
    """Wakes the loop; may be set from any thread."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def set(self) -> None:
        """Something that matters to rules changed."""
        self._event.set()

    def wait(self, seconds: float) -> bool:
        """Wait for a change, and take it."""
        changed = self._event.wait(seconds)
        if changed:
            # Not after a wait in vain: what came between its end and this line would be lost for good.
            self._event.clear()
        return changed


class Shelf(Generic[Item]):
    """All objects of one kind, by namespace and name."""

    def __init__(self, parse: Callable[[Mapping[str, Any]], Item], changed: Signal) -> None:
        self._parse: Callable[[Mapping[str, Any]], Item] = parse
        self._changed = changed
        self._items: dict[tuple[str, str], Item] = {}
        self.complete = False

    def items(self) -> list[Item]:
        """What is known now."""
        return list(self._items.values())

    def replace(self, documents: list[Mapping[str, Any]]) -> None:
        """Take over a full list."""
        self._items = {_key(document): self._parse(document) for document in documents}
        self.complete = True
        self._changed.set()

    def put(self, document: Mapping[str, Any]) -> None:
        """Add or change one object; what changes no rule wakes nobody."""
        key, item = _key(document), self._parse(document)
        if self._items.get(key) != item:
            self._items = {**self._items, key: item}
            self._changed.set()

    def drop(self, document: Mapping[str, Any]) -> None:
        """Forget one object."""
        gone = _key(document)
        self._items = {key: item for key, item in self._items.items() if key != gone}
        self._changed.set()


class Controller:
    """Three watched kinds, the runtime's notes, one table."""

    def __init__(
        self, network: IPv4Network, results: Path = cni.RESULTS, load: Callable[[str], None] = table.load
    ) -> None:
        self._network = network
        self._results = results
        self._load = load
        self._changed = Signal()
        self.pods = Shelf(model.pod, self._changed)
        self.namespaces = Shelf(model.namespace, self._changed)
        self.policies = Shelf(model.policy, self._changed)
        self._stamp = -1
        self._owners: flows.Owners = {}
        self._loaded = ""

    def follow(self, access: Access) -> None:
        """Start one thread per kind."""
        kinds: tuple[tuple[str, Store], ...] = (
            ("/api/v1/pods", self.pods),
            ("/api/v1/namespaces", self.namespaces),
            ("/apis/networking.k8s.io/v1/networkpolicies", self.policies),
        )
        for path, shelf in kinds:
            threading.Thread(target=Watcher(access, path, shelf).run, name=path, daemon=True).start()

    def close(self) -> None:
        """Before the first lists nobody is known: nobody may talk, unless an earlier table still holds."""
        if not table.present():
            self._load(render(CLOSED, self._network))

    def run(self, stop: threading.Event) -> None:
        """Keep the table current until told to stop; the last one stays in force."""
        while not stop.is_set():
            changed = self._changed.wait(POLL_SECONDS)
            if changed or cni.stamp(self._results) != self._stamp:
                time.sleep(DEBOUNCE_SECONDS)
                if self.complete and not self.synchronise():
                    stop.wait(RETRY_SECONDS)
                    self._changed.set()

    @property
    def complete(self) -> bool:
        """Whether every kind was listed once; before that a missing policy would be an open door."""
        return self.pods.complete and self.namespaces.complete and self.policies.complete

    def synchronise(self) -> bool:
        """Load the table if its text changed; false when nft refused it."""
        stamp = cni.stamp(self._results)
        notes = cni.read(self._results)
        self._stamp = stamp if notes.whole else -1
        pods = cni.settled(self.pods.items(), notes.holders, self._network)
        namespaces = {namespace.name: namespace for namespace in self.namespaces.items()}
        text = render(decide(pods, namespaces, self.policies.items()), self._network)
        if text != self._loaded and not self._replace(text):
            return False
        owners = flows.owners(pods)
        flows.forget(flows.left(self._owners, owners))
        self._owners = owners
        return True

    def _replace(self, text: str) -> bool:
        started = time.monotonic()
        try:
            self._load(text)
        except Fault as fault:
            say(str(fault))
            return False
        self._loaded = text
        lines = len(text.splitlines())
        say(f"a table of {lines} lines is in force, loaded in {1000 * (time.monotonic() - started):.0f} ms")
        return True


def _key(document: Mapping[str, Any]) -> tuple[str, str]:
    meta = document["metadata"]
    return meta.get("namespace", ""), meta["name"]
