"""Who may reach what: each environment's whole list, written by hand, and what a firewall has to open."""

from __future__ import annotations

from typing import Any

import pytest

from settings import Settings
from settings.flow import Flow, Pods, Public, Ranges
from settings.flows import flows
from settings.proxying import proxy_environment
from settings.reaches import reaches
from settings.ways import of_hub, of_users
from tests.unit.documents import STACKS, committed, patched, settings, settings_of


def line(flow: Flow) -> str:
    ports = ",".join(f"{port}/{protocol.lower()}" for protocol, port in flow.ports)
    match flow.peer:
        case Ranges(cidrs=cidrs):
            where = f" {' '.join(cidrs)}"
        case Pods(namespace=namespace, labels=labels):
            where = f" in {namespace}" + "".join(f" {key}={value}" for key, value in labels)
        case Public():
            where = " public"
        case _:
            where = ""
    return f"{flow.source} -> {flow.target} {ports}{where}"


RELEASE = """
hub -> proxy 8001/tcp
hub -> users 8888/tcp
proxy -> hub 8081/tcp
proxy -> users 8888/tcp
users -> hub 8081/tcp
"""
CLUSTER_DNS = """
hub -> dns 53/udp,53/tcp in kube-system
proxy -> dns 53/udp,53/tcp in kube-system
users -> dns 53/udp,53/tcp in kube-system
"""
TUNNEL = """
tunnel -> dns 53/udp,53/tcp in kube-system
tunnel -> cloudflare-edge 443/tcp,7844/tcp,7844/udp 198.41.192.0/24 198.41.200.0/24
tunnel -> proxy 8000/tcp
people -> cloudflare-edge 443/tcp
"""
CORPORATE = """
ingress -> proxy 8000/tcp in nginx-ingress
prometheus -> hub 8081/tcp in monitoring
nodes -> registry 443/tcp
deployment -> chart 443/tcp
"""
AIV = f"""
{RELEASE}{CLUSTER_DNS}{CORPORATE}
hub -> api-server 6443/tcp 10.50.10.0/29
hub -> egress-proxy 3128/tcp 10.50.20.5/32
egress-proxy -> identity-provider 443/tcp
hub -> service-iamApi 443/tcp 10.50.43.0/28
users -> object-store 443/tcp 10.50.40.0/28
users -> service-gitlab 443/tcp 10.50.41.0/28
users -> service-artifactory 443/tcp 10.50.42.0/28
users -> service-cephS3 443/tcp 10.50.40.0/28
deployment -> api-server 6443/tcp 10.50.10.0/29
"""
EXPECTED = {
    "local": f"""
{RELEASE}
hub -> dns 53/udp,53/tcp 10.200.0.1/32
proxy -> dns 53/udp,53/tcp 10.200.0.1/32
users -> dns 53/udp,53/tcp 10.200.0.1/32
hub -> api-server 6443/tcp 10.200.0.1/32
ingress -> proxy 8000/tcp 10.200.0.1/32
prometheus -> hub 8081/tcp in monitoring
people -> ingress 8443/tcp
deployment -> api-server 6443/tcp 10.200.0.1/32
""",
    "lab": f"""
{RELEASE}{CLUSTER_DNS}{TUNNEL}
hub -> api-server 6443/tcp 192.168.1.93/32
hub -> identity-provider 443/tcp public
users -> packages-and-git 443/tcp public
prometheus -> hub 8081/tcp in monitoring
prometheus -> tunnel 2000/tcp in monitoring
nodes -> registry 443/tcp
nodes -> registry 443/tcp
nodes -> registry 443/tcp
deployment -> chart 443/tcp
deployment -> api-server 6443/tcp 192.168.1.93/32
""",
    "aiv-prod": f"""
{AIV}
hub -> database 5432/tcp 10.50.30.0/28
people -> ingress 443/tcp 10.50.100.10/32
""",
    "aiv-staging": f"""
{AIV}
hub -> database 5432/tcp 10.50.30.16/28
people -> ingress 443/tcp 10.50.100.11/32
""",
    "iav-test": f"""
{RELEASE}{CLUSTER_DNS}{CORPORATE}
hub -> api-server 6443/tcp 10.60.10.0/29
people -> ingress 443/tcp
deployment -> api-server 6443/tcp 10.60.10.0/29
""",
    "carbon254": f"""
{RELEASE}{CLUSTER_DNS}{TUNNEL}
hub -> api-server 6443/tcp 10.254.10.0/29
hub -> identity-provider 443/tcp public
hub -> database 5432/tcp in postgresql
users -> object-store 9000/tcp in minio
users -> service-trino 8080/tcp in trino
users -> service-minio 9000/tcp in minio
users -> service-mlflow 5000/tcp in mlflow
users -> service-postgresql 5432/tcp in postgresql
users -> service-datahub 8080/tcp in datahub
users -> service-ray 10001/tcp in ray
users -> service-kafka 9092/tcp in kafka
users -> packages-and-git 443/tcp public
prometheus -> hub 8081/tcp in monitoring
prometheus -> tunnel 2000/tcp in monitoring
nodes -> registry 443/tcp
nodes -> registry 443/tcp
deployment -> chart 443/tcp
deployment -> api-server 6443/tcp 10.254.10.0/29
""",
}


@pytest.mark.parametrize("name", EXPECTED)
def test_each_stack_has_these_flows_and_no_other(name: str) -> None:
    written = sorted(expected for expected in EXPECTED[name].split("\n") if expected)
    assert sorted(line(flow) for flow in flows(settings_of(name))) == written


def service(name: str, used_by: str = "users", **reach: Any) -> dict[str, Any]:  # noqa: ANN401 -- JSON
    return {"kind": "gitlab", "name": name, "url": f"https://{name}.test", "usedBy": used_by, "reach": reach}


@pytest.mark.parametrize("name", STACKS)
@pytest.mark.parametrize(
    ("who", "pods"), [("users", ["users"]), ("hub", ["hub"]), ("both", ["hub", "users"])]
)
def test_one_service_more_is_one_flow_more_for_each_that_uses_it(
    name: str, who: str, pods: list[str]
) -> None:
    before = settings_of(name)
    listed = committed(name).get("services", {}).get("catalogue", [])
    more = [*listed, service("wiki", who, namespace="wiki", ports=[8090])]
    after = settings_of(name, {"services": {"catalogue": more}})
    assert set(flows(before)) < set(flows(after))
    assert sorted(line(flow) for flow in set(flows(after)) - set(flows(before))) == [
        f"{pod} -> service-wiki 8090/tcp in wiki" for pod in pods
    ]


@pytest.mark.parametrize("name", STACKS)
def test_one_service_less_opens_nothing(name: str) -> None:
    listed = committed(name).get("services", {}).get("catalogue", [])
    for at in range(len(listed)):
        rest = listed[:at] + listed[at + 1 :]
        patch = {"services": {"catalogue": rest}, "capabilities": {"everyone": {"services": ["all"]}}}
        lines = {line(flow) for flow in flows(settings_of(name, patch))}
        assert lines < {line(flow) for flow in flows(settings_of(name))}


@pytest.mark.parametrize("name", STACKS)
def test_every_reach_of_a_document_is_in_the_list(name: str) -> None:
    whole = settings_of(name)
    used = {flow.setting for flow in flows(whole)}
    proxied = any(reach.egress_proxy for _, reach in reaches(whole, "settings"))
    for path, _ in reaches(whole, "settings"):
        assert path in used or (path == "settings.network.egressProxy.reach" and not proxied)


def test_a_way_may_be_narrowed_to_labelled_pods() -> None:
    catalogue = [service("wiki", namespace="wiki", pods={"tier": "web", "app": "wiki"}, ports=[80])]
    found = flows(settings({"services": {"catalogue": catalogue}}))
    assert "users -> service-wiki 80/tcp in wiki app=wiki tier=web" in [line(flow) for flow in found]


def test_nothing_but_the_tunnel_reaches_the_proxy_behind_a_tunnel() -> None:
    to_proxy = [
        flow for flow in flows(settings_of("lab")) if flow.target == "proxy" and ("TCP", 8000) in flow.ports
    ]
    assert [flow.source for flow in to_proxy] == ["tunnel"]


def test_an_ingress_controller_never_reaches_the_proxy_beside_a_tunnel() -> None:
    refused = patched(committed("lab"), {"network": {"ingressFrom": ["traefik"]}})
    assert "ingress" not in {flow.source for flow in flows(Settings.model_validate(refused))}


def test_metrics_that_are_off_let_nobody_in() -> None:
    monitoring = {"metrics": False, "namespaces": [], "stack": "none", "operator": False, "dashboards": False}
    quiet = settings_of("iav-test", {"monitoring": monitoring})
    assert "prometheus" not in {flow.source for flow in flows(quiet)}


def test_what_stands_around_the_release_is_in_the_list() -> None:
    whole = settings(
        {
            "storage": {
                "shared": {
                    "nfs": {"server": "nfs.test", "path": "/export"},
                    "storageClass": None,
                    "accessMode": "ReadWriteMany",
                    "singleNode": False,
                }
            },
            "images": {"notebook": {"name": "registry.test:5000/notebook", "tag": "1"}},
            "chart": {"source": "oci", "ref": "oci://charts.test/hub/jupyterhub", "path": None},
            "secrets": {
                "source": "externalSecrets",
                "name": "jupyterhub-secrets",
                "store": {"kind": "vault", "server": "https://vault.test:8200", "path": "kv", "role": "hub"},
            },
        }
    )
    around = {
        (flow.source, flow.target, flow.ports[0][1], flow.hosts)
        for flow in flows(whole)
        if flow.source in ("nodes", "deployment", "external-secrets") and flow.hosts
    }
    assert around == {
        ("nodes", "nfs-server", 2049, ("nfs.test",)),
        ("nodes", "registry", 5000, ("registry.test",)),
        ("deployment", "chart", 443, ("charts.test",)),
        ("external-secrets", "secret-store", 8200, ("vault.test",)),
    }


# The egress proxy.


PROXY: dict[str, Any] = {
    "egressProxy": {
        "url": "http://proxy.test:3128",
        "reach": {"cidrs": ["192.0.2.9/32"], "ports": [3128]},
        "noProxy": [".company.test"],
    }
}


def test_whoever_goes_through_the_egress_proxy_gets_no_other_way_out() -> None:
    catalogue = [service("wiki", "users", egressProxy=True), service("forum", "users", egressProxy=True)]
    found = flows(settings({"network": PROXY, "services": {"catalogue": catalogue}}))
    ways = [line(flow) for flow in found if "proxy" in line(flow) and ("wiki" in flow.why or flow.hosts)]
    assert "users -> egress-proxy 3128/tcp 192.0.2.9/32" in ways
    to_proxy = {(flow.granted, flow.why) for flow in found if flow.target == "egress-proxy"}
    assert to_proxy == {("wiki", "the way to service-wiki"), ("forum", "the way to service-forum")}
    assert {flow.source for flow in found if flow.target.startswith("service-")} == {"egress-proxy"}


def test_an_egress_proxy_that_nobody_uses_is_reached_by_nobody() -> None:
    whole = settings({"network": PROXY})
    assert "egress-proxy" not in {end for flow in flows(whole) for end in (flow.source, flow.target)}
    assert proxy_environment(whole, "hub") == proxy_environment(whole, "users") == {}


def test_the_hub_asks_its_own_cluster_without_the_proxy() -> None:
    told = proxy_environment(settings_of("aiv-prod"), "hub")
    assert told["HTTPS_PROXY"] == told["https_proxy"] == "http://proxy.aiv.internal:3128"
    assert {"HTTP_PROXY", "http_proxy"}.isdisjoint(told), "it asks user pods by their address"
    straight = told["NO_PROXY"].split(",")
    for host in ("hub", "proxy-api", ".svc", ".cluster.local", "$(KUBERNETES_SERVICE_HOST)", ".aiv.internal"):
        assert host in straight
    assert "postgres.aiv.internal" in straight
    assert "login.microsoftonline.com" not in straight
    assert told["NO_PROXY"] == told["no_proxy"]


def test_notebooks_are_told_of_the_proxy_where_they_use_it() -> None:
    assert proxy_environment(settings_of("aiv-prod"), "users") == {}
    catalogue = [service("wiki", egressProxy=True), service("minio", namespace="minio", ports=[9000])]
    ranges = {"clusterRanges": ["10.201.0.0/16"]}
    told = proxy_environment(
        settings({"network": {**PROXY, **ranges}, "services": {"catalogue": catalogue}}), "users"
    )
    assert told["http_proxy"] == told["HTTP_PROXY"] == told["HTTPS_PROXY"] == "http://proxy.test:3128"
    straight = told["no_proxy"].split(",")
    assert {"hub", "minio.test", "10.201.0.0/16", ".company.test"} <= set(straight)
    assert "wiki.test" not in straight
    assert "$(KUBERNETES_SERVICE_HOST)" not in straight


def test_what_users_and_hub_reach_is_told_apart() -> None:
    whole = settings_of("aiv-prod")
    hub = {way.target for way in of_hub(whole.auth, whole.database, whole.services, whole.network)}
    users = {way.target for way in of_users(whole.storage, whole.services, whole.network)}
    assert hub & users == set()
