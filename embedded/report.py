"""What `make up` says at its end, well or ill, and what `make status` and `make env` know later."""

from __future__ import annotations

import json

from rich.markup import escape
from rich.table import Table

from embedded import node
from embedded.console import console, say
from embedded.engine.engine import Engine
from embedded.engine.shell import Shell, exports
from embedded.fault import Fault
from embedded.paths import Paths
from embedded.target import Target

USER = "demo"


def remember(paths: Paths, shell: Shell) -> None:
    """Keep what a later `make env` needs, so that it answers at once."""
    (paths.state / "shell.json").write_text(json.dumps(shell.to_json(), indent=2))


def remembered_exports(paths: Paths) -> str:
    """Return the exports of a shell for the stack `local`, as the last `make up` left it."""
    file = paths.state / "shell.json"
    if not file.exists():
        raise Fault(
            "No `make up` has come far enough here yet.", "There is nothing to point a shell at.", "make up"
        )
    return exports(Shell.from_json(json.loads(file.read_text())))


def ready(engine: Engine, target: Target, took: str) -> None:
    """Say where the hub is, how to sign in, and what to type next."""
    outputs = json.loads(engine.read("stack", "output", "--json", "--show-secrets", "--stack", "local"))
    say("")
    if not target.pods:
        say(f"[bold yellow]All objects are made, and no pod runs:[/] {target.why_no_pods}")
        say("  For a JupyterHub that answers: run `make up` as root on Linux, or KUBECONTEXT=name make up.")
    else:
        say(f"[bold green]JupyterHub runs.[/] [dim]({took})[/]")
        say(f"  Address    {outputs['url']}")
        say(f"  User       {USER} [dim](any name)[/]")
        say(f"  Password   {escape(str(outputs['password']))}")
    say("")
    say('  eval "$(make -s env)"   a shell in which pulumi, kubectl and helm work on this stack')
    say("  make status             what runs, and what does not")
    say("  make e2e                a browser signs in and runs a cell")
    say("  make down               stop it; volumes and state stay")


def fail(paths: Paths, target: Target) -> None:
    """After a failed deployment: show the pods, events and log lines that matter, and end."""
    if target.own:
        console.print(node.diagnose(paths), markup=False)
    raise Fault(
        "`pulumi up --stack local` failed; what it said is above.",
        "What was made stays; nothing that ran before was removed.",
        'Mend it and run `make up` again. To look: eval "$(make -s env)"; kubectl -n jupyterhub get all',
    )


def status(paths: Paths) -> int:
    """Show each part of the node; the exit code says whether all is well."""
    parts = node.status(paths)
    table = Table(box=None, pad_edge=False)
    for heading in ("", "part", "detail"):
        table.add_column(heading)
    for part in parts:
        table.add_row("[green]✓[/]" if part.ok else "[red]✗[/]", part.name, escape(part.detail))
    console.print(table)
    broken = [part.name for part in parts if not part.ok]
    if broken:
        say(f"\nNot well: {', '.join(broken)}. `make up` repairs what has stopped.")
    return 1 if broken else 0
