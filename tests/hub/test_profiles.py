"""Profiles in the real KubeSpawner: who is offered what, and what a request for more comes to."""

from __future__ import annotations

import sys
from asyncio import run
from types import SimpleNamespace
from typing import Any

import pytest
from kubernetes_asyncio.client import ApiClient
from kubespawner import KubeSpawner

from chart.schema import over
from chart.values import build
from embedded.charts import SMALL
from settings.smoke import USER
from tests.unit.documents import PROJECT, committed, settings_of

sys.path.insert(0, str(PROJECT / "files" / "hub"))
sys.path.insert(0, str(SMALL / "files" / "hub"))
from chart_storage import storage
from granting import Granting, NotGranted

GPU = committed("aiv-prod")["auth"]["groups"]["gpu"]
USERS = committed("aiv-prod")["auth"]["groups"]["users"]


@pytest.fixture(autouse=True)
def without_a_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    """A spawner looks for its cluster when it is made; these tests ask none."""

    for name in ("load_config", "shared_client"):
        monkeypatch.setattr(f"kubespawner.spawner.{name}", lambda *_, **__: None)


def granting_of(stack: str, patch: dict[str, Any] | None = None) -> Granting:
    """What the hub of a stack keeps to."""
    values = build(settings_of(stack, patch))
    custom = values["custom"]
    return Granting(custom["capabilities"], values["singleuser"]["profileList"], custom["machineUsers"])


def dressed(one: KubeSpawner) -> dict[str, Any]:
    """Give the pod as the cluster gets it."""

    async def sent() -> dict[str, Any]:
        await one.load_user_options()
        pod = one.modify_pod_hook(one, await one.get_pod_manifest())
        async with ApiClient() as client:
            found: dict[str, Any] = client.sanitize_for_serialization(pod)
        return found

    return run(sent())


def spawner(groups: list[str], options: dict[str, Any], **traits: object) -> KubeSpawner:
    """A spawner with the profiles of AIV's production, as the hub's configuration sets it up."""
    granting = granting_of("aiv-prod")
    made = KubeSpawner(_mock=True, **traits)
    made.profile_list = granting.offer
    made.modify_pod_hook = granting.dress
    made.user.groups = [SimpleNamespace(name=name) for name in groups]
    made.user_options = options
    return made


def test_the_page_shows_the_options_of_the_users_groups() -> None:
    for groups, offered in (([USERS, GPU], True), ([USERS], False), ([], False)):
        one = spawner(groups, {})
        page = run(one._render_options_form_dynamically(one))
        assert ("gpu-large" in page) is offered
        assert "cpu-only" in page


def test_a_member_gets_the_gpus() -> None:
    one = spawner([GPU], {"profile": "gpu-large"})
    run(one.load_user_options())
    assert one.extra_resource_limits == {"nvidia.com/gpu": "2"}


@pytest.mark.parametrize("groups", [[], [USERS], ["gpu"], [GPU.upper()], [GPU[:-1]]])
@pytest.mark.parametrize("slug", ["gpu-standard", "gpu-large"])
def test_who_asks_for_a_hidden_option_is_refused(groups: list[str], slug: str) -> None:
    one = spawner(groups, {"profile": slug})
    with pytest.raises(ValueError, match=f"No such profile: {slug}"):
        run(one.load_user_options())
    assert one.extra_resource_limits == {}


@pytest.mark.parametrize("options", [{}, {"profile": ""}, {"profile": None}, {"image": "other"}])
def test_who_chooses_nothing_gets_an_open_option(options: dict[str, Any]) -> None:
    one = spawner([], options)
    run(one.load_user_options())
    assert (one.cpu_limit, one.extra_resource_limits) == (2.0, {})


def test_where_nothing_is_open_nothing_starts() -> None:
    one = spawner([], {})
    closed = {"everyone": {"profiles": []}, "users": {"profiles": ["cpu-only"]}}
    one.profile_list = granting_of("aiv-prod", {"capabilities": closed}).offer
    with pytest.raises(NotGranted, match="403"):
        run(one.load_user_options())
    one.user.groups = [SimpleNamespace(name=USERS)]
    run(one.load_user_options())


def test_a_profiles_nodes_join_those_of_all_users() -> None:
    one = spawner([], {"profile": "a"}, node_selector={"pool": "users"})
    override = {"node_selector": {"gpu": "a100"}}
    one.profile_list = [{"display_name": "a", "slug": "a", "kubespawner_override": override}]
    run(one.load_user_options())
    assert one.node_selector == {"pool": "users", "gpu": "a100"}


def test_the_pod_of_a_gpu_server_is_drawn_to_its_kind() -> None:
    values = build(settings_of("aiv-prod"))
    before = dict(values["singleuser"]["extraEnv"])
    one = spawner([GPU], {"profile": "gpu-large"}, environment=dict(before))
    run(one.load_user_options())
    pod = run(one.get_pod_manifest()).to_dict()
    assert pod["metadata"]["labels"]["gpu-resource"] == "nvidia.com_gpu"
    # It is told when it ends, sooner than others.
    told = {one["name"]: one["value"] for one in pod["spec"]["containers"][0]["env"]}["SERVER_ENDS_AFTER"]
    assert told == "idle=3600 age=604800"
    assert before["SERVER_ENDS_AFTER"] == "idle=14400 age=604800"
    (wish,) = pod["spec"]["affinity"]["pod_affinity"]["preferred_during_scheduling_ignored_during_execution"]
    assert wish["pod_affinity_term"]["labelSelector"]["matchLabels"] == {"gpu-resource": "nvidia.com_gpu"}
    keys = [one["key"] for one in pod["spec"]["tolerations"]]
    assert keys.count("nvidia.com/gpu") == 1


TRINO = {
    "kind": "trino",
    "url": "https://trino.example",
    "credentials": "trino-login",
    "reach": {"namespace": "trino", "ports": [8443]},
}


def of_carbon(groups: list[str], rows: dict[str, Any]) -> dict[str, Any]:
    """Give the pod of somebody at 254Carbon."""
    patch = {"services": {"catalogue": [TRINO]}, "capabilities": rows}
    values, granting = build(settings_of("carbon254", patch)), granting_of("carbon254", patch)
    traits = values["hub"]["config"]["KubeSpawner"]
    one = spawner(groups, {}, environment=values["singleuser"]["extraEnv"], **traits)
    one.profile_list, one.modify_pod_hook = granting.offer, granting.dress
    return dressed(one)


def test_variables_of_secrets_and_whole_secrets_reach_the_container() -> None:
    pod = of_carbon([], {})
    (container,) = pod["spec"]["containers"]
    env = {variable["name"]: variable for variable in container["env"]}
    assert env["AWS_SECRET_ACCESS_KEY"]["valueFrom"]["secretKeyRef"]["name"] == "jupyter-minio"
    assert env["PLATFORM_SERVICES_GRANTED"]["value"] == "trino"
    # In this order: the last word is the credentials'.
    assert container["envFrom"] == [
        {"configMapRef": {"name": "platform-service-trino", "optional": True}},
        {"secretRef": {"name": "trino-login"}},
    ]
    assert pod["metadata"]["labels"]["platform.service/trino"] == "true"
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}


def test_whoever_is_not_granted_a_service_has_nothing_of_it() -> None:
    rows = {"everyone": {"services": []}, "admins": {"services": ["trino"]}}
    pod = of_carbon(["jupyter-users"], rows)
    assert "trino" not in str({**pod, "spec": {**pod["spec"], "volumes": None}})
    assert not [label for label in pod["metadata"]["labels"] if label.startswith("platform.service")]
    assert "trino-login" in str(of_carbon(["jupyter-users", "jupyter-admins"], rows))


@pytest.mark.parametrize(
    ("folder", "mount"),
    [
        ("none", []),
        ("read", [{"name": "shared", "mountPath": "/shared", "readOnly": True}]),
        ("write", [{"name": "shared", "mountPath": "/shared"}]),
    ],
)
def test_the_shared_folder_is_mounted_as_it_was_granted(folder: str, mount: list[dict[str, Any]]) -> None:
    spec = of_carbon([], {"everyone": {"sharedFolder": folder}})["spec"]
    (container,) = spec["containers"]
    assert [one for one in container.get("volumeMounts", []) if one["name"] == "shared"] == mount
    volumes = [one for one in spec.get("volumes", []) if one["name"] == "shared"]
    assert volumes == (
        [{"name": "shared", "persistentVolumeClaim": {"claimName": "shared"}}] if mount else []
    )


def test_write_is_more_than_read_whichever_group_says_it() -> None:
    one = spawner([GPU, USERS], {})
    assert "readOnly" not in str(dressed(one)["spec"]["containers"][0]["volumeMounts"])
    one = spawner([GPU], {})
    assert "readOnly" in str(dressed(one)["spec"]["containers"][0]["volumeMounts"])


def test_a_home_is_made_as_large_as_the_largest_row_says() -> None:
    granting = granting_of("aiv-prod")
    for groups, size in (([USERS], "50Gi"), ([USERS, GPU], "100Gi")):
        one = spawner(groups, {}, storage_capacity="50Gi")
        granting.before_start(one)
        assert one.get_pvc_manifest().spec.resources.requests["storage"] == size


def test_a_pod_is_dressed_the_same_at_every_start() -> None:
    one = spawner([USERS, GPU], {"profile": "gpu-large"})
    assert dressed(one) == dressed(one)


def test_options_of_a_request_change_nothing_that_is_granted() -> None:
    forged = {
        "volume_mounts": [{"name": "shared", "mountPath": "/mine"}],
        "extra_labels": {"platform.service/iam": "true"},
        "storage_capacity": "10Ti",
        "environment": {"PLATFORM_SERVICES_GRANTED": "everything"},
    }
    plain, tried = spawner([], {}), spawner([], {**forged, "profile": "cpu-only"})
    assert dressed(plain) == dressed(tried)


def test_the_catalogue_of_services_is_mounted_beside_the_home() -> None:
    user = build(settings_of("carbon254"))["singleuser"]
    homes = {"type": "dynamic", "homeMountPath": "/home/jovyan"}
    defaults = {**homes, "dynamic": {"volumeNameTemplate": "volume-{user_server}"}}
    one = spawner([], {}, **storage({**user, "storage": over(defaults, user["storage"])}))
    run(one.load_user_options())
    spec = run(one.get_pod_manifest()).to_dict()["spec"]
    volumes = {volume["name"]: volume for volume in spec["volumes"]}
    assert volumes["platform-services"]["config_map"]["name"] == "platform-services"
    (container,) = spec["containers"]
    mounts = {mount["name"]: mount for mount in container["volume_mounts"]}
    assert mounts["platform-services"]["mount_path"] == "/etc/platform-services"
    assert mounts["platform-services"]["read_only"] is True
    assert set(mounts) == set(volumes)


@pytest.mark.parametrize("resource", ["nvidia.com/gpu", "nvidia.com/gpu.shared"])
def test_the_pod_of_a_gpu_server_has_its_priority_and_its_part(resource: str) -> None:
    settings = settings_of(
        "lab",
        {
            "gpu": {
                "priority": {"kind": "own", "value": 100},
                "sharing": {"kind": "timeSlices", "replicas": 4},
            },
            "profiles": [
                {
                    "name": "G",
                    "slug": "g",
                    "default": True,
                    "gpu": {"count": 1, "resource": resource},
                    "cpu": {"guarantee": "1", "limit": "1"},
                    "memory": {"guarantee": "1Gi", "limit": "1Gi"},
                }
            ],
        },
    )
    one = spawner([], {"profile": "g"}, priority_class_name="users-last")
    one.profile_list = build(settings)["singleuser"]["profileList"]
    run(one.load_user_options())
    spec = run(one.get_pod_manifest()).to_dict()["spec"]
    assert spec["priority_class_name"] == "jupyterhub-test-gpu"
    (container,) = spec["containers"]
    for amounts in container["resources"].values():
        assert not amounts or amounts[resource] == "1"
    assert container["resources"]["limits"][resource] == "1"


def test_the_user_of_a_machine_is_offered_every_option() -> None:
    one = spawner([], {"profile": "gpu-large"})
    with pytest.raises(ValueError, match="No such profile"):
        run(one.load_user_options())
    one.user.name = USER
    pod = dressed(one)
    assert one.extra_resource_limits == {"nvidia.com/gpu": "2"}
    services = granting_of("aiv-prod").given["services"]
    assert {f"platform.service/{name}" for name in services} <= set(pod["metadata"]["labels"])
