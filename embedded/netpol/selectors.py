"""Label selectors, as the Kubernetes API defines them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Labels = Mapping[str, str]


@dataclass(frozen=True)
class Requirement:
    """One condition on one label."""

    key: str
    operator: str
    values: frozenset[str] = frozenset()

    def holds(self, labels: Labels) -> bool:
        """Whether the labels fulfil it. `NotIn` holds also where the label is absent."""
        match self.operator:
            case "In":
                return labels.get(self.key) in self.values
            case "NotIn":
                return labels.get(self.key) not in self.values
            case "Exists":
                return self.key in labels
            case "DoesNotExist":
                return self.key not in labels
            case _:
                # An operator of a later API: selecting nothing opens nothing by it.
                return False


@dataclass(frozen=True)
class Selector:
    """All requirements must hold; without any, everything is selected."""

    requirements: tuple[Requirement, ...] = ()

    def matches(self, labels: Labels) -> bool:
        """Whether an object with these labels is selected."""
        return all(requirement.holds(labels) for requirement in self.requirements)


def parse(document: Mapping[str, Any]) -> Selector:
    """A selector from its JSON form; `{}` selects everything."""
    exact = (
        Requirement(key, "In", frozenset((value,)))
        for key, value in sorted((document.get("matchLabels") or {}).items())
    )
    expressions = (
        Requirement(entry["key"], entry["operator"], frozenset(entry.get("values") or ()))
        for entry in document.get("matchExpressions") or ()
    )
    return Selector((*exact, *expressions))
