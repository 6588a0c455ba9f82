"""The objects of a release as Helm renders them, the same in every run, with references where secrets are."""

from __future__ import annotations

import base64
import binascii
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ops.ending import Cannot
from ops.placeholders import ANOTHER_EACH_TIME, Tokens
from settings import Settings

Json = dict[str, Any]
_SECONDS = 120.0


@dataclass(frozen=True)
class Helm:
    """A Helm, and the packed chart to render with it."""

    tool: str
    chart: Path

    @classmethod
    def found(cls, chart: Path) -> Helm | None:
        """Give the Helm on PATH with a chart, if both are there."""
        tool = shutil.which("helm")
        return cls(tool, chart) if tool and chart.is_file() else None

    def objects(self, settings: Settings, values: Json) -> list[Json]:
        """Render a release.

        Two renderings are compared: a chart makes random bytes for what it does not find in the cluster.
        """
        tokens = Tokens()
        safe = tokens.hide(values)
        first, second = ([_open(one) for one in self._rendered(settings, safe)] for _ in range(2))
        return [tokens.show(one) for one in _settled(first, second)]

    def _rendered(self, settings: Settings, values: Json) -> list[Json]:
        with tempfile.TemporaryDirectory(prefix="ops-values-") as folder:
            place = Path(folder) / "values.yaml"
            place.write_text(yaml.safe_dump(values), encoding="utf-8")
            command = [self.tool, "template", settings.hub.release, str(self.chart), "--skip-tests"]
            command += [f"--namespace={settings.namespace.name}", f"--values={place}"]
            if settings.cluster.kubernetes:
                command.append(f"--kube-version={settings.cluster.kubernetes}.0")
            text = _run(command)
        return [one for one in yaml.safe_load_all(text) if one]


def _run(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _refuses(f"{type(error).__name__}: {error}") from error
    if done.returncode:
        raise _refuses(done.stderr.strip())
    return done.stdout


def _refuses(words: str) -> Cannot:
    return Cannot(
        f"Helm does not render the release: {words}\n"
        "    What follows: `pulumi up` would fail in the same way, or what it makes cannot be told.\n"
        "    What to do:   use a chart version that fits the settings and this Helm; --release values goes "
        "on without Helm."
    )


def _open(one: Json) -> Json:
    """Write a Secret's content as text, so that one can read, and compare, what is no secret in it."""
    if one.get("kind") != "Secret" or not one.get("data"):
        return one
    content = {key: _text(value) for key, value in one["data"].items()}
    rest = {name: below for name, below in one.items() if name != "data"}
    return rest | {"stringData": {**content, **one.get("stringData", {})}}


def _text(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return value


def _settled(first: Any, second: Any) -> Any:  # noqa: ANN401 -- JSON
    """Keep what two renderings have in common, and mark what differs."""
    if first == second:
        return first
    if isinstance(first, dict) and isinstance(second, dict) and first.keys() == second.keys():
        return {name: _settled(first[name], second[name]) for name in first}
    if isinstance(first, list) and isinstance(second, list) and len(first) == len(second):
        return [_settled(one, other) for one, other in zip(first, second, strict=True)]
    if isinstance(first, str) and isinstance(second, str):
        return _settled_text(first, second)
    return ANOTHER_EACH_TIME


def _settled_text(first: str, second: str) -> str:
    lines = list(zip(first.split("\n"), second.split("\n"), strict=False))
    if first.count("\n") != second.count("\n") or len(lines) == 1:
        return ANOTHER_EACH_TIME
    return "\n".join(one if one == other else f"{_before(one)}{ANOTHER_EACH_TIME}" for one, other in lines)


def _before(line: str) -> str:
    """Keep a line's key. No more of it: how far two random texts agree is random too."""
    key, divider, _ = line.partition(": ")
    return key + divider if divider else ""
