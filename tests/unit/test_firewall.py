"""What a network team is asked to open: what leaves or enters the cluster, and nothing else."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settings.firewall import Row, firewall, markdown
from tests.unit.documents import STACKS, settings, settings_of


def opened(rows: list[Row]) -> set[str]:
    return {
        f"{row.zone} {','.join(row.sources)} -> {','.join(row.hosts or row.targets)} "
        f"[{','.join(row.addresses)}] {','.join(map(str, row.ports))}/{row.protocol}"
        for row in rows
    }


def test_the_request_of_a_corporate_network() -> None:
    assert opened(firewall(settings_of("aiv-prod"))) == {
        "cluster hub -> proxy.aiv.internal [10.50.20.5/32] 3128/TCP",
        "cluster hub -> postgres.aiv.internal [10.50.30.0/28] 5432/TCP",
        "cluster hub -> iam.aiv.internal [10.50.43.0/28] 443/TCP",
        "cluster users -> s3.aiv.internal [10.50.40.0/28] 443/TCP",
        "cluster users -> gitlab.aiv.internal [10.50.41.0/28] 443/TCP",
        "cluster nodes,users -> artifactory.aiv.internal [10.50.42.0/28] 443/TCP",
        "egress proxy egress-proxy -> graph.microsoft.com,login.microsoftonline.com [] 443/TCP",
        "people people -> jupyterhub.aiv.internal [10.50.100.10/32] 443/TCP",
        "pipeline or administrator deployment -> api-server [10.50.10.0/29] 6443/TCP",
        "pipeline or administrator deployment -> artifactory.aiv.internal [10.50.42.0/28] 443/TCP",
    }


def test_the_request_behind_a_tunnel_asks_for_no_way_in() -> None:
    rows = opened(firewall(settings_of("lab")))
    edge = "region1.v2.argotunnel.com,region2.v2.argotunnel.com [198.41.192.0/24,198.41.200.0/24]"
    assert {
        f"cluster tunnel -> {edge} 7844/UDP",
        f"cluster tunnel -> {edge} 443,7844/TCP",
        "cluster hub -> api.github.com,github.com [] 443/TCP",
        "cluster nodes -> ghcr.io,pkg-containers.githubusercontent.com [] 443/TCP",
        "cluster users -> packages-and-git [any public address] 443/TCP",
    } <= rows
    assert not [row for row in rows if row.startswith("people")]


def test_the_request_leaves_out_what_stays_in_the_cluster() -> None:
    rows = firewall(settings({"network": {"clusterRanges": ["10.200.0.0/16"]}}))
    assert {row.zone for row in rows} == {"pipeline or administrator"}
    node_local = settings({"network": {"dns": {"cidrs": ["169.254.20.10/32"]}}})
    assert "dns" not in {target for row in firewall(node_local) for target in row.targets}
    resolver = settings({"network": {"dns": {"cidrs": ["10.7.7.7/32"]}}})
    assert "cluster hub,proxy,users -> dns [10.7.7.7/32] 53/UDP" in opened(firewall(resolver))


@pytest.mark.parametrize("name", STACKS)
def test_rows_are_plain_data_in_one_order(name: str) -> None:
    rows = firewall(settings_of(name))
    assert rows == sorted(rows) == firewall(settings_of(name))
    assert len(json.loads(json.dumps([asdict(row) for row in rows]))) == len(rows)
    assert all(row.why and row.settings and row.ports and (row.hosts or row.addresses) for row in rows)


@given(st.text(min_size=10, max_size=60))
def test_no_reason_breaks_the_table(reason: str) -> None:
    whole = settings({"network": {"userEgress": [{"name": "out", "reach": {"public443": reason}}]}})
    table = markdown(firewall(whole)).split("\n")
    assert {row.replace("\\|", "").count("|") for row in table if row} == {7}
    assert len(table) == len(firewall(whole)) + 3


def test_the_table_reads_like_this() -> None:
    table = markdown(firewall(settings_of("iav-test"))).splitlines()
    assert table[:2] == [
        "| From | To | Addresses | Port | Why | Setting |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    assert (
        "| cluster: nodes | registry.example.com | by name | 443/tcp | images | settings.images.hub.name |"
        in table
    )
