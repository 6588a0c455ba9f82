"""What a stack would create, as a preview tells it, and the file by which the engine imports instead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

RELEASE = "kubernetes:helm.sh/v3:Release"
_ROOT = "pulumi:pulumi:Stack"
_PROVIDERS = "pulumi:providers:"
_AUTONAMED = "pulumi.com/autonamed"


@dataclass(frozen=True)
class Wanted:
    """One object of the cluster that the stack would create."""

    urn: str
    type: str
    inputs: Mapping[str, Any]
    provider: str

    @property
    def is_release(self) -> bool:
        """Whether it is a release of Helm, which is no object by itself."""
        return self.type == RELEASE

    @property
    def api_version(self) -> str:
        """Such as v1 or networking.k8s.io/v1."""
        return str(self.inputs.get("apiVersion", ""))

    @property
    def kind(self) -> str:
        """Such as PersistentVolumeClaim."""
        return self.type.rsplit(":", 1)[-1]

    @property
    def metadata(self) -> Mapping[str, Any]:
        """Names, labels and annotations as the program writes them."""
        return self.inputs if self.is_release else self.inputs.get("metadata") or {}

    @property
    def namespace(self) -> str:
        """Empty for what belongs to the whole cluster."""
        return str(self.metadata.get("namespace") or "")

    @property
    def name(self) -> str:
        """The name in the cluster."""
        return str(self.metadata.get("name") or "")

    @property
    def id(self) -> str:
        """As the Kubernetes providers write it."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


@dataclass(frozen=True)
class Plan:
    """The steps of a preview, with those that change nothing."""

    steps: Sequence[Mapping[str, Any]]

    def wanted(self) -> list[Wanted]:
        """Give what would be created under a name that can be there already."""
        made = [self._wanted(step["newState"]) for step in self._creates() if step["newState"].get("custom")]
        return [
            one
            for one in made
            if one.type.startswith("kubernetes:")
            and one.name
            # A name by chance is in nobody's cluster.
            and _AUTONAMED not in (one.metadata.get("annotations") or {})
        ]

    def context(self) -> tuple[str, str]:
        """Give context and kubeconfig of the stack's one cluster; empty where they are the shell's."""
        for step in self.steps:
            if str(step["urn"]).split("::")[2].startswith(f"{_PROVIDERS}kubernetes"):
                inputs = step["newState"].get("inputs") or {}
                return str(inputs.get("context", "")), str(inputs.get("kubeconfig", ""))
        return "", ""

    def harm(self) -> list[str]:
        """List what a deployment would replace or delete."""
        return [
            f"{step['op']} {_short(step['urn'])}"
            for step in self.steps
            if "delete" in step["op"] or "replace" in step["op"]
        ]

    def import_file(self, taken: Sequence[Wanted]) -> dict[str, Any]:
        """Write what the engine imports: the objects, the components above them, the provider below."""
        states = {step["urn"]: step["newState"] for step in self.steps if step.get("newState")}
        new = {step["urn"] for step in self._creates()}
        chosen = {one.urn: one.id for one in taken}
        components: dict[str, None] = {}
        for urn in chosen:
            for above in reversed(_above(states[urn], states)):
                if above in new:
                    components[above] = None
        names = {urn: f"{place}-{_short(urn)}" for place, urn in enumerate([*states])}
        table = {
            names[urn]: urn
            for one in [*components, *chosen]
            for urn in (states[one].get("parent"), _provider(states[one]))
            if urn in names and urn not in components and not _is_root(urn)
        }
        return {
            "nameTable": table,
            "resources": [
                *(_entry(states[urn], names, {"component": True}) for urn in components),
                *(_entry(states[urn], names, {"id": id_}) for urn, id_ in chosen.items()),
            ],
            "providerInputs": {
                name: states[urn]["inputs"]
                for name, urn in table.items()
                if urn in new and states[urn]["type"].startswith(_PROVIDERS)
            },
        }

    def _creates(self) -> list[Mapping[str, Any]]:
        return [step for step in self.steps if step["op"] == "create" and step.get("newState")]

    def _wanted(self, state: Mapping[str, Any]) -> Wanted:
        return Wanted(state["urn"], state["type"], state.get("inputs") or {}, _provider(state))


def _entry(state: Mapping[str, Any], names: Mapping[str, str], more: Mapping[str, Any]) -> dict[str, Any]:
    parent, provider = state.get("parent", ""), _provider(state)
    entry = {"type": state["type"], "name": names[state["urn"]], "logicalName": _name(state["urn"]), **more}
    if parent and not _is_root(parent):
        entry["parent"] = names[parent]
    if provider:
        entry["provider"] = names[provider]
    return entry


def _provider(state: Mapping[str, Any]) -> str:
    return str(state.get("provider") or "").rpartition("::")[0]


def _above(state: Mapping[str, Any], states: Mapping[str, Mapping[str, Any]]) -> list[str]:
    found = []
    while (parent := state.get("parent")) and not _is_root(parent):
        found.append(parent)
        state = states[parent]
    return found


def _is_root(urn: str) -> bool:
    return urn.split("::")[2] == _ROOT


def _name(urn: str) -> str:
    return urn.split("::", 3)[3]


def _short(urn: str) -> str:
    kind = urn.split("::")[2].rpartition("$")[2].rsplit(":", 1)[-1]
    return f"{kind}-{_name(urn)}"
