"""`ops smoke`: try a running hub as a person would, and leave nothing behind."""

from __future__ import annotations

from contextlib import nullcontext
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated

import typer

from ops.ending import DONE, FOUND, Cannot
from ops.live import Context, Files, live
from ops.smoke import checks, report
from ops.smoke.authorities import trust
from ops.smoke.cleaning import clean, left_by_others
from ops.smoke.interrupting import interruptible, undisturbed
from ops.smoke.lock import held
from ops.smoke.outcome import Outcome
from ops.smoke.visit import Options, Visit
from ops.smoke.way import Detour, Way
from ops.stack_files import PROJECT, Stack
from ops.telling import as_json
from settings import Settings
from settings.door import url
from settings.profiles import Profile


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "smoke",
        epilog="Examples: [bold]ops smoke lab[/bold]; [bold]ops smoke lab --only certificate,sign-in[/bold]; "
        "[bold]ops smoke aiv-prod --ca-file company.pem --prometheus monitoring/prometheus:9090[/bold]; "
        "in a pipeline: [bold]ops smoke lab --json --junit smoke.xml[/bold]",
    )(_command)


def _command(  # noqa: PLR0913 -- one for each option
    stack: Stack,
    only: Annotated[
        list[str] | None,
        typer.Option(help=f"Only this check and what it builds on. Checks: {', '.join(checks.NAMES)}."),
    ] = None,
    skip: Annotated[
        list[str] | None,
        typer.Option(help="Not this check; what works with what it makes is not tried either."),
    ] = None,
    keep_going: Annotated[
        bool,
        typer.Option("--keep-going/--fail-fast", help="Whether checks go on after one that failed."),
    ] = True,
    profile: Annotated[
        str | None, typer.Option(help="Slug of the profile to start a server with; the default profile's.")
    ] = None,
    gpu: Annotated[bool, typer.Option("--gpu/--no-gpu", help="Whether a GPU is tried.")] = True,
    wait: Annotated[float, typer.Option(help="Seconds that a server may take to start.", min=1)] = 300.0,
    prometheus: Annotated[
        str | None,
        typer.Option(help="A Prometheus to ask about the hub: its address, or NAMESPACE/SERVICE:PORT."),
    ] = None,
    connect_to: Annotated[
        list[str] | None,
        typer.Option(
            envvar="HUB_CONNECT_TO",
            metavar="HOST:PORT:ADDRESS:PORT",
            help="Connect there instead, as curl's option does; *.HOST for all below one. The name that is "
            "checked stays the same.",
        ),
    ] = None,
    ca_file: Annotated[
        Path | None,
        typer.Option(envvar="HUB_CA_FILE", help="Authorities to believe beside this machine's, as PEM."),
    ] = None,
    not_to: Annotated[
        list[str] | None,
        typer.Option(
            envvar="HUB_NOT_TO",
            metavar="CIDR",
            help="Addresses that are not tried from the server, not even to see them refused.",
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
    junit: Annotated[Path | None, typer.Option(help="Write JUnit's XML to this file as well.")] = None,
    context: Context = None,
    project: Files = PROJECT,
) -> None:
    """A running hub, tried as a person would: sign-in page, server, cell, file, and what must be refused.

    It works as a user of its own, whom nobody signs in as and who is removed at the end, with the volume.
    Each check says what was seen, or what is wrong, what follows and what to do. One that failed ends with 1.
    """
    left_out = checks.chosen(_parts(only), _parts(skip))
    found = live(stack, project, context)
    options = Options(
        profile=_profile(found.settings, profile),
        gpu=gpu,
        prometheus=prometheus,
        seconds=wait,
        not_to=tuple(_range(one) for one in _parts(not_to)),
    )
    way = Way(
        url(found.settings.ingress, found.settings.tls),
        tuple(Detour.read(one) for one in _parts(connect_to)),
        trust(found.settings, ca_file),
    )
    with report.Progress() as tell, interruptible():
        visit = Visit(live=found, way=way, options=options, tell=tell)
        told = _run(visit, left_out, keep_going=keep_going, as_it_ends=not json)
    if junit:
        _write(junit, told.junit())
    if json:
        as_json(told.document())
    else:
        report.tell_end(told)
    raise typer.Exit(FOUND if told.failed else DONE)


def _parts(given: list[str] | None) -> list[str]:
    """Read lists that are given by repeating an option, by commas, or both."""
    return [part for one in given or () for part in one.split(",") if part]


def _range(text: str) -> str:
    try:
        return str(ip_network(text))
    except ValueError as error:
        raise Cannot(
            f"--not-to {text} is no range of addresses.\n    What to do:   write for example 169.254.0.0/16."
        ) from error


def _write(place: Path, content: bytes) -> None:
    try:
        place.write_bytes(content)
    except OSError as error:
        raise Cannot(f"{place} cannot be written: {error.strerror}.") from error


def _profile(settings: Settings, slug: str | None) -> Profile:
    offered = {one.slug: one for one in settings.profiles if one.enabled}
    default = next((one for one in offered.values() if one.default), settings.profiles[0])
    if slug is None:
        return default
    if slug not in offered:
        raise Cannot(f"There is no profile {slug}.\n    What to do:   name one of: {', '.join(offered)}.")
    return offered[slug]


def _run(visit: Visit, left_out: dict[str, str], *, keep_going: bool, as_it_ends: bool) -> report.Report:
    """Run the checks; with a server among them alone, and clean before and after."""
    outcomes: list[Outcome] = []
    left: list[str] = []
    with_server = checks.with_server(left_out)
    alone = held(visit.live.cluster, visit.tell, visit.live.stack) if with_server else nullcontext()
    with alone:
        if with_server:
            left_by_others(visit)
        try:
            for outcome in checks.run(visit, left_out, keep_going=keep_going):
                outcomes.append(outcome)
                if as_it_ends:
                    report.tell(outcome)
        finally:
            if visit.made:
                with undisturbed():
                    visit.tell("removing what was made")
                    left = clean(visit)
    return report.Report(visit.live.stack, visit.way.url, outcomes, left)
