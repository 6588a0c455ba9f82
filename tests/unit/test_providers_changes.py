"""Differences by property, and which of them replace an object."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedded.providers.changes import Kind, changes, mark_replacing, parse, path_text, without_ignored
from embedded.providers.codec import UNKNOWN
from embedded.providers.kube.replacement import forcing
from embedded.providers.kube.settings import Settings

Obj = dict[str, Any]
OBJECTS = st.recursive(
    st.integers() | st.text(min_size=1, max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", min_size=1), inner, max_size=3),
    max_leaves=10,
)


def found(is_: Obj, wanted: Obj, asked: Obj | None = None) -> dict[str, str]:
    return {one.text: one.kind.value for one in changes(is_, wanted, is_ if asked is None else asked)}


@given(st.dictionaries(st.text("ab", min_size=1), OBJECTS, max_size=3))
def test_nothing_differs_from_itself(obj: Obj) -> None:
    assert found(obj, obj) == {}


def test_each_changed_property_is_named_alone() -> None:
    is_ = {"spec": {"replicas": 1, "ports": [{"port": 80}, {"port": 81}], "old": True}}
    wanted = {"spec": {"replicas": 2, "ports": [{"port": 8080}], "new": "x"}}
    assert found(is_, wanted) == {
        "spec.replicas": "UPDATE",
        "spec.ports[0].port": "UPDATE",
        "spec.ports[1]": "DELETE",
        "spec.old": "DELETE",
        "spec.new": "ADD",
    }


def test_what_only_the_cluster_set_is_never_deleted() -> None:
    assert found({"a": 1, "clusterIP": "10.0.0.1"}, {"a": 1}, asked={"a": 1}) == {}


def test_false_is_not_zero_and_a_number_may_be_written_either_way() -> None:
    assert found({"a": 0}, {"a": False}) == {"a": "UPDATE"}
    assert found({"a": 1}, {"a": 1.0}) == {}


def test_an_unknown_value_counts_as_changed() -> None:
    assert found({"a": 1}, {"a": UNKNOWN, "b": UNKNOWN}) == {"a": "UPDATE", "b": "ADD"}


def test_an_empty_list_that_the_server_left_out_is_no_change_but_a_new_one_is() -> None:
    assert found({}, {"ingress": []}, asked={"ingress": []}) == {}
    assert found({}, {"ingress": []}, asked={}) == {"ingress": "ADD"}


PATHS = [
    ("spec", "containers", 0, "image"),
    ("metadata", "annotations", "pulumi.com/a.b"),
    ("data", 'a"b'),
]


@pytest.mark.parametrize("path", PATHS)
def test_paths_are_written_as_the_engine_reads_them(path: tuple[str | int, ...]) -> None:
    if '"' not in str(path[-1]):
        assert parse(path_text(path)) == path
    assert path_text(("metadata", "annotations", "a.b")) == 'metadata.annotations["a.b"]'
    assert path_text(("data", 'a"b')) == 'data["a\\"b"]'


def replacing(is_: Obj, wanted: Obj, settings: Settings = Settings()) -> set[str]:  # noqa: B008 - frozen
    marked = mark_replacing(changes(is_, wanted, is_), forcing(wanted, settings))
    return {one.text for one in marked if one.replaces}


def obj(api_version: str, kind: str, **rest: object) -> Obj:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "n", "namespace": "s"}, **rest}


MUTABLE = Settings(secret_mutable=True, config_map_mutable=True)
REPLACED = [
    (obj("v1", "Pod", spec={"containers": [{"image": "a"}]}), {"spec": {"containers": [{"image": "b"}]}}),
    (obj("apps/v1", "Deployment", spec={"selector": {"matchLabels": {"a": "1"}}}),
     {"spec": {"selector": {"matchLabels": {"a": "2"}}}}),
    (obj("apps/v1", "StatefulSet", spec={"serviceName": "a"}), {"spec": {"serviceName": "b"}}),
    (obj("batch/v1", "Job", spec={"template": {"spec": 1}}), {"spec": {"template": {"spec": 2}}}),
    (obj("v1", "PersistentVolumeClaim", spec={"storageClassName": "a"}), {"spec": {"storageClassName": "b"}}),
    (obj("rbac.authorization.k8s.io/v1", "RoleBinding", roleRef={"name": "a"}), {"roleRef": {"name": "b"}}),
    (obj("storage.k8s.io/v1", "StorageClass", provisioner="a"), {"provisioner": "b"}),
    (obj("v1", "Secret", type="a"), {"type": "b"}),
    (obj("v1", "ConfigMap", immutable=True, data={"a": "1"}), {"data": {"a": "2"}}),
    (obj("v1", "Secret", immutable=True, data={"a": "1"}), {"data": {"a": "2"}}),
    (obj("v1", "Service"), {"metadata": {"name": "other", "namespace": "s"}}),
    (obj("v1", "Service"), {"metadata": {"name": "n", "namespace": "other"}}),
]  # fmt: skip
UPDATED = [
    (obj("apps/v1", "Deployment", spec={"replicas": 1}), {"spec": {"replicas": 2}}),
    (obj("v1", "PersistentVolumeClaim", spec={"resources": {"requests": {"storage": "1Gi"}}}),
     {"spec": {"resources": {"requests": {"storage": "2Gi"}}}}),
    (obj("v1", "Secret", data={"a": "1"}), {"data": {"a": "2"}}),
    (obj("v1", "ConfigMap", data={"a": "1"}), {"data": {"a": "2"}}),
    (obj("v1", "Service", spec={"type": "ClusterIP"}), {"spec": {"type": "NodePort"}}),
]  # fmt: skip


@pytest.mark.parametrize(("is_", "change"), REPLACED)
def test_an_immutable_field_replaces(is_: Obj, change: Obj) -> None:
    assert replacing(is_, {**is_, **change}, MUTABLE)


@pytest.mark.parametrize(("is_", "change"), UPDATED)
def test_a_mutable_field_updates_in_place(is_: Obj, change: Obj) -> None:
    assert not replacing(is_, {**is_, **change}, MUTABLE)


@pytest.mark.parametrize("kind", ["Secret", "ConfigMap"])
def test_data_replaces_unless_the_provider_was_told_that_it_is_mutable(kind: str) -> None:
    is_ = obj("v1", kind, data={"a": "1"})
    assert replacing(is_, {**is_, "data": {"a": "2"}}) == {"data.a"}


def test_adding_a_whole_object_replaces_when_an_immutable_field_is_inside() -> None:
    is_ = obj("apps/v1", "Deployment")
    assert replacing(is_, {**is_, "spec": {"selector": {}}}) == {"spec"}
    assert replacing(is_, {**is_, "spec": {"replicas": 1}}) == set()


def test_ignored_changes_are_dropped_with_all_that_lies_under_them() -> None:
    all_ = changes({"a": {"b": 1, "c": 1}, "d": 1}, {"a": {"b": 2, "c": 2}, "d": 2}, {})
    assert {one.text for one in without_ignored(all_, ["a"])} == {"d"}
    assert {one.text for one in without_ignored(all_, ["a.b"])} == {"a.c", "d"}
    assert all(one.kind is Kind.UPDATE for one in all_)
