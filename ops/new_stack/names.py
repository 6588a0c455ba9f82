"""A stack's name, and what it must not have in common with the stacks that are there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ops.new_stack.differs import Path, at
from settings.finding import Finding

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")


def fault(name: str) -> str | None:
    """Say what is wrong with a name: it is a part of file names, hosts and namespaces."""
    if _NAME.fullmatch(name):
        return None
    return f"{name!r} is no name of a stack: 40 lower-case letters, digits and dashes at most, such as lab-2."


_SHARED: tuple[tuple[tuple[Path, ...], str, str], ...] = (
    (
        (("cluster", "identifier"), ("namespace", "name")),
        "A namespace holds one hub: two overwrite each other's objects.",
        "Name another namespace, or the cluster that is meant: --namespace, --identifier.",
    ),
    (
        (("ingress", "host"),),
        "People would reach one of the two hubs, and nobody knows which.",
        "Name the host that people are to type: --host.",
    ),
    (
        (("database", "host"), ("database", "name")),
        "Two hubs in one database delete each other's servers.",
        "Write another database.name.",
    ),
)
"""Settings that together belong to one stack; what follows; what to do."""
_DEFAULTS: Mapping[Path, str] = {("database", "name"): "jupyterhub"}


def clashes(document: Mapping[str, Any], others: Mapping[str, Mapping[str, Any]]) -> Iterator[Finding]:
    """Refuse what another stack has already."""
    for paths, follows, remedy in _SHARED:
        mine = [_said(document, path) for path in paths]
        for other, theirs in others.items():
            if mine[0] is not None and mine == [_said(theirs, path) for path in paths]:
                said = " and ".join(
                    f"{'.'.join(path)} {value}" for path, value in zip(paths, mine, strict=True)
                )
                yield Finding(
                    path=".".join(("settings", *paths[-1])),
                    rule="new-stack",
                    what=f"{other} has {said} already.",
                    follows=follows,
                    remedy=remedy,
                )


def _said(document: Mapping[str, Any], path: Path) -> Any:  # noqa: ANN401 -- whatever a document says
    said = at(document, path)
    return _DEFAULTS.get(path) if said is None else said
