"""What an archive is made for, and the command that fetches one and says how to pin it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import typer
import yaml
from typer.testing import CliRunner

from chart import checks, fetch
from chart.archive import Archive
from tests.unit.documents import local, patched, settings
from tests.unit.loopback import as_registry, forget_surroundings, server
from tests.unit.packed import pack


@pytest.mark.parametrize(
    ("wanted", "cluster", "fits"),
    [
        (">=1.28.0-0", "1.28", True),
        (">=1.28.0-0", "1.27", False),
        (">=1.28.0-0", "1.100", True),
        (">= 1.28.0-0, < 1.33.0", "1.33", False),
        (">=1.28.0-0 <1.33.0-0", "1.32", True),
        ("<1.33.5", "1.33", True),
        ("<=1.32", "1.33", False),
        (">1.27.3", "1.27", True),
        ("1.30.x || 1.31.2", "1.31", True),
        ("=1.31.2", "1.32", False),
        ("~1.30", "1.99", True),
        ("", "1.20", True),
    ],
)
def test_a_range_of_versions_admits_or_not(wanted: str, cluster: str, fits: bool) -> None:
    assert checks.admits(wanted, cluster) is fits


def test_a_cluster_that_is_too_old_for_the_chart_is_refused() -> None:
    archive = Archive(version="4.4.0", defaults={}, schema={}, kubernetes=">=1.33.0-0")
    (found,) = checks.findings(settings({"cluster": {"kubernetes": "1.32"}}), archive)
    assert (found.path, found.rule, found.severity) == ("settings.cluster.kubernetes", "D26", "error")
    assert checks.findings(settings({"cluster": {"kubernetes": "1.36"}}), archive) == []
    assert checks.findings(settings({"cluster": {"kubernetes": None}}), archive) == []


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    forget_surroundings(monkeypatch, tmp_path)


def said(project: Path, chart: dict[str, str | None]) -> tuple[int, str]:
    document = {"config": {"jupyterhub:settings": patched(local(), {"chart": chart})}}
    (project / "Pulumi.local.yaml").write_text(yaml.safe_dump(document))
    return run(project, "local")


def run(project: Path, stack: str) -> tuple[int, str]:
    app = typer.Typer()
    app.command()(fetch.main)
    done = CliRunner().invoke(app, ["--stack", stack, "--project", str(project)])
    assert done.exception is None or isinstance(done.exception, SystemExit)
    return done.exit_code, done.output


def test_the_command_fetches_and_prints_what_to_pin(tmp_path: Path) -> None:
    packed = pack(tmp_path / "packed.tgz").read_bytes()
    digest = hashlib.sha256(packed).hexdigest()
    with server() as registry:
        as_registry(registry, packed)
        chart = {"source": "oci", "path": None, "ref": f"oci://{registry.host}/helm/jupyterhub"}
        code, words = said(tmp_path, chart)
        assert code == 0
        assert "path:       .charts/jupyterhub-4.4.0.tgz" in words
        assert f"digest:     {digest}" in words
        assert "jupyterhub: 5.5.4" in words
        assert f"add: digest: {digest}" in words
        assert "warning" not in said(tmp_path, {**chart, "digest": digest})[1]


def test_the_command_ends_with_a_finding_and_no_traceback(tmp_path: Path) -> None:
    code, words = said(tmp_path, {})
    assert (code, "there is no file .charts/jupyterhub-4.4.0.tgz" in words) == (1, True)
    code, words = said(tmp_path, {"source": "git"})
    assert (code, "source names no known choice" in words) == (1, True)
    code, words = run(tmp_path, "absent")
    assert (code, "Pulumi.absent.yaml, line 1: it cannot be read" in words) == (1, True)
    (tmp_path / "Pulumi.empty.yaml").write_text("config: {}\n")
    code, words = run(tmp_path, "empty")
    assert (code, "has no `config: jupyterhub:settings:`" in words) == (1, True)
