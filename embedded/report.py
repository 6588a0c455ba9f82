"""What `make up` says at its end, well or ill, and what `make status` and `make env` know later."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rich.markup import escape
from rich.table import Table

from embedded import node, stacks
from embedded.console import console, say
from embedded.engine.engine import Engine
from embedded.engine.shell import Shell
from embedded.fault import Fault
from embedded.paths import Paths
from embedded.target import Target
from embedded.world import World


def remember(paths: Paths, shell: Shell) -> None:
    """Keep what a later `make env` needs, so that it answers at once."""
    _shell_file(paths, shell.stack).write_text(json.dumps(shell.to_json(), indent=2))


def forget(paths: Paths, stack: str) -> None:
    """Forget a stack that was taken down."""
    _shell_file(paths, stack).unlink(missing_ok=True)


def remembered(paths: Paths, stack: str) -> Shell:
    """Return the shell of a stack, as its last `make up` left it."""
    file = _shell_file(paths, stack)
    if not file.exists():
        raise Fault(
            f"No `make up` of the stack {stack} has come far enough here yet.",
            "There is nothing to point a shell at.",
            "make up" if stack == stacks.LOCAL else f"make up STACK={stack}",
        )
    return Shell.from_json(json.loads(file.read_text()))


def _shell_file(paths: Paths, stack: str) -> Path:
    return paths.state / f"shell.{stack}.json"


def ready(paths: Paths, engine: Engine, target: Target, around: World, took: str) -> None:
    """Say where the hub is, how to sign in, and what to type next."""
    outputs = json.loads(engine.read("stack", "output", "--json", "--show-secrets"))
    say("")
    if not target.pods:
        say(f"[bold yellow]All objects are made, and no pod runs:[/] {target.why_no_pods}")
        say("  For a JupyterHub that answers: run `make up` as root on Linux, or KUBECONTEXT=name make up.")
    else:
        say(f"[bold green]JupyterHub runs.[/] [dim]({took})[/]")
        say(f"  Address    {outputs['url']}")
        for line in (*_passwords(outputs), *_people(around)):
            say(line)
        if target.own and engine.stack != stacks.LOCAL:
            say(f"  Browser    {escape(browser(paths, outputs['url'], target, around))}")
    named = "" if engine.stack == stacks.LOCAL else f" STACK={engine.stack}"
    say("")
    for command, what in (
        (f'eval "$(make -s env{named})"', "a shell in which pulumi, kubectl and helm work on this stack"),
        ("make status", "what runs, and what does not"),
        ("make e2e", "a browser signs in and runs a cell"),
        (f"make destroy STACK={engine.stack}", "take this stack away, with its homes; the node stays"),
        ("make down", "stop it; volumes and state stay"),
    ):
        say(f"  {escape(command):<{30 + len(named)}} {what}")


def _passwords(outputs: Mapping[str, Any]) -> Iterator[str]:
    if "password" in outputs:
        users = outputs["signIn"]["users"]
        yield f"  User       {users if isinstance(users, str) else ', '.join(users)}"
        yield f"  Password   {escape(str(outputs['password']))}"
    if "adminPassword" in outputs:
        names = ", ".join(outputs["signIn"]["administrators"])
        yield f"  Admins     {names}; password {escape(outputs['adminPassword'])}"


def _people(around: World) -> Iterator[str]:
    """Say who can try to sign in at the pretended provider."""
    for user in around.users:
        what = "administrator" if user.admin else "user" if user.may else "is refused"
        yield f"  Sign in    {escape(user.name)}, password {escape(user.password)} [dim]({what})[/]"


def doors(url: str, https_port: int, around: World) -> dict[str, int]:
    """Give the local port behind each outside name: the world's, and the stack's own."""
    own = str(urlsplit(url).hostname)
    place = around.host or https_port
    # Users' servers may have hosts of their own below.
    return {own: place, f"*.{own}": place, **around.doors}


def browser(paths: Paths, url: str, target: Target, around: World) -> str:
    """Give the command of a browser that finds the stack's names on this machine."""
    places = doors(url, target.https_port, around)
    rules = ", ".join(f"MAP {name}:443 127.0.0.1:{port}" for name, port in places.items())
    return (
        f'chromium --user-data-dir="$(mktemp -d)" --host-resolver-rules="{rules}" {url}'
        f"   (trust {paths.pki / 'ingress-ca.crt'}, or accept it once)"
    )


def fail(paths: Paths, target: Target, stack: str, namespace: str) -> None:
    """After a failed deployment: show the pods, events and log lines that matter, and end."""
    if target.own:
        console.print(node.diagnose(paths), markup=False)
    raise Fault(
        f"`pulumi up --stack {stack}` failed; what it said is above.",
        "What was made stays; nothing that ran before was removed.",
        f'Mend it and run it again. To look: eval "$(make -s env STACK={stack})"; bin/ops why {stack}',
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
