"""The words all waits share: what is looked at, and what is found."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from embedded.providers.kube.client import Client, Object
from embedded.providers.kube.discovery import Discovery


@dataclass(frozen=True)
class Readiness:
    """How far an object is: ready, or what it waits for; `failed` ends the wait at once."""

    ready: bool
    status: str = ""
    problems: Sequence[str] = ()
    failed: bool = False


@dataclass(frozen=True)
class Look:
    """What a check may look at beside the object itself."""

    client: Client
    discovery: Discovery
    seconds: float
    """Since when the wait runs; a refresh looks once and never waits, so nothing may still settle."""
    created: bool = True

    def listed(self, path: str, **query: str) -> list[Object]:
        """List what explains the object."""
        return self.client.items(path, **query)


Check = Callable[[Look, Object], Readiness]


def status_of(obj: Object) -> Mapping[str, Any]:
    """Return the status, which a new object does not have yet."""
    return obj.get("status") or {}


def spec_of(obj: Object) -> Mapping[str, Any]:
    """Return the spec."""
    return obj.get("spec") or {}


def condition(obj: Object, type_: str) -> Mapping[str, Any]:
    """Find a condition of the status by its type."""
    for one in status_of(obj).get("conditions") or []:
        if one.get("type") == type_:
            return dict(one)
    return {}


def observed(obj: Object) -> bool:
    """Whether the controller has seen the current generation, so that its status can be believed."""
    seen = status_of(obj).get("observedGeneration") or 0
    return bool(seen >= obj["metadata"].get("generation", 0))


def namespace_of(obj: Object) -> str:
    """Return the namespace an object lives in."""
    return obj["metadata"].get("namespace") or "default"


def selector_text(selector: Mapping[str, Any]) -> str:
    """Write a label selector's matchLabels as the API takes them."""
    labels = selector.get("matchLabels", selector if "matchExpressions" not in selector else {})
    return ",".join(f"{key}={value}" for key, value in (labels or {}).items())
