"""What the parts are told: their addresses, their rights, and the traps of machines."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from embedded.node import addons, api, control, network, objects, pki, runtime, workers
from embedded.node.layout import ALL_NODES_CLASSES, NODE_IP, Layout, Options
from embedded.paths import Paths
from tests.unit.documents import STACKS, committed


class Given:
    """Tools and images as they would be found."""

    ref = "localhost/x/helper:0123456789ab"
    archive = Path("/images/helper.tar")

    def path(self, name: str) -> Path:
        return Path("/tools") / name


@pytest.fixture
def place(tmp_path: Path) -> Layout:
    made = Layout(Paths(cache=tmp_path / "cache", state=tmp_path / "state"), run=tmp_path / "run")
    pki.ensure(made.paths.pki)
    return made


def documents(place: Layout, *, pods: bool = True) -> list[dict[str, Any]]:
    return objects.wanted(place, {"helper": Given(), "pause": Given()}, pods=pods)


@pytest.mark.parametrize(("version", "told"), [(1, {"failCgroupV1": False}), (2, {})])
def test_only_a_kubelet_on_the_old_control_groups_is_told_to_take_them(
    place: Layout, version: int, told: dict[str, bool]
) -> None:
    config = workers.kubelet_config(place, version)
    assert {key: config[key] for key in config if key == "failCgroupV1"} == told


def test_the_kubelet_lets_nobody_in_without_a_certificate(place: Layout) -> None:
    config = workers.kubelet_config(place, 2)
    assert config["authentication"]["anonymous"] == {"enabled": False}
    assert config["authorization"] == {"mode": "Webhook"}


def test_the_parts_of_a_node_listen_on_loopback_or_its_own_address(place: Layout) -> None:
    kubelet, proxy = workers.kubelet_config(place, 2), workers.proxy_config(place)
    listens = [
        *(kubelet["address"], kubelet["healthzBindAddress"], proxy["bindAddress"]),
        *(proxy["healthzBindAddress"].split(":")[0], proxy["metricsBindAddress"].split(":")[0]),
        *(entry.split("/")[0] for entry in proxy["nodePortAddresses"]),
    ]
    assert set(listens) <= {"127.0.0.1", NODE_IP}
    assert f"bind {NODE_IP}" in addons.corefile(place)


@pytest.mark.parametrize(("options", "address"), [(Options(), NODE_IP), (Options(pods=False), "127.0.0.1")])
def test_the_api_server_listens_on_one_inside_address(place: Layout, options: Options, address: str) -> None:
    assert f"--bind-address={address}" in control.apiserver(place, Given(), options).argv


def test_the_database_listens_on_no_port(place: Layout) -> None:
    listens = [entry for entry in control.etcd(place, Given()).argv if entry.startswith("--listen")]
    assert len(listens) == 2
    assert all(entry.split("=")[1].startswith(f"unix://{place.run}/") for entry in listens)


@pytest.mark.parametrize(("text", "forwards"), [("nameserver 192.0.2.1\n", True), ("# none\n", False)])
def test_a_machine_without_a_resolver_still_has_the_clusters_names(
    place: Layout, tmp_path: Path, text: str, *, forwards: bool
) -> None:
    resolver = tmp_path / "resolv.conf"
    resolver.write_text(text)
    told = addons.corefile(place, resolver)
    assert (f"forward . {resolver}" in told) is forwards
    assert "kubernetes cluster.local" in told


def test_two_control_planes_do_not_meet_on_a_port(place: Layout) -> None:
    for spec in (control.controllers(place, Given()), control.scheduler(place, Given())):
        assert "--secure-port=0" in spec.argv


def test_containerd_is_told_of_the_machines_that_forbid_things(place: Layout) -> None:
    text = runtime.containerd_config(place, "localhost/pause:1", Path("/usr/lib/cni"))
    config = tomllib.loads(text)
    cri = config["plugins"]["io.containerd.grpc.v1.cri"]
    assert cri["restrict_oom_score_adj"] is True
    assert cri["netns_mounts_under_state_dir"] is True
    assert cri["sandbox_image"] == "localhost/pause:1"
    assert config["state"].startswith(str(place.run))


@pytest.mark.parametrize(
    ("mounts", "way"),
    [
        ("/dev/vda / ext4 rw 0 0\n", "overlayfs"),
        ("overlay / overlay rw 0 0\n", "native"),
        ("overlay / overlay rw 0 0\n/dev/vdb /var ext4 rw 0 0\n", "overlayfs"),
        ("/dev/vda / ext4 rw 0 0\noverlay /var/lib overlay rw 0 0\n", "native"),
        ("/dev/vda / ext4 rw 0 0\noverlay /var/library overlay rw 0 0\n", "overlayfs"),
    ],
)
def test_an_overlay_is_not_laid_on_an_overlay(tmp_path: Path, mounts: str, way: str) -> None:
    table = tmp_path / "mounts"
    table.write_text(mounts)
    assert runtime.snapshotter(Path("/var/lib/node/containerd"), table) == way


def test_the_pod_network_needs_no_iptables(place: Layout) -> None:
    plugins = json.loads(runtime.cni_config(place, 1400))["plugins"]
    assert [plugin["type"] for plugin in plugins] == ["ptp"]
    assert plugins[0]["ipMasq"] is False
    assert plugins[0]["mtu"] == 1400


def test_older_builds_of_our_images_are_forgotten_and_nobody_elses() -> None:
    there = {"localhost/x/hub:old", "localhost/x/hub:new", "docker.io/library/busybox:1"}
    assert runtime.obsolete(there, {"localhost/x/hub:new"}) == {"localhost/x/hub:old"}


def test_a_changed_port_changes_the_rules_and_the_same_does_not() -> None:
    assert network.rules(Options()) == network.rules(Options())
    assert network.rules(Options()) != network.rules(Options(api_port=7443))


def test_every_part_with_rights_has_a_certificate_of_its_own() -> None:
    users = {leaf.common_name for leaf in pki.LEAVES}
    assert {f"embedded:{part}" for part in objects.RIGHTS} <= users


def test_no_part_may_do_everything_and_none_but_the_ingress_reads_secrets() -> None:
    for part, rules in objects.RIGHTS.items():
        kinds = {kind for _, kinds, _ in rules for kind in kinds}
        verbs = {verb for _, _, verbs in rules for verb in verbs}
        assert "*" not in kinds | verbs, part
        assert ("secrets" in kinds) == (part == "traefik")


def test_every_object_has_an_address_and_none_comes_twice(place: Layout) -> None:
    addresses = [api.address(document) for document in documents(place)]
    assert len(set(addresses)) == len(addresses)
    assert "/apis/storage.k8s.io/v1/storageclasses/local-path" in addresses
    assert "/api/v1/namespaces/local-path-storage/configmaps/local-path-config" in addresses


def test_a_control_plane_alone_has_the_classes_too(place: Layout) -> None:
    assert {document["kind"] for document in documents(place, pods=False)} == {"StorageClass", "IngressClass"}


def test_one_class_of_each_kind_is_the_default(place: Layout) -> None:
    marked = [
        (document["kind"], document["metadata"]["name"])
        for document in documents(place, pods=False)
        if "annotations" in document["metadata"]
    ]
    assert marked == [("StorageClass", "local-path"), ("IngressClass", "traefik")]


def test_every_storage_class_has_its_place(place: Layout) -> None:
    """The provisioner serves a class by its name, and no other."""
    named = [
        document["metadata"]["name"]
        for document in documents(place, pods=False)
        if document["kind"] == "StorageClass"
    ]
    settings = next(entry for entry in documents(place) if entry["kind"] == "ConfigMap")["data"]
    places = json.loads(settings["config.json"])["storageClassConfigs"]
    assert set(places) == set(named)
    shared = {name for name, config in places.items() if "sharedFileSystemPath" in config}
    assert shared == {"cephfs", "shared", "standard"}


@pytest.mark.parametrize("stack", STACKS)
def test_the_node_has_the_classes_that_a_stack_names(place: Layout, stack: str) -> None:
    there = {(each["kind"], each["metadata"]["name"]) for each in documents(place, pods=False)}
    settings = committed(stack)
    wanted = {("StorageClass", name) for name in claimed(settings)}
    ingress = settings["ingress"]
    if "className" in ingress and "tunnel" not in ingress:
        wanted.add(("IngressClass", ingress["className"]))
    assert wanted <= there
    shared = settings["storage"].get("shared", {})
    if shared.get("accessMode") == "ReadWriteMany":
        assert shared["storageClass"] in ALL_NODES_CLASSES


def claimed(settings: dict[str, Any]) -> set[str]:
    """Give the classes of a stack's claims."""
    owners = (settings["storage"]["homes"], settings["storage"].get("shared", {}), settings["database"])
    return {owner["storageClass"] for owner in owners if "storageClass" in owner}


def test_volumes_are_made_by_pods_of_the_image_at_hand(place: Layout) -> None:
    settings = next(entry for entry in documents(place) if entry["kind"] == "ConfigMap")["data"]
    pod = json.loads(settings["helperPod.yaml"])
    assert pod["spec"]["containers"][0]["image"] == Given.ref
    assert pod["spec"]["containers"][0]["imagePullPolicy"] == "Never"
    assert str(place.volumes) in settings["config.json"]
