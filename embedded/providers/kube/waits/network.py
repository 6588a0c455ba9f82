"""Services and Ingresses."""

from __future__ import annotations

from collections.abc import Iterable

from embedded.providers.kube.client import Object
from embedded.providers.kube.waits.readiness import Look, Readiness, namespace_of, spec_of, status_of

# The official provider lets endpoints settle for ten seconds after each event; one look at them that finds
# all ready says the same here, where the wait looks again and again.
SETTLE_SECONDS = 2.0
BACKEND_SECONDS = 10.0
NO_ADDRESS = "Service was not allocated an IP address: is there anything on this cluster that hands them out?"
NO_PODS = (
    "Service does not target any ready Pods. Selected Pods may not be ready, or field '.spec.selector' may "
    "not match labels on any Pods"
)
NO_STATUS = (
    "Ingress .status.loadBalancer was not updated with a hostname or IP address: does an ingress controller "
    "run for ingress class {name!r}?"
)


def _addresses(obj: Object) -> bool:
    return bool((status_of(obj).get("loadBalancer") or {}).get("ingress"))


def check_service(look: Look, obj: Object) -> Readiness:
    """Ready when no selected pod is still unready, and a load balancer has its address."""
    spec = spec_of(obj)
    if spec.get("type") == "LoadBalancer" and not _addresses(obj):
        return Readiness(False, "[2/3] Attempting to allocate IP address to Service", [NO_ADDRESS])
    headless = spec.get("clusterIP") == "None"
    if spec.get("type") == "ExternalName" or headless or not spec.get("selector"):
        return Readiness(True)
    slices = _slices(look, obj)
    unready = sum(not _is_ready(point) for one in slices for point in one.get("endpoints") or [])
    if slices and not unready and look.seconds >= SETTLE_SECONDS:
        return Readiness(True, "✅ Service initialization complete")
    return Readiness(False, "[1/3] Finding Pods to direct traffic to", [NO_PODS])


def _slices(look: Look, service: Object) -> list[Object]:
    label = f"kubernetes.io/service-name={service['metadata']['name']}"
    path = f"/apis/discovery.k8s.io/v1/namespaces/{namespace_of(service)}/endpointslices"
    return look.listed(path, labelSelector=label)


def _is_ready(endpoint: Object) -> bool:
    return (endpoint.get("conditions") or {}).get("ready", True) is not False


def check_ingress(look: Look, obj: Object) -> Readiness:
    """Ready when the controller has written an address; a missing backend is waited for a little."""
    missing = [name for name in _backends(obj) if not _exists(look, obj, name)]
    if missing and look.seconds < BACKEND_SECONDS:
        return Readiness(False, f"[1/3] Finding a matching service: {', '.join(missing)}", _absent(missing))
    if _addresses(obj):
        said = f"no matching service found: {', '.join(missing)}" if missing else "✅ Ingress ready"
        return Readiness(True, said)
    text = "[2/3] Waiting for update of .status.loadBalancer with hostname/IP"
    name = spec_of(obj).get("ingressClassName") or "(default)"
    return Readiness(False, text, [NO_STATUS.format(name=name), *_absent(missing)])


def _absent(missing: list[str]) -> list[str]:
    return [f"the service {name!r} that a rule names does not exist" for name in missing]


def _backends(ingress: Object) -> Iterable[str]:
    names = {
        ((path.get("backend") or {}).get("service") or {}).get("name")
        for rule in spec_of(ingress).get("rules") or []
        for path in (rule.get("http") or {}).get("paths") or []
    }
    return sorted(name for name in names if name)


def _exists(look: Look, ingress: Object, name: str) -> bool:
    return look.client.find(f"/api/v1/namespaces/{namespace_of(ingress)}/services/{name}") is not None
