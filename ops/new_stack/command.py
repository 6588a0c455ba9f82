"""`ops new-stack`: the command."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from ops import yaml_text
from ops.ending import FOUND, Cannot
from ops.new_stack import golden
from ops.new_stack.copying import Copied, copied
from ops.new_stack.differs import Path as SettingPath
from ops.new_stack.differs import at
from ops.new_stack.names import clashes, fault
from ops.new_stack.telling import tell_people, tell_programs
from ops.stack_files import PROJECT, Project, document, names, place_of, text_of, today
from settings.document import Refused, inspect
from settings.stack_file import KEY

_OPTIONS: Mapping[str, SettingPath] = {
    "organisation": ("about", "organisation"),
    "context": ("cluster", "context"),
    "identifier": ("cluster", "identifier"),
    "namespace": ("namespace", "name"),
    "host": ("ingress", "host"),
    "client_id": ("auth", "clientId"),
    "database_host": ("database", "host"),
    "tunnel": ("ingress", "tunnel", "name"),
    "backend": ("state", "backend"),
    "secrets_provider": ("state", "secretsProvider"),
    "owner": ("state", "owner"),
}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "new-stack",
        epilog="Examples: [bold]ops new-stack demo --like iav-test[/bold]; "
        "[bold]ops new-stack aiv-dev --like aiv-staging --host jupyterhub-dev.aiv.internal "
        "--namespace jupyterhub-dev[/bold]",
    )(_command)


def _stacks(incomplete: str) -> list[str]:
    return [stack for stack in names() if stack.startswith(incomplete)]


def _text(help_: str) -> Any:  # noqa: ANN401 -- typer's own type
    return typer.Option(help=help_, show_default=False)


def _command(  # noqa: PLR0913 -- one for each option
    name: Annotated[str, typer.Argument(help="Name of the new stack.")],
    like: Annotated[
        str, typer.Option(help="The stack whose settings it begins with.", autocompletion=_stacks)
    ],
    organisation: Annotated[str | None, _text("Whose environment it is.")] = None,
    context: Annotated[str | None, _text("Its context in the kubeconfig.")] = None,
    identifier: Annotated[str | None, _text("Fixed name of its cluster.")] = None,
    namespace: Annotated[str | None, _text("Its namespace.")] = None,
    host: Annotated[str | None, _text("The host that people type.")] = None,
    client_id: Annotated[str | None, _text("Its application at the identity provider.")] = None,
    database_host: Annotated[str | None, _text("Its PostgreSQL.")] = None,
    tunnel: Annotated[str | None, _text("Its tunnel at Cloudflare.")] = None,
    backend: Annotated[str | None, _text("Where its state lies, as pulumi login takes it.")] = None,
    secrets_provider: Annotated[str | None, _text("What encrypts its secrets.")] = None,
    owner: Annotated[str | None, _text("Who gives access to its state.")] = None,
    make_golden: Annotated[
        bool, typer.Option("--golden/--no-golden", help="Make its reviewed snapshots.")
    ] = True,
    json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    project: Project = PROJECT,
) -> None:
    """Begin a new stack: a settings file like another stack's, without its secrets.

    What belongs to one environment alone is given by options, or made from the name, or marked in the file.
    """
    given = {option: value for option, value in locals().items() if option in _OPTIONS and value is not None}
    try:
        made = _made(name, like, given, project)
    except Impossible as words:
        sys.stderr.write(f"{words}\nNothing was written.\n")
        raise typer.Exit(FOUND) from None
    place = project / f"Pulumi.{name}.yaml"
    _write(place, made.text)
    snapshots, trouble = golden.make(name, project) if make_golden and _has_tests(project) else ([], "")
    (tell_programs if json else tell_people)(name, made, [place, *snapshots])
    if trouble:
        raise Cannot(
            f"{trouble}\nThe reviewed snapshots could not be made; the stack file is there.\n"
            f"    What follows: the tests fail until they are there.\n"
            f"    What to do:   mend what is named above, and then: {golden.typed(name)}"
        )


class Impossible(Exception):
    """Why there is no new stack, for a person."""


def _made(name: str, like: str, options: Mapping[str, str], project: Path) -> Copied:
    if wrong := fault(name):
        raise Impossible(wrong)
    if (project / f"Pulumi.{name}.yaml").exists():
        raise Impossible(f"Pulumi.{name}.yaml is there already, and is left as it is.")
    theirs = document(like, project)
    try:
        made = copied(name, like, text_of(place_of(like, project)), _given(options, theirs, like))
    except yaml_text.Unclear as reason:
        raise Impossible(f"Pulumi.{like}.yaml cannot be copied. {reason}") from reason
    _refuse_faults(yaml.safe_load(made.text)["config"][KEY], project)
    return made


def _given(options: Mapping[str, str], theirs: Mapping[str, Any], like: str) -> dict[SettingPath, Any]:
    """Give the options by their settings; one for which the other stack has no place is refused."""
    given: dict[SettingPath, Any] = {_OPTIONS[option]: value for option, value in options.items()}
    for option in options:
        section = _OPTIONS[option][:-1]
        if (section != ("state",) and at(theirs, section) is None) or option in _lacking(theirs):
            words = f"--{option.replace('_', '-')} means nothing here"
            raise Impossible(f"{words}: {like} has no settings.{'.'.join(_OPTIONS[option])}.")
    if options.get("context") == at(theirs, ("cluster", "context")) and "identifier" not in options:
        # The same context is the same cluster.
        given[("cluster", "identifier")] = at(theirs, ("cluster", "identifier"))
    return given


def _lacking(theirs: Mapping[str, Any]) -> set[str]:
    """Name options whose setting belongs to one of several kinds, where the other stack has another kind."""
    return {option for option in ("client_id", "database_host") if at(theirs, _OPTIONS[option]) is None}


def _refuse_faults(settings: Mapping[str, Any], project: Path) -> None:
    others = {other: document(other, project) for other in names(project)}
    found = [*inspect(settings, today())[1], *clashes(settings, others)]
    if any(one.severity == "error" for one in found):
        raise Refused(found)


def _write(place: Path, text: str) -> None:
    try:
        # Exclusive: whoever made a file of this name meanwhile keeps it.
        with place.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise Cannot(f"{place} cannot be written: {error.strerror}.") from error


def _has_tests(project: Path) -> bool:
    return (project / "tests" / "unit" / "test_values_stacks.py").is_file()
