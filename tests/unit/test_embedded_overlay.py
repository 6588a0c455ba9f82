"""An overlay changes where a stack runs and nothing of what it is; places and targets say what is wrong."""

from __future__ import annotations

import copy
import io
from pathlib import Path

import pytest

from embedded import down, overlay, target
from embedded.fault import Fault
from embedded.images import Image
from embedded.node import Options
from embedded.paths import CHECKOUT, Paths, find, make_writable

COMMITTED = overlay.read(CHECKOUT / "Pulumi.local.yaml")
PATHS = Paths(cache=Path("/cache"), state=Path("/state"))


def test_an_overlay_changes_what_it_names_and_nothing_else() -> None:
    before = copy.deepcopy(COMMITTED)
    changed = overlay.overlay(COMMITTED, {"images.hub.tag": "a1", "ingress.port": 9443})
    assert before == COMMITTED
    changed["config"][overlay.SETTINGS]["images"]["hub"]["tag"] = "built-here"
    changed["config"][overlay.SETTINGS]["ingress"]["port"] = 8443
    assert changed == COMMITTED


@pytest.mark.parametrize(
    "path", ["auth.anyName", "namespace.name", "protection.protect", "storage.homes.size"]
)
def test_an_overlay_may_not_touch_what_a_stack_is(path: str) -> None:
    with pytest.raises(ValueError, match=path):
        overlay.overlay(COMMITTED, {path: "x"})


def test_every_path_of_an_overlay_is_a_field_of_the_committed_file_or_of_its_defaults() -> None:
    defaults = {"hub.awaitReady"}
    for path in overlay.ALLOWED - defaults:
        place = COMMITTED["config"][overlay.SETTINGS]
        for name in path.split("."):
            assert name in place, path
            place = place[name]


def test_a_stack_file_without_settings_is_refused(tmp_path: Path) -> None:
    empty = tmp_path / "Pulumi.local.yaml"
    empty.write_text("config: {}\n")
    with pytest.raises(Fault, match="no `config: jupyterhub:settings:`"):
        overlay.read(empty)


def test_a_node_on_other_ports_is_what_the_stack_is_told() -> None:
    made = target.own_node(PATHS, Options(https_port=9443, api_port=7443), "")
    assert made.changes == {"ingress.port": 9443, "network.apiServer.ports": [7443]}


def test_a_named_cluster_needs_images_that_it_can_pull() -> None:
    named = target.Target("lab", Path("kubeconfig"), Path("home"), own=False, pods=True)
    with pytest.raises(Fault, match="cannot see images") as caught:
        target.image_changes(named, {}, {"HUB_IMAGE": "registry.example/hub:1"})
    assert "PROXY_IMAGE=" in caught.value.remedy
    assert "HUB_IMAGE=" not in caught.value.remedy


def test_a_given_image_wins_over_a_built_one_and_its_registry_may_have_a_port() -> None:
    own = target.own_node(PATHS, Options(), "")
    built = {"hub": Image("localhost/jupyterhub/hub:abc", Path("hub.tar"))}
    changes = target.image_changes(own, built, {"PROXY_IMAGE": "registry.example:5000/proxy:2"})
    assert changes == {
        "images.hub.name": "localhost/jupyterhub/hub",
        "images.hub.tag": "abc",
        "images.proxy.name": "registry.example:5000/proxy",
        "images.proxy.tag": "2",
    }


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
