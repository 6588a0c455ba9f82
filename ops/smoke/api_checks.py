"""What the hub's API and its metrics say, and to whom."""

from __future__ import annotations

import json
from urllib.parse import quote, urlsplit

from ops.kubectl import NoAnswer
from ops.smoke.hub import refused
from ops.smoke.outcome import Failed, Seen, Skipped
from ops.smoke.tokens import token
from ops.smoke.visit import Visit
from ops.smoke.way import Way
from settings.monitoring import PROMETHEUS
from settings.smoke import SERVICE, USER

_OK = 200
_REFUSED = (401, 403)
_METRICS = "/hub/metrics"
_NEEDED = ("admin:users", "servers", "access:servers")
_OWN = (f"user={USER}", f"service={SERVICE}")


def api(visit: Visit) -> Seen:
    """The version is that of the settings, the token is taken, and opens no more than it must."""
    told = visit.way.ask("GET", "/hub/api/").json()
    version = str(told.get("version")) if isinstance(told, dict) else "unknown"
    answer = visit.hub.ask("GET", "/user")
    model = answer.json()
    if answer.status != _OK or not isinstance(model, dict):
        raise Failed(
            f"the hub does not take the token of its service {SERVICE} ({answer.status})",
            "Nothing behind the sign-in page can be tried.",
            f"The hub may be older than its Secret: `pulumi up --stack {visit.live.stack}`.",
        )
    _rights(model.get("scopes") or [], admin=bool(model.get("admin")))
    if version != visit.settings.hub.version:
        raise Failed(
            f"the hub is JupyterHub {version}, and the settings say {visit.settings.hub.version}",
            "Its settings were checked against another version.",
            "Correct hub.version or images.hub in the settings, and deploy.",
            stops=False,
        )
    return Seen(f"JupyterHub {version}; the token opens {USER} and nothing else")


def _rights(scopes: list[str], *, admin: bool) -> None:
    wide = [one for one in scopes if one.partition("!")[2] not in _OWN]
    if wide or admin:
        raise Failed(
            f"the token may do more than it must: {', '.join(wide) or 'it is an administrator'}",
            "Whoever reads that Secret may do the same.",
            "Look for a second role of the service in hub.loadRoles; the one of the settings is enough.",
            stops=False,
        )
    missing = [one for one in _NEEDED if f"{one}!user={USER}" not in scopes]
    if missing:
        raise Failed(
            f"the token may not do all that it must: {', '.join(missing)} for {USER}",
            "No server can be tried.",
            "Deploy the settings as they stand; monitoring.smoke gives the service its role.",
        )


def metrics(visit: Visit) -> Seen:
    """Without a token nobody reads the metrics, and with Prometheus' token they are there."""
    if not visit.settings.monitoring.metrics:
        raise Skipped("monitoring.metrics is off")
    bare = visit.way.ask("GET", _METRICS)
    if bare.status not in _REFUSED:
        raise Failed(
            f"{_METRICS} without a token answers {bare.status}, not 403",
            "Strangers read who works when." if bare.status == _OK else "Prometheus reads nothing.",
            "See what answers there: an ingress of somebody else, or a hub with authenticate_prometheus off.",
        )
    headers = {"Authorization": f"Bearer {token(visit.live, PROMETHEUS)}"}
    answer = visit.way.ask("GET", _METRICS, headers)
    if answer.status != _OK or b"jupyterhub_" not in answer.body:
        raise refused("give its metrics to Prometheus' token", answer)
    names = {line.split(b"{")[0].split(b" ")[0] for line in answer.body.splitlines() if line[:1] not in b"#"}
    return Seen(f"403 without a token; {len(names)} metrics with Prometheus' token")


def prometheus(visit: Visit) -> Seen:
    """A Prometheus has the hub as a target that is up."""
    where = visit.options.prometheus
    if not visit.settings.monitoring.metrics:
        raise Skipped("monitoring.metrics is off")
    if not where:
        stack = visit.settings.monitoring.stack
        known = "which one is not in the settings" if stack != "none" else "monitoring.stack is none"
        raise Skipped(f"--prometheus names none to ask ({known})")
    query = f'up{{job="hub", namespace="{visit.settings.namespace.name}"}}'
    values = [float(one["value"][1]) for one in _asked(visit, where, query)]
    if not values or not all(values):
        raise Failed(
            f"Prometheus has {query} " + ("as 0: it does not get in" if values else "not at all"),
            "No alert of this hub ever rings, and its dashboard is empty.",
            "docs/monitoring.md, `How Prometheus gets in`: labels, token, and monitoring.namespaces.",
        )
    return Seen(f"{query} is 1")


def _asked(visit: Visit, where: str, query: str) -> list[dict[str, list[str]]]:
    path = f"/api/v1/query?query={quote(query)}"
    if "://" in where:
        parts = urlsplit(where)
        way = Way(f"{parts.scheme}://{parts.netloc}", (), visit.way.trust)
        told = way.ask("GET", parts.path.rstrip("/") + path).json()
    else:
        namespace, _, service = where.partition("/")
        proxied = f"/api/v1/namespaces/{namespace}/services/{service}/proxy{path}"
        try:
            told = json.loads(visit.live.cluster.raw(proxied))
        except (NoAnswer, ValueError) as error:
            raise _no_prometheus(where, str(error)) from error
    if not isinstance(told, dict) or told.get("status") != "success":
        raise _no_prometheus(where, "it answers something else than Prometheus does")
    found: list[dict[str, list[str]]] = told["data"]["result"]
    return found


def _no_prometheus(where: str, why: str) -> Failed:
    return Failed(
        f"{where}: {why}",
        "It cannot be told whether the hub is watched.",
        "Give its address, or NAMESPACE/SERVICE:PORT, by --prometheus.",
    )
