"""States as earlier versions of the program left them, and what the present one would do to them.

A state is recorded once for each version that people deployed, and never remade: with a stack of this
machine up, `python -m tests.e2e.recorded STACK` writes tests/states/STACK-DAY.json. Nothing secret is in
it: each secret leaf says `recorded` and nothing else.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from embedded.engine.engine import Engine
from tests.e2e.hub import Hub

FOLDER = Path(__file__).resolve().parents[1] / "states"
_SIGNATURE, _SECRET = "4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270"
# What the cluster tells of an object on each look, and no program depends on.
_PASSING = {"managedFields", "resourceVersion", "uid", "creationTimestamp", "selfLink", "generation"}
_LONGEST = 1000
# What the engine remembers of the machine that it ran on.
_OF_THE_MACHINE = {"sourcePosition", "stackTrace", "created", "modified"}


@dataclass(frozen=True, order=True)
class Step:
    """What the engine would do to one resource."""

    op: str
    urn: str

    @property
    def name(self) -> str:
        """The URN without stack and project."""
        return self.urn.split("::", 2)[2]


def of(stack: str) -> list[Path]:
    """Give the recorded states of a stack, oldest first."""
    return sorted(FOLDER.glob(f"{stack}-[0-9]*.json"))


def record(stack: str) -> Path:
    """Write down the state of a stack that is up."""
    exported = json.loads(Hub.of_this_machine(stack).engine.read("stack", "export", "--show-secrets"))
    resources = [_cleaned(resource) for resource in exported["deployment"]["resources"]]
    kept = {"version": exported["version"], "deployment": {"resources": resources}}
    place = FOLDER / f"{stack}-{datetime.now(tz=UTC).date()}.json"
    place.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n")
    return place


def _cleaned(value: Any) -> Any:  # noqa: ANN401 -- JSON
    if isinstance(value, dict):
        if value.get(_SIGNATURE) == _SECRET:
            return {**value, "plaintext": json.dumps(_blank(json.loads(value["plaintext"])))}
        return {key: _cleaned(item) for key, item in value.items() if key not in _PASSING | _OF_THE_MACHINE}
    if isinstance(value, list):
        return [_cleaned(item) for item in value]
    return "recorded" if isinstance(value, str) and _bulky(value) else value


def _bulky(text: str) -> bool:
    """Tell what no reviewer reads: dashboards, and certificates of a machine that is gone."""
    return len(text) > _LONGEST or "-----BEGIN" in text


def _blank(value: Any) -> Any:  # noqa: ANN401 -- JSON
    if isinstance(value, dict):
        if value.get(_SIGNATURE) == _SECRET:
            return _cleaned(value)
        return {key: _blank(item) for key, item in value.items()}
    return [_blank(item) for item in value] if isinstance(value, list) else "recorded"


def steps_over(hub: Hub, place: Path, scratch: Path) -> list[Step]:
    """Preview the present program over a recorded state, in a backend of its own; what stays is not told."""
    state = json.loads(place.read_text())
    # The passphrase of this machine is not the one that the state was recorded under.
    state["deployment"]["secrets_providers"] = hub.state()["deployment"]["secrets_providers"]
    file = scratch / "state.json"
    file.write_text(json.dumps(state))
    engine = _elsewhere(hub.engine, scratch)
    engine.read("stack", "import", "--file", str(file))
    digest = json.loads(engine.read("preview", "--json"))
    return sorted(Step(step["op"], step["urn"]) for step in digest["steps"])


def _elsewhere(engine: Engine, scratch: Path) -> Engine:
    """Give the same engine with an empty backend, in which the stack is made."""
    backend = scratch / "backend"
    backend.mkdir()
    moved = replace(engine, env={**engine.env, "PULUMI_BACKEND_URL": f"file://{backend}"})
    moved.make_stack()
    return moved


# A Secret that is immutable is replaced by one of another name whenever its content differs, and here it
# always does. Nothing else of a running stack may be replaced or deleted by a new version unasked.
_BY_DESIGN = (
    "kubernetes:core/v1:Secret::hub-credentials",
    "kubernetes:core/v1:Secret::tunnel-token",
)
# What a version left out, by a decision that says what it costs: 0016.
_DECIDED = (("delete", "jupyterhub:components:Platform$kubernetes:core/v1:ConfigMap::environment"),)
_GENTLE = {"same", "update", "create", "refresh", "read"}


def surprises(steps: list[Step]) -> Iterator[Step]:
    """Give the steps that would take something away from people, or put another thing in its place."""
    for step in steps:
        decided = any((step.op, step.name.endswith(name)) == (op, True) for op, name in _DECIDED)
        if step.op not in _GENTLE and not decided and not step.name.endswith(_BY_DESIGN):
            yield step


if __name__ == "__main__":
    sys.stdout.write(f"{record(sys.argv[1])}\n")
