"""An overlay changes where a stack runs and nothing of what it is; places and targets say what is wrong."""

from __future__ import annotations

import copy
import io
from pathlib import Path

import pytest

from embedded import down, overlay, stacks, target
from embedded.fault import Fault
from embedded.paths import Paths, find, make_writable

COMMITTED = stacks.committed("local")
PATHS = Paths(cache=Path("/cache"), state=Path("/state"))


def test_an_overlay_changes_what_it_names_and_nothing_else() -> None:
    before = copy.deepcopy(COMMITTED)
    changed = overlay.overlay(COMMITTED, {"images.hub": {"tag": "a1"}, "ingress.port": 9443})
    assert before == COMMITTED
    changed["config"][stacks.SETTINGS]["images"]["hub"] = before["config"][stacks.SETTINGS]["images"]["hub"]
    changed["config"][stacks.SETTINGS]["ingress"]["port"] = 8443
    assert changed == COMMITTED


@pytest.mark.parametrize(
    "path", ["auth.anyName", "namespace.name", "protection.protect", "storage.homes.size"]
)
def test_an_overlay_may_not_touch_what_a_stack_is(path: str) -> None:
    with pytest.raises(ValueError, match=path):
        overlay.overlay(COMMITTED, {path: "x"})


def test_a_stack_file_without_settings_is_refused(tmp_path: Path) -> None:
    empty = tmp_path / "Pulumi.local.yaml"
    empty.write_text("config: {}\n")
    with pytest.raises(Fault, match="no whole `config: jupyterhub:settings:`"):
        stacks.read(empty)


def test_a_kubeconfig_that_is_not_there_is_named() -> None:
    with pytest.raises(Fault, match="there is no kubeconfig at /none"):
        target.named(PATHS, "lab", {"KUBECONFIG": "/none", "HOME": "/"}, Path("kubectl"))


def test_the_places_follow_the_user_and_the_variables() -> None:
    assert find({"HOME": "/home/u"}, root=False) == Paths(
        cache=Path("/home/u/.cache/jupyterhub-embedded"),
        state=Path("/home/u/.local/state/jupyterhub-embedded"),
    )
    assert find({"HOME": "/root"}, root=True).state == Path("/var/lib/jupyterhub-embedded")
    given = find({"HOME": "/", "EMBEDDED_CACHE": "/c", "EMBEDDED_STATE": "/s"}, root=True)
    assert given == Paths(cache=Path("/c"), state=Path("/s"))


def test_a_place_that_cannot_be_written_names_the_variable_that_moves_it(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Fault, match="cannot be written") as caught:
        make_writable(tmp_path / "file" / "state", "EMBEDDED_STATE")
    assert "EMBEDDED_STATE=" in caught.value.remedy


def test_nothing_is_purged_without_a_yes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("embedded.node.stop", lambda *_, **__: pytest.fail("it purged"))
    monkeypatch.setattr("sys.stdin", io.StringIO())
    with pytest.raises(Fault, match="removes all homes"):
        down.down(PATHS, purge=True, sure=False)
