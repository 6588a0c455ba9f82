"""Runs Helm: one cluster, no settings of the user's own, nothing secret on a disk or a command line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from embedded.providers.errors import Cancelled, ProviderError
from embedded.providers.kube.kubeconfig import Access

LOOK_SECONDS = 1.0
STOP_SECONDS = 30.0
_PREFIXES = ("Error: INSTALLATION FAILED: ", "Error: UPGRADE FAILED: ", "Error: ")


class HelmError(ProviderError):
    """Helm ended with an error; the message is its own."""


@dataclass(frozen=True)
class Outcome:
    """How a run of Helm ended."""

    code: int
    out: str
    error: str


class Helm:
    """The Helm of this machine."""

    def __init__(self, binary: Path, cancelled: threading.Event) -> None:
        self._binary = binary
        self._cancelled = cancelled
        self._running = 0
        self._lock = threading.Lock()

    @property
    def running(self) -> bool:
        """Whether Helm runs right now."""
        return self._running > 0

    def run(
        self,
        arguments: Sequence[str],
        access: Access,
        namespace: str,
        *,
        values: Mapping[str, Any] | None = None,
        watch: Callable[[], None] | None = None,
    ) -> Outcome:
        """Run one command; `watch` is called every second meanwhile."""
        held = [_held(access.kubeconfig(namespace))]
        words = [str(self._binary), *arguments, "--namespace", namespace]
        if values is not None:
            held.append(_held(json.dumps(values)))
            words += ["--values", _path(held[-1])]
        with self._lock:
            self._running += 1
        try:
            with tempfile.TemporaryDirectory(prefix="embedded-helm-") as home:
                return self._watched(words, _environment(home, _path(held[0])), held, watch)
        finally:
            with self._lock:
                self._running -= 1
            for one in held:
                os.close(one)

    def _watched(
        self,
        words: Sequence[str],
        environment: Mapping[str, str],
        held: Sequence[int],
        watch: Callable[[], None] | None,
    ) -> Outcome:
        try:
            process = subprocess.Popen(
                words,
                env=environment,
                pass_fds=held,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=True,  # Ctrl-C reaches the engine, which tells us; not Helm behind our back
            )
        except OSError as error:
            raise ProviderError(f"helm cannot be started ({self._binary}): {error.strerror}") from error
        while True:
            try:
                out, error_text = process.communicate(timeout=LOOK_SECONDS)
                return Outcome(process.returncode, out, _message(error_text))
            except subprocess.TimeoutExpired:
                if self._cancelled.is_set():
                    return self._stop(process)
                if watch:
                    watch()

    def _stop(self, process: subprocess.Popen[str]) -> Outcome:
        """Interrupt, which makes Helm write the release down as failed instead of leaving it pending."""
        process.send_signal(signal.SIGINT)
        try:
            out, error_text = process.communicate(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired as error:
            process.kill()
            process.communicate()
            raise Cancelled("the operation was cancelled, and Helm did not stop by itself") from error
        return Outcome(process.returncode or 1, out, f"the operation was cancelled: {_message(error_text)}")


def _held(text: str) -> int:
    number = os.memfd_create("embedded-helm")
    os.write(number, text.encode())
    return number


def _path(number: int) -> str:
    return f"/proc/self/fd/{number}"


def _environment(home: str, kubeconfig: str) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("HELM_")}
    return {
        **kept,
        "KUBECONFIG": kubeconfig,
        "HELM_CACHE_HOME": f"{home}/cache",
        "HELM_CONFIG_HOME": f"{home}/config",
        "HELM_DATA_HOME": f"{home}/data",
    }


def _message(text: str) -> str:
    """Keep Helm's own words: from its `Error:` on, without the prefix."""
    start = text.find("Error: ")
    message = text[start:].strip() if start >= 0 else text.strip()
    for prefix in _PREFIXES:
        if message.startswith(prefix):
            return message.removeprefix(prefix)
    return message
