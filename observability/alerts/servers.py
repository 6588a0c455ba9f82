"""Whether people get their servers: starts, limits, places in the cluster."""

from __future__ import annotations

import re
from collections.abc import Iterator

from observability.model import Alert
from observability.series import FAILED, STARTED, Place
from settings import Settings
from settings.monitoring import Thresholds
from settings.names import seconds
from settings.profiles import Profile

_STARTS = "jupyterhub_server_spawn_duration_seconds"


def alerts(settings: Settings) -> Iterator[Alert]:
    """Give those that these settings can feed."""
    here, monitoring = Place(settings.namespace.name), settings.monitoring
    if monitoring.metrics:
        yield from _starts(here, monitoring.thresholds)
        if settings.hub.limits.active_servers:
            yield _near_limit(here, settings.hub.limits.active_servers)
    yield _pending(here)
    if resources := gpu_resources(settings.profiles):
        yield _gpu(here, resources)
    if settings.namespace.quota:
        yield _quota(here)


def gpu_resources(profiles: tuple[Profile, ...]) -> tuple[str, ...]:
    """Give the GPUs that profiles ask for, as kube-state-metrics writes resources."""
    asked = {profile.gpu.resource for profile in profiles if profile.gpu and profile.enabled}
    return tuple(sorted(re.sub(r"[^a-zA-Z0-9]", "_", resource) for resource in asked))


def _starts(here: Place, limits: Thresholds) -> Iterator[Alert]:
    failed = here.grown(f"{_STARTS}_count", FAILED, over="30m")
    all_of_them = here.grown(f"{_STARTS}_count", STARTED, over="30m")
    yield Alert(
        name="JupyterHubSpawnFailures",
        # The start of one person that fails again and again is no fault of the hub: three at least.
        expr=f"{failed} / {all_of_them} > {limits.spawn_failures / 100} and {failed} > 2.5",
        lasting="0m",
        severity="critical",
        summary="Servers do not start",
        description="{{ $value | humanizePercentage }} of the starts in 30 minutes failed.",
    )
    slow = here.quantile(0.95, _STARTS, 'status="success"', over="30m")
    yield Alert(
        name="JupyterHubSpawnSlow",
        expr=f"{slow} > {seconds(limits.spawn_slow)}",
        lasting="15m",
        severity="warning",
        summary="Servers start slowly",
        description="One in twenty starts takes {{ $value | humanizeDuration }} or longer.",
    )


def _near_limit(here: Place, limit: int) -> Alert:
    return Alert(
        name="JupyterHubNearlyFull",
        expr=f"sum({here.series('jupyterhub_running_servers')}) > {0.9 * limit:g}",
        lasting="10m",
        severity="warning",
        summary="Nearly as many servers run as may",
        description=f"{{{{ $value }}}} servers run; at {limit} the hub starts no more (hub.limits).",
    )


def _pending(here: Place) -> Alert:
    waiting = here.series("kube_pod_status_phase", 'phase="Pending"')
    return Alert(
        name="JupyterHubPodPending",
        expr=f"max by (pod) ({waiting}) > 0",
        lasting="20m",
        severity="warning",
        summary="{{ $labels.pod }} has been waiting for 20 minutes",
        description="The pod is not running: no node has room for it, an image or a volume is missing.",
    )


def _gpu(here: Place, resources: tuple[str, ...]) -> Alert:
    nowhere = here.series("kube_pod_status_unschedulable")
    asking = here.series("kube_pod_container_resource_requests", f'resource=~"{"|".join(resources)}"')
    return Alert(
        name="JupyterHubGpuWaiting",
        expr=f"max by (pod) ({nowhere} == 1) and on (pod) max by (pod) ({asking} > 0)",
        lasting="5m",
        severity="warning",
        summary="{{ $labels.pod }} waits for a GPU",
        description="No node has the GPUs that it asks for: all are taken, or their node is away.",
    )


def _quota(here: Place) -> Alert:
    used, hard = (here.series("kube_resourcequota", f'type="{kind}"') for kind in ("used", "hard"))
    both = f"max by (resource) ({used}) / on (resource) max by (resource) ({hard} > 0)"
    return Alert(
        name="JupyterHubQuota",
        expr=f"{both} > 0.9",
        lasting="15m",
        severity="warning",
        summary="The namespace's quota of {{ $labels.resource }} is nearly used up",
        description="{{ $value | humanizePercentage }} of it is taken; at 100 % servers no longer start.",
    )
