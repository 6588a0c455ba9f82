"""Runs `pulumi` for one stack with its generated configuration file."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from embedded.fault import Fault

# The subcommands of Pulumi that know --config-file.
TAKE_CONFIG_FILE = frozenset({"up", "preview", "destroy", "refresh", "import", "config"})
# Those that know --stack: which stack is the selected one is a matter of the whole machine.
TAKE_STACK = TAKE_CONFIG_FILE | {"cancel", "state"}
STACK_COMMANDS = frozenset({"export", "import", "output"})


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _write_private(file: Path, text: str) -> None:
    """Write a file that only its owner reads, whole or not at all."""
    partial = file.with_suffix(".partial")
    partial.touch(mode=0o600)
    partial.write_text(text)
    partial.replace(file)


@dataclass(frozen=True)
class Engine:
    """One engine, one project, one stack with its configuration file, one environment."""

    stack: str
    pulumi: Path
    project: Path
    config_file: Path
    env: Mapping[str, str]

    def run(self, *args: str) -> int:
        """Run a command whose output a person reads as it comes; returns its exit code."""
        return subprocess.run(
            self._command(args), cwd=self.project, env=dict(self.env), check=False, stdin=subprocess.DEVNULL
        ).returncode

    def read(self, *args: str, stdin: str = "") -> str:
        """Run a command and return what it printed; a failure ends in the engine's own words."""
        done = self.attempt(*args, stdin=stdin)
        if done.returncode:
            raise Fault(
                f"pulumi {' '.join(args[:2])} failed: {(done.stderr or done.stdout).strip()}",
                remedy=f'Try it by hand: eval "$(make -s env STACK={self.stack})", then the command above.',
            )
        return done.stdout

    def attempt(
        self, *args: str, cwd: Path | None = None, stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run a command quietly and return all of it, failed or not."""
        return subprocess.run(
            self._command(args),
            cwd=cwd or self.project,
            env=dict(self.env),
            check=False,
            capture_output=True,
            text=True,
            input=stdin,
        )

    def prepare(self) -> None:
        """Make the stack if this machine does not have it yet, and select it."""
        if self.attempt("stack", "select", self.stack).returncode == 0 and self._salt():
            return
        self._salt_file.write_text(self.make_stack())
        self.read("stack", "select", self.stack)

    def make_stack(self) -> str:
        """Make the stack in the backend, and give the salt of its passphrase.

        `stack init` knows no --config-file: it writes the salt beside Pulumi.yaml. It is given a
        Pulumi.yaml of its own, so that the committed stack file stays as it is.
        """
        with tempfile.TemporaryDirectory() as scratch:
            place = Path(scratch)
            shutil.copy(self.project / "Pulumi.yaml", place)
            made = self.attempt("stack", "init", self.stack, "--secrets-provider", "passphrase", cwd=place)
            if made.returncode:
                raise Fault(
                    f"The stack `{self.stack}` could not be made: {made.stderr.strip()}",
                    "Nothing was deployed.",
                    "Begin anew with `make clean` (it removes the node and its volumes), then `make up`.",
                )
            written = yaml.safe_load((place / f"Pulumi.{self.stack}.yaml").read_text())
            return str(written["encryptionsalt"])

    def configure(self, document: Mapping[str, Any], secrets: Mapping[str, str]) -> None:
        """Write the generated configuration with this stack's salt, its secrets encrypted by the engine.

        What was encrypted before is kept while its value stays: each encryption costs a run of the engine.
        """
        known = json.loads(self._kept.read_text()) if self._kept.exists() else {}
        kept = {
            key: known[key]["secure"]
            for key, value in secrets.items()
            if known.get(key, {}).get("sha256") == _digest(value)
        }
        config = {**document["config"], **{key: {"secure": secure} for key, secure in kept.items()}}
        text = yaml.safe_dump(
            {**document, "config": config, "encryptionsalt": self._salt()}, sort_keys=False, width=100
        )
        _write_private(self.config_file, text)
        for key in secrets.keys() - kept.keys():
            self.read("config", "set", "--secret", key, stdin=secrets[key])
        now = yaml.safe_load(self.config_file.read_text())["config"]
        entries = {
            key: {"sha256": _digest(value), "secure": now[key]["secure"]} for key, value in secrets.items()
        }
        _write_private(self._kept, json.dumps(entries))

    def forget(self) -> None:
        """Remove a stack that has no resources any more, and what was generated for it."""
        self.read("stack", "rm", self.stack, "--yes", "--preserve-config")
        for file in (self.config_file, self._kept, self._salt_file):
            file.unlink(missing_ok=True)

    @property
    def _kept(self) -> Path:
        return self.config_file.with_name(f"encrypted.{self.stack}.json")

    @property
    def _salt_file(self) -> Path:
        return self.config_file.with_name(f"encryption-salt.{self.stack}")

    def _salt(self) -> str:
        return self._salt_file.read_text() if self._salt_file.exists() else ""

    def _command(self, args: tuple[str, ...]) -> list[str]:
        command = [str(self.pulumi), *args, "--non-interactive"]
        if args[0] in TAKE_STACK or (args[0] == "stack" and args[1] in STACK_COMMANDS):
            command += ["--stack", self.stack]
        if args[0] in TAKE_CONFIG_FILE:
            command += ["--config-file", str(self.config_file)]
        return command
