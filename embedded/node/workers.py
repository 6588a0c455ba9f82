"""What makes a machine a node: the kubelet, and kube-proxy in nftables mode."""

from __future__ import annotations

from typing import Any

from embedded.node import cgroups, files, probes
from embedded.node.layout import CGROUP, CLUSTER_DOMAIN, NODE_IP, NODE_NAME, POD_CIDR, Layout, Tools
from embedded.node.processes import Spec


def kubelet_config(place: Layout, cgroup_version: int) -> dict[str, Any]:
    """The kubelet's configuration."""
    pki = place.paths.pki
    document: dict[str, Any] = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": NODE_IP,
        "healthzBindAddress": "127.0.0.1",
        "cgroupDriver": "cgroupfs",
        # A root of our own: whatever lies below it is a pod of this node, and goes with it.
        "cgroupRoot": f"/{CGROUP}",
        "containerRuntimeEndpoint": f"unix://{place.containerd_socket}",
        "clusterDNS": [NODE_IP],
        "clusterDomain": CLUSTER_DOMAIN,
        # The host's own file may name a resolver on the host's loopback, which no pod reaches.
        "resolvConf": str(place.config / "resolv.conf"),
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(pki / "ca.crt")},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": str(pki / "kubelet.crt"),
        "tlsPrivateKeyFile": str(pki / "kubelet.key"),
        "failSwapOn": False,
        # Its chains guard kube-proxy's iptables mode; here they would only outlive the node.
        "makeIPTablesUtilChains": False,
        "podLogsDir": str(place.pod_logs),
        "volumePluginDir": str(place.kubelet / "volume-plugins"),
        # Our images come from archives, not from a registry: one that is collected would be gone.
        "imageGCHighThresholdPercent": 100,
        "evictionHard": {
            "memory.available": "100Mi",
            "nodefs.available": "1%",
            "nodefs.inodesFree": "1%",
            "imagefs.available": "1%",
        },
    }
    if cgroup_version == 1:
        # Refused by default since Kubernetes 1.35.
        document["failCgroupV1"] = False
    return document


def kubelet(place: Layout, tools: Tools) -> Spec:
    """The kubelet."""
    config = place.config / "kubelet.yaml"
    files.write_yaml(config, kubelet_config(place, cgroups.version()))
    files.write(place.config / "resolv.conf", f"nameserver {NODE_IP}\n")
    kubeconfig = place.kubeconfig("kubelet")
    return Spec(
        name="kubelet",
        argv=(
            str(tools.path("kubelet")),
            f"--config={config}",
            f"--kubeconfig={kubeconfig}",
            f"--hostname-override={NODE_NAME}",
            f"--node-ip={NODE_IP}",
            f"--root-dir={place.kubelet}",
        ),
        ready=lambda: probes.http_ok("127.0.0.1", 10248, "/healthz"),
        inputs=(config, kubeconfig, place.paths.pki / "kubelet.crt", place.paths.pki / "ca.crt"),
    )


def proxy_config(place: Layout) -> dict[str, Any]:
    """kube-proxy's configuration; its listeners and node ports stay on loopback and the node's address."""
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "clientConnection": {"kubeconfig": str(place.kubeconfig("kube-proxy"))},
        "bindAddress": NODE_IP,
        "healthzBindAddress": "127.0.0.1:10256",
        "metricsBindAddress": "127.0.0.1:10249",
        "nodePortAddresses": [f"{NODE_IP}/32"],
        "clusterCIDR": POD_CIDR,
        "mode": "nftables",
        # The machine's connection tracking belongs to the machine.
        "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
    }


def proxy(place: Layout, tools: Tools) -> Spec:
    """kube-proxy."""
    config = place.config / "kube-proxy.yaml"
    files.write_yaml(config, proxy_config(place))
    return Spec(
        name="kube-proxy",
        argv=(str(tools.path("kube-proxy")), f"--config={config}", f"--hostname-override={NODE_NAME}"),
        ready=lambda: probes.http_ok("127.0.0.1", 10256, "/healthz"),
        inputs=(config, place.kubeconfig("kube-proxy")),
    )
