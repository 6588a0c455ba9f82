"""Kubernetes objects before they reach the server: names, one form for equal things, what a state keeps."""

from __future__ import annotations

from typing import Any

import pytest

from embedded.providers.codec import UNKNOWN, Secret, bare
from embedded.providers.errors import ProviderError
from embedded.providers.kube import names
from embedded.providers.kube.apply import merge_managers, must_force, with_ignored
from embedded.providers.kube.discovery import Kind
from embedded.providers.kube.normalize import normalized, pruned, to_object, to_properties
from embedded.providers.kube.quantity import canonical
from embedded.providers.kube.settings import Settings, refusals
from embedded.providers.kube.state import checkpoint, parse
from embedded.providers.lifecycle import Autoname, Urn

URN = Urn("urn:pulumi:s::p::jupyterhub:components:Hub$kubernetes:core/v1:ConfigMap::settings")
Obj = dict[str, Any]


def named(old: Obj, new: Obj, naming: Autoname | None = None) -> Obj:
    names.adopt_or_assign(URN, old, new, naming or Autoname())
    return new


def test_an_urn_tells_the_resources_own_type_and_name() -> None:
    assert (URN.type, URN.name) == ("kubernetes:core/v1:ConfigMap", "settings")


def test_an_unnamed_object_gets_a_name_of_its_own_and_says_so() -> None:
    made = named({}, {"kind": "ConfigMap"})
    prefix, _, digits = made["metadata"]["name"].rpartition("-")
    assert prefix == "settings"
    assert len(digits) == 8
    assert int(digits, 16) >= 0
    assert names.is_autonamed(made)


def test_the_engines_seed_makes_names_repeatable() -> None:
    one, same, other = (named({}, {}, Autoname(seed=seed)) for seed in (b"a", b"a", b"b"))
    assert one == same != other


def test_a_name_proposed_by_the_engine_wins_and_switched_off_naming_is_an_error() -> None:
    assert named({}, {}, Autoname(proposed="mine"))["metadata"]["name"] == "mine"
    with pytest.raises(ProviderError, match="autonaming is disabled"):
        named({}, {}, Autoname(disabled=True))


def test_an_autonamed_object_keeps_its_name_and_a_named_one_is_left_alone() -> None:
    first = named({}, {})
    assert named(first, {"data": {}})["metadata"]["name"] == first["metadata"]["name"]
    assert named(first, {"metadata": {"name": "fixed"}}) == {"metadata": {"name": "fixed"}}
    assert "name" not in named({"metadata": {"name": "fixed"}}, {"metadata": {}})["metadata"]


def test_a_name_not_known_yet_is_no_missing_name() -> None:
    assert named({}, {"metadata": {"name": UNKNOWN}}) == {"metadata": {"name": UNKNOWN}}
    assert named({}, {"metadata": UNKNOWN}) == {"metadata": UNKNOWN}


def test_generate_name_is_refused() -> None:
    with pytest.raises(ProviderError, match="generateName"):
        named({}, {"metadata": {"generateName": "a-"}})


@pytest.mark.parametrize(
    ("type_", "api"),
    [
        ("kubernetes:core/v1:Secret", ("v1", "Secret")),
        ("kubernetes:apps/v1:Deployment", ("apps/v1", "Deployment")),
        (
            "kubernetes:monitoring.coreos.com/v1:ServiceMonitor",
            ("monitoring.coreos.com/v1", "ServiceMonitor"),
        ),
    ],
)
def test_type_tokens_name_api_version_and_kind(type_: str, api: tuple[str, str]) -> None:
    assert names.api_of(type_) == api


def test_ids_name_the_namespace_where_there_is_one() -> None:
    assert names.object_id({"metadata": {"namespace": "a", "name": "b"}}) == "a/b"
    assert names.split_id("a/b") == ("a", "b")
    assert names.split_id("b") == ("", "b")


def test_the_field_manager_is_the_annotations_then_the_states_then_a_new_one() -> None:
    noted = {"metadata": {"annotations": {"pulumi.com/patchFieldManager": "mine"}}}
    assert names.manager({"__fieldManager": "known"}, noted) == "mine"
    assert names.manager({"__fieldManager": "known"}, {}) == "known"
    assert names.manager({}, {}).startswith("pulumi-kubernetes-")
    assert names.manager({}, {}) != names.manager({}, {})


def test_paths_lead_to_core_and_group_kinds_inside_and_outside_namespaces() -> None:
    assert Kind("v1", "Pod", "pods", True).path("a", "b") == "/api/v1/namespaces/a/pods/b"
    assert Kind("v1", "Pod", "pods", True).path("") == "/api/v1/namespaces/default/pods"
    assert Kind("v1", "Namespace", "namespaces", False).path("", "b") == "/api/v1/namespaces/b"
    assert (
        Kind("apps/v1", "Deployment", "deployments", True).path("a")
        == "/apis/apps/v1/namespaces/a/deployments"
    )


AMOUNTS = {
    "1000m": "1",
    "0.5": "500m",
    1: "1",
    0.25: "250m",
    "1024Mi": "1Gi",
    "1000Mi": "1000Mi",
    "1.5Gi": "1536Mi",
    "100000": "100k",
    "1e3": "1e3",
    "0": "0",
    "nonsense": "nonsense",
    "0.1Gi": "107374182400m",
    "2k": "2k",
    "1024": "1024",
}


@pytest.mark.parametrize("amount", AMOUNTS, ids=str)
def test_amounts_are_written_as_the_server_writes_them(amount: str | float) -> None:
    assert canonical(amount) == AMOUNTS[amount]


def test_amounts_are_rewritten_only_where_the_server_does_it() -> None:
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "spec": {"hard": {"cpu": "1000m"}}}
    assert normalized(quota)["spec"]["hard"] == {"cpu": "1"}
    custom = {**quota, "apiVersion": "example.org/v1"}
    assert normalized(custom)["spec"]["hard"] == {"cpu": "1000m"}
    config = {"apiVersion": "v1", "kind": "ConfigMap", "data": {"limits": "1000m"}}
    assert normalized(config)["data"] == {"limits": "1000m"}


def test_string_data_becomes_data_and_wins_over_it() -> None:
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "data": {"a": "eA==", "b": "eg=="},
        "stringData": {"a": Secret("y")},
    }
    made = normalized(secret)
    assert made["data"] == {"a": "eQ==", "b": "eg=="}
    assert "stringData" not in made


def test_what_only_the_server_writes_is_no_input() -> None:
    given = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "a", "uid": "u", "managedFields": []},
    }
    assert normalized(given)["metadata"] == {"name": "a"}


def test_pruning_keeps_what_was_asked_for_with_its_live_values() -> None:
    live = {"a": 2, "server": 1, "list": [{"x": 1, "y": 2}, {"x": 3}], "empty": None}
    assert pruned(live, {"a": 1, "list": [{"x": 0}], "gone": "v"}) == {"a": 2, "list": [{"x": 1}]}


def test_a_zero_left_out_by_the_server_counts_as_there_unless_it_has_a_meaning_of_its_own() -> None:
    assert pruned({}, {"ingress": [], "hostNetwork": False}) == {"ingress": [], "hostNetwork": False}
    assert pruned({}, {"automountServiceAccountToken": False, "replicas": 0}) == {}


def test_dashed_names_of_definitions_survive_both_ways() -> None:
    obj = {"schema": [{"x-kubernetes-int-or-string": True}]}
    assert to_properties(obj) == {"schema": [{"x_kubernetes_int_or_string": True}]}
    assert to_object(to_properties(obj)) == obj


def test_a_state_hides_secret_inputs_and_all_data_of_a_secret_and_reads_back_bare() -> None:
    live = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "a", "uid": "u"},
        "data": {"k": "eA=="},
    }
    asked = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "data": {"k": "eA=="}}
    state = checkpoint(asked, live, {"data": {"k": Secret("eA==")}}, "manager")
    assert isinstance(state["data"], Secret)
    assert isinstance(state["__inputs"]["data"], Secret)
    assert parse(state) == (asked, live)
    assert state["__fieldManager"] == "manager"


def test_a_config_maps_secret_leaf_stays_secret_and_its_neighbours_stay_readable() -> None:
    live = {"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": "x", "b": "y"}}
    state = checkpoint(live, bare(live), {**live, "data": {"a": Secret("x"), "b": "y"}}, "m")
    assert state["data"] == {"a": Secret("x"), "b": "y"}
    assert state["__inputs"]["data"] == {"a": Secret("x"), "b": "y"}


def entry(manager: str, operation: str, **fields: Any) -> Obj:  # noqa: ANN401
    return {"manager": manager, "operation": operation, "fieldsV1": fields}


def test_fields_of_earlier_writers_become_ours_and_those_of_controllers_do_not() -> None:
    entries = [
        entry("pulumi-kubernetes", "Update", data={"a": {}}),
        entry("kubectl-patch", "Update", data={"b": {}}),
        entry("kube-controller-manager", "Update", status={}),
    ]
    assert merge_managers(entries, "mine") == [
        entries[2],
        entry("mine", "Apply", data={"a": {}, "b": {}}),
    ]
    assert merge_managers(entries[2:], "mine") == entries[2:]


def test_other_managers_are_overruled_only_when_told_to() -> None:
    live = {"metadata": {"managedFields": [entry("somebody", "Apply")]}}
    assert not must_force({}, live, always=False, preview=False)
    assert must_force({}, live, always=True, preview=False)
    noted = {"metadata": {"annotations": {"pulumi.com/patchForce": "true"}}}
    assert must_force(noted, live, always=False, preview=False)


def test_ignored_fields_are_applied_with_their_live_value() -> None:
    live = {"spec": {"replicas": 5}}
    assert with_ignored({"spec": {"replicas": 1, "a": 1}}, live, ["spec.replicas", "spec.none"]) == {
        "spec": {"replicas": 5, "a": 1}
    }


def test_settings_come_from_the_provider_before_the_environment() -> None:
    env = {"PULUMI_K8S_ENABLE_SECRET_MUTABLE": "true", "PULUMI_K8S_DELETE_UNREACHABLE": "true"}
    settings = Settings.read({"enableSecretMutable": "false"}, env)
    assert not settings.secret_mutable
    assert settings.delete_unreachable


@pytest.mark.parametrize(
    ("name", "value"), [("renderYamlToDirectory", "out"), ("enableServerSideApply", "false")]
)
def test_a_setting_that_cannot_be_honoured_is_refused_by_name(name: str, value: str) -> None:
    assert [found for found, _ in refusals({name: value})] == [name]
    assert refusals({"enableServerSideApply": "true", "renderYamlToDirectory": ""}) == []
