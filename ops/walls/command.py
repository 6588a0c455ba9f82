"""`ops walls`: the table of what a notebook reaches, expected and observed."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from ops.ending import DONE, FOUND, Cannot
from ops.kubectl import NoAnswer
from ops.live import Context, Files, live
from ops.smoke import report
from ops.smoke.authorities import trust
from ops.smoke.cleaning import clean, left_by_others
from ops.smoke.interrupting import interruptible, undisturbed
from ops.smoke.lock import held
from ops.smoke.outcome import Failed
from ops.smoke.server_checks import spawn
from ops.smoke.visit import Options, Visit
from ops.smoke.way import Detour, Unreachable, Way
from ops.stack_files import PROJECT, Stack
from ops.telling import as_json, show, table
from ops.walls.inside import tried
from ops.walls.probe import Row
from ops.walls.probes import probes
from settings import Settings
from settings.door import url
from settings.profiles import Profile


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "walls",
        epilog="Examples: [bold]ops walls lab[/bold]; [bold]ops walls lab --outside 1.1.1.1:443[/bold]; "
        "for programs: [bold]ops walls lab --json[/bold]",
    )(_command)


def _command(  # noqa: PLR0913 -- one for each option
    stack: Stack,
    outside: Annotated[
        list[str] | None,
        typer.Option(metavar="ADDRESS:PORT", help="An address beyond the cluster that is tried too."),
    ] = None,
    not_to: Annotated[
        list[str] | None,
        typer.Option(envvar="HUB_NOT_TO", metavar="CIDR", help="Addresses that are not tried."),
    ] = None,
    connect_to: Annotated[
        list[str] | None,
        typer.Option(
            envvar="HUB_CONNECT_TO", metavar="HOST:PORT:ADDRESS:PORT", help="Connect there instead, as curl."
        ),
    ] = None,
    ca_file: Annotated[
        Path | None, typer.Option(envvar="HUB_CA_FILE", help="Authorities to believe beside this machine's.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
    context: Context = None,
    project: Files = PROJECT,
) -> None:
    """Everything a notebook could try, tried from inside one: network, the hub's API, its own pod.

    It starts a server as `ops smoke` does, with a user of its own who is removed at the end. What shall be
    open follows from the settings; all else shall be closed. A row that ended otherwise ends with 1.
    """
    found = live(stack, project, context)
    visit = Visit(
        live=found,
        way=Way(
            url(found.settings.ingress, found.settings.tls),
            tuple(Detour.read(one) for one in _parts(connect_to)),
            trust(found.settings, ca_file),
        ),
        options=Options(profile=_profile(found.settings), not_to=tuple(_parts(not_to))),
        tell=lambda _: None,
    )
    places = tuple(_place(one) for one in _parts(outside))
    with report.Progress() as tell, interruptible():
        visit.tell = tell
        rows, left = _rows(visit, places)
    if json:
        as_json({"stack": stack, "rows": [one.document() for one in rows], "left": left})
    else:
        _show(rows, left)
    raise typer.Exit(DONE if all(one.right for one in rows) else FOUND)


def _parts(given: list[str] | None) -> list[str]:
    return [part for one in given or () for part in one.split(",") if part]


def _place(text: str) -> str:
    host, _, port = text.rpartition(":")
    try:
        ip_address(host.strip("[]"))
        int(port)
    except ValueError as error:
        raise Cannot(
            f"--outside {text} is no address with a port.\n"
            "    What follows: a name may lead anywhere, so nothing would be known.\n"
            "    What to do:   write for example 1.1.1.1:443 or [2606:4700:4700::1111]:443."
        ) from error
    return text


def _profile(settings: Settings) -> Profile:
    return next((one for one in settings.profiles if one.default and one.enabled), settings.profiles[0])


def _rows(visit: Visit, outside: tuple[str, ...]) -> tuple[list[Row], list[str]]:
    """Start the server, try everything, and leave nothing behind."""
    left: list[str] = []
    with held(visit.live.cluster, visit.tell, visit.live.stack):
        left_by_others(visit)
        try:
            spawn(visit)
            visit.tell("trying")
            return tried(visit.hub, probes(visit, outside), visit.options.not_to), left
        except Failed as failed:
            raise Cannot(
                f"{failed.what}.\n    What follows: {failed.follows}\n    What to do:   {failed.remedy}"
            ) from failed
        except (Unreachable, NoAnswer) as error:
            raise Cannot(
                f"{error}.\n    What follows: no notebook was asked.\n"
                f"    What to do:   `ops smoke {visit.live.stack}` tells what is wrong."
            ) from error
        finally:
            if visit.made:
                with undisturbed():
                    visit.tell("removing what was made")
                    left += clean(visit)


def _show(rows: list[Row], left: list[str]) -> None:
    made = table("", "from a notebook", "place", "expected", "observed", "by")
    for one in rows:
        probe = one.probe
        method = f"{probe.method} " if probe.kind == "hub" else ""
        mark = "?" if one.ended is None else ("ok" if one.right else "WRONG")
        cells = (mark, probe.what, f"{method}{probe.place}", probe.wanted, one.observed, probe.why)
        made.add_row(*map(escape, cells))
    wrong = [one for one in rows if not one.right]
    skipped = [one for one in rows if one.ended is None]
    show(made, "", f"{len(rows)} tried, {len(wrong)} wrong, {len(skipped)} not there or not to be tried.")
    for one in wrong:
        show(*map(escape, _advice(one)))
    if left:
        show("Left behind:", *left)


def _advice(one: Row) -> tuple[str, str, str]:
    probe = one.probe
    if one.ended is probe.wanted.OPEN:
        return (
            f"\n{probe.what} ({probe.place}) is open, and shall not be: {one.observed}",
            "    What follows: a notebook, or what somebody installs into one, gets there.",
            "    What to do:   kubectl get networkpolicy, and docs/isolation.md for who keeps which wall.",
        )
    return (
        f"\n{probe.what} ({probe.place}) is closed, and shall be open by {probe.why}: {one.observed}",
        "    What follows: notebooks that need it fail.",
        "    What to do:   is it up? Else compare its `reach` in the settings with `ops firewall`.",
    )
