"""Profiles in the real KubeSpawner: who is offered what, and what a request for more comes to."""

from __future__ import annotations

import sys
from asyncio import run
from types import SimpleNamespace
from typing import Any

import pytest
from kubespawner import KubeSpawner
from tornado.web import HTTPError

from chart.schema import over
from chart.values import build
from embedded.charts import SMALL
from settings.smoke import USER
from tests.unit.documents import PROJECT, committed, settings_of

sys.path.insert(0, str(PROJECT / "files" / "hub"))
sys.path.insert(0, str(SMALL / "files" / "hub"))
from chart_storage import storage
from profiles_by_group import offer

GPU = committed("aiv-prod")["auth"]["groups"]["gpu"]
USERS = committed("aiv-prod")["auth"]["groups"]["users"]


@pytest.fixture(autouse=True)
def without_a_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    """A spawner looks for its cluster when it is made; these tests ask none."""

    for name in ("load_config", "shared_client"):
        monkeypatch.setattr(f"kubespawner.spawner.{name}", lambda *_, **__: None)


def spawner(groups: list[str], options: dict[str, Any], **traits: object) -> KubeSpawner:
    """A spawner with the profiles of AIV's production, as the hub's configuration sets it up."""
    values = build(settings_of("aiv-prod"))
    made = KubeSpawner(_mock=True, **traits)
    made.profile_list = offer(values["singleuser"]["profileList"], values["custom"]["profileGroups"])
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
    one.profile_list = offer([{"display_name": "x", "slug": "x"}], {"x": ["staff"]})
    with pytest.raises(HTTPError, match="403"):
        run(one.load_user_options())


def test_a_profile_without_anybodys_group_is_nobodys() -> None:
    one = spawner(["staff"], {"profile": "x"})
    one.profile_list = offer(
        [{"display_name": "x", "slug": "x"}, {"display_name": "y", "slug": "y"}], {"x": []}
    )
    with pytest.raises(ValueError, match="No such profile: x"):
        run(one.load_user_options())


def test_a_profiles_nodes_join_those_of_all_users() -> None:
    one = spawner([], {"profile": "a"}, node_selector={"pool": "users"})
    override = {"node_selector": {"gpu": "a100"}}
    one.profile_list = [{"display_name": "a", "slug": "a", "kubespawner_override": override}]
    run(one.load_user_options())
    assert one.node_selector == {"pool": "users", "gpu": "a100"}


def test_the_pod_of_a_gpu_server_is_drawn_to_its_kind() -> None:
    values = build(settings_of("aiv-prod"))
    one = spawner([GPU], {"profile": "gpu-large"}, environment=values["singleuser"]["extraEnv"])
    run(one.load_user_options())
    pod = run(one.get_pod_manifest()).to_dict()
    assert pod["metadata"]["labels"]["gpu-resource"] == "nvidia.com_gpu"
    (wish,) = pod["spec"]["affinity"]["pod_affinity"]["preferred_during_scheduling_ignored_during_execution"]
    assert wish["pod_affinity_term"]["labelSelector"]["matchLabels"] == {"gpu-resource": "nvidia.com_gpu"}
    keys = [one["key"] for one in pod["spec"]["tolerations"]]
    assert keys.count("nvidia.com/gpu") == 1


def test_variables_of_secrets_and_whole_secrets_reach_the_container() -> None:
    given = {"trino": {"kind": "trino", "url": "https://trino.example", "credentials": "trino-login"}}
    reach = {"namespace": "trino", "ports": [8443]}
    patch = {"services": {"catalogue": [{**given["trino"], "reach": reach}]}}
    values = build(settings_of("carbon254", patch))
    traits = values["hub"]["config"]["KubeSpawner"]
    one = spawner([], {}, environment=values["singleuser"]["extraEnv"], **traits)
    run(one.load_user_options())
    (container,) = run(one.get_pod_manifest()).to_dict()["spec"]["containers"]
    env = {variable["name"]: variable for variable in container["env"]}
    assert env["AWS_SECRET_ACCESS_KEY"]["value_from"]["secretKeyRef"]["name"] == "jupyter-minio"
    assert container["env_from"] == [
        {"configMapRef": {"name": "platform-services-environment", "optional": True}},
        {"secretRef": {"name": "trino-login"}},
    ]
    assert container["security_context"]["capabilities"] == {"drop": ["ALL"]}


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
    values = build(settings_of("aiv-prod"))
    one = spawner([], {"profile": "gpu-large"})
    custom = values["custom"]
    one.profile_list = offer(
        values["singleuser"]["profileList"], custom["profileGroups"], custom["machineUsers"]
    )
    with pytest.raises(ValueError, match="No such profile"):
        run(one.load_user_options())
    one.user.name = USER
    run(one.load_user_options())
    assert one.extra_resource_limits == {"nvidia.com/gpu": "2"}
