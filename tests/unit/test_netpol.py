"""Selectors, parsing, ranges, rendering and the runtime's notes: one invariant each."""

from __future__ import annotations

import json
import os
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

import pytest

from embedded import netpol
from embedded.fault import Fault
from embedded.netpol import __main__ as command
from embedded.netpol import api, cni, flows, model, ranges, selectors
from embedded.netpol.compile import EVERYWHERE, Allow, Decisions, Ports, decide
from embedded.netpol.render import CLOSED, render

Json = dict[str, Any]
NETWORK = IPv4Network("10.201.0.0/24")
A, B = IPv4Address("10.201.0.2"), IPv4Address("10.201.0.3")


def expression(operator: str, *values: str) -> Json:
    return {"matchExpressions": [{"key": "app", "operator": operator, "values": list(values)}]}


@pytest.mark.parametrize(
    ("selector", "labels", "selected"),
    [
        ({}, {}, True),
        ({}, {"app": "hub"}, True),
        ({"matchLabels": {"app": "hub"}}, {"app": "hub", "more": "x"}, True),
        ({"matchLabels": {"app": "hub"}}, {"app": "proxy"}, False),
        ({"matchLabels": {"app": "hub", "tier": "a"}}, {"app": "hub"}, False),
        (expression("In", "hub", "proxy"), {"app": "proxy"}, True),
        (expression("In", "hub"), {}, False),
        (expression("NotIn", "hub"), {"app": "hub"}, False),
        (expression("NotIn", "hub"), {}, True),
        (expression("Exists"), {"app": ""}, True),
        (expression("Exists"), {}, False),
        (expression("DoesNotExist"), {}, True),
        (expression("DoesNotExist"), {"app": ""}, False),
        (expression("Gt", "1"), {"app": "2"}, False),
        ({"matchLabels": {"tier": "a"}, **expression("Exists")}, {"tier": "a"}, False),
        ({"matchLabels": None, "matchExpressions": None}, {}, True),
    ],
)
def test_a_selector_selects_as_documented(selector: Json, labels: dict[str, str], selected: bool) -> None:
    assert selectors.parse(selector).matches(labels) is selected


@pytest.mark.parametrize(
    ("block", "excepted", "expected"),
    [
        ("10.0.0.0/30", [], "10.0.0.0-10.0.0.3"),
        ("10.0.0.0/30", ["10.0.0.1/32"], "10.0.0.0 10.0.0.2-10.0.0.3"),
        ("10.0.0.0/30", ["10.0.0.0/30"], ""),
        ("10.0.0.0/30", ["10.0.0.0/8"], ""),
        ("10.0.0.0/30", ["10.0.0.0/31", "10.0.0.2/31"], ""),
        ("10.0.0.0/30", ["10.0.0.0/31", "10.0.0.1/32", "192.0.2.0/24"], "10.0.0.2-10.0.0.3"),
        ("0.0.0.0/0", ["255.255.255.255/32"], "0.0.0.0-255.255.255.254"),
    ],
)
def test_a_block_loses_exactly_its_exceptions(block: str, excepted: list[str], expected: str) -> None:
    left = ranges.of_block(IPv4Network(block), [IPv4Network(hole) for hole in excepted])
    assert " ".join(map(ranges.text, left)) == expected


def test_touching_and_overlapping_ranges_become_one() -> None:
    assert ranges.merged([(5, 6), (1, 2), (3, 3), (2, 3), (8, 8)]) == ((1, 3), (5, 6), (8, 8))


def policy(**spec: object) -> model.Policy:
    return model.policy({"metadata": {"namespace": "red", "name": "p"}, "spec": {"podSelector": {}, **spec}})


@pytest.mark.parametrize(
    ("spec", "ingress", "egress"),
    [
        ({}, True, False),
        ({"ingress": [{}]}, True, False),
        ({"egress": []}, True, False),
        ({"egress": [{}]}, True, True),
        ({"policyTypes": ["Egress"]}, False, True),
        ({"policyTypes": ["Egress"], "ingress": [{}]}, False, True),
        ({"policyTypes": ["Ingress"], "egress": [{}]}, True, False),
        ({"policyTypes": ["Ingress", "Egress"]}, True, True),
    ],
)
def test_policy_types_are_defaulted_as_documented(spec: Json, ingress: bool, egress: bool) -> None:
    parsed = policy(**spec)
    assert (parsed.ingress is not None, parsed.egress is not None) == (ingress, egress)


def a_pod(name: str = "a", address: str = str(A), uid: str = "", **spec: object) -> model.Pod:
    return model.pod(
        {
            "metadata": {"namespace": "red", "name": name, "uid": uid or name, "labels": {"app": name}},
            "spec": spec,
            "status": {"phase": "Running", "podIP": address, "podIPs": [{"ip": address}, {"ip": "fd00::9"}]},
        }
    )


RED = {"red": model.Namespace("red", {})}


def test_a_status_update_that_means_nothing_to_rules_leaves_the_pod_equal() -> None:
    assert a_pod() == a_pod()
    assert a_pod() != a_pod(hostNetwork=True)


def test_a_sidecars_named_port_counts_and_a_finished_init_containers_does_not() -> None:
    port = {"name": "http", "containerPort": 80}
    sidecar = a_pod(initContainers=[{"restartPolicy": "Always", "ports": [port]}])
    finished = a_pod(initContainers=[{"ports": [port]}])
    assert (sidecar.port("http", "TCP"), finished.port("http", "TCP")) == (80, None)


def test_an_empty_peer_list_means_everybody_but_an_ipv6_block_means_nobody() -> None:
    everybody = decide([a_pod()], RED, [policy(ingress=[{"from": []}])])
    assert everybody.ingress[A] == {Allow(EVERYWHERE, None)}
    nobody = decide([a_pod()], RED, [policy(ingress=[{"from": [{"ipBlock": {"cidr": "::/0"}}]}])])
    assert nobody.ingress[A] == frozenset()


def test_a_pod_whose_namespace_is_not_seen_yet_is_no_peer_by_namespace() -> None:
    decisions = decide([a_pod()], {}, [policy(ingress=[{"from": [{"namespaceSelector": {}}]}])])
    assert decisions.ingress[A] == frozenset()


def test_pods_on_the_hosts_network_are_neither_judged_nor_peers() -> None:
    pods = [a_pod(), a_pod("b", str(B), hostNetwork=True)]
    decisions = decide(pods, RED, [policy(ingress=[{"from": [{"podSelector": {}}]}])])
    assert decisions.known == {A}
    assert list(decisions.ingress) == [A]
    assert decisions.ingress[A] == {Allow(ranges.of_addresses([A]), None)}


def test_a_named_port_of_egress_is_looked_up_in_each_pod_it_leads_to() -> None:
    pods = [
        a_pod("a", str(A), containers=[{"ports": [{"name": "http", "containerPort": 80}]}]),
        a_pod("b", str(B), containers=[{"ports": [{"name": "http", "containerPort": 8080}]}]),
    ]
    decisions = decide(pods, RED, [policy(policyTypes=["Egress"], egress=[{"ports": [{"port": "http"}]}])])
    assert decisions.egress[A] == {
        Allow(ranges.of_addresses([A]), frozenset({Ports("TCP", 80, 80)})),
        Allow(ranges.of_addresses([B]), frozenset({Ports("TCP", 8080, 8080)})),
    }


@pytest.mark.parametrize(
    ("ports", "match"),
    [
        (None, ""),
        ([Ports("TCP", 80, 80)], "tcp dport { 80 } "),
        ([Ports("TCP", 80, 80), Ports("TCP", 80, 90), Ports("TCP", 443, 443)], "tcp dport { 80-90, 443 } "),
        ([Ports("UDP")], "meta l4proto udp "),
        ([Ports("SCTP", 1, 65535)], "sctp dport { 1-65535 } "),
    ],
)
def test_rights_become_rules_and_the_rest_is_dropped(ports: list[Ports] | None, match: str) -> None:
    allow = Allow(EVERYWHERE, None if ports is None else frozenset(ports))
    text = render(Decisions(frozenset({A}), {A: frozenset({allow})}, {}), NETWORK)
    rules = text.split("chain ingress-")[1].split("\n\t}")[0].splitlines()[1:]
    assert [rule.strip() for rule in rules] == [f"{match}return", "drop"]


def test_pods_with_the_same_rights_share_a_chain_and_equal_peers_a_set() -> None:
    peers = ranges.of_addresses([A])
    rights = frozenset({Allow(peers, None)})
    pods = [IPv4Address(int(A) + n) for n in range(50)]
    text = render(Decisions(frozenset(pods), dict.fromkeys(pods, rights), {}), NETWORK)
    assert text.count("chain ingress-") == 1
    assert text.count("set group-") == 1
    assert text.count("jump ingress-") == 50


def test_the_text_does_not_depend_on_the_order_of_things() -> None:
    one, other = frozenset({Allow(EVERYWHERE, None)}), frozenset[Allow]()
    forward = Decisions(frozenset({A, B}), {A: one, B: other}, {A: other, B: one})
    backward = Decisions(frozenset({B, A}), {B: other, A: one}, {B: one, A: other})
    assert render(forward, NETWORK) == render(backward, NETWORK)


def test_the_whole_table_is_replaced_in_one_transaction() -> None:
    first, second, third = render(CLOSED, NETWORK).splitlines()[:3]
    assert [first, second] == [f"add table {netpol.TABLE}", f"delete table {netpol.TABLE}"]
    assert third == f"table {netpol.TABLE} {{"


# Reviewed by hand, and held against a real kernel by the bench of tests/e2e: what every packet meets first.
FRAME = """\
	set known {
		type ipv4_addr;
	}
	set itself {
		type ipv4_addr . ipv4_addr;
	}
	map egress {
		type ipv4_addr : verdict;
	}
	map ingress {
		type ipv4_addr : verdict;
	}
	chain source {
		iifname "veth*" meta nfproto ipv6 drop
		iifname "veth*" fib saddr . iif oif missing drop
		ip saddr 10.201.0.0/24 fib saddr . iif oif missing drop
	}
	chain egress-of-pod {
		ip saddr 10.201.0.0/24 ip saddr != @known drop
		ip saddr vmap @egress
	}
	chain forward {
		type filter hook forward priority filter; policy accept;
		jump source
		oifname "veth*" meta nfproto ipv6 drop
		ct state established,related accept
		ip daddr 10.201.0.0/24 ip daddr != @known drop
		ip saddr . ip daddr @itself accept
		jump egress-of-pod
		ip daddr vmap @ingress
	}
	chain input {
		type filter hook input priority filter; policy accept;
		iif lo accept
		jump source
		ct state established,related accept
		jump egress-of-pod
	}
}
"""


def test_with_nobody_known_the_pod_network_is_closed_by_this_very_table() -> None:
    assert render(CLOSED, NETWORK).split("{\n", 1)[1] == FRAME


def note(folder: Path, name: str, uid: str, *addresses: str, age: float = 0) -> None:
    path = folder / name
    arguments = [["IgnoreUnknown", "1"], ["K8S_POD_NAMESPACE", "red"], ["K8S_POD_UID", uid]]
    ips = [{"address": address} for address in addresses]
    path.write_text(json.dumps({"kind": "cniCacheV1", "cniArgs": arguments, "result": {"ips": ips}}))
    written = path.stat().st_mtime - age
    os.utime(path, (written, written))


def test_the_runtimes_notes_name_the_pod_of_an_address(tmp_path: Path) -> None:
    note(tmp_path, "one", "uid-a", f"{A}/24", "fd00::2/64")
    assert cni.read(tmp_path) == cni.Notes({A: "uid-a"}, whole=True)
    assert cni.read(tmp_path / "absent") == cni.Notes({}, whole=True)


def test_of_two_notes_about_an_address_the_later_counts(tmp_path: Path) -> None:
    note(tmp_path, "z-old", "uid-old", f"{A}/24", age=60)
    note(tmp_path, "a-new", "uid-new", f"{A}/24")
    assert cni.read(tmp_path).holders == {A: "uid-new"}


def test_a_half_written_note_is_read_again_and_a_broken_old_one_is_not(tmp_path: Path) -> None:
    path = tmp_path / "one"
    path.write_text('{"kind": "cniCa')
    assert not cni.read(tmp_path).whole
    os.utime(path, (1, 1))
    assert cni.read(tmp_path).whole


def test_an_address_belongs_to_the_pod_the_runtime_gave_it_to() -> None:
    stale, fresh = a_pod("stale", str(A)), a_pod("fresh", "")
    settled = {pod.name: pod.addresses for pod in cni.settled([stale, fresh], {A: "fresh"}, NETWORK)}
    assert settled == {"stale": frozenset(), "fresh": {A}}


def test_a_status_cannot_claim_an_address_outside_the_pod_network() -> None:
    (claiming,) = cni.settled([a_pod("a", "10.200.0.1")], {}, NETWORK)
    assert not claiming.addresses


def test_connections_are_forgotten_when_an_address_leaves_its_pod() -> None:
    before = flows.owners([a_pod("a", str(A)), a_pod("b", str(B))])
    assert flows.left(before, flows.owners([a_pod("a", str(A)), a_pod("b", str(B))])) == []
    assert flows.left(before, flows.owners([a_pod("a", str(A)), a_pod("b", str(B), uid="other")])) == [B]
    assert flows.left(before, {}) == [A, B]


def test_a_node_address_within_the_pod_network_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--kubeconfig", "none", "--node-ip", str(A), "--pod-cidr", str(NETWORK)]
    assert command.main(arguments) == 1
    assert "lies in the pod network" in capsys.readouterr().out


def test_a_kubeconfig_that_cannot_be_used_is_said_plainly(tmp_path: Path) -> None:
    path = tmp_path / "kubeconfig"
    for text in ("", "{}", "contexts: [{name: a}]\ncurrent-context: b", ":"):
        path.write_text(text)
        with pytest.raises(Fault, match="cannot be used"), api.access(path):
            pass
