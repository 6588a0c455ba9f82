"""Chart values: a pure function of settings, joined without overlap, within the chart's own schema."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from chart import schema
from chart.merge import TwoWriters, disjoint
from chart.source import Archive
from chart.values import build
from settings.document import Refused, read
from tests.unit.documents import EVERYTHING, PROJECT, TODAY, local, patched, settings
from tests.unit.golden import as_yaml, check

# The published schema and defaults of the real chart, where they lie beside the project.
DATA = PROJECT.parent / "shared" / "chart"
HEAD = """\
# What the stack `local` gives the chart. Reviewed; also for a plain Helm:
#   helm upgrade --install jupyterhub <chart>.tgz -n jupyterhub -f tests/golden/local.values.yaml \\
#     --set hub.existingSecret=<the credentials Secret> --set proxy.secretToken=<64 hexadecimal digits>
"""


@pytest.fixture(scope="session")
def real_chart() -> Archive:
    if not DATA.is_dir():
        pytest.skip("the published schema of chart 4.4.0 does not lie beside this checkout")
    return Archive(
        version="4.4.0",
        defaults=yaml.safe_load((DATA / "values.yaml").read_text()),
        schema=yaml.safe_load((DATA / "values.schema.yaml").read_text()),
    )


def values(patch: dict[str, Any] | None = None) -> dict[str, Any]:
    return build(settings(patch))


def test_the_values_of_local_are_as_reviewed() -> None:
    check("local.values.yaml", as_yaml(values(), HEAD))


def test_values_are_plain_data() -> None:
    assert json.loads(json.dumps(values(EVERYTHING))) == values(EVERYTHING)


@pytest.mark.parametrize("patch", [{}, EVERYTHING], ids=["as committed", "everything else"])
def test_the_real_chart_takes_the_values(patch: dict[str, Any], real_chart: Archive) -> None:
    assert schema.findings(values(patch), real_chart) == []


def test_the_real_chart_refuses_what_it_does_not_know(real_chart: Archive) -> None:
    wrong = values()
    wrong["hub"]["replicas"] = 2
    found = schema.findings(wrong, real_chart)
    assert [finding.path for finding in found] == ["values.hub"]
    assert "replicas" in found[0].what


SPANS = st.sampled_from(["1s", "10m", "1h", "1h30m", "24h"])
SIZES = st.sampled_from(["128Mi", "1Gi", "1.5Gi", "2G", "500M"])
DOCUMENTS = st.fixed_dictionaries(
    {
        "culling": st.fixed_dictionaries(
            {"enabled": st.booleans(), "idle": SPANS, "every": SPANS}, optional={"maxAge": SPANS}
        ),
        "storage": st.fixed_dictionaries(
            {"homes": st.fixed_dictionaries({"storageClass": st.just("x"), "size": SIZES})}
        ),
        "auth": st.fixed_dictionaries(
            {"provider": st.just("sharedPassword"), "anyName": st.booleans()},
            optional={"users": st.lists(st.text("abc.@_-", max_size=5), max_size=3)},
        ),
        "hub": st.fixed_dictionaries(
            {}, optional={"limits": st.fixed_dictionaries({"activeServers": st.integers(-1, 9)})}
        ),
        "monitoring": st.fixed_dictionaries({"metrics": st.booleans()}),
        "availability": st.sampled_from([{"kind": "none"}, {"kind": "fastRestart"}]),
        "ingress": st.fixed_dictionaries(
            {
                "host": st.sampled_from(["a.test", "a.localhost"]),
                "controller": st.sampled_from(["traefik", "none"]),
            }
        ),
    }
)


@given(DOCUMENTS)
def test_what_passes_the_door_passes_the_chart(real_chart: Archive, sections: dict[str, Any]) -> None:
    try:
        passed = read({**local(), **sections}, TODAY)
    except Refused:
        return
    assert schema.findings(build(passed), real_chart) == []


def test_two_writers_of_one_path_are_named() -> None:
    with pytest.raises(TwoWriters, match=r"one and two both write hub\.db\.type"):
        disjoint([("one", {"hub": {"db": {"type": "x"}}}), ("two", {"hub": {"db": {"type": "x"}}})])


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"a": {"b": 1}}, {"a": 2}),
        ({"a": 2}, {"a": {"b": 1}}),
        ({"a": []}, {"a": [1]}),
        ({"a": {}}, {"a": {"b": 1}}),
    ],
)
def test_a_leaf_and_a_tree_on_one_path_are_two_writers(first: dict[str, Any], second: dict[str, Any]) -> None:
    with pytest.raises(TwoWriters, match="one and two both write a"):
        disjoint([("one", first), ("two", second)])


def test_parts_join_in_any_order() -> None:
    parts: list[tuple[str, dict[str, Any]]] = [
        ("one", {"a": {"b": 1}}),
        ("two", {"a": {"c": 2}}),
        ("three", {"d": [3]}),
    ]
    assert disjoint(parts) == disjoint(reversed(parts)) == {"a": {"b": 1, "c": 2}, "d": [3]}


def leaves(tree: Any, at: str = "") -> dict[str, Any]:  # noqa: ANN401 -- JSON
    if isinstance(tree, dict) and tree:
        return {
            path: leaf for key, item in tree.items() for path, leaf in leaves(item, f"{at}.{key}").items()
        }
    return {at: tree}


def test_no_secret_is_among_the_values() -> None:
    names = [path.lower() for path in leaves(values(EVERYTHING))]
    assert [
        name for name in names if "password" in name.rsplit(".", 1)[-1] or "token" in name.rsplit(".", 1)[-1]
    ] == [
        ".hub.config.kubespawner.automount_service_account_token",
        ".proxy.chp.extrapodspec.automountserviceaccounttoken",
    ]


def test_one_hub_and_one_proxy() -> None:
    assert not [
        path for path in leaves(values(EVERYTHING)) if "replicas" in path.lower() or "pdb" in path.lower()
    ]


def test_a_user_and_with_it_the_home_is_never_deleted() -> None:
    for patch in ({}, EVERYTHING):
        assert values(patch)["cull"]["users"] is False
        assert values(patch)["hub"]["config"]["KubeSpawner"]["delete_pvc"] is False


def test_user_pods_have_no_rights_and_no_token() -> None:
    made = values()
    spawner = made["hub"]["config"]["KubeSpawner"]
    assert spawner["automount_service_account_token"] is False
    assert spawner["container_security_context"]["capabilities"] == {"drop": ["ALL"]}
    assert spawner["container_security_context"]["allowPrivilegeEscalation"] is False
    assert made["singleuser"]["serviceAccountName"] != made["hub"]["serviceAccount"]["name"]
    assert made["singleuser"]["cloudMetadata"] == {"blockWithIptables": False}
    assert made["rbac"] == {"create": False}


def test_every_gpu_profile_asks_for_its_gpus_and_tolerates_their_nodes() -> None:
    gpus = {}
    for profile in values()["singleuser"]["profileList"]:
        override = profile["kubespawner_override"]
        if "extra_resource_limits" in override:
            gpus[profile["display_name"]] = override["extra_resource_limits"]["nvidia.com/gpu"]
            assert override["extra_resource_guarantees"] == override["extra_resource_limits"]
            assert {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"} in override[
                "tolerations"
            ]
    assert gpus == {"GPU-standard": "1", "GPU-large": "2"}


def test_memory_is_given_in_bytes() -> None:
    override = values()["singleuser"]["profileList"][0]["kubespawner_override"]
    assert override["mem_limit"] == 1024**3


def test_every_flow_is_one_of_the_settings() -> None:
    made = values(EVERYTHING)
    for policy in (made["hub"], made["proxy"]["chp"], made["singleuser"]):
        flows = policy["networkPolicy"]
        assert flows["enabled"]
        assert set(flows["egressAllowRules"].values()) == {False}
        assert flows["allowedIngressPorts"] == []
    ways = made["singleuser"]["networkPolicy"]["egress"]
    assert ways[1:] == [
        {
            "to": [{"ipBlock": {"cidr": "198.51.100.7/32"}}],
            "ports": [{"port": 443, "protocol": "TCP"}, {"port": 8443, "protocol": "TCP"}],
        }
    ]
    assert {port["port"] for port in ways[0]["ports"]} == {53}


def test_user_pods_never_reach_the_api_server() -> None:
    api_server = {"ipBlock": {"cidr": "10.200.0.1/32"}}
    for way in values()["singleuser"]["networkPolicy"]["egress"]:
        assert api_server not in way["to"] or {port["port"] for port in way["ports"]} == {53}


def test_metrics_need_a_token_and_are_reached_from_named_namespaces_only() -> None:
    made = values({"monitoring": {"namespaces": ["monitoring"]}})["hub"]
    assert made["loadRoles"]["prometheus"] == {"services": ["prometheus"], "scopes": ["read:metrics"]}
    assert "authenticatePrometheus" not in made
    peers = made["networkPolicy"]["ingress"][0]["from"]
    assert peers == [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}]
    assert "services" not in values({"monitoring": {"metrics": False}})["hub"]


def test_the_sign_in_page_is_served_over_tls_alone() -> None:
    made = values()["ingress"]
    assert made["annotations"]["traefik.ingress.kubernetes.io/router.entrypoints"] == "websecure"
    assert made["tls"][0]["hosts"] == made["hosts"] == ["jupyterhub.localhost"]


def test_sign_in_by_any_name_or_by_list() -> None:
    assert values()["hub"]["config"]["SharedPasswordAuthenticator"] == {"allow_all": True}
    assert values(EVERYTHING)["hub"]["config"]["SharedPasswordAuthenticator"] == {
        "allowed_users": ["ada", "bob"],
        "admin_users": ["eve"],
    }


def test_the_database_lies_on_the_claim_of_the_storage_component() -> None:
    hub = values({"database": {"claim": "elsewhere"}})["hub"]
    (volume,), (mount,) = hub["extraVolumes"], hub["extraVolumeMounts"]
    assert volume["persistentVolumeClaim"] == {"claimName": "elsewhere"}
    assert hub["db"]["url"] == f"sqlite:///{mount['mountPath']}/jupyterhub.sqlite"
    assert volume["name"] == mount["name"]


def test_values_hold_nothing_that_a_later_change_could_reach() -> None:
    one, other = values(), values()
    one["hub"]["networkPolicy"]["egress"].clear()
    one["hub"]["config"]["KubeSpawner"]["container_security_context"]["capabilities"]["drop"].clear()
    assert values() == other


def test_null_in_values_removes_a_default() -> None:
    assert schema.over({"a": {"b": 1, "c": 2}}, {"a": {"b": None}}) == {"a": {"c": 2}}


def test_the_patch_of_everything_differs_from_local_in_every_section() -> None:
    full = patched(local(), EVERYTHING)
    assert [name for name in full if full[name] == local()[name]] == [
        "cluster",
        "database",
        "profiles",
        "chart",
    ]
