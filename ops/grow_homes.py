"""`ops grow-homes`: homes that are there grow to the size in the settings. None shrinks, none is deleted.

It works with the rights of whoever types it. The hub itself may make claims and change none: a hub that is
taken over must not be able to fill the storage.
"""

from __future__ import annotations

import json as text
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Annotated

import typer

from ops import home_sizes
from ops.ending import DONE, FOUND, Cannot
from ops.home_sizes import Sizes
from ops.kubectl import Json, Kubectl, NoAnswer
from ops.live import Context, Files, live
from ops.stack_files import PROJECT, Stack
from ops.telling import as_json, show, table
from settings.names import amount

_HOMES = "component=singleuser-storage"
_OWNER = "hub.jupyter.org/username"
_RESIZING = ("FileSystemResizePending", "Resizing")


class What(StrEnum):
    """What becomes of a home."""

    GROWS = "grows"
    GROWN = "was told to grow"
    TOLD = "was told to grow, and has not yet"
    WAITS = "grows at the next start of its server"
    FITS = "has its size"
    LARGER = "is larger, and stays so"
    CANNOT = "cannot grow"
    REFUSED = "was refused"


_WRONG = (What.CANNOT, What.REFUSED)


@dataclass(frozen=True)
class Home:
    """One claim, what it has and what it shall have."""

    claim: str
    owner: str
    storage_class: str
    has: str
    wanted: str
    what: What
    why: str = ""
    known: bool = True
    """Whether it is known which groups its owner is in, where the size depends on that."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "grow-homes",
        epilog="Examples: [bold]ops grow-homes lab[/bold] shows what would be done; "
        "[bold]ops grow-homes lab --apply[/bold] does it; "
        "[bold]ops grow-homes lab --user ada --apply[/bold] for one; "
        "[bold]ops grow-homes lab --everyones[/bold] asks for nobody's groups.",
    )(_command)


def _command(  # noqa: PLR0913 -- one for each option
    stack: Stack,
    apply: Annotated[bool, typer.Option("--apply", help="Do it; else it is only shown.")] = False,
    user: Annotated[list[str] | None, typer.Option(help="Only the home of this user.")] = None,
    everyones: Annotated[
        bool, typer.Option("--everyones", help="To the size that everyone has; the hub is not asked.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
    context: Context = None,
    project: Files = PROJECT,
) -> None:
    """Homes that are smaller than their owner's size grow to it, where their class lets volumes grow.

    The size is storage.homes.size, or the home of a row of capabilities for members of its group: who is
    in which group the hub is asked for, in its pod. A larger home stays as it is: no volume can shrink.
    Homes that cannot grow end with 1.
    """
    found = live(stack, project, context)
    sizes = (
        home_sizes.for_everyone(found.settings)
        if everyones
        else home_sizes.by_groups(found.settings, found.cluster)
    )
    try:
        homes = list(_homes(sizes, found.cluster, user))
    except NoAnswer as error:
        raise Cannot(
            f"{error}\n    What follows: it is not known which homes there are.\n"
            f"    What to do:   `ops env {stack}` tells which cluster; `kubectl auth whoami` who you are."
        ) from error
    if apply:
        homes = [_grown(found.cluster, one) if one.what is What.GROWS else one for one in homes]
    if json:
        as_json({"stack": stack, "applied": apply, "homes": [asdict(one) for one in homes]})
    else:
        _show(homes, stack, apply=apply)
    raise typer.Exit(FOUND if any(one.what in _WRONG for one in homes) else DONE)


def _homes(sizes: Sizes, cluster: Kubectl, users: list[str] | None) -> Iterator[Home]:
    expandable: dict[str, bool | None] = {}
    for claim in cluster.items("persistentvolumeclaims", _HOMES):
        owner = str((claim["metadata"].get("annotations") or {}).get(_OWNER, ""))
        if users and owner not in users:
            continue
        name = str(claim["spec"].get("storageClassName") or "")
        if name not in expandable:
            expandable[name] = _grows(cluster, name)
        yield _home(claim, owner, sizes, expandable[name])


def _grows(cluster: Kubectl, name: str) -> bool | None:
    """Whether volumes of a class can grow; None where that cannot be seen, and the API server decides."""
    try:
        found = cluster.find("storageclass", name) if name else {}
    except NoAnswer:
        return None
    return bool((found or {}).get("allowVolumeExpansion"))


def _home(claim: Json, owner: str, sizes: Sizes, expandable: bool | None) -> Home:
    has, wanted = str(claim["spec"]["resources"]["requests"]["storage"]), sizes.of(owner)
    storage_class = str(claim["spec"].get("storageClassName") or "")
    what, why = _judged(claim, has, wanted, storage_class, expandable)
    name, known = str(claim["metadata"]["name"]), sizes.knows(owner)
    return Home(name, owner, storage_class, has, wanted, what, why, known)


def _judged(
    claim: Json, has: str, wanted: str, storage_class: str, expandable: bool | None
) -> tuple[What, str]:
    if amount(has) > amount(wanted):
        return What.LARGER, "no volume can shrink; the setting is for new and smaller ones"
    if amount(has) == amount(wanted):
        return _growing(claim.get("status") or {}, wanted), ""
    if expandable is False:
        return What.CANNOT, f"the class {storage_class or '(none)'} does not let volumes grow"
    if (claim.get("status") or {}).get("phase") != "Bound":
        return What.CANNOT, "it has no volume yet: start its server once"
    return What.GROWS, ""


def _growing(status: Json, wanted: str) -> What:
    """Tell how far a claim is that asks for its size: its volume has it, is told to, or waits for a mount."""
    if {one["type"] for one in status.get("conditions") or ()}.intersection(_RESIZING):
        return What.WAITS
    has = (status.get("capacity") or {}).get("storage", wanted)
    return What.TOLD if amount(has) < amount(wanted) else What.FITS


def _grown(cluster: Kubectl, home: Home) -> Home:
    patch = {"spec": {"resources": {"requests": {"storage": home.wanted}}}}
    try:
        cluster.run("patch", "persistentvolumeclaim", home.claim, "--type", "merge", "-p", text.dumps(patch))
    except NoAnswer as refused:
        return Home(**{**asdict(home), "what": What.REFUSED, "why": str(refused).rpartition(": ")[2]})
    return Home(**{**asdict(home), "what": What.GROWN})


def _show(homes: list[Home], stack: str, *, apply: bool) -> None:
    made = table("home of", "claim", "class", "has", "shall have", "", "")
    for one in homes:
        made.add_row(one.owner, one.claim, one.storage_class, one.has, one.wanted, one.what, one.why)
    show(made, "")
    if any(one.what is What.GROWS for one in homes):
        show(f"Nothing was changed. To do it: ops grow-homes {stack} --apply")
    if any(one.what is What.CANNOT for one in homes):
        show(
            "Some homes cannot grow.",
            "    What follows: their users meet a full home at the old size.",
            "    What to do:   allowVolumeExpansion in the class, where its driver can; else move the home: "
            "docs/keeping.md.",
        )
    if strangers := [one.owner or one.claim for one in homes if not one.known]:
        show(
            f"The hub does not know {', '.join(strangers)}.",
            "    What follows: nobody says which groups they are in; their homes grow to everyone's size.",
            "    What to do:   nothing, where they have left; else run this again once they have signed in.",
        )
    if apply and any(one.what is What.GROWN for one in homes):
        show("Most drivers grow a volume while it is used; some at the next start of the server.")
