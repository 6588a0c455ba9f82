"""A node in miniature: network namespaces as pods, each on a routed cable as the `ptp` plugin lays it.

Real nftables and real connections, none of them in the machine's own network namespace.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

HOST = "npb-host"
NODE, GATEWAY, POD_NETWORK = "10.200.0.1", "10.201.0.1", "10.201.0.0/24"
SERVICE = "10.96.0.10"
OUTSIDE = "192.0.2.9"
TCP_PORTS, UDP_PORTS = (8080, 8081, 8082), (8080, 5353)

# As kube-proxy does it: a Service address becomes a pod's (or the node's) before routing.
SERVICE_TABLE = f"""
table ip service {{{{
    chain before {{{{
        type nat hook prerouting priority dstnat;
        ip daddr {SERVICE} tcp dport 80 dnat to {{pod}}:8080
        ip daddr {SERVICE} tcp dport 443 dnat to {NODE}:8081
    }}}}
    chain after {{{{
        type nat hook postrouting priority srcnat;
        ip saddr {{pod}} ip daddr {{pod}} masquerade
    }}}}
}}}}
"""


def run(*command: str, text: str | None = None) -> str:
    done = subprocess.run(command, input=text, text=True, capture_output=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return done.stdout


def inside(namespace: str, *command: str, text: str | None = None) -> str:
    return run("ip", "netns", "exec", namespace, *command, text=text)


@dataclass
class Bench:
    """The miniature node and who lives on it, by address."""

    agents: dict[str, subprocess.Popen[str]] = field(default_factory=dict)
    made: list[str] = field(default_factory=list)

    def namespace(self, name: str) -> None:
        subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)
        run("ip", "netns", "add", name)
        self.made.append(name)
        inside(name, "ip", "link", "set", "lo", "up")

    def cable(self, name: str, address: str, host_end: str, gateway: str) -> None:
        """What `ptp` does: both ends up, a route to the one address, everything else by the gateway."""
        self.namespace(name)
        inside(HOST, "ip", "link", "add", host_end, "type", "veth", "peer", "name", "eth0", "netns", name)
        inside(HOST, "ip", "address", "add", f"{gateway}/32", "dev", host_end)
        inside(HOST, "ip", "link", "set", host_end, "up")
        inside(HOST, "ip", "route", "add", f"{address}/32", "dev", host_end)
        inside(name, "ip", "address", "add", f"{address}/32", "dev", "eth0")
        inside(name, "ip", "link", "set", "eth0", "up")
        inside(name, "ip", "route", "add", gateway, "dev", "eth0", "scope", "link")
        inside(name, "ip", "route", "add", "default", "via", gateway)

    def settle(self, name: str, address: str) -> None:
        """Put an agent there."""
        environment = {
            **os.environ,
            "AGENT_ADDRESS": address,
            "AGENT_TCP": " ".join(map(str, TCP_PORTS)),
            "AGENT_UDP": " ".join(map(str, UDP_PORTS)),
        }
        self.agents[address] = subprocess.Popen(
            ["ip", "netns", "exec", name, sys.executable, str(Path(__file__).with_name("netpol_agent.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def send(self, place: str, **command: object) -> None:
        agent = self.agents[place]
        assert agent.stdin
        agent.stdin.write(json.dumps(command) + "\n")
        agent.stdin.flush()

    def answer(self, place: str) -> object:
        agent = self.agents[place]
        assert agent.stdout
        document: object = json.loads(agent.stdout.readline())
        return document

    def tries(self, place: str, *targets: tuple[str, str, int]) -> list[bool]:
        """Whether new connections from there succeed."""
        results = self.ask(place, do="try", targets=targets, timeout=0.8)
        assert isinstance(results, list)
        return results

    def ask(self, place: str, **command: object) -> object:
        self.send(place, **command)
        return self.answer(place)

    def load(self, text: str) -> None:
        inside(HOST, "nft", "-f", "-", text=text)

    def forget_connections(self) -> None:
        subprocess.run(["ip", "netns", "exec", HOST, "conntrack", "-F"], capture_output=True, check=False)

    def close(self) -> None:
        for agent in self.agents.values():
            with contextlib.suppress(OSError):
                agent.kill()
            agent.communicate()
        for name in reversed(self.made):
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)


def build(pods: dict[str, str]) -> Iterator[Bench]:
    """A bench with these pods (name to address), one host beyond the node, and a Service address."""
    bench = Bench()
    try:
        bench.namespace(HOST)
        inside(HOST, "sysctl", "-qw", "net.ipv4.ip_forward=1")
        inside(HOST, "ip", "link", "add", "jhub-node", "type", "bridge")
        inside(HOST, "ip", "address", "add", f"{NODE}/24", "dev", "jhub-node")
        inside(HOST, "ip", "link", "set", "jhub-node", "up")
        bench.cable("npb-outside", OUTSIDE, "uplink", "192.0.2.1")
        for name, address in pods.items():
            bench.cable(f"npb-{name}", address, f"veth-{name}", GATEWAY)
        bench.load(SERVICE_TABLE.format(pod=next(iter(pods.values()))))
        bench.settle(HOST, NODE)
        bench.settle("npb-outside", OUTSIDE)
        for name, address in pods.items():
            bench.settle(f"npb-{name}", address)
        for agent in bench.agents.values():
            assert agent.stdout
            assert agent.stdout.readline() == "ready\n"
        yield bench
    finally:
        bench.close()
