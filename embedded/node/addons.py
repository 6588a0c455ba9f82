"""What a cluster is expected to have: DNS, volumes, an ingress controller, network policies.

All run as processes of the host, each with a certificate and rights of its own (objects.py).
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

from embedded import netpol, paths
from embedded.node import files, pki, probes
from embedded.node.layout import (
    ALL_NODES_CLASSES,
    CLUSTER_DOMAIN,
    NODE_IP,
    ONE_NODE_CLASSES,
    POD_CIDR,
    STORAGE_NAMESPACE,
    Images,
    Layout,
    Options,
    Tools,
)
from embedded.node.processes import Spec
from embedded.node.shell import attempt

RESOLVER = Path("/etc/resolv.conf")
KUBERNETES_NAME = f"kubernetes.default.svc.{CLUSTER_DOMAIN}"


def hosts_file(place: Layout) -> Path:
    """Names of the world outside that this machine plays to pods; read again when it changes."""
    return place.config / "hosts"


def corefile(place: Layout, resolver: Path = RESOLVER) -> str:
    """CoreDNS' configuration: names that are played here, the cluster's, others from the host's resolver.

    A machine without a network names no resolver; CoreDNS would refuse to start over that.
    """
    named = resolver.is_file() and re.search(r"^nameserver\s", resolver.read_text(), re.MULTILINE)
    others = f"forward . {resolver}" if named else "# This machine names no resolver."
    return f"""\
.:53 {{
  bind {NODE_IP}
  errors
  hosts {hosts_file(place)} {{
    ttl 5
    reload 1s
    fallthrough
  }}
  kubernetes {CLUSTER_DOMAIN} in-addr.arpa {{
    kubeconfig {place.kubeconfig("coredns")}
    ttl 5
  }}
  {others}
  cache 5
}}
"""


def dns_ready() -> bool:
    """Whether the cluster's DNS knows the API server's service."""
    return probes.dns_answers(NODE_IP, KUBERNETES_NAME)


def coredns(place: Layout, tools: Tools) -> Spec:
    """The cluster's DNS, on the node's address."""
    config = place.config / "Corefile"
    files.write(config, corefile(place))
    hosts_file(place).touch()
    return Spec(
        name="coredns",
        argv=(str(tools.path("coredns")), "-conf", str(config)),
        ready=dns_ready,
        inputs=(config, place.kubeconfig("coredns")),
    )


def volume_map(place: Layout) -> dict[str, object]:
    """Where the provisioner makes volumes, by class: it grants ReadWriteMany only to a path of all nodes.

    There is one node, so both kinds are folders side by side.
    """
    folder = str(place.volumes)
    one_node = {"nodePathMap": [{"node": "DEFAULT_PATH_FOR_NON_LISTED_NODES", "paths": [folder]}]}
    all_nodes = {"sharedFileSystemPath": folder}
    return {
        "storageClassConfigs": dict.fromkeys(ONE_NODE_CLASSES, one_node)
        | dict.fromkeys(ALL_NODES_CLASSES, all_nodes)
    }


def provisioner(place: Layout, tools: Tools, images: Images) -> Spec:
    """Dynamic volumes: a folder of the host per claim, made and removed by short pods of the helper image."""
    config = place.config / "local-path.json"
    files.write(config, json.dumps(volume_map(place)))
    kubeconfig = place.kubeconfig("local-path-provisioner")
    return Spec(
        name="local-path-provisioner",
        argv=(
            str(tools.path("local-path-provisioner")),
            "start",
            f"--config={config}",
            f"--kubeconfig={kubeconfig}",
            f"--namespace={STORAGE_NAMESPACE}",
            "--configmap-name=local-path-config",
            "--service-account-name=local-path-provisioner-service-account",
            f"--helper-image={images['helper'].ref}",
        ),
        inputs=(config, kubeconfig),
        env={"POD_NAMESPACE": STORAGE_NAMESPACE},
    )


def traefik(place: Layout, tools: Tools, options: Options) -> Spec:
    """The ingress controller, on one loopback port.

    No limit on how long a request may be read: an upload of a large file takes longer than a minute.
    """
    pair = pki.ingress_certificate(place.paths.pki, "localhost")
    dynamic = place.config / "traefik-certificates.yaml"
    stores = {
        "default": {"defaultCertificate": {"certFile": str(pair.certificate), "keyFile": str(pair.key)}}
    }
    files.write_yaml(dynamic, {"tls": {"stores": stores}})
    kubeconfig = place.kubeconfig("traefik")
    entry = "--entrypoints.websecure"
    provider = "--providers.kubernetesingress"
    return Spec(
        name="traefik",
        argv=(
            str(tools.path("traefik")),
            "--global.checknewversion=false",
            "--global.sendanonymoususage=false",
            f"{entry}.address=127.0.0.1:{options.https_port}",
            f"{entry}.http.tls=true",
            f"{entry}.transport.respondingtimeouts.readtimeout=0",
            # No class is named: every IngressClass whose controller is Traefik counts (objects.py).
            f"{provider}=true",
            # While a server is away, its users get 503; without this the whole route goes, and they get 404.
            f"{provider}.allowemptyservices=true",
            # By default routes are at most two seconds old: long, for a server that has just come up.
            "--providers.providersthrottleduration=500ms",
            # Published in each Ingress' status: whoever waits for an address gets one.
            f"{provider}.ingressendpoint.ip=127.0.0.1",
            f"--providers.file.filename={dynamic}",
            "--providers.file.watch=false",
            "--log.level=INFO",
            "--log.nocolor=true",
        ),
        ready=lambda: traefik_answers(place, options),
        inputs=(dynamic, kubeconfig, pair.certificate),
        env={"KUBECONFIG": str(kubeconfig)},
    )


def traefik_answers(place: Layout, options: Options) -> bool:
    """Whether the ingress controller answers with a certificate of this machine."""
    ca = place.paths.pki / "ingress-ca.crt"
    return probes.https_status("127.0.0.1", options.https_port, "/", ca) > 0


def policies(place: Layout) -> Spec:
    """The NetworkPolicy controller; it must stand before the first pod does, else `deny` has a gap."""
    kubeconfig = place.kubeconfig("netpol")
    return Spec(
        name="netpol",
        argv=(
            sys.executable,
            "-m",
            "embedded.netpol",
            "--kubeconfig",
            str(kubeconfig),
            "--node-ip",
            NODE_IP,
            "--pod-cidr",
            POD_CIDR,
        ),
        ready=policies_stand,
        # Its own source among them: a checkout that moved on restarts it.
        inputs=(kubeconfig, *sorted(Path(netpol.__file__).parent.glob("*.py"))),
        env={"PYTHONPATH": str(paths.CHECKOUT), "PYTHONUNBUFFERED": "1"},
    )


def policies_stand() -> bool:
    """Whether the policies' table is loaded."""
    return attempt("nft", "list", "table", *netpol.TABLE.split())[0]
