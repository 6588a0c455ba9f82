"""The hub: who it knows, what its spawner calls homes, and what is asked of it; by a script in its pod."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ops.break_glass import operator
from ops.ending import Cannot
from ops.kubectl import Json, Kubectl, NoAnswer
from ops.stack_files import PROJECT

_SCRIPT = PROJECT / "files" / "hub" / "moving.py"
# A word, so that the script knows itself beside the hub, and no part of it.
_WORD = "move-users"
_SECONDS = 400


@dataclass(frozen=True)
class Hub:
    """What one hub said."""

    users: Mapping[str, Json] = field(default_factory=dict)
    homes: Mapping[tuple[str, str], Json] = field(default_factory=dict)
    """By user and server: the claim's name, its labels and annotations."""
    claims: bool = True
    """Whether each home is a claim of its own."""
    acts: bool = True
    """Whether it stops servers and removes accounts for us, and has it on record."""

    def running(self, user: str) -> list[str]:
        """Name the servers of a user that run; the default one is called `default`."""
        servers = self.users.get(user, {}).get("servers", ())
        return [one["name"] or "default" for one in servers if one["running"]]

    def remembered(self, user: str) -> dict[str, str]:
        """Give the claim of each server that the hub remembers."""
        servers = self.users.get(user, {}).get("servers", ())
        return {one["name"]: one["claim"] for one in servers if one["claim"]}


def ask(cluster: Kubectl, wanted: Iterable[tuple[str, str]]) -> Hub:
    """Ask a hub for its users, and for the names of homes."""
    told = _run(cluster, {"errand": "facts", "wanted": sorted(wanted)})
    return Hub(
        users={one["name"]: one for one in told["users"]},
        homes={(one["user"], one["server"]): one for one in told["homes"]},
        claims=told["claims"],
        acts=told["acts"],
    )


def stop(cluster: Kubectl, users: list[str]) -> dict[str, str]:
    """Stop all servers of users; give whose do not stop, and why."""
    return _act(cluster, "stop", users)


def remove(cluster: Kubectl, users: list[str]) -> dict[str, str]:
    """Remove accounts with their tokens, cookies and shares; give which stay, and why."""
    return _act(cluster, "remove", users)


def _act(cluster: Kubectl, errand: str, users: list[str]) -> dict[str, str]:
    told = _run(cluster, {"errand": errand, "users": users, "operator": operator(cluster)})
    left: dict[str, str] = told["left"]
    return left


def _run(cluster: Kubectl, errand: Json) -> Any:  # noqa: ANN401 -- JSON
    # Twice: the inner text is data, the outer one makes it a literal of Python.
    script = f"{_SCRIPT.read_text(encoding='utf-8')}\n\nanswer(json.loads({json.dumps(errand)!r}))\n"
    words = ("exec", "--stdin", "deploy/hub", "--container", "hub", "--", "python3", "-", _WORD)
    try:
        return json.loads(cluster.run(*words, given=script, seconds=_SECONDS).splitlines()[-1])
    except (NoAnswer, ValueError, IndexError) as fault:
        raise Cannot(
            f"The hub's pod in {cluster.namespace} did not answer: {fault}.\n"
            "    What follows: it is not known who is there, and nothing is done.\n"
            "    What to do:   see that the hub runs (`kubectl get pods`), and that you may run commands in "
            "its pod (pods/exec)."
        ) from fault
