"""Seen from a notebook: what must be refused is, and what the settings grant is reached."""

from __future__ import annotations

from ops.smoke.dialled import Dialled, End, dialled
from ops.smoke.outcome import Failed, Seen, Skipped
from ops.smoke.targets import Target, denied, granted, needed, opened_by
from ops.smoke.visit import Visit
from settings import Settings


def egress(visit: Visit) -> Seen:
    """What no notebook may reach is not reached; the hub is, so that a refusal means something."""
    must, must_not = needed(visit.settings), denied(visit)
    found = dialled(visit.hub, [*must, *must_not], visit.options.not_to)
    lost = [str(one) for one in found[: len(must)] if one.end is not End.OPEN]
    if lost:
        raise Failed(
            f"not reached, and it must be: {'; '.join(lost)}",
            "That other things are not reached either means nothing.",
            "Compare the NetworkPolicy singleuser with network.dns in the settings: docs/network.md.",
        )
    refused = found[len(must) :]
    granted_too = {one: opened_by(visit.settings, one.target, one.address) for one in refused if one.address}
    open_ones = [one for one in refused if one.end is End.OPEN and not granted_too.get(one)]
    if open_ones:
        raise Failed(
            f"reached, and it must not be: {'; '.join(map(str, open_ones))}",
            "A notebook, or what somebody installs into one, gets where only the hub may go.",
            f"`kubectl -n {visit.settings.namespace.name} get networkpolicy`: one that is not of the release "
            "opens it, or the cluster's network does not heed them: docs/network.md.",
        )
    tried = [one for one in refused if one.end in (End.REFUSED, End.SILENT)]
    return Seen(
        f"the hub is reached; refused: {_listed(tried)}",
        tuple(_remark(one, granted_too.get(one)) for one in refused if one not in tried),
    )


def _listed(found: list[Dialled]) -> str:
    return ", ".join(dict.fromkeys(one.target.what for one in found)) or "nothing was tried"


def _remark(one: Dialled, setting: str | None) -> str:
    if one.end is End.OPEN:
        return f"{one.target.what} is reached, as {setting} grants"
    why = "its name is not known" if one.end is End.UNKNOWN else "--not-to names its address"
    return f"{one.target.what} was not tried: {why}"


def services(visit: Visit) -> Seen:
    """Every service that the settings open for notebooks is reached."""
    wanted = granted(visit.settings)
    if not wanted:
        raise Skipped("the settings have no services for notebooks")
    found = dialled(visit.hub, wanted, visit.options.not_to)
    lost = [one for one in found if one.end not in (End.OPEN, End.NOT_TRIED)]
    if lost:
        raise Failed(
            f"not reached: {'; '.join(map(str, lost))}",
            "Notebooks that use them fail.",
            f"Is the service up? Else its way: {_ways(visit.settings, [one.target for one in lost])}.",
        )
    tried = [one for one in found if one.end is End.OPEN]
    return Seen(
        f"reached: {_listed(tried)}", tuple(_remark(one, None) for one in found if one.end is End.NOT_TRIED)
    )


def _ways(settings: Settings, lost: list[Target]) -> str:
    """Say where the settings have the way of a service."""
    named = ", ".join(one.what for one in lost)
    proxied = " through network.egressProxy" if any(one.through for one in lost) else ""
    return f"`reach` of {named} in the settings{proxied}, and `ops firewall`"
