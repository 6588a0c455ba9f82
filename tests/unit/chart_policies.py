"""What the real chart makes of our values: its three policies, and the pods that they select.

The fixed rules are the chart's (4.4.0); a test holds them against what that chart rendered.
"""

from __future__ import annotations

from typing import Any

from chart.network import own_policies, policies, service_policies
from settings import Settings
from settings.capabilities import LABEL
from settings.flows import CONNECTOR

Json = dict[str, Any]
ACCESS = "hub.jupyter.org/network-access-"
COMPONENTS = {"hub": "hub", "proxy": "proxy", "users": "singleuser-server"}
PORTS = {"hub": {"http": 8081}, "proxy": {"http": 8000, "api": 8001}, "users": {"notebook-port": 8888}}
# Which labels let a pod in, by the name of the port; and where the chart lets its pods go.
LETS_IN = {
    "hub": {"http": "hub"},
    "proxy": {"http": "proxy-http", "api": "proxy-api"},
    "users": {"notebook-port": "singleuser"},
}
CARRIES = {
    "hub": ("proxy-api", "proxy-http", "singleuser"),
    "proxy": ("hub", "singleuser"),
    "users": ("hub",),
}
GOES_TO: dict[str, tuple[tuple[str, tuple[int, ...]], ...]] = {
    "hub": (("proxy", (8001,)), ("singleuser-server", (8888,))),
    "proxy": (("hub", (8081,)), ("singleuser-server", (8888,))),
    "users": (("hub", (8081,)), ("proxy", (8000,)), ("autohttps", (8080, 8443))),
}


def labels(component: str, release: str) -> dict[str, str]:
    return {"app": "jupyterhub", "component": component, "release": release}


def spec(role: str, release: str, own: Json) -> Json:
    assert own["enabled"]
    assert not any(own["egressAllowRules"].values()), "rules of these switches are not made here"
    open_to_all = [{"ports": [{"port": port} for port in own["allowedIngressPorts"]]}]
    return {
        "podSelector": {"matchLabels": labels(COMPONENTS[role], release)},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [
            *(open_to_all if own["allowedIngressPorts"] else []),
            *(
                {
                    "ports": [{"port": port}],
                    "from": [{"podSelector": {"matchLabels": {ACCESS + label: "true"}}}],
                }
                for port, label in LETS_IN[role].items()
            ),
            *own["ingress"],
        ],
        "egress": [
            *(
                {
                    "ports": [{"port": port} for port in ports],
                    "to": [{"podSelector": {"matchLabels": labels(component, release)}}],
                }
                for component, ports in GOES_TO[role]
            ),
            *own["egress"],
        ],
    }


def rendered(settings: Settings) -> list[Json]:
    """Give every policy of the namespace as objects: default deny, the chart's, and our own."""
    values, release = policies(settings), settings.hub.release
    specs = {
        "default-deny": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
        "hub": spec("hub", release, values["hub"]["networkPolicy"]),
        "proxy": spec("proxy", release, values["proxy"]["chp"]["networkPolicy"]),
        "singleuser": spec("users", release, values["singleuser"]["networkPolicy"]),
        **own_policies(settings),
        **service_policies(settings),
    }
    return [
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": name, "namespace": settings.namespace.name},
            "spec": body,
        }
        for name, body in specs.items()
    ]


def pod(role: str, address: str, settings: Settings, services: tuple[str, ...] = ()) -> Json:
    """Give a pod of the release; `services` are those that its owner may use."""
    if role == "tunnel":
        return make(settings.namespace.name, address, dict(CONNECTOR), {})
    carried = {ACCESS + label: "true" for label in CARRIES[role]}
    granted = {f"{LABEL}/{name}": "true" for name in services}
    marks = {**labels(COMPONENTS[role], settings.hub.release), **carried, **granted}
    return make(settings.namespace.name, address, marks, PORTS[role])


def make(namespace: str, address: str, marks: dict[str, str], ports: dict[str, int]) -> Json:
    declared = [{"name": name, "containerPort": port, "protocol": "TCP"} for name, port in ports.items()]
    return {
        "metadata": {"name": f"pod-{address}", "namespace": namespace, "labels": marks},
        "spec": {"containers": [{"ports": declared}]},
        "status": {"podIP": address, "phase": "Running"},
    }
