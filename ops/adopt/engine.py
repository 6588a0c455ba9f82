"""Runs `pulumi` for one stack: the preview that says what is missing, and the import."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops.adopt.plan import Plan

PROJECT = Path(__file__).resolve().parents[2]


class Failed(Exception):
    """The engine ended with an error, in its own words."""


@dataclass(frozen=True)
class Engine:
    """The `pulumi` on PATH, for one stack of this project."""

    stack: str
    config_file: str | None

    def plan(self) -> Plan:
        """Preview, and give its steps."""
        done = self._run("preview", "--json", "--show-sames")
        told = json.loads(done.stdout) if done.stdout.lstrip().startswith("{") else {}
        if done.returncode:
            errors = [one["message"] for one in told.get("diagnostics", []) if one.get("severity") == "error"]
            raise Failed("\n".join(filter(None, [*errors, done.stderr.strip()])) or done.stdout.strip())
        return Plan([{"newState": step.get("oldState"), **step} for step in told.get("steps", [])])

    def take(self, file: Mapping[str, Any], *, protect: bool) -> None:
        """Import what the file names; the cluster is only read."""
        with tempfile.TemporaryDirectory(prefix="adopt-") as scratch:
            place = Path(scratch) / "import.json"
            place.write_text(json.dumps(file), encoding="utf-8")
            guarded = f"--protect={str(protect).lower()}"
            done = self._run(
                *("import", "--file", str(place), "--yes", "--skip-preview", "--generate-code=false", guarded)
            )
        if done.returncode:
            raise Failed(f"{done.stdout.strip()}\n{done.stderr.strip()}")

    def _run(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = ["pulumi", *words, "--stack", self.stack, "--non-interactive", "--color", "never"]
        if self.config_file:
            command += ["--config-file", self.config_file]
        return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)


@contextlib.contextmanager
def chart_beside_the_program(chart: str, name: str, version: str) -> Iterator[None]:
    """Let an import find a release's chart: it looks for its name and version beside Pulumi.yaml.

    Helm does not write down where a chart came from. The stack's own chart stands in for the one that was
    installed: an import reads its description only, and the next deployment brings the stack's anyway.
    """
    source, place = PROJECT / chart, PROJECT / f"{name}-{version}.tgz"
    if place.exists() or not source.is_file():
        yield
        return
    shutil.copyfile(source, place)
    try:
        yield
    finally:
        place.unlink()
