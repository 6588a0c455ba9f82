"""Chart values: a pure function of settings, joined without overlap, within the chart's own schema."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chart import schema
from chart.merge import TwoWriters, disjoint
from chart.source import Archive
from chart.values import build
from tests.unit.documents import EVERYTHING, STACKS, local, patched, settings, settings_of


def values(patch: dict[str, Any] | None = None) -> dict[str, Any]:
    return build(settings(patch))


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
    for stack in STACKS:
        found = leaves(build(settings_of(stack)))
        telling = {path.rsplit(".", 1)[-1]: leaf for path, leaf in found.items()}
        told = [
            name for name in telling if any(word in name.lower() for word in ("password", "token", "secret"))
        ]
        assert set(told) <= {
            "automount_service_account_token",
            "automountServiceAccountToken",
            "token_url",
            "secretName",
            "imagePullSecrets",
        }
        assert telling["automount_service_account_token"] is False


@pytest.mark.parametrize("stack", STACKS)
def test_one_hub_and_one_proxy(stack: str) -> None:
    paths = [path.lower() for path in leaves(build(settings_of(stack)))]
    assert not [path for path in paths if "replicas" in path or "pdb" in path or "strategy" in path]


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


def test_metrics_need_a_token_and_are_reached_from_named_namespaces_only() -> None:
    made = values({"monitoring": {"namespaces": ["monitoring"]}})["hub"]
    assert made["loadRoles"]["prometheus"] == {"services": ["prometheus"], "scopes": ["read:metrics"]}
    assert "authenticatePrometheus" not in made
    peers = made["networkPolicy"]["ingress"][0]["from"]
    assert peers == [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}]
    assert "prometheus" not in values({"monitoring": {"metrics": False}})["hub"]["services"]


def test_what_tries_the_hub_may_act_for_one_user_whom_nobody_signs_in_as() -> None:
    hub = values()["hub"]
    scopes = hub["loadRoles"]["smoke"]["scopes"]
    assert scopes
    assert {scope.partition("!")[2] for scope in scopes} == {"user=ops.smoke"}
    assert hub["config"]["Authenticator"]["blocked_users"] == ["ops.break-glass", "ops.smoke"]
    without = values({"monitoring": {"smoke": False, "metrics": False}})["hub"]
    assert "services" not in without
    assert without["config"]["Authenticator"]["blocked_users"] == ["ops.break-glass"]


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
        "about",
        "cluster",
        "database",
        "profiles",
        "chart",
        "delivery",
    ]
