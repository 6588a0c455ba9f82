"""Taking a stack away: asked first, whole, and never a cluster that somebody named."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from embedded import destroy, report
from embedded.engine.shell import Shell
from embedded.fault import Fault
from embedded.paths import Paths

CLAIM = "kubernetes:core/v1:PersistentVolumeClaim"


def remembered(tmp_path: Path, home: str) -> Paths:
    paths = Paths(cache=tmp_path, state=tmp_path)
    tools = {"pulumi": tmp_path / "none"}
    report.remember(paths, Shell("lab", tmp_path / home, tmp_path, tmp_path / "kubeconfig", tools))
    return paths


def test_what_is_retained_goes_with_its_namespace_first() -> None:
    resources = [
        {"type": "pulumi:pulumi:Stack", "retainOnDelete": True, "id": ""},
        {"type": CLAIM, "retainOnDelete": True, "id": "hub/shared"},
        {"type": "kubernetes:core/v1:Namespace", "retainOnDelete": True, "id": "hub"},
        {"type": "kubernetes:core/v1:Secret", "id": "hub/tls"},
    ]
    assert destroy._retained({"deployment": {"resources": resources}}) == [
        ("Namespace.v1.", "hub"),
        ("PersistentVolumeClaim.v1.", "hub/shared"),
    ]


def test_nothing_goes_without_a_yes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    with pytest.raises(Fault, match="removes all homes of the stack lab"):
        destroy.destroy(remembered(tmp_path, "engine"), {"STACK": "lab"}, sure=False)


def test_a_stack_on_a_cluster_that_was_named_is_left_alone(tmp_path: Path) -> None:
    with pytest.raises(Fault, match="KUBECONTEXT named"):
        destroy.destroy(remembered(tmp_path, "engines/theirs"), {"STACK": "lab"}, sure=True)


def test_a_stack_that_never_came_up_is_no_stack_to_destroy(tmp_path: Path) -> None:
    with pytest.raises(Fault, match="No `make up` of the stack lab") as caught:
        destroy.destroy(Paths(cache=tmp_path, state=tmp_path), {"STACK": "lab"}, sure=True)
    assert "make up STACK=lab" in caught.value.remedy
