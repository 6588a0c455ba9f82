"""Whether hub, proxy and tunnel are there, and fit for work."""

from __future__ import annotations

from collections.abc import Iterator

from observability.model import Alert
from observability.series import CORE, OF_THE_HUB, Place
from settings import Settings
from settings.monitoring import Thresholds

_REQUESTS = "jupyterhub_request_duration_seconds_count"


def alerts(settings: Settings) -> Iterator[Alert]:
    """Give those that these settings can feed."""
    here = Place(settings.namespace.name)
    yield from _there(here)
    yield from _restarts_and_memory(here)
    if settings.monitoring.metrics:
        yield _scraped(here)
        yield from _answers(here, settings.monitoring.thresholds)
    if settings.ingress.tunnel:
        yield from _tunnel(here, settings.ingress.tunnel.replicas, scraped=settings.monitoring.metrics)


def _there(here: Place) -> Iterator[Alert]:
    ready = "kube_deployment_status_replicas_available"
    yield Alert(
        name="JupyterHubDown",
        expr=here.series(ready, 'deployment="hub"') + " < 1",
        lasting="5m",
        severity="critical",
        summary="No hub is ready",
        description="Nobody can sign in or start a server. Servers that run go on, and are reached still.",
    )
    yield Alert(
        name="JupyterHubProxyDown",
        expr=here.series(ready, 'deployment="proxy"') + " < 1",
        lasting="5m",
        severity="critical",
        summary="No proxy is ready",
        description="Nobody reaches anything: neither the hub nor a running server.",
    )


def _restarts_and_memory(here: Place) -> Iterator[Alert]:
    restarts = here.series("kube_pod_container_status_restarts_total", 'container=~"hub|chp|cloudflared"')
    yield Alert(
        name="JupyterHubRestarting",
        # One restart is stretched to a little more than 1 by increase().
        expr=f"increase({restarts}[30m]) > 1.5",
        lasting="0m",
        severity="warning",
        summary="{{ $labels.container }} keeps restarting",
        description="The container of {{ $labels.pod }} restarted more than once in 30 minutes.",
    )
    used = here.series("container_memory_working_set_bytes", CORE)
    limit = here.series("kube_pod_container_resource_limits", CORE, 'resource="memory"')
    both = f"max by (pod, container) ({used}) / on (pod, container) max by (pod, container) ({limit})"
    yield Alert(
        name="JupyterHubMemory",
        expr=f"{both} > 0.9",
        lasting="15m",
        severity="warning",
        summary="{{ $labels.container }} is near its memory limit",
        description="{{ $value | humanizePercentage }} of its limit is used; at 100 % it is killed.",
    )


def _scraped(here: Place) -> Alert:
    target = here.series("up", 'job="hub"')
    return Alert(
        name="JupyterHubNotScraped",
        expr=f"absent({target} == 1)",
        lasting="10m",
        severity="critical",
        summary="Prometheus gets no metrics from the hub",
        description="Either the hub is down, or nothing that its metrics would show can be seen.",
    )


def _answers(here: Place, limits: Thresholds) -> Iterator[Alert]:
    failed = here.grown(_REQUESTS, 'code=~"5.."', OF_THE_HUB, over="10m")
    answered = here.grown(_REQUESTS, OF_THE_HUB, over="10m")
    yield Alert(
        name="JupyterHubErrors",
        # A single failure at night is a large share of few requests.
        expr=f"{failed} / {answered} > {limits.errors / 100} and {failed} > 5",
        lasting="10m",
        severity="critical",
        summary="The hub answers with errors",
        description="{{ $value | humanizePercentage }} of its answers in 10 minutes are errors of its own.",
    )
    lag = here.quantile(0.99, "jupyterhub_event_loop_interval_seconds", over="5m")
    yield Alert(
        name="JupyterHubEventLoopSlow",
        expr=f"{lag} > 0.5",
        lasting="10m",
        severity="warning",
        summary="The hub is busy with one thing at a time",
        description="One turn in a hundred of its event loop takes {{ $value | humanizeDuration }}.",
    )
    added = here.grown("jupyterhub_proxy_add_duration_seconds_count", 'status=~"failure|error"', over="15m")
    yield Alert(
        name="JupyterHubRoutesFail",
        expr=f"{added} > 1",
        lasting="5m",
        severity="critical",
        summary="The hub cannot tell the proxy its routes",
        description="New servers start, and nobody reaches them.",
    )


def _tunnel(here: Place, replicas: int, *, scraped: bool) -> Iterator[Alert]:
    ready = here.series("kube_deployment_status_replicas_available", 'deployment="cloudflared"')
    lines = here.series("cloudflared_tunnel_ha_connections")
    connected = f" or sum({lines}) < 1" if scraped else ""
    yield Alert(
        name="JupyterHubTunnelDown",
        expr=f"{ready} < 1{connected}",
        lasting="5m",
        severity="critical",
        summary="The tunnel has no connection",
        description="Nobody reaches the hub from outside: the tunnel is its only way in.",
    )
    if replicas > 1:
        yield Alert(
            name="JupyterHubTunnelThin",
            expr=f"{ready} < {replicas}",
            lasting="15m",
            severity="warning",
            summary="A connector of the tunnel is missing",
            description=f"{{{{ $value }}}} of {replicas} connectors are ready.",
        )
