"""The environment in which `pulumi`, `kubectl` and `helm` work on the stacks of this machine."""

from __future__ import annotations

import os
import secrets
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from embedded.paths import CHECKOUT

# Placed before the real engine on PATH: `pulumi preview --stack lab` must use the generated configuration,
# and no stack may be run with this machine's throw-away state that was not made for it.
WRAPPER = """#!/bin/sh
# Written by `make up`. The shell of `make env` serves the stacks that `make up` brought up on this machine.
command=
previous=
stack=$PULUMI_STACK
for word in "$@"; do
  case "$previous" in
    -s|--stack) stack=$word ;;
  esac
  case "$word" in
    --stack=*) stack=${{word#--stack=}} ;;
    --config-file|--config-file=*) given=1 ;;
    -*) ;;
    *) case "$previous" in
         -C|--cwd|--color|-v|--verbose|--tracing|--profiling) ;;
         *) command=${{command:-$word}} ;;
       esac ;;
  esac
  previous=$word
done
config={home}/Pulumi.${{stack##*/}}.yaml
if [ -n "$stack" ] && [ ! -f "$config" ]; then
  echo "The stack '$stack' is not up on this machine; elsewhere it has another state and other keys." >&2
  echo "  What to do: make up STACK=${{stack##*/}}, or open a new shell without \\`make env\\`." >&2
  exit 2
fi
case "$command" in
  up|update|preview|destroy|refresh|import|config|watch)
    [ -n "$given" ] || set -- "$@" --config-file "$config" ;;
esac
exec {pulumi} "$@"
"""


@dataclass(frozen=True)
class Shell:
    """Where the parts of such a shell are."""

    stack: str  # what `pulumi` works on where no other stack is named
    home: Path  # state of this engine: backend, passphrase, generated configurations, bin
    pulumi_home: Path
    kubeconfig: Path
    tools: Mapping[str, Path]  # name -> binary

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "stack": self.stack,
            "home": str(self.home),
            "pulumi_home": str(self.pulumi_home),
            "kubeconfig": str(self.kubeconfig),
            "tools": {name: str(path) for name, path in self.tools.items()},
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Shell:
        """Read it back."""
        return cls(
            stack=str(data["stack"]),
            home=Path(data["home"]),
            pulumi_home=Path(data["pulumi_home"]),
            kubeconfig=Path(data["kubeconfig"]),
            tools={name: Path(path) for name, path in data["tools"].items()},
        )

    @property
    def bin(self) -> Path:
        """The folder that stands first on PATH."""
        return self.home / "bin"

    @property
    def config_file(self) -> Path:
        """The generated configuration of the stack."""
        return self.home / f"Pulumi.{self.stack}.yaml"


def environment(shell: Shell, base: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the whole environment: the caller's, and what points the tools at this machine's node."""
    kept = {key: value for key, value in base.items() if not key.startswith("PULUMI_")}
    return {**kept, **variables(shell, base)}


def variables(shell: Shell, base: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return only what differs from the caller's environment."""
    venv = CHECKOUT / ".venv"
    # The language host takes the first Python on PATH, whichever option Pulumi.yaml names: the
    # buildable host is older than that option.
    host = shell.tools["pulumi-language-python"].parent
    first = [str(shell.bin), str(venv / "bin"), str(host)]
    rest = [part for part in base.get("PATH", os.defpath).split(os.pathsep) if part not in first]
    return {
        "PATH": os.pathsep.join([*first, *rest]),
        "VIRTUAL_ENV": str(venv),
        "KUBECONFIG": str(shell.kubeconfig),
        "PULUMI_HOME": str(shell.pulumi_home),
        "PULUMI_BACKEND_URL": f"file://{shell.home / 'backend'}",
        "PULUMI_STACK": shell.stack,
        "PULUMI_CONFIG_PASSPHRASE_FILE": str(shell.home / "passphrase"),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        # Every plugin is in PULUMI_HOME before the engine starts; it must not go looking for one.
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    }


def write_shell(shell: Shell) -> None:
    """Write the passphrase (once), the wrapper and the links that the environment points at."""
    (shell.home / "backend").mkdir(parents=True, exist_ok=True)
    shell.bin.mkdir(exist_ok=True)
    shell.pulumi_home.mkdir(parents=True, exist_ok=True)
    passphrase = shell.home / "passphrase"
    if not passphrase.exists():
        passphrase.touch(mode=0o600)
        passphrase.write_text(secrets.token_hex(32))
    for name, target in shell.tools.items():
        if name != "pulumi":
            link = shell.bin / name
            link.unlink(missing_ok=True)
            link.symlink_to(target)
    wrapper = shell.bin / "pulumi"
    wrapper.write_text(
        WRAPPER.format(home=shlex.quote(str(shell.home)), pulumi=shlex.quote(str(shell.tools["pulumi"])))
    )
    wrapper.chmod(0o755)


def exports(shell: Shell, more: Mapping[str, str]) -> str:
    """Return what `eval` makes a shell for the stack."""
    lines = [f"export {name}={shlex.quote(value)}" for name, value in {**variables(shell), **more}.items()]
    return "\n".join(lines)
