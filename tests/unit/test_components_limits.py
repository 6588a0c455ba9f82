"""What no component makes yet is said, and never left out silently."""

from __future__ import annotations

from typing import Any

import pytest

from components.limits import findings
from settings.document import read
from tests.unit.documents import TODAY, patched, stack_file


def said(stack: str, patch: dict[str, Any] | None = None) -> list[tuple[str, str]]:
    document = stack_file(stack)["config"]["jupyterhub:settings"]
    return [(one.path, one.severity) for one in findings(read(patched(document, patch or {}), TODAY))]


def test_the_stack_of_this_machine_is_made_whole() -> None:
    assert said("local") == []


@pytest.mark.parametrize(
    ("stack", "patch", "path"),
    [
        ("lab", {}, "settings.ingress.tunnel"),
        (
            "iav-test",
            {"tls": {"source": "certManager", "issuer": "corporate"}},
            "settings.tls.source",
        ),
        ("aiv-prod", {"secrets": {"source": "cluster"}}, "settings.secrets.source"),
        ("aiv-prod", {}, "settings.storage.objectStore"),
        (
            "iav-test",
            {"storage": {"shared": {"storageClass": None, "nfs": {"server": "nfs.lan", "path": "/home"}}}},
            "settings.storage.shared.nfs",
        ),
    ],
)
def test_what_would_come_up_broken_is_refused(stack: str, patch: dict[str, Any], path: str) -> None:
    assert (path, "error") in said(stack, patch)


def test_what_would_merely_be_missing_is_a_warning() -> None:
    found = said("carbon254")
    assert ("settings.monitoring", "warning") in found
    assert ("settings.services.portalCard", "warning") in found
    assert ("settings.secrets.name", "warning") in found
    assert ("settings.storage.snapshotClass", "warning") in said("aiv-prod")
