"""Who lives on the bench, and the policies that are tried there: documents as the API serves them."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Any

from tests.e2e import netpol_bench
from tests.e2e.netpol_bench import NODE

Json = dict[str, Any]
NETWORK = IPv4Network(netpol_bench.POD_NETWORK)
A, B, C, D, STRANGER = (f"10.201.0.{n}" for n in (11, 12, 13, 14, 15))
PLACES = {"a": A, "b": B, "c": C, "d": D, "x": STRANGER}
KNOWN = (A, B, C, D)
NAMESPACES: list[Json] = [
    {"metadata": {"name": "red", "labels": {"team": "red", "kubernetes.io/metadata.name": "red"}}},
    {"metadata": {"name": "blue", "labels": {"team": "blue", "kubernetes.io/metadata.name": "blue"}}},
]


def pod(name: str, namespace: str, address: str, http: int) -> Json:
    return {
        "metadata": {"namespace": namespace, "name": name, "uid": name, "labels": {"app": name}},
        "spec": {
            "containers": [
                {
                    "ports": [
                        {"name": "http", "containerPort": http},
                        {"name": "dns", "containerPort": 5353, "protocol": "UDP"},
                    ]
                }
            ]
        },
        "status": {"podIP": address, "phase": "Running"},
    }


PODS = [
    pod("a", "red", A, 8080),
    pod("b", "red", B, 8081),
    pod("c", "blue", C, 8080),
    pod("d", "blue", D, 8082),
]


def policy(namespace: str, **spec: object) -> Json:
    return {"metadata": {"namespace": namespace, "name": "p"}, "spec": {"podSelector": {}, **spec}}


def app(*names: str) -> Json:
    return {"matchExpressions": [{"key": "app", "operator": "In", "values": list(names)}]}


DENY_IN = policy("red", policyTypes=["Ingress"])
DENY_OUT = policy("red", policyTypes=["Egress"])
BLUE = {"matchLabels": {"team": "blue"}}
SCENES: dict[str, list[Json]] = {
    "no policy": [],
    "default deny ingress": [DENY_IN],
    "default deny egress": [DENY_OUT],
    "default deny both ways": [policy("red", policyTypes=["Ingress", "Egress"]), policy("blue")],
    "only one pod is selected": [policy("red", podSelector=app("a"))],
    "an empty rule allows all": [DENY_IN, policy("red", ingress=[{}])],
    "peers of the own namespace": [policy("red", ingress=[{"from": [{"podSelector": app("a", "c")}]}])],
    "peers of another namespace": [policy("red", ingress=[{"from": [{"namespaceSelector": BLUE}]}])],
    "namespace and pod together": [
        policy("red", ingress=[{"from": [{"namespaceSelector": BLUE, "podSelector": app("c")}]}])
    ],
    "namespace or pod": [
        policy("red", ingress=[{"from": [{"namespaceSelector": BLUE}, {"podSelector": app("a")}]}])
    ],
    "NotIn, Exists and DoesNotExist": [
        policy(
            "red",
            podSelector={"matchExpressions": [{"key": "app", "operator": "Exists"}]},
            ingress=[
                {
                    "from": [
                        {
                            "namespaceSelector": {},
                            "podSelector": {
                                "matchExpressions": [
                                    {"key": "app", "operator": "NotIn", "values": ["b", "d"]},
                                    {"key": "none", "operator": "DoesNotExist"},
                                ]
                            },
                        }
                    ]
                }
            ],
        )
    ],
    "one port": [policy("red", ingress=[{"ports": [{"port": 8080}]}])],
    "a range of ports": [policy("red", ingress=[{"ports": [{"port": 8081, "endPort": 8082}]}])],
    "a protocol without port": [policy("red", ingress=[{"ports": [{"protocol": "UDP"}]}])],
    "UDP by number": [policy("red", ingress=[{"ports": [{"protocol": "UDP", "port": 5353}]}])],
    "named port in": [policy("red", ingress=[{"ports": [{"port": "http"}]}])],
    "named ports out": [
        policy(
            "red",
            policyTypes=["Egress"],
            egress=[{"ports": [{"port": "http"}, {"port": "dns", "protocol": "UDP"}]}],
        )
    ],
    "a name that no pod has": [policy("red", ingress=[{"ports": [{"port": "nosuch"}]}])],
    "a block with exceptions": [
        policy("red", ingress=[{"from": [{"ipBlock": {"cidr": "10.201.0.0/24", "except": [f"{C}/32"]}}]}])
    ],
    "the world but not the cluster": [
        policy(
            "red",
            policyTypes=["Egress"],
            egress=[{"to": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8"]}}]}],
        )
    ],
    "only the node, one port": [
        policy(
            "red",
            policyTypes=["Egress"],
            egress=[{"to": [{"ipBlock": {"cidr": f"{NODE}/32"}}], "ports": [{"port": 8081}]}],
        )
    ],
    "policies add up": [
        DENY_IN,
        policy("red", ingress=[{"from": [{"podSelector": app("b")}]}]),
        policy("red", podSelector=app("a"), ingress=[{"ports": [{"port": 8082}]}]),
    ],
    "both ends must agree": [
        policy("red", policyTypes=["Egress"], egress=[{"to": [{"namespaceSelector": BLUE}]}]),
        policy("blue", ingress=[{"from": [{"podSelector": {}}]}]),
        policy("blue", podSelector=app("d"), ingress=[{"from": [{"namespaceSelector": {}}]}]),
    ],
    "an IPv6 block is nobody here": [policy("red", ingress=[{"from": [{"ipBlock": {"cidr": "::/0"}}]}])],
}
