"""What a new stack has, what a person still has to look at, and what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from ops.new_stack import golden
from ops.new_stack.copying import Copied
from ops.secrets.held import Held
from ops.secrets.rows import rows
from ops.stack_files import today
from ops.telling import as_json, plain
from settings import Settings
from settings.stack_file import KEY


@dataclass(frozen=True)
class Step:
    """Something to do, with its commands in their order."""

    what: str
    commands: tuple[str, ...]


def tell_programs(name: str, made: Copied, files: Sequence[Path]) -> None:
    """Write one JSON document."""
    as_json(
        {
            "files": [str(place) for place in files],
            "own": {one.setting: value for one, value in made.own},
            "still": {one.setting: one.what for one in made.still},
            "leftOut": list(made.left_out),
            "next": [{"what": step.what, "commands": step.commands} for step in steps(name, made)],
        }
    )


def tell_people(name: str, made: Copied, files: Sequence[Path]) -> None:
    """Say it in the order in which it is to be done."""
    plain("".join(f"Written: {place}\n" for place in files))
    if made.left_out:
        plain(f"Not copied, since they are the other's: {', '.join(made.left_out)}\n")
    plain("\nMade from the name; correct what is wrong:\n")
    plain("".join(f"  {one.setting}: {value}   ({one.what})\n" for one, value in made.own))
    plain("\nStill the other's, and marked in the file:\n")
    plain("".join(f"  {one.setting}   ({one.what})\n" for one in made.still))
    for number, step in enumerate(steps(name, made), start=1):
        plain(f"\n{number}. {step.what}\n" + "".join(f"     {command}\n" for command in step.commands))


def steps(name: str, made: Copied) -> list[Step]:
    """Say what a person does next."""
    settings = Settings.model_validate(yaml.safe_load(made.text)["config"][KEY])
    needed = [row.command for row in rows(name, settings, Held(frozenset(), frozenset()), today())]
    login = f'eval "$(bin/ops env {name})"' if settings.state else "pulumi login BACKEND"
    provider = '"$HUB_SECRETS_PROVIDER"' if settings.state else "PROVIDER"
    return [
        Step("Write what is marked, and look at all of it:", (f"bin/ops check --stack {name}",)),
        Step(
            "State and secrets provider, in the backend of its organisation:",
            (login, f"pulumi stack init {name} --secrets-provider {provider}"),
        ),
        Step(
            "Secrets; it has none of the other's:",
            (f"bin/ops secrets {name}", *filter(None, needed)),
        ),
        Step(
            "After every change of the file, its reviewed snapshots and the reference of the settings:",
            (golden.typed(name), "make docs", "make check"),
        ),
        Step(
            "The chart, and what a first deployment would make:",
            (f".venv/bin/python -m chart.fetch --stack {name}", f"pulumi preview --stack {name}"),
        ),
        Step(
            "Or, before its cluster is there, on a node of this machine, with secrets made for it:",
            (f"make preview STACK={name}", f"make up STACK={name}", f"make destroy STACK={name}"),
        ),
        Step(
            "A merge request. Tests and pipeline find the stack by its file: nothing else is edited.",
            (f"git add Pulumi.{name}.yaml tests/golden/{name}.*.yaml docs/settings.md",),
        ),
    ]
