"""The scenes of the truth table: policies, and what may reach what while they are in force.

A case reads: from, to, protocol, port, expected. Its names: pods web and api in namespace red, client and db
in blue, other (labelled as client is) in green; onhost is a pod on the host's network, node the host itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from embedded.node.layout import NODE_IP
from tests.e2e.netpol_cluster import ON_HOST

Json = dict[str, Any]
YES, NO = True, False
Case = tuple[str, str, str, int, bool]
BOTH = ["Ingress", "Egress"]


def app(name: str) -> Json:
    return {"podSelector": {"matchLabels": {"app": name}}}


def team(name: str) -> Json:
    return {"namespaceSelector": {"matchLabels": {"team": name}}}


def selector(key: str, operator: str, *values: str) -> Json:
    return {
        "matchExpressions": [{"key": key, "operator": operator, **({"values": values} if values else {})}]
    }


@dataclass(frozen=True)
class Scene:
    """Policies by namespace, `{name}` standing for an address, and what then is possible."""

    policies: list[tuple[str, Json]]
    cases: list[Case]


SCENES = {
    "no policy: everything is open": Scene(
        [],
        [
            ("client", "web", "TCP", 8080, YES),
            ("other", "web", "UDP", 5353, YES),
            ("client", "web", "ICMP", 0, YES),
            ("client", "web-service", "TCP", 80, YES),
            ("client", "web-service", "UDP", 53, YES),
            ("client", "onhost", "TCP", ON_HOST, YES),
            ("client", "onhost", "OPEN", 6443, YES),
            ("client", "kubernetes", "OPEN", 443, YES),
            ("client", "resolver", "DNS", 53, YES),
            ("node", "web", "TCP", 8080, YES),
        ],
    ),
    "default deny ingress": Scene(
        [("red", {"policyTypes": ["Ingress"]})],
        [
            ("client", "web", "TCP", 8080, NO),
            ("api", "web", "TCP", 8080, NO),
            ("client", "web", "UDP", 5353, NO),
            ("client", "web", "ICMP", 0, NO),
            ("client", "web-service", "TCP", 80, NO),
            ("client", "web-service", "UDP", 53, NO),
            ("node", "web", "TCP", 8080, YES),
            ("onhost", "web", "TCP", 8080, YES),
            ("web", "web", "TCP", 8080, YES),
            ("web", "web-service", "TCP", 80, YES),
            ("web", "client", "TCP", 8080, YES),
            ("web", "resolver", "DNS", 53, YES),
            ("client", "db", "TCP", 8080, YES),
        ],
    ),
    "default deny egress": Scene(
        [("red", {"policyTypes": ["Egress"]})],
        [
            ("web", "client", "TCP", 8080, NO),
            ("web", "client", "UDP", 5353, NO),
            ("web", "api", "TCP", 8080, NO),
            ("web", "resolver", "DNS", 53, NO),
            ("web", "onhost", "OPEN", 6443, NO),
            ("web", "kubernetes", "OPEN", 443, NO),
            ("web", "onhost", "TCP", ON_HOST, NO),
            ("web", "web", "TCP", 8080, YES),
            ("client", "web", "TCP", 8080, YES),
            ("node", "web", "TCP", 8080, YES),
        ],
    ),
    "podSelector means pods of the policy's own namespace": Scene(
        [
            (
                "red",
                {
                    "podSelector": app("web")["podSelector"],
                    "ingress": [{"from": [app("api"), app("client")]}],
                },
            )
        ],
        [
            ("api", "web", "TCP", 8080, YES),
            ("api", "web-service", "TCP", 80, YES),
            ("client", "web", "TCP", 8080, NO),
            ("other", "web", "TCP", 8080, NO),
            ("client", "api", "TCP", 8080, YES),
        ],
    ),
    "namespaceSelector": Scene(
        [("red", {"ingress": [{"from": [team("blue")]}]})],
        [
            ("client", "web", "TCP", 8080, YES),
            ("db", "web-service", "TCP", 80, YES),
            ("other", "web", "TCP", 8080, NO),
            ("api", "web", "TCP", 8080, NO),
        ],
    ),
    "namespaceSelector and podSelector in one peer": Scene(
        [("red", {"ingress": [{"from": [{**team("blue"), **app("client")}]}]})],
        [
            ("client", "web", "TCP", 8080, YES),
            ("db", "web", "TCP", 8080, NO),
            ("other", "web", "TCP", 8080, NO),
        ],
    ),
    "namespaceSelector and podSelector as two peers": Scene(
        [("red", {"ingress": [{"from": [team("blue"), app("api")]}]})],
        [
            ("db", "web", "TCP", 8080, YES),
            ("api", "web", "TCP", 8080, YES),
            ("other", "web", "TCP", 8080, NO),
        ],
    ),
    "In and NotIn": Scene(
        [
            (
                "red",
                {
                    "podSelector": selector("app", "In", "web", "none"),
                    "ingress": [
                        {
                            "from": [
                                {"namespaceSelector": {}, "podSelector": selector("app", "NotIn", "client")}
                            ]
                        }
                    ],
                },
            )
        ],
        [
            ("db", "web", "TCP", 8080, YES),
            ("client", "web", "TCP", 8080, NO),
            ("other", "web", "TCP", 8080, NO),
            ("client", "api", "TCP", 8080, YES),
        ],
    ),
    "Exists and DoesNotExist": Scene(
        [
            ("red", {"podSelector": selector("app", "Exists"), "ingress": []}),
            ("blue", {"podSelector": selector("app", "DoesNotExist"), "ingress": []}),
        ],
        [("client", "web", "TCP", 8080, NO), ("web", "client", "TCP", 8080, YES)],
    ),
    "an empty podSelector is the whole namespace, an empty namespaceSelector the whole cluster": Scene(
        [
            ("red", {"ingress": [{"from": [{"podSelector": {}}]}]}),
            ("blue", {"ingress": [{"from": [{"namespaceSelector": {}}]}]}),
        ],
        [
            ("api", "web", "TCP", 8080, YES),
            ("client", "web", "TCP", 8080, NO),
            ("other", "client", "TCP", 8080, YES),
            ("web", "db", "TCP", 8080, YES),
        ],
    ),
    "an empty rule allows everything": Scene(
        [("red", {"policyTypes": BOTH, "ingress": [{}], "egress": [{}]})],
        [
            ("other", "web", "TCP", 8082, YES),
            ("web", "client", "UDP", 5353, YES),
            ("web", "resolver", "DNS", 53, YES),
        ],
    ),
    "a block with an exception": Scene(
        [
            (
                "red",
                {"ingress": [{"from": [{"ipBlock": {"cidr": "10.201.0.0/24", "except": ["{client}/32"]}}]}]},
            )
        ],
        [
            ("db", "web", "TCP", 8080, YES),
            ("client", "web", "TCP", 8080, NO),
            ("db", "web-service", "TCP", 80, YES),
            ("client", "web-service", "TCP", 80, NO),
        ],
    ),
    "egress to the API server only": Scene(
        [
            (
                "red",
                {
                    "policyTypes": ["Egress"],
                    "egress": [
                        {"to": [{"ipBlock": {"cidr": f"{NODE_IP}/32"}}], "ports": [{"port": 6443}]},
                    ],
                },
            )
        ],
        [
            ("web", "onhost", "OPEN", 6443, YES),
            ("web", "kubernetes", "OPEN", 443, YES),
            ("web", "onhost", "TCP", ON_HOST, NO),
            ("web", "resolver", "DNS", 53, NO),
            ("web", "client", "TCP", 8080, NO),
        ],
    ),
    "egress to DNS only": Scene(
        [("red", {"policyTypes": ["Egress"], "egress": [{"ports": [{"port": 53, "protocol": "UDP"}]}]})],
        [
            ("web", "resolver", "DNS", 53, YES),
            ("web", "onhost", "OPEN", 53, NO),
            ("web", "kubernetes", "OPEN", 443, NO),
            ("web", "client", "UDP", 5353, NO),
        ],
    ),
    "a large block without the pods": Scene(
        [
            (
                "red",
                {
                    "policyTypes": ["Egress"],
                    "egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.201.0.0/24"]}}]}],
                },
            )
        ],
        [
            ("web", "onhost", "OPEN", 6443, YES),
            ("web", "kubernetes", "OPEN", 443, YES),
            ("web", "resolver", "DNS", 53, YES),
            ("web", "web", "TCP", 8080, YES),
            ("web", "client", "TCP", 8080, NO),
        ],
    ),
    "one port": Scene(
        [("red", {"ingress": [{"ports": [{"port": 8080}]}]})],
        [
            ("client", "web", "TCP", 8080, YES),
            ("client", "web", "TCP", 8081, NO),
            ("client", "web", "UDP", 8080, NO),
            ("client", "web-service", "TCP", 80, YES),
        ],
    ),
    "a range of ports": Scene(
        [("red", {"ingress": [{"ports": [{"port": 8081, "endPort": 8082}]}]})],
        [
            ("client", "web", "TCP", 8080, NO),
            ("client", "web", "TCP", 8081, YES),
            ("client", "web", "TCP", 8082, YES),
        ],
    ),
    "UDP only": Scene(
        [("red", {"ingress": [{"ports": [{"protocol": "UDP", "port": 5353}]}]})],
        [
            ("client", "web", "UDP", 5353, YES),
            ("client", "web-service", "UDP", 53, YES),
            ("client", "web", "UDP", 8080, NO),
            ("client", "web", "TCP", 8080, NO),
            ("client", "web", "ICMP", 0, NO),
        ],
    ),
    "a protocol without port is all its ports": Scene(
        [("red", {"ingress": [{"ports": [{"protocol": "UDP"}]}]})],
        [
            ("client", "web", "UDP", 5353, YES),
            ("client", "web", "UDP", 8080, YES),
            ("client", "web", "TCP", 8080, NO),
        ],
    ),
    "a named port is each pod's own": Scene(
        [("red", {"ingress": [{"ports": [{"port": "http"}]}]})],
        [
            ("client", "web", "TCP", 8080, YES),
            ("client", "web", "TCP", 8081, NO),
            ("client", "api", "TCP", 8081, YES),
            ("client", "api", "TCP", 8080, NO),
            ("client", "web-service", "TCP", 80, YES),
        ],
    ),
    "a named port of egress is the destination's": Scene(
        [
            (
                "blue",
                {
                    "policyTypes": ["Egress"],
                    "egress": [
                        {
                            "to": [team("red")],
                            "ports": [{"port": "http"}, {"port": "dns", "protocol": "UDP"}],
                        }
                    ],
                },
            )
        ],
        [
            ("client", "web", "TCP", 8080, YES),
            ("client", "web", "TCP", 8081, NO),
            ("client", "api", "TCP", 8081, YES),
            ("client", "api", "TCP", 8080, NO),
            ("client", "web", "UDP", 5353, YES),
            ("client", "api", "UDP", 5353, NO),
            ("client", "web-service", "TCP", 80, YES),
        ],
    ),
    "policies add up": Scene(
        [
            ("red", {"policyTypes": ["Ingress"]}),
            ("red", {"ingress": [{"from": [team("green")]}]}),
            ("red", {"ingress": [{"from": [{**team("blue"), **app("db")}], "ports": [{"port": 8082}]}]}),
        ],
        [
            ("other", "web", "TCP", 8080, YES),
            ("db", "web", "TCP", 8082, YES),
            ("db", "web", "TCP", 8080, NO),
            ("client", "web", "TCP", 8082, NO),
        ],
    ),
    "both ends must agree": Scene(
        [
            ("blue", {"policyTypes": ["Egress"], "egress": [{"to": [team("red")]}]}),
            ("red", {"ingress": [{"from": [{**team("blue"), **app("client")}]}]}),
        ],
        [
            ("client", "web", "TCP", 8080, YES),
            ("db", "web", "TCP", 8080, NO),
            ("client", "other", "TCP", 8080, NO),
            ("other", "client", "TCP", 8080, YES),
        ],
    ),
    "an egress section without policyTypes closes ingress too": Scene(
        [("red", {"egress": [{"to": [team("blue")]}]})],
        [
            ("web", "client", "TCP", 8080, YES),
            ("web", "other", "TCP", 8080, NO),
            ("client", "web", "TCP", 8080, NO),
        ],
    ),
    "pods on the host's network are the host": Scene(
        [("green", {"policyTypes": BOTH})],
        [
            ("client", "onhost", "TCP", ON_HOST, YES),
            ("onhost", "other", "TCP", 8080, YES),
            ("client", "other", "TCP", 8080, NO),
        ],
    ),
}
