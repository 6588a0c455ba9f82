"""Asks one cluster through kubectl, in the namespace of one stack."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass, field
from typing import Any

from ops.ending import Cannot

Json = dict[str, Any]
_NO_SUCH_KIND = ("doesn't have a resource type", "no matches for kind")
_FORBIDDEN = "(Forbidden)"
_SECONDS = 20


class NoAnswer(Exception):
    """The cluster's refusal, or that it could not be asked, in kubectl's last words."""

    def __init__(self, asked: str, said: str) -> None:
        super().__init__(f"kubectl {asked}: {said}")
        self.forbidden = _FORBIDDEN in said


@dataclass(frozen=True)
class Kubectl:
    """One context of one kubeconfig; None is whatever kubectl would take by itself."""

    namespace: str
    context: str | None = None
    kubeconfig: str | None = None
    command: str = field(default="kubectl", repr=False)

    def items(self, kind: str, selector: str = "") -> list[Json]:
        """Give the namespace's objects of a kind; none where the cluster knows no such kind."""
        words = ["get", kind, "--output", "json", *(["--selector", selector] if selector else [])]
        found: list[Json] = json.loads(self._known(words) or "{}").get("items", [])
        return found

    def find(self, kind: str, name: str) -> Json | None:
        """Give one object, or None where there is none of that name or kind."""
        said = self._known(["get", kind, name, "--ignore-not-found", "--output", "json"])
        return json.loads(said) if said.strip() else None

    def raw(self, path: str) -> str:
        """Get a path of the API server, such as that of a Service's proxy."""
        return self.run("get", "--raw", path)

    def delete(self, kind: str, name: str) -> None:
        """Delete an object and wait until it is gone; one that is not there is gone already."""
        self.run("delete", kind, name, "--ignore-not-found", "--wait", seconds=180)

    def run(self, *words: str, given: str | None = None, seconds: int = _SECONDS) -> str:
        """Run kubectl and give what it printed."""
        command = [self.command, "--namespace", self.namespace, "--request-timeout", f"{seconds}s"]
        command += ["--context", self.context] if self.context else []
        environment = {**os.environ, **({"KUBECONFIG": self.kubeconfig} if self.kubeconfig else {})}
        asked = " ".join(words)
        try:
            done = subprocess.run(
                [*command, *words],
                env=environment,
                input=given,
                stdin=None if given is not None else subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
                timeout=seconds + 10,
            )
        except FileNotFoundError as missing:
            raise Cannot(
                "kubectl is not on PATH.\n"
                "    What follows: the cluster cannot be asked.\n"
                '    What to do:   install it, or on the embedded node: eval "$(make -s env STACK=<stack>)"'
            ) from missing
        except subprocess.TimeoutExpired as late:
            raise NoAnswer(asked, f"no answer within {seconds} s") from late
        if done.returncode:
            lines = done.stderr.strip().splitlines()
            raise NoAnswer(asked, lines[-1] if lines else f"ended with {done.returncode}")
        return done.stdout

    def _known(self, words: list[str]) -> str:
        try:
            return self.run(*words)
        except NoAnswer as refused:
            if any(mark in str(refused) for mark in _NO_SUCH_KIND):
                return ""
            raise
