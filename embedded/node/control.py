"""The control plane: etcd, the API server, the controllers, the scheduler. It needs no root."""

from __future__ import annotations

from embedded.node import probes
from embedded.node.layout import (
    NODE_IP,
    POD_CIDR,
    SERVICE_CIDR,
    Layout,
    Options,
    Tools,
)
from embedded.node.processes import Spec


def etcd(place: Layout, tools: Tools) -> Spec:
    """The database, on a socket in a private folder: what it holds in plain text nobody else can read."""
    return Spec(
        name="etcd",
        argv=(
            str(tools.path("etcd")),
            f"--data-dir={place.etcd_data}",
            f"--listen-client-urls=unix://{place.etcd_socket}",
            # What it advertises must look like a host and a port. Nobody listens there, and nobody asks: the
            # API server is told the socket, and a single member has no peers.
            "--advertise-client-urls=http://localhost:2379",
            f"--listen-peer-urls=unix://{place.etcd_peer_socket}",
            "--log-level=warn",
        ),
        ready=lambda: probes.unix_http_ok(place.etcd_socket, "/health"),
    )


def apiserver(place: Layout, tools: Tools, options: Options) -> Spec:
    """The API server, on one address: the node's own, so that no outside interface carries it.

    It can bind one address or all of them. Pods reach the node's address; people come over 127.0.0.1,
    which the nftables table sends there.
    """
    pki = place.paths.pki
    argv = [
        str(tools.path("kube-apiserver")),
        f"--etcd-servers=unix://{place.etcd_socket}",
        f"--bind-address={options.api_address}",
        f"--secure-port={options.api_port}",
        # A loopback address is refused here even where nobody will ever follow it.
        f"--advertise-address={NODE_IP}",
        f"--service-cluster-ip-range={SERVICE_CIDR}",
        "--allow-privileged=true",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        f"--tls-cert-file={pki / 'apiserver.crt'}",
        f"--tls-private-key-file={pki / 'apiserver.key'}",
        f"--client-ca-file={pki / 'ca.crt'}",
        f"--service-account-key-file={pki / 'service-account.pub'}",
        f"--service-account-signing-key-file={pki / 'service-account.key'}",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--kubelet-certificate-authority={pki / 'ca.crt'}",
        f"--kubelet-client-certificate={pki / 'apiserver-kubelet.crt'}",
        f"--kubelet-client-key={pki / 'apiserver-kubelet.key'}",
        # The node's name resolves nowhere: logs and exec go to its address.
        "--kubelet-preferred-address-types=InternalIP",
        "--profiling=false",
    ]
    if not options.pods:
        argv.append("--endpoint-reconciler-type=none")
    return Spec(
        name="kube-apiserver",
        argv=tuple(argv),
        ready=lambda: api_ready(place, options),
        inputs=tuple(pki / name for name in ("apiserver.crt", "apiserver-kubelet.crt", "ca.crt")),
        patience=90.0,
        # Asked to end, it waits up to a minute for open watches; it keeps nothing of its own.
        grace=4.0,
    )


def api_ready(place: Layout, options: Options) -> bool:
    """Whether the API server answers requests."""
    ca = place.paths.pki / "ca.crt"
    return probes.https_status(options.api_address, options.api_port, "/readyz", ca) == 200


def controllers(place: Layout, tools: Tools) -> Spec:
    """The controllers. Their own port is off: two control planes on a machine would fight for it."""
    pki = place.paths.pki
    config = place.kubeconfig("kube-controller-manager")
    return Spec(
        name="kube-controller-manager",
        argv=(
            str(tools.path("kube-controller-manager")),
            f"--kubeconfig={config}",
            "--secure-port=0",
            "--leader-elect=false",
            "--use-service-account-credentials",
            f"--service-account-private-key-file={pki / 'service-account.key'}",
            f"--root-ca-file={pki / 'ca.crt'}",
            f"--cluster-signing-cert-file={pki / 'ca.crt'}",
            f"--cluster-signing-key-file={pki / 'ca.key'}",
            "--allocate-node-cidrs",
            f"--cluster-cidr={POD_CIDR}",
            f"--node-cidr-mask-size={POD_CIDR.rpartition('/')[2]}",
        ),
        inputs=(config,),
    )


def scheduler(place: Layout, tools: Tools) -> Spec:
    """The scheduler."""
    config = place.kubeconfig("kube-scheduler")
    return Spec(
        name="kube-scheduler",
        argv=(
            str(tools.path("kube-scheduler")),
            f"--kubeconfig={config}",
            "--secure-port=0",
            "--leader-elect=false",
        ),
        inputs=(config,),
    )
