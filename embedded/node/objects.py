"""The objects that the node itself brings: classes, the provisioner's settings, each part's least rights."""

from __future__ import annotations

import json
from collections.abc import Sequence

from embedded.node.addons import volume_map
from embedded.node.api import Document
from embedded.node.layout import ALL_NODES_CLASSES, ONE_NODE_CLASSES, STORAGE_NAMESPACE, Images, Layout

RBAC = "rbac.authorization.k8s.io/v1"
READ = ("get", "list", "watch")
Rule = tuple[str, tuple[str, ...], Sequence[str]]

RIGHTS: dict[str, tuple[Rule, ...]] = {
    "coredns": (
        ("", ("endpoints", "services", "pods", "namespaces"), ("list", "watch")),
        ("discovery.k8s.io", ("endpointslices",), ("list", "watch")),
    ),
    "traefik": (
        ("", ("services", "secrets", "nodes", "namespaces"), READ),
        ("discovery.k8s.io", ("endpointslices",), ("list", "watch")),
        ("networking.k8s.io", ("ingresses", "ingressclasses"), READ),
        ("networking.k8s.io", ("ingresses/status",), ("update",)),
    ),
    "local-path-provisioner": (
        ("", ("nodes", "persistentvolumeclaims", "configmaps", "pods", "pods/log"), READ),
        ("", ("persistentvolumes",), (*READ, "create", "patch", "update", "delete")),
        ("", ("events",), ("create", "patch")),
        ("storage.k8s.io", ("storageclasses",), READ),
    ),
    "netpol": (
        ("", ("namespaces", "pods"), READ),
        ("networking.k8s.io", ("networkpolicies",), READ),
    ),
}


def _rules(rules: Sequence[Rule]) -> list[Document]:
    return [
        {"apiGroups": [group], "resources": list(kinds), "verbs": list(verbs)}
        for group, kinds, verbs in rules
    ]


def _binding(name: str, role: str, user: str, namespace: str = "") -> Document:
    scope = "" if namespace else "Cluster"
    return {
        "apiVersion": RBAC,
        "kind": f"{scope}RoleBinding",
        "metadata": {"name": name, **({"namespace": namespace} if namespace else {})},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": f"{scope}Role", "name": role},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}],
    }


def rights() -> list[Document]:
    """What each part may do."""
    found = [
        _binding("embedded:kube-proxy", "system:node-proxier", "system:kube-proxy"),
        _binding("embedded:apiserver-kubelet", "system:kubelet-api-admin", "kube-apiserver-kubelet-client"),
    ]
    for part, rules in RIGHTS.items():
        name = f"embedded:{part}"
        role = {
            "apiVersion": RBAC,
            "kind": "ClusterRole",
            "metadata": {"name": name},
            "rules": _rules(rules),
        }
        found += [role, _binding(name, name, name)]
    pods: Document = {
        "apiVersion": RBAC,
        "kind": "Role",
        "metadata": {"name": "embedded:local-path-provisioner", "namespace": STORAGE_NAMESPACE},
        "rules": _rules([("", ("pods",), (*READ, "create", "patch", "update", "delete"))]),
    }
    name = "embedded:local-path-provisioner"
    return [*found, pods, _binding(name, name, name, STORAGE_NAMESPACE)]


def classes() -> list[Document]:
    """The classes that stacks name; the first of each kind is the default."""
    default, *others = ONE_NODE_CLASSES
    return [
        _storage_class(default, "WaitForFirstConsumer", default=True),
        *(_storage_class(name, "WaitForFirstConsumer") for name in others),
        # A file system that all nodes reach is made at once: no pod has to say on which node.
        *(_storage_class(name, "Immediate") for name in ALL_NODES_CLASSES),
        _ingress_class("traefik", default=True),
        _ingress_class("nginx"),
    ]


def _storage_class(name: str, binding: str, *, default: bool = False) -> Document:
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": _class_metadata(name, "storageclass.kubernetes.io/is-default-class", default=default),
        "provisioner": "rancher.io/local-path",
        "volumeBindingMode": binding,
        "reclaimPolicy": "Delete",
    }


def _ingress_class(name: str, *, default: bool = False) -> Document:
    """A class that the node's Traefik serves, whatever its name says."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "IngressClass",
        "metadata": _class_metadata(name, "ingressclass.kubernetes.io/is-default-class", default=default),
        "spec": {"controller": "traefik.io/ingress-controller"},
    }


def _class_metadata(name: str, mark: str, *, default: bool) -> Document:
    return {"name": name, **({"annotations": {mark: "true"}} if default else {})}


def _helper_pod(image: str) -> str:
    container = {
        "name": "helper-pod",
        "image": image,
        "imagePullPolicy": "Never",
        "securityContext": {"runAsUser": 0},
    }
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "helper-pod"},
        "spec": {"containers": [container]},
    }
    return json.dumps(pod)


def storage(place: Layout, images: Images) -> list[Document]:
    """The provisioner's namespace and what its short pods do."""
    inside = {"namespace": STORAGE_NAMESPACE}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": STORAGE_NAMESPACE}},
        {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": "local-path-provisioner-service-account", **inside},
            "automountServiceAccountToken": False,
        },
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "local-path-config", **inside},
            "data": {
                "config.json": json.dumps(volume_map(place)),
                # Any user of any pod may write to a volume that is theirs; the folder above is root's alone.
                "setup": '#!/bin/sh\nset -eu\nmkdir -m 0777 -p "$VOL_DIR"\n',
                "teardown": '#!/bin/sh\nset -eu\nrm -rf "$VOL_DIR"\n',
                "helperPod.yaml": _helper_pod(images["helper"].ref),
            },
        },
    ]


def wanted(place: Layout, images: Images, *, pods: bool) -> list[Document]:
    """Everything, in an order in which each finds what it needs."""
    return [*classes(), *(storage(place, images) + rights() if pods else [])]
