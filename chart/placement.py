"""Values for where pods land, how far apart, and who goes first."""

from __future__ import annotations

from chart.merge import Values
from settings import Settings
from settings.hub import FastRestart
from settings.names import seconds
from settings.placement import Toleration

# Routes that a new proxy does not know yet come back at the next look.
_LOOK_FOR_ROUTES_EVERY = 30


def scheduling(settings: Settings) -> Values:
    """Switch off what needs cluster-wide rights or images of its own; keep room where nodes are added."""
    kept = settings.placement.placeholders
    rooms: Values = {"userPlaceholder": {"enabled": bool(kept), **({"replicas": kept} if kept else {})}}
    if kept:
        # They give way to servers by their priority, and by nothing else.
        rooms["podPriority"] = {"enabled": True}
    return {
        # The user scheduler needs a ClusterRole; placeholders serve clusters that grow by themselves.
        "scheduling": {"userScheduler": {"enabled": False}, **rooms},
        # The pulling hook holds up every upgrade until each node has pulled.
        "prePuller": {"hook": {"enabled": False}, "continuous": {"enabled": False}},
    }


def placement(settings: Settings) -> Values:
    """Choose nodes and priorities for hub, proxy and users."""
    chosen = settings.placement
    core: Values = {}
    if chosen.core_nodes:
        core["nodeSelector"] = dict(chosen.core_nodes)
    if spec := _core_spec(settings):
        core["extraPodSpec"] = spec
    values: Values = {"hub": dict(core), "proxy": {"chp": core}} if core else {}
    if users := _users(settings):
        values["singleuser"] = users
    if chosen.priority.users:
        spawner = {"KubeSpawner": {"priority_class_name": chosen.priority.users}}
        values.setdefault("hub", {})["config"] = spawner
    return values


def _users(settings: Settings) -> Values:
    chosen = settings.placement
    users: Values = {}
    if chosen.user_nodes:
        users["nodeSelector"] = dict(chosen.user_nodes)
    if chosen.user_tolerations:
        users["extraTolerations"] = [toleration(one) for one in chosen.user_tolerations]
    return users


def _core_spec(settings: Settings) -> Values:
    chosen = settings.placement
    spec: Values = {}
    if chosen.priority.core:
        # The chart's own way makes a PriorityClass, which belongs to the cluster.
        spec["priorityClassName"] = chosen.priority.core
    if chosen.hub_apart_from_proxy:
        # Not affinity: the chart writes that key itself, and the pod's would stand there twice.
        spec["topologySpreadConstraints"] = [_apart(settings.hub.release)]
    return spec


def _apart(release: str) -> Values:
    one_of = {"key": "app.kubernetes.io/component", "operator": "In", "values": ["hub", "proxy"]}
    return {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        # On a cluster with one node left both must run there.
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {
            "matchLabels": {"app.kubernetes.io/instance": release},
            "matchExpressions": [one_of],
        },
    }


def toleration(wanted: Toleration) -> Values:
    """Write a taint that pods accept."""
    if wanted.value is None:
        return {"key": wanted.key, "operator": "Exists", "effect": wanted.effect}
    return {"key": wanted.key, "operator": "Equal", "value": wanted.value, "effect": wanted.effect}


def availability(settings: Settings) -> Values:
    """Let hub and proxy leave a lost node soon; Kubernetes' own default is five minutes."""
    chosen = settings.availability
    if not isinstance(chosen, FastRestart):
        return {}
    tolerations = [
        {
            "key": f"node.kubernetes.io/{state}",
            "operator": "Exists",
            "effect": "NoExecute",
            "tolerationSeconds": seconds(chosen.node_loss),
        }
        for state in ("not-ready", "unreachable")
    ]
    soon = {"JupyterHub": {"last_activity_interval": _LOOK_FOR_ROUTES_EVERY}}
    return {
        "hub": {"tolerations": tolerations, "config": soon},
        "proxy": {"chp": {"tolerations": tolerations}},
    }
