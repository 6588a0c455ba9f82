"""Runs `pulumi` for the stack `local` with the generated configuration file."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from embedded.fault import Fault

STACK = "local"

# The subcommands of Pulumi that know --config-file.
TAKE_CONFIG_FILE = frozenset({"up", "preview", "destroy", "refresh", "import", "config"})
TAKE_STACK = TAKE_CONFIG_FILE | {"cancel"}


@dataclass(frozen=True)
class Engine:
    """One engine, one project, one configuration file, one environment."""

    pulumi: Path
    project: Path
    config_file: Path
    env: Mapping[str, str]

    def run(self, *args: str) -> int:
        """Run a command whose output a person reads as it comes; returns its exit code."""
        return subprocess.run(
            self._command(args), cwd=self.project, env=dict(self.env), check=False, stdin=subprocess.DEVNULL
        ).returncode

    def read(self, *args: str) -> str:
        """Run a command and return what it printed; a failure ends in the engine's own words."""
        done = self.attempt(*args)
        if done.returncode:
            raise Fault(
                f"pulumi {' '.join(args[:2])} failed: {(done.stderr or done.stdout).strip()}",
                remedy='Try it by hand: eval "$(make -s env)", then the command above.',
            )
        return done.stdout

    def attempt(self, *args: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command quietly and return all of it, failed or not."""
        return subprocess.run(
            self._command(args),
            cwd=cwd or self.project,
            env=dict(self.env),
            check=False,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )

    def prepare(self) -> None:
        """Make the stack if this machine does not have it yet, and select it.

        `stack init` knows no --config-file: it writes the passphrase's salt beside Pulumi.yaml. It is
        given a Pulumi.yaml of its own, so that the committed stack file stays as it is.
        """
        if self.attempt("stack", "select", STACK).returncode == 0 and self._salt():
            return
        with tempfile.TemporaryDirectory() as scratch:
            place = Path(scratch)
            shutil.copy(self.project / "Pulumi.yaml", place)
            made = self.attempt("stack", "init", STACK, "--secrets-provider", "passphrase", cwd=place)
            if made.returncode:
                raise Fault(
                    f"The stack `{STACK}` could not be made: {made.stderr.strip()}",
                    "Nothing was deployed.",
                    "Begin anew with `make clean` (it removes the node and its volumes), then `make up`.",
                )
            salt = yaml.safe_load((place / f"Pulumi.{STACK}.yaml").read_text())["encryptionsalt"]
        self._salt_file.write_text(salt)
        self.read("stack", "select", STACK)

    def write_config(self, document: Mapping[str, object]) -> None:
        """Write the generated configuration, with the salt that belongs to this machine's stack."""
        text = yaml.safe_dump({**document, "encryptionsalt": self._salt()}, sort_keys=False)
        partial = self.config_file.with_suffix(".partial")
        partial.touch(mode=0o600)
        partial.write_text(text)
        partial.replace(self.config_file)

    @property
    def _salt_file(self) -> Path:
        return self.config_file.with_name("encryption-salt")

    def _salt(self) -> str:
        return self._salt_file.read_text() if self._salt_file.exists() else ""

    def _command(self, args: tuple[str, ...]) -> list[str]:
        command = [str(self.pulumi), *args, "--non-interactive"]
        if args[0] in TAKE_STACK:
            command += ["--stack", STACK]
        if args[0] in TAKE_CONFIG_FILE:
            command += ["--config-file", str(self.config_file)]
        return command
