"""Every object that a stack would create: which, in which order, under which name of a file."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ops import release
from ops.ending import Cannot
from ops.helm import Helm
from ops.placeholders import auto_named
from ops.registered import Registered
from settings import Settings

Json = dict[str, Any]
_CLUSTER_WIDE = {
    "ClusterRole",
    "ClusterRoleBinding",
    "CustomResourceDefinition",
    "GatewayClass",
    "IngressClass",
    "Namespace",
    "PersistentVolume",
    "PriorityClass",
    "StorageClass",
}


@dataclass(frozen=True, order=True)
class Identity:
    """What tells one object of a cluster from all others; its version does not."""

    namespace: str
    kind: str
    group: str
    name: str

    @classmethod
    def of(cls, made: Json) -> Identity:
        """Read it off an object."""
        metadata = made.get("metadata") or {}
        group = str(made["apiVersion"]).rpartition("/")[0]
        return cls(str(metadata.get("namespace") or ""), str(made["kind"]), group, str(metadata["name"]))

    def __str__(self) -> str:
        kind = f"{self.kind}.{self.group}" if self.group else self.kind
        return f"{kind} {self.namespace}/{self.name}" if self.namespace else f"{kind} {self.name}"

    @property
    def file(self) -> str:
        """Its file's name: no other object has the same."""
        kind = ".".join(filter(None, (self.kind, self.group))).lower()
        # A reference in the name is left out as far as a file system minds it.
        name = re.sub(r"[^A-Za-z0-9.-]", "", self.name.replace("<name: ", "").replace("...>", ""))
        return f"{self.namespace or 'cluster'}_{kind}_{name.strip('-')}.yaml"


def of_stack(settings: Settings, helm: Helm | None, *, named: bool) -> list[Json]:
    """Give the objects, sorted; without a Helm the release is one of them, with its values."""
    made, others = release.composed(settings, named=named)
    values = release.values(made)
    found = [_object(one) for one in others]
    if helm:
        found += [_placed(one, settings.namespace.name) for one in helm.objects(settings, values)]
    else:
        found.append(_unrendered(made, settings))
    _once(found)
    return sorted(found, key=Identity.of)


def _object(one: Registered) -> Json:
    metadata = {"name": auto_named(one.logical_name), **(one.inputs.get("metadata") or {})}
    return {**one.inputs, "metadata": metadata}


def _placed(one: Json, namespace: str) -> Json:
    """Name the namespace that Helm puts an object into when its chart names none."""
    if one["kind"] in _CLUSTER_WIDE:
        return one
    return {**one, "metadata": {"namespace": namespace, **one["metadata"]}}


def _unrendered(made: Registered, settings: Settings) -> Json:
    wanted = {name: value for name, value in made.inputs.items() if name not in ("name", "namespace")}
    group, _, kind = made.kind.partition(":")
    metadata = {"name": settings.hub.release, "namespace": settings.namespace.name}
    return {"apiVersion": group, "kind": kind, "metadata": metadata, "spec": wanted}


def _once(found: Iterable[Json]) -> None:
    """Refuse two that are the same object: each deployment would undo the other's work."""
    twice = [str(one) for one, count in Counter(map(Identity.of, found)).items() if count > 1]
    if twice:
        raise Cannot(
            f"Two parts of the stack make the same object: {', '.join(sorted(twice))}.\n"
            "    What follows: whichever comes last wins, or the deployment fails.\n"
            "    What to do:   give one of them another name in the settings, or switch it off in the values."
        )
