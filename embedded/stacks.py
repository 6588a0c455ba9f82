"""The committed stacks, which of them a command is for, and which are up on this machine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from embedded.fault import Fault
from embedded.paths import CHECKOUT

LOCAL = "local"
SETTINGS = "jupyterhub:settings"
# The sections that are looked into here. What is in them is judged by the program.
_NEEDED = ("auth", "cluster", "database", "images", "ingress", "namespace", "network", "secrets", "tls")


def names(folder: Path = CHECKOUT) -> tuple[str, ...]:
    """Name every stack that has a stack file, or those with a generated one in the engine's folder."""
    return tuple(sorted(file.name.split(".")[1] for file in folder.glob("Pulumi.*.yaml")))


def chosen(env: Mapping[str, str]) -> str:
    """Give the stack that STACK names, if there is one of that name."""
    stack = env.get("STACK") or LOCAL
    if stack not in names():
        raise Fault(
            f"There is no stack `{stack}`.",
            "Nothing was started or changed.",
            f"One of: {', '.join(names())}. A new one begins as a file Pulumi.{stack}.yaml.",
        )
    return stack


def read(file: Path) -> dict[str, Any]:
    """Read a stack file."""
    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
        lacking = [name for name in _NEEDED if not isinstance(document["config"][SETTINGS][name], dict)]
    except (OSError, ValueError, LookupError, TypeError, yaml.YAMLError, RecursionError):
        # What exactly is wrong says the tool that judges stack files.
        lacking = [*_NEEDED]
    if lacking:
        raise Fault(
            f"{file.name} has no whole `config: {SETTINGS}:`.",
            "There is nothing to deploy.",
            "bin/ops check says what is wrong; restore the file from git, or write the settings.",
        )
    return dict(document)


def committed(stack: str) -> dict[str, Any]:
    """Read the stack file of a stack as it is committed."""
    return read(CHECKOUT / f"Pulumi.{stack}.yaml")


def settings_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """Give the settings of a stack file."""
    settings: dict[str, Any] = document["config"][SETTINGS]
    return settings


def namespace_of(document: Mapping[str, Any]) -> str:
    """Give the namespace that a stack file asks for."""
    return str(settings_of(document)["namespace"]["name"])


def generated(home: Path) -> dict[str, dict[str, Any]]:
    """Read the generated stack files of all stacks that `make up` brought up in an engine's folder."""
    return {stack: read(home / f"Pulumi.{stack}.yaml") for stack in names(home)}


def refuse_neighbour_in_same_namespace(stack: str, document: Mapping[str, Any], home: Path) -> None:
    """One hub per namespace: two stacks may be up at once unless they ask for the same one."""
    wanted = namespace_of(document)
    for other, theirs in generated(home).items():
        if other != stack and namespace_of(theirs) == wanted:
            raise Fault(
                f"The stack `{other}` is up in the namespace {wanted}, which `{stack}` asks for too.",
                "Two hubs of one name would overwrite each other; nothing was changed.",
                f"make destroy STACK={other}   (it removes that stack with its homes)",
            )


def charts_in_use(home: Path, but: str) -> frozenset[str]:
    """Name the chart archives that other stacks than this one were deployed with."""
    others = (document for stack, document in generated(home).items() if stack != but)
    return frozenset(str(settings_of(document)["chart"].get("path")) for document in others)
