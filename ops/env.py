"""`ops env`: where a stack lives, as exports for a shell, so that nobody deploys into another one's state."""

from __future__ import annotations

import os
import shlex
import sys
from typing import Annotated

import typer

from ops.ending import Cannot
from ops.stack_files import PROJECT, Project, Stack, settings_of
from ops.telling import as_json, plain
from settings import Settings
from settings.document import Refused
from settings.state import State

# `eval` of nothing succeeds, and the next command would go to the backend that the shell has.
_FAILING = "false\n"
_PASSPHRASES = ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "env",
        epilog='Examples: [bold]eval "$(ops env aiv-prod)"[/bold], and then pulumi preview; '
        "[bold]ops env lab --json[/bold]",
    )(_command)


def _command(
    stack: Stack,
    json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    project: Project = PROJECT,
) -> None:
    """Where a stack's state lies, what encrypts it, which cluster it is in and whose it is: as shell exports.

    No secret is among them: rights to the backend and the passphrase come from whoever deploys.
    """
    try:
        settings = settings_of(stack, project)
        if settings.state is None:
            raise Cannot(_nowhere(stack))
    except (Cannot, Refused):
        if not json:
            plain(_FAILING)
        raise
    found = variables(stack, settings, settings.state)
    if json:
        as_json(found)
        return
    plain("".join(f"export {name}={shlex.quote(value)}\n" for name, value in found.items()))
    if settings.state.secrets_provider == "passphrase" and not any(map(os.environ.get, _PASSPHRASES)):
        sys.stderr.write(
            f"Secrets of {stack} are encrypted with a passphrase. Ask {settings.state.owner} for it, and set "
            "PULUMI_CONFIG_PASSPHRASE_FILE to a file that holds it.\n"
        )


def variables(stack: str, settings: Settings, state: State) -> dict[str, str]:
    """Give the variables: those that pulumi and helm read by themselves, and ours for what has none."""
    return {
        "PULUMI_BACKEND_URL": state.backend,
        "PULUMI_STACK": stack,
        "HELM_KUBECONTEXT": settings.cluster.context,
        "HELM_NAMESPACE": settings.namespace.name,
        "HUB_SECRETS_PROVIDER": state.secrets_provider,
        "HUB_OWNER": state.owner,
    }


def _nowhere(stack: str) -> str:
    return (
        f"The settings of {stack} do not say where its state lies.\n"
        "    What follows: a shell would keep the backend that it has, perhaps another organisation's.\n"
        "    What to do:   add `state: {backend, secretsProvider, owner}`, as docs/settings.md has it;\n"
        f'                  for a stack on the embedded node: eval "$(make -s env STACK={stack})"'
    )
