"""Which kinds of objects the chart makes of our values; tests hold it against what Helm renders."""

from __future__ import annotations

from collections.abc import Callable

from chart.images import at
from chart.merge import Values


def kinds(values: Values) -> frozenset[str]:
    """Give the kinds, each as `group/version:Kind`."""
    return frozenset(kind for kind, made in _KINDS.items() if made(values))


def _always(_: Values) -> bool:
    return True


def _any_of(*paths: str) -> Callable[[Values], bool]:
    return lambda values: any(at(values, path) is True for path in paths)


def _own_database(values: Values) -> bool:
    return bool(at(values, "hub.db.type") == "sqlite-pvc")


_PULLED_BEFORE = "prePuller.hook.enabled"
_PULLED_ALWAYS = "prePuller.continuous.enabled"
_PLACED = "scheduling.userScheduler.enabled"
_RBAC = "rbac.create"
_KINDS: dict[str, Callable[[Values], bool]] = {
    "core/v1:ConfigMap": _always,
    "core/v1:Secret": _always,
    "core/v1:Service": _always,
    "apps/v1:Deployment": _always,
    "networking.k8s.io/v1:NetworkPolicy": _any_of(
        "hub.networkPolicy.enabled", "proxy.chp.networkPolicy.enabled", "singleuser.networkPolicy.enabled"
    ),
    "networking.k8s.io/v1:Ingress": _any_of("ingress.enabled"),
    "gateway.networking.k8s.io/v1:HTTPRoute": _any_of("httpRoute.enabled"),
    "core/v1:PersistentVolumeClaim": _own_database,
    "core/v1:ServiceAccount": _any_of("hub.serviceAccount.create", _PULLED_BEFORE, _PULLED_ALWAYS, _PLACED),
    "rbac.authorization.k8s.io/v1:Role": _any_of(_RBAC),
    "rbac.authorization.k8s.io/v1:RoleBinding": _any_of(_RBAC),
    "apps/v1:DaemonSet": _any_of(_PULLED_BEFORE, _PULLED_ALWAYS),
    "batch/v1:Job": _any_of(_PULLED_BEFORE),
    "apps/v1:StatefulSet": _any_of("scheduling.userPlaceholder.enabled"),
    "policy/v1:PodDisruptionBudget": _any_of("hub.pdb.enabled", "proxy.chp.pdb.enabled"),
}
