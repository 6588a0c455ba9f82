"""What one sees of a hub at a glance: people, starts, the hub itself, what it uses and what it keeps."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from observability.alerts.servers import gpu_resources
from observability.model import Dashboard, Panel, Query, Row
from observability.series import CORE, FAILED, OF_THE_HUB, Place
from settings import Settings

_STEP = "$__rate_interval"
_STARTS = "jupyterhub_server_spawn_duration_seconds"
_REQUESTS = "jupyterhub_request_duration_seconds"
_LONGEST_UID = 40


def overview(settings: Settings) -> Dashboard:
    """Give the one dashboard of a hub. Two hubs may share a Grafana: all names carry the namespace."""
    namespace = settings.namespace.name
    here = Place(namespace)
    rows = [
        _people(here, settings.hub.limits.active_servers),
        _starts(here),
        _hub(here),
        _resources(here),
        _keeping(here, gpu_resources(settings.profiles)),
        *([_tunnel(here)] if settings.ingress.tunnel else []),
    ]
    return Dashboard(uid=_uid(namespace), title=f"JupyterHub: {namespace}", rows=tuple(rows))


def _uid(namespace: str) -> str:
    """Make the name by which Grafana knows the dashboard; it takes 40 characters."""
    whole = f"hub-{namespace}"
    if len(whole) <= _LONGEST_UID:
        return whole
    return f"hub-{hashlib.sha256(namespace.encode()).hexdigest()[:16]}"


def _one(expr: str, legend: str = "") -> tuple[Query, ...]:
    return (Query(expr=expr, legend=legend),)


def _people(here: Place, limit: int | None) -> Row:
    running = f"sum({here.series('jupyterhub_running_servers')})"
    lines = [Query(expr=running, legend="servers")]
    if limit:
        lines.append(Query(expr=f"vector({limit})", legend="limit"))
    panels = [
        Panel(title="Servers", kind="stat", queries=_one(running), width=4, height=4),
        *(_active(here, period) for period in ("24h", "7d", "30d")),
        Panel(
            title="Users that the hub knows",
            kind="stat",
            queries=_one(f"sum({here.series('jupyterhub_total_users')})"),
            width=4,
            height=4,
        ),
        Panel(
            title="Starts refused in 24 h",
            kind="stat",
            queries=_one(
                here.grown(f"{_STARTS}_count", 'status=~"throttled|too-many-users"', over="24h"), "refused"
            ),
            width=4,
            height=4,
            about="By the hub's own limits: hub.limits.concurrentSpawns and activeServers.",
        ),
        Panel(title="Servers that run", queries=tuple(lines), width=24),
    ]
    return Row(title="People", panels=tuple(panels))


def _active(here: Place, period: str) -> Panel:
    active = here.series("jupyterhub_active_users", f'period="{period}"')
    return Panel(
        title=f"Active users, {period}", kind="stat", queries=_one(f"max({active})"), width=4, height=4
    )


def _starts(here: Place) -> Row:
    buckets = here.grown(f"{_STARTS}_bucket", 'status="success"', over=_STEP).replace(
        "sum(", "sum by (le) (", 1
    )
    quantiles = tuple(
        Query(expr=here.quantile(share, _STARTS, 'status="success"', over="30m"), legend=f"p{share * 100:g}")
        for share in (0.5, 0.95)
    )
    by_status = here.series(f"{_STARTS}_count")
    return Row(
        title="Starts of servers",
        panels=(
            Panel(title="How long they take", kind="heatmap", unit="s", queries=_one(buckets, "{{le}}")),
            Panel(title="How long they take, of 30 minutes", unit="s", queries=quantiles),
            Panel(
                title="How they end, in an hour",
                queries=(
                    *_one(f"sum by (status) (increase({by_status}[1h]))", "{{status}}"),
                    *_one(here.grown(f"{_STARTS}_count", FAILED, over="1h"), "all failures"),
                ),
            ),
        ),
    )


def _hub(here: Place) -> Row:
    of_code = here.rate(f"{_REQUESTS}_count", over=_STEP)
    failed = here.rate(f"{_REQUESTS}_count", 'code=~"5.."', OF_THE_HUB, over=_STEP)
    every = here.rate(f"{_REQUESTS}_count", OF_THE_HUB, over=_STEP)
    latency = tuple(
        Query(expr=here.quantile(share, _REQUESTS, OF_THE_HUB, over=_STEP), legend=f"p{share * 100:g}")
        for share in (0.5, 0.95, 0.99)
    )
    lag = here.quantile(0.99, "jupyterhub_event_loop_interval_seconds", over=_STEP)
    routes = here.quantile(0.95, "jupyterhub_check_routes_duration_seconds", over="15m")
    return Row(
        title="The hub",
        panels=(
            Panel(
                title="Requests",
                unit="reqps",
                queries=_one(f"sum by (code) ({of_code})", "{{code}}"),
                width=6,
            ),
            Panel(title="Latency", unit="s", queries=latency, width=6),
            Panel(
                title="Share of answers of 500 and more",
                unit="percentunit",
                most=1,
                # Without an error there is no series of one, and the panel would show nothing.
                queries=_one(f"(sum({failed}) or vector(0)) / sum({every})", "errors"),
                width=6,
                about="Without the pages that stand for a user's server that does not answer.",
            ),
            Panel(
                title="What keeps it busy",
                unit="s",
                queries=(*_one(lag, "event loop p99"), *_one(routes, "check of routes p95")),
                width=6,
            ),
        ),
    )


def _resources(here: Place) -> Row:
    memory = here.series("container_memory_working_set_bytes", CORE)
    cpu = here.rate("container_cpu_usage_seconds_total", CORE, over=_STEP)
    restarts = here.series("kube_pod_container_status_restarts_total", CORE)
    limit = here.series("kube_pod_container_resource_limits", CORE, 'resource="memory"')
    return Row(
        title="What hub and proxy use",
        panels=(
            Panel(
                title="Memory",
                unit="bytes",
                queries=(
                    *_one(f"max by (container) ({memory})", "{{container}}"),
                    *_one(f"max by (container) ({limit})", "{{container}} limit"),
                ),
            ),
            Panel(title="Processors", queries=_one(f"sum by (container) ({cpu})", "{{container}}")),
            Panel(
                title="Restarts in an hour",
                queries=_one(f"sum by (container) (increase({restarts}[1h]))", "{{container}}"),
            ),
        ),
    )


def _keeping(here: Place, gpus: tuple[str, ...]) -> Row:
    used, whole = (
        f"max by (persistentvolumeclaim) ({here.series(f'kubelet_volume_stats_{kind}_bytes')})"
        for kind in ("used", "capacity")
    )
    waiting = here.series("kube_pod_status_phase", 'phase="Pending"')
    return Row(
        title="Volumes and pods",
        panels=(
            Panel(
                title="The fullest volumes",
                kind="bargauge",
                unit="percentunit",
                most=1,
                queries=_one(f"topk(15, {used} / {whole})", "{{persistentvolumeclaim}}"),
                about="Only of volumes that are mounted, and of drivers that say it.",
            ),
            Panel(title="Pods that wait", queries=_one(f"sum({waiting})", "pending")),
            *_gpus(here, gpus),
        ),
    )


def _gpus(here: Place, gpus: tuple[str, ...]) -> Iterator[Panel]:
    if gpus:
        asked = here.series("kube_pod_container_resource_requests", f'resource=~"{"|".join(gpus)}"')
        yield Panel(
            title="GPUs that servers have asked for",
            queries=_one(f"sum by (resource) ({asked})", "{{resource}}"),
        )


def _tunnel(here: Place) -> Row:
    lines = here.series("cloudflared_tunnel_ha_connections")
    return Row(
        title="The tunnel",
        panels=(
            Panel(
                title="Connections to Cloudflare",
                queries=_one(f"sum by (pod) ({lines})", "{{pod}}"),
                width=24,
            ),
        ),
    )
