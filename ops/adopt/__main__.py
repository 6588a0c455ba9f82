"""The command: look, say what stands against it, import, and look again."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from ops.adopt.cluster import Cluster
from ops.adopt.doubts import Found, doubts
from ops.adopt.engine import Engine, Failed, chart_beside_the_program
from ops.adopt.plan import Plan
from ops.ending import Cannot
from ops.kubectl import NoAnswer
from ops.telling import table
from settings.finding import Finding

DONE, REFUSED, FAILED, HARM = 0, 1, 2, 3
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


def register(app: typer.Typer) -> None:
    """Add the command to those of `python -m ops`."""
    app.command("adopt", epilog=_EXAMPLES)(adopt)


_EXAMPLES = "Examples: [bold]ops adopt --stack lab[/bold]; [bold]ops adopt --stack lab --yes[/bold]"


class Teller:
    """Tells a person what happens, or writes one JSON document at the end."""

    def __init__(self, *, as_json: bool) -> None:
        self._json = as_json
        self._console = Console(highlight=False, soft_wrap=True, stderr=as_json)
        self._found: Sequence[Found] = ()
        self._doubts: Sequence[Finding] = ()

    def plan(self, found: Sequence[Found], told: Sequence[Finding]) -> None:
        """Show what would be taken over, and what stands against it."""
        self._found, self._doubts = found, told
        shown = table("kind", "name", "in the stack")
        for one in found:
            shown.add_row(one.wanted.kind, one.wanted.id, one.wanted.urn.split("::", 3)[3])
        if found:
            self._console.print(shown)
        for finding in told:
            self._console.print(escape(f"\n{finding.severity}: {finding}"))

    def end(self, code: int, words: str, harm: Sequence[str] = ()) -> int:
        """Say how it ended."""
        told = Console(highlight=False, soft_wrap=True, stderr=True) if code == FAILED else self._console
        told.print(escape(f"\n{words}"))
        for one in harm:
            self._console.print(escape(f"  {one}"))
        if self._json:
            objects = [
                {"urn": one.wanted.urn, "kind": one.wanted.kind, "id": one.wanted.id} for one in self._found
            ]
            against = [
                {"object": one.path, "severity": one.severity, "what": one.what, "remedy": one.remedy}
                for one in self._doubts
            ]
            document = {"code": code, "says": words, "objects": objects, "against": against, "harm": [*harm]}
            sys.stdout.write(json.dumps(document, indent=2) + "\n")
        return code


@app.command()
def adopt(
    stack: Annotated[str, typer.Option(help="The stack, as Pulumi knows it.")],
    config_file: Annotated[str | None, typer.Option(help="Its configuration, if it lies elsewhere.")] = None,
    yes: Annotated[bool, typer.Option(help="Import; without it only the plan is shown.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Write one JSON document to stdout.")] = False,
) -> None:
    """Take into the stack's state what its cluster has already. The cluster itself is not changed.

    Ends with 0 when done (or nothing is to be done), 1 when something stands against it, 2 when engine or
    cluster fail, 3 when all is imported, and a deployment would still replace or delete something.
    """
    teller = Teller(as_json=as_json)
    try:
        code = _adopt(Engine(stack, config_file), teller, sure=yes)
    except (Failed, NoAnswer, Cannot) as failed:
        code = teller.end(FAILED, f"It cannot be told what is there:\n{failed}")
    except FileNotFoundError as missing:
        code = teller.end(FAILED, f"{missing.filename} is not on PATH. Nothing was done.")
    raise typer.Exit(code)


def _adopt(engine: Engine, teller: Teller, *, sure: bool) -> int:
    plan = engine.plan()
    found = _there(plan)
    told = doubts(found)
    teller.plan(found, told)
    if not found:
        return teller.end(DONE, "Nothing that the stack would create is there already.")
    if any(one.severity == "error" for one in told):
        return teller.end(REFUSED, "Nothing was imported. Each error above has to be settled first.")
    if not sure:
        return teller.end(DONE, "Nothing was imported. The same with --yes does it.")
    with _charts(found):
        # Guarded until the stack's own settings say otherwise, at its next deployment.
        engine.take(plan.import_file([one.wanted for one in found]), protect=True)
    if harm := engine.plan().harm():
        return teller.end(HARM, "Imported. Do not deploy yet: `pulumi up` would do this:", harm)
    return teller.end(DONE, "Imported. `pulumi preview` shows what the next deployment changes in place.")


def _there(plan: Plan) -> list[Found]:
    cluster = Cluster(*plan.context())
    looked = [(one, cluster.find(one)) for one in plan.wanted()]
    return [Found(one, live) for one, live in looked if live is not None]


def _charts(found: Sequence[Found]) -> contextlib.ExitStack:
    stack = contextlib.ExitStack()
    for one in found:
        if one.wanted.is_release:
            metadata = one.live["chart"]["metadata"]
            chart = str(one.wanted.inputs.get("chart"))
            stack.enter_context(chart_beside_the_program(chart, metadata["name"], metadata["version"]))
    return stack


if __name__ == "__main__":
    app()
