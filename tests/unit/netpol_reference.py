"""May this pod reach that address? Straight from the documentation, over the API's own JSON.

Shares no code with embedded.netpol: the tests hold both against each other.
"""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import Any

Json = dict[str, Any]


def selects(selector: Json, labels: dict[str, str]) -> bool:
    for key, value in selector.get("matchLabels", {}).items():
        if labels.get(key) != value:
            return False
    for expression in selector.get("matchExpressions", []):
        key, operator, values = expression["key"], expression["operator"], expression.get("values", [])
        if operator == "In" and (key not in labels or labels[key] not in values):
            return False
        if operator == "NotIn" and key in labels and labels[key] in values:
            return False
        if operator == "Exists" and key not in labels:
            return False
        if operator == "DoesNotExist" and key in labels:
            return False
    return True


class World:
    """A cluster as the API would list it."""

    def __init__(self, pods: list[Json], namespaces: list[Json], policies: list[Json]) -> None:
        self.pods = pods
        self.namespaces = {n["metadata"]["name"]: n["metadata"].get("labels", {}) for n in namespaces}
        self.policies = policies

    def pod_at(self, address: str) -> Json | None:
        for pod in self.pods:
            status = pod.get("status", {})
            if pod["spec"].get("hostNetwork") or status.get("phase") in ("Succeeded", "Failed"):
                continue
            if status.get("podIP") == address:
                return pod
        return None

    def may(self, source: str, target: str, protocol: str, port: int) -> bool:
        """Whether a new connection is allowed: the source's egress and the target's ingress both agree."""
        if source == target:
            return True
        from_pod, to_pod = self.pod_at(source), self.pod_at(target)
        if from_pod and not self._agrees(from_pod, "Egress", target, (protocol, port), to_pod):
            return False
        return not (to_pod and not self._agrees(to_pod, "Ingress", source, (protocol, port), to_pod))

    def _agrees(
        self, own: Json, direction: str, other: str, port: tuple[str, int], port_owner: Json | None
    ) -> bool:
        isolated = False
        for policy in self.policies:
            spec = policy["spec"]
            if policy["metadata"]["namespace"] != own["metadata"]["namespace"]:
                continue
            if not selects(spec.get("podSelector", {}), own["metadata"].get("labels", {})):
                continue
            if direction not in self._types(spec):
                continue
            isolated = True
            for rule in spec.get(direction.lower()) or []:
                peers = rule.get("from" if direction == "Ingress" else "to") or []
                if peers and not any(self._is(peer, other, policy) for peer in peers):
                    continue
                ports = rule.get("ports") or []
                if not ports or any(self._fits(entry, port, port_owner) for entry in ports):
                    return True
        return not isolated

    @staticmethod
    def _types(spec: Json) -> list[str]:
        if spec.get("policyTypes"):
            return list(spec["policyTypes"])
        return ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]

    def _is(self, peer: Json, address: str, policy: Json) -> bool:
        if "ipBlock" in peer:
            block = peer["ipBlock"]
            here = ip_address(address)
            return here in ip_network(block["cidr"]) and not any(
                here in ip_network(hole) for hole in block.get("except", [])
            )
        pod = self.pod_at(address)
        if pod is None:
            return False
        namespace = pod["metadata"]["namespace"]
        if "namespaceSelector" in peer:
            if namespace not in self.namespaces:
                return False
            if not selects(peer["namespaceSelector"], self.namespaces[namespace]):
                return False
        elif namespace != policy["metadata"]["namespace"]:
            return False
        return selects(peer.get("podSelector", {}), pod["metadata"].get("labels", {}))

    @staticmethod
    def _fits(entry: Json, wanted: tuple[str, int], owner: Json | None) -> bool:
        protocol, number = wanted
        if entry.get("protocol", "TCP") != protocol:
            return False
        port = entry.get("port")
        if port is None:
            return True
        if isinstance(port, int):
            return bool(port <= number <= entry.get("endPort", port))
        if owner is None:
            return False
        for container in owner["spec"].get("containers", []):
            for declared in container.get("ports", []):
                if declared.get("name") == port and declared.get("protocol", "TCP") == protocol:
                    return bool(declared["containerPort"] == number)
        return False
