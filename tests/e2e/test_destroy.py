"""`pulumi destroy` leaves only what is retained, and a new `make up` starts from there."""

from __future__ import annotations

import pytest

from tests.e2e.hub import NAMESPACE, Hub, make, tool

pytestmark = pytest.mark.node


def test_destroy_leaves_nothing_that_is_not_retained(hub: Hub) -> None:
    retained = [
        resource["id"]
        for resource in hub.state()["deployment"]["resources"]
        if resource.get("retainOnDelete") and resource["type"].startswith("kubernetes:")
    ]
    done = hub.engine.attempt("destroy", "--yes", "--skip-preview")
    assert done.returncode == 0, done.stdout + done.stderr
    if not retained:
        namespaces = tool(hub.engine.env, "kubectl", "get", "namespace", "-o", "name").split()
        assert f"namespace/{NAMESPACE}" not in namespaces
    else:
        assert NAMESPACE in retained
    assert not hub.state()["deployment"].get("resources")


def test_up_after_destroy_deploys_again() -> None:
    again = make("up")
    assert again.returncode == 0, again.stdout + again.stderr
    assert "JupyterHub runs" in again.stdout
