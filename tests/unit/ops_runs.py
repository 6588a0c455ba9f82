"""Runs of `python -m ops` over stack files that tests write."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from ops.cli import app
from settings.stack_file import KEY
from tests.unit.documents import Document, patched, stack_file
from tests.unit.packed import pack

_PACKED = {"source": "path", "path": ".charts/jupyterhub-4.4.0.tgz", "version": "4.4.0"}
FROM_REPOSITORY: Document = {"chart": {**_PACKED, "url": None, "ref": None, "digest": None}}
"""For a stack whose chart comes from a repository or a registry: one that is at hand."""


def project_of(folder: Path, stack: str = "local", patch: Document | None = None, **flat: object) -> Path:
    """Write a stack file of a committed one, patched, with further keys of its config; give its project."""
    whole = stack_file(stack)
    whole["config"] |= {f"jupyterhub:{key}": value for key, value in flat.items()}
    whole["config"][KEY] = patched(whole["config"][KEY], patch or {})
    (folder / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump(whole, sort_keys=False))
    return folder


def with_chart(project: Path, defaults: Document | None = None) -> Path:
    pack(project / ".charts" / "jupyterhub-4.4.0.tgz", defaults=defaults)
    return project


def ran(*words: str | Path, ends: int = 0) -> Result:
    result = CliRunner().invoke(app, [*map(str, words)])
    assert result.exit_code == ends, result.output
    # What nobody caught ends with 1 too.
    assert isinstance(result.exception, SystemExit | None), result.exception
    return result


def tool(folder: Path, name: str, script: str) -> Path:
    """Write a program."""
    folder.mkdir(exist_ok=True)
    place = folder / name
    place.write_text(script)
    place.chmod(0o755)
    return place


def without_tools(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Leave nothing on PATH but what lies in a folder."""
    folder.mkdir(exist_ok=True)
    monkeypatch.setenv("PATH", str(folder))
