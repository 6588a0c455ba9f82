"""The rendered table in a real kernel: every connection of every scene is what the reference evaluator says.

Needs root and nft, but no running node: pods are network namespaces of their own.
"""

from __future__ import annotations

import shutil
import socket
import struct
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from embedded.netpol import model
from embedded.netpol.compile import decide
from embedded.netpol.render import CLOSED, render
from tests.e2e import netpol_bench
from tests.e2e.netpol_bench import NODE, OUTSIDE, SERVICE, TCP_PORTS, UDP_PORTS, Bench, inside
from tests.e2e.netpol_bench_scenes import (
    BLUE,
    DENY_IN,
    DENY_OUT,
    KNOWN,
    NAMESPACES,
    NETWORK,
    PLACES,
    PODS,
    SCENES,
    STRANGER,
    A,
    B,
    C,
    D,
    Json,
    app,
    pod,
    policy,
)
from tests.unit.netpol_reference import World

pytestmark = [
    pytest.mark.node,
    pytest.mark.skipif(not (shutil.which("nft") and shutil.which("ip")), reason="needs nft and ip"),
]


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    yield from netpol_bench.build(PLACES)


def table(policies: list[Json], pods: list[Json]) -> str:
    namespaces = {n["metadata"]["name"]: model.namespace(n) for n in NAMESPACES}
    decisions = decide(map(model.pod, pods), namespaces, [model.policy(entry) for entry in policies])
    return render(decisions, NETWORK)


def load(bench: Bench, policies: list[Json], pods: list[Json] = PODS) -> World:
    bench.load(table(policies, pods))
    bench.forget_connections()
    return World(pods, NAMESPACES, policies)


def attempts(places: tuple[str, ...]) -> list[tuple[str, str, int]]:
    return [
        *(("TCP", place, port) for place in places for port in TCP_PORTS),
        *(("UDP", place, port) for place in places for port in UDP_PORTS),
    ]


@pytest.mark.parametrize("scene", SCENES)
def test_every_connection_is_as_documented(bench: Bench, scene: str) -> None:
    world = load(bench, SCENES[scene])
    targets = attempts((*KNOWN, NODE, OUTSIDE))
    sources = (*KNOWN, OUTSIDE)
    with ThreadPoolExecutor(len(sources)) as pool:
        answers = pool.map(lambda source: bench.tries(source, *targets), sources)
    got = {
        (source, *target): result
        for source, results in zip(sources, answers, strict=True)
        for target, result in zip(targets, results, strict=True)
    }
    expected = {
        (source, protocol, target, port): world.may(source, target, protocol, port)
        for source, protocol, target, port in got
    }
    wrong = {key: value for key, value in got.items() if value != expected[key]}
    assert not wrong, f"{len(wrong)} of {len(got)} connections, by what really happened: {wrong}"


def test_the_host_reaches_pods_whatever_policies_say(bench: Bench) -> None:
    load(bench, [policy("red", policyTypes=["Ingress", "Egress"])])
    assert bench.tries(NODE, ("TCP", A, 8080), ("UDP", B, 5353)) == [True, True]


def test_a_service_address_is_judged_by_the_pod_behind_it(bench: Bench) -> None:
    service = ("TCP", SERVICE, 80)
    load(bench, [policy("red", podSelector=app("a"), ingress=[{"from": [{"podSelector": app("b")}]}])])
    assert [bench.tries(place, service) for place in (B, C)] == [[True], [False]]
    load(bench, [policy("blue", policyTypes=["Egress"], egress=[{"ports": [{"port": 8080}]}])])
    assert bench.tries(C, service) == [True], "the pod's port counts, not the Service's"
    only_service = {"to": [{"ipBlock": {"cidr": f"{SERVICE}/32"}}]}
    load(bench, [policy("blue", policyTypes=["Egress"], egress=[only_service])])
    assert bench.tries(C, service) == [False]


def test_a_service_that_leads_to_the_node_is_judged_as_the_node(bench: Bench) -> None:
    api = ("TCP", SERVICE, 443)
    load(bench, [DENY_OUT])
    assert bench.tries(A, api) == [False]
    node = {"to": [{"ipBlock": {"cidr": f"{NODE}/32"}}], "ports": [{"port": 8081}]}
    load(bench, [policy("red", policyTypes=["Egress"], egress=[node])])
    assert bench.tries(A, api) == [True]


def test_a_pod_reaches_itself_also_by_its_service(bench: Bench) -> None:
    load(bench, [policy("red", policyTypes=["Ingress", "Egress"])])
    assert bench.tries(A, ("TCP", A, 8080), ("TCP", SERVICE, 80)) == [True, True]


def test_an_address_nobody_vouched_for_is_closed_but_for_the_host(bench: Bench) -> None:
    load(bench, [])
    out = [("TCP", place, 8080) for place in (A, NODE, OUTSIDE)]
    assert bench.tries(STRANGER, *out) == [False, False, False]
    assert bench.tries(A, ("TCP", STRANGER, 8080)) == [False]
    assert bench.tries(OUTSIDE, ("TCP", STRANGER, 8080)) == [False]
    assert bench.tries(NODE, ("TCP", STRANGER, 8080)) == [True]


def test_before_anything_is_known_pods_reach_nothing(bench: Bench) -> None:
    bench.load(render(CLOSED, NETWORK))
    bench.forget_connections()
    assert bench.tries(A, ("TCP", B, 8080), ("TCP", NODE, 8080)) == [False, False]
    assert bench.tries(NODE, ("TCP", A, 8080)) == [True]


def test_a_terminated_pods_rules_do_not_follow_its_address(bench: Bench) -> None:
    done = {**pod("done", "red", C, 8080), "status": {"podIP": C, "phase": "Succeeded"}}
    load(bench, [DENY_IN, policy("red", ingress=[{"from": [{"podSelector": app("done")}]}])], [*PODS, done])
    assert bench.tries(C, ("TCP", A, 8080)) == [False], "it would speak with the dead pod's rights"
    assert bench.tries(D, ("TCP", C, 8080)) == [True], "it would be shut in by the dead pod's policy"


def test_a_connection_that_stands_outlives_a_policy_that_denies_it(bench: Bench) -> None:
    load(bench, [])
    assert bench.ask(C, do="hold", address=A, port=8080)
    bench.load(table([DENY_IN], PODS))
    assert bench.ask(C, do="use")
    assert bench.tries(C, ("TCP", A, 8080)) == [False]


def test_ping_needs_a_rule_without_ports(bench: Bench) -> None:
    load(bench, [policy("red", ingress=[{"ports": [{"port": 8080}]}])])
    assert bench.tries(C, ("ICMP", A, 0)) == [False]
    load(bench, [policy("red", ingress=[{"from": [{"namespaceSelector": BLUE}]}])])
    assert bench.tries(C, ("ICMP", A, 0)) == [True]


SEEN = """
add table inet seen
delete table inet seen
table inet seen {{
    counter arrived {{ }}
    chain passed {{
        type filter hook postrouting priority 200
        {match} counter name arrived
    }}
    chain arrived {{
        type filter hook input priority 200
        {match} counter name arrived
    }}
}}
"""


UDP_DISCARD = (17, 9)


def arrived(bench: Bench, claimed: str, target: str, to: tuple[int, int] = UDP_DISCARD) -> int:
    """Send one packet from pod c with a claimed source; count what got past the table."""
    protocol, port = to
    bench.load(SEEN.format(match=f"ip daddr {target} ip protocol {protocol} th dport {port}"))
    addresses = socket.inet_aton(claimed) + socket.inet_aton(target)
    payload = struct.pack("!HHHH", 40000, port, 8, 0) + bytes(24)
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 1, 0, 64, protocol, 0) + addresses
    code = (
        "import socket,sys;s=socket.socket(socket.AF_INET,socket.SOCK_RAW,socket.IPPROTO_RAW);"
        "s.sendto(bytes.fromhex(sys.argv[1]),(sys.argv[2],0))"
    )
    inside("npb-c", "python3", "-c", code, (header + payload).hex(), target)
    listed = inside(netpol_bench.HOST, "nft", "list", "counter", "inet", "seen", "arrived")
    return int(listed.split("packets")[1].split()[0])


@pytest.mark.parametrize("claimed", [A, STRANGER, NODE, "203.0.113.7", "127.0.0.1"])
@pytest.mark.parametrize("target", [B, NODE, OUTSIDE])
def test_a_pod_cannot_send_from_an_address_that_is_not_its_own(
    bench: Bench, claimed: str, target: str
) -> None:
    load(bench, [])
    assert arrived(bench, C, target) == 1, "the honest packet must arrive, or this proves nothing"
    assert arrived(bench, claimed, target) == 0


def test_sctp_is_judged_by_its_own_ports(bench: Bench) -> None:
    sctp = 132
    load(bench, [policy("red", ingress=[{"ports": [{"protocol": "SCTP", "port": 8080}]}])])
    assert arrived(bench, C, A, (sctp, 8080)) == 1
    assert arrived(bench, C, A, (sctp, 8081)) == 0
    assert bench.tries(C, ("TCP", A, 8080)) == [False]


LISTEN_V6 = """
import socket, subprocess, sys
listener = socket.socket(socket.AF_INET6)
listener.bind(("::", 8090))
listener.listen()
sys.exit(subprocess.run(["ip", "netns", "exec", "npb-a", sys.executable, "-c", sys.argv[1]]).returncode)
"""
CONNECT_V6 = """
import socket, sys
connection = socket.socket(socket.AF_INET6)
connection.settimeout(1)
sys.exit(connection.connect_ex(("fd00:77::1", 8090)) != 0)
"""


def test_ipv6_does_not_lead_around_the_rules(bench: Bench) -> None:
    load(bench, [DENY_OUT])
    # Addresses of our own: the cable's link-local ones would do, but take seconds to be valid.
    inside(netpol_bench.HOST, "ip", "address", "add", "fd00:77::1/64", "dev", "veth-a", "nodad")
    inside("npb-a", "ip", "address", "add", "fd00:77::2/64", "dev", "eth0", "nodad")
    with pytest.raises(AssertionError):
        inside(netpol_bench.HOST, "python3", "-c", LISTEN_V6, CONNECT_V6)
    bench.load("delete table inet jhub-netpol\n")
    inside(netpol_bench.HOST, "python3", "-c", LISTEN_V6, CONNECT_V6)
