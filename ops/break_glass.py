"""`ops break-glass`: an administrator's token for an emergency, which ends by itself and is on record."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer

from ops.ending import FOUND, Cannot
from ops.kubectl import Kubectl, NoAnswer
from ops.live import Context, Files, live
from ops.stack_files import PROJECT, Stack
from ops.telling import plain
from settings import Settings
from settings.door import url

_SCRIPT = "/usr/local/etc/jupyterhub/break_glass.py"
_SECONDS = 60


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "break-glass",
        epilog='Examples: [bold]ops break-glass aiv-prod --purpose "the identity provider is away"[/bold]; '
        "which there are: [bold]ops break-glass aiv-prod --list[/bold]; their end: "
        "[bold]ops break-glass aiv-prod --revoke[/bold]",
    )(_command)


def _command(  # noqa: PLR0913 -- each is an option
    stack: Stack,
    purpose: Annotated[str, typer.Option(help="Why; it is on record.", show_default=False)] = "",
    minutes: Annotated[int, typer.Option(help="How long it lasts.", min=1, max=480)] = 60,
    listed: Annotated[
        bool, typer.Option("--list", help="Show which there are; none is shown again.")
    ] = False,
    revoke: Annotated[bool, typer.Option("--revoke", help="Remove all of them.")] = False,
    context: Context = None,
    project: Files = PROJECT,
) -> None:
    """Make an administrator's token of a hub for an emergency, list those there are, or revoke them.

    The token is shown once, on a terminal and nowhere else. The hub's audit trail says who made it, why,
    until when, and what was done with it. It takes the right to run commands in the hub's pod.
    """
    here = live(stack, project, context)
    settings, cluster = here.settings, here.cluster
    _on_record(settings)
    if listed and revoke:
        raise Cannot("--list and --revoke are two errands: one at a time.")
    if listed:
        _list(cluster)
    elif revoke:
        gone = _ask(cluster, "revoke", "--operator", operator(cluster))["revoked"]
        plain(f"Revoked: {', '.join(gone) or 'there was none'}.\n")
    else:
        _make(cluster, settings, purpose.strip(), minutes)


def _on_record(settings: Settings) -> None:
    if not settings.monitoring.audit:
        raise Cannot(
            "The hub has no audit trail.\n"
            "    What follows: nobody could tell what was done with the token, so there is none.\n"
            "    What to do:   say monitoring.audit: true, and deploy."
        )


def _make(cluster: Kubectl, settings: Settings, purpose: str, minutes: int) -> None:
    if not purpose:
        raise Cannot(
            "No purpose is given.\n"
            "    What follows: nobody could tell later why the glass was broken.\n"
            '    What to do:   say it: --purpose "the identity provider is away".'
        )
    if not at_a_terminal():
        raise Cannot(
            "The output is no terminal.\n"
            "    What follows: the token would lie in a file, a pipe or a pipeline's log.\n"
            "    What to do:   run it in a terminal. Nothing was made."
        )
    address = url(settings.ingress, settings.tls)
    words = ["--minutes", str(minutes), "--purpose", purpose, "--operator", operator(cluster)]
    made = _ask(cluster, "make", *words)
    plain(
        f"{made['token']}\n\n"
        f"This is token {made['id']} of ops.break-glass at {address}, until {made['expires']}.\n"
        "It opens everything: servers and files of all users, too. It is shown this once. Type it, where\n"
        "a command asks for it, so that it stays out of the shell's history:\n"
        f'    read -rs TOKEN; curl -H "Authorization: token $TOKEN" {address}/hub/api/users\n'
        "Afterwards: ops break-glass --revoke, and the audit trail says what was done.\n"
    )


def at_a_terminal() -> bool:
    """Tell whether what is printed is seen by a person and kept by nobody."""
    return sys.stdout.isatty()


def _list(cluster: Kubectl) -> None:
    found = _ask(cluster, "list", "--operator", operator(cluster))["tokens"]
    for one in found:
        used = "used" if one["used"] else "not used yet"
        plain(f"{one['id']}  made {one['created']}  until {one['expires']}  {used}\n")
    if not found:
        plain("There is none.\n")
        return
    # Found, as the other commands say of what somebody should look at.
    raise typer.Exit(FOUND)


def operator(cluster: Kubectl) -> str:
    """Ask the cluster who we are: what it says is on record, not what somebody types."""
    try:
        who = json.loads(cluster.run("auth", "whoami", "--output", "json"))
    except (NoAnswer, ValueError) as fault:
        raise Cannot(f"The cluster does not say who you are: {fault}. Nothing was made.") from fault
    return str(who["status"]["userInfo"]["username"])


def _ask(cluster: Kubectl, *words: str) -> Any:  # noqa: ANN401 -- JSON
    command = ["exec", "deploy/hub", "--container", "hub", "--", "python3", _SCRIPT, *words]
    try:
        return json.loads(cluster.run(*command, seconds=_SECONDS).splitlines()[-1])
    except NoAnswer as refused:
        raise Cannot(
            f"The hub's pod did not do it: {refused}.\n"
            "    What follows: no token was made, listed or revoked.\n"
            "    What to do:   see that the hub runs, and that you may run commands in its pod (pods/exec)."
        ) from refused
