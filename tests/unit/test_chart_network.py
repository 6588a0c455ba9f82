"""What the policies allow is what the flows say, and nothing else: held against a reference evaluator."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address, ip_network
from random import Random
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from chart.network import own_policies, policies
from settings import Settings
from settings.flows import CONNECTOR
from tests.unit.chart_policies import COMPONENTS, rendered, spec
from tests.unit.documents import EVERYTHING, PROJECT, STACKS, settings, settings_of
from tests.unit.flow_reference import differences, others_of, release_of, world_of

Json = dict[str, Any]
RENDERED = PROJECT.parent / "shared" / "chart" / "rendered-4.4.0.yaml"

# The fixed part of the chart's policies.


@pytest.mark.parametrize("role", COMPONENTS)
def test_the_charts_own_rules_are_known_here(role: str) -> None:
    if not RENDERED.is_file():
        pytest.skip("what chart 4.4.0 rendered does not lie beside this checkout")
    name = {"users": "singleuser"}.get(role, role)
    objects = [one for one in yaml.safe_load_all(RENDERED.read_text()) if one]
    (real,) = [
        one["spec"] for one in objects if one["kind"] == "NetworkPolicy" and one["metadata"]["name"] == name
    ]
    nothing: Json = {
        "enabled": True,
        "egressAllowRules": {},
        "egress": [],
        "ingress": [],
        "allowedIngressPorts": [],
    }
    ours = spec(role, "jupyterhub", nothing)
    assert real["podSelector"] == ours["podSelector"]
    for direction, peers in (("ingress", "from"), ("egress", "to")):
        among_pods = [rule for rule in real[direction] if "podSelector" in rule.get(peers, [{}])[0]]
        assert among_pods == ours[direction]


# All of it against the list.


@pytest.mark.parametrize("name", STACKS)
def test_policies_of_each_stack_allow_what_is_listed_and_nothing_else(name: str) -> None:
    assert differences(settings_of(name), Random(name), 4000) == []  # noqa: S311 - a test's dice


REACHES: st.SearchStrategy[Json] = st.one_of(
    st.fixed_dictionaries(
        {
            "cidrs": st.lists(
                st.sampled_from(["10.99.0.0/16", "192.0.2.0/25", "8.8.8.8/32", "fd00::/64"]),
                min_size=1,
                max_size=2,
            ),
            "ports": st.lists(st.sampled_from([443, 5432, 8888]), min_size=1, max_size=2),
        }
    ),
    st.fixed_dictionaries(
        {"namespace": st.sampled_from(["red", "blue"]), "ports": st.just([8081])},
        optional={"pods": st.just({"app": "colour"})},
    ),
    st.just({"public443": "a reason for a test"}),
    st.just({"egressProxy": True}),
)
WAYS = st.lists(st.builds(lambda reach: {"name": "way", "reach": reach}, REACHES), max_size=3)
PROXY = {"url": "http://proxy.test:3128", "reach": {"cidrs": ["10.98.0.9/32"], "ports": [3128]}}
NETWORKS: st.SearchStrategy[Json] = st.fixed_dictionaries(
    {
        "hubEgress": WAYS,
        "userEgress": WAYS,
        "egressProxy": st.just(PROXY),
        "dns": st.sampled_from(
            [{"cidrs": ["169.254.20.10/32"]}, {"cidrs": [], "kubeSystem": True}, {"kubeSystem": True}]
        ),
        "ingressFrom": st.sampled_from([["red"], ["10.97.0.0/24", "blue"]]),
        "clusterRanges": st.sampled_from([[], ["140.82.0.0/16"], ["10.201.0.0/16", "2606:4700::/64"]]),
    }
)


@effort(max_examples=40)
@given(NETWORKS, st.integers(0, 2**32))
def test_policies_of_any_network_allow_what_is_listed_and_nothing_else(network: Json, seed: int) -> None:
    whole = settings({"network": network, "monitoring": {"namespaces": ["red"]}})
    assert differences(whole, Random(seed), 150) == []  # noqa: S311 - a test's dice


# Traps, each by itself.


def may(whole: Settings) -> Callable[[str, str, int], bool]:
    world = world_of(whole, [*release_of(whole).values(), *others_of(whole).values()])
    return lambda source, target, port: world.may(source, target, "TCP", port)


HUB, PROXY_POD, USER, OTHER_USER, TUNNEL = (f"10.201.0.{last}" for last in range(2, 7))


@pytest.mark.parametrize("name", STACKS)
def test_user_pods_reach_neither_each_other_nor_the_routes_nor_the_cluster(name: str) -> None:
    whole = settings_of(name)
    reaches = may(whole)
    assert not reaches(USER, OTHER_USER, 8888)
    assert not reaches(USER, PROXY_POD, 8001)
    assert not reaches(USER, PROXY_POD, 8000)
    assert not reaches(USER, "169.254.169.254", 80)
    assert not reaches(USER, "169.254.169.254", 443)
    for cidr in whole.network.api_server.cidrs:
        for port in whole.network.api_server.ports:
            assert not reaches(USER, str(ip_network(cidr)[0]), port)
            assert reaches(HUB, str(ip_network(cidr)[0]), port)


def test_behind_a_tunnel_the_connector_alone_reaches_the_proxy() -> None:
    whole = settings_of("lab")
    reaches = may(whole)
    assert reaches(TUNNEL, PROXY_POD, 8000)
    assert not reaches(TUNNEL, PROXY_POD, 8001)
    assert not reaches(TUNNEL, HUB, 8081)
    assert not reaches(TUNNEL, "8.8.8.8", 443)
    pretender = next(
        end
        for end in others_of(whole)
        if end.namespace == "strange" and end.labels == tuple(CONNECTOR.items())
    )
    assert not reaches(pretender.address, PROXY_POD, 8000), "its labels count in our namespace only"
    assert not reaches("192.168.1.93", PROXY_POD, 8000)


def test_without_a_tunnel_there_is_no_policy_of_our_own() -> None:
    assert own_policies(settings()) == {}
    assert list(own_policies(settings_of("lab"))) == ["tunnel"]


def test_a_public_way_leads_past_every_private_address() -> None:
    egress = policies(settings_of("lab"))["singleuser"]["networkPolicy"]["egress"]
    (block,) = [peer["ipBlock"] for rule in egress for peer in rule["to"] if "ipBlock" in peer]
    assert block["cidr"] == "0.0.0.0/0"
    holes = [ip_network(cidr) for cidr in block["except"]]
    for cidr in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16"):
        assert ip_network(cidr) in holes
    assert all(any(ip_address(address) in hole for hole in holes) for address in ("127.0.0.1", "224.0.0.1"))
    assert len(holes) == len(set(holes))


def test_a_public_way_leads_past_the_clusters_public_addresses() -> None:
    reach = {"public443": "a reason for a test"}
    network: Json = {
        "clusterRanges": ["140.82.0.0/16"],
        "apiServer": {"cidrs": ["8.8.8.8/32"], "ports": [443]},
        "userEgress": [{"name": "out", "reach": reach}],
    }
    reaches = may(settings({"network": network}))
    assert not reaches(USER, "140.82.112.3", 443)
    assert not reaches(USER, "8.8.8.8", 443)
    assert reaches(USER, "8.8.4.4", 443)
    assert not reaches(USER, "8.8.4.4", 80)


def test_public_ipv6_is_open_only_where_the_clusters_own_is_known_and_hides_no_private_address() -> None:
    way = {"userEgress": [{"name": "out", "reach": {"public443": "a reason for a test"}}]}
    public, others = "2606:4700::1111", ("fd00::7", "fe80::1", "::ffff:10.1.2.3", "2a00:5::7")
    disguised = ("64:ff9b::a01:203", "2002:a01:203::1", "2001:0:a01:203::1")
    assert not may(settings({"network": way}))(USER, public, 443)
    reaches = may(settings({"network": {**way, "clusterRanges": ["2a00:5::/48"]}}))
    assert reaches(USER, public, 443)
    assert [address for address in (*others, *disguised) if reaches(USER, address, 443)] == []


def test_every_broad_switch_of_the_chart_is_off() -> None:
    made = policies(settings(EVERYTHING))
    for policy in (made["hub"], made["proxy"]["chp"], made["singleuser"]):
        own = policy["networkPolicy"]
        assert own["enabled"]
        assert len(own["egressAllowRules"]) == 6
        assert set(own["egressAllowRules"].values()) == {False}
        assert own["allowedIngressPorts"] == []


@pytest.mark.parametrize("name", STACKS)
def test_no_rule_is_open_by_an_empty_list(name: str) -> None:
    for policy in rendered(settings_of(name)):
        for direction, peers in (("ingress", "from"), ("egress", "to")):
            for rule in policy["spec"].get(direction, []):
                assert rule[peers], "no peers would mean everyone"
                assert rule["ports"], "no ports would mean all of them"
