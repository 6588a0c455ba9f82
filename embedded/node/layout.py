"""What the node is made of on this machine: addresses, names, files, and the choices of whoever starts it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from embedded.paths import NAME, Paths

NODE_NAME = "jhub-node"
BRIDGE = "jhub-node"
NODE_IP = "10.200.0.1"
NODE_PREFIX = 24
POD_CIDR = "10.201.0.0/24"
SERVICE_CIDR = "10.96.0.0/16"
API_SERVICE_IP = "10.96.0.1"
CLUSTER_DOMAIN = "cluster.local"
NAT_TABLE = "jhub-nat"
CGROUP = "jhub-node"
STORAGE_NAMESPACE = "local-path-storage"
# Which pods may write to a volume at once: those of one node, or of all. The names are those that stacks use.
ONE_NODE_CLASSES = ("local-path", "ceph-rbd")
ALL_NODES_CLASSES = ("cephfs", "shared", "standard")

# Longer paths do not fit into the kernel's address of a unix socket (108 bytes with the end mark).
LONGEST_SOCKET = 104


class Image(Protocol):
    """An image archive and the reference it is known by."""

    @property
    def ref(self) -> str:
        """The reference, tagged by content."""

    @property
    def archive(self) -> Path:
        """The archive that `ctr images import` reads."""


class Tools(Protocol):
    """Where the programs are."""

    def path(self, name: str) -> Path:
        """The program's file."""


Images = Mapping[str, Image]


@dataclass(frozen=True)
class Options:
    """What may differ from one start to the next."""

    https_port: int = 8443
    api_port: int = 6443
    gpus: int = 0
    pods: bool = True

    @property
    def api_address(self) -> str:
        """Where the API server listens: where pods reach it, or only on loopback when there are none."""
        return NODE_IP if self.pods else "127.0.0.1"

    @property
    def api_url(self) -> str:
        """How the node's own parts reach the API server."""
        return f"https://{self.api_address}:{self.api_port}"


@dataclass(frozen=True)
class Layout:
    """Where the node's files lie: what lasts in the state, what a reboot ends in `run`."""

    paths: Paths
    run: Path

    @property
    def state(self) -> Path:
        """What lasts."""
        return self.paths.state

    @property
    def lock(self) -> Path:
        """Held while something starts or stops."""
        return self.run / "lock"

    @property
    def record(self) -> Path:
        """Who started the node, from where, with which options."""
        return self.run / "node.json"

    @property
    def records(self) -> Path:
        """One record per running process."""
        return self.run / "processes"

    @property
    def sysctls(self) -> Path:
        """The kernel settings as they were before the node changed them."""
        return self.run / "sysctls.json"

    @property
    def etcd_socket(self) -> Path:
        """Where etcd listens: a socket in a private folder needs neither port nor TLS."""
        return self.run / "etcd.sock"

    @property
    def etcd_peer_socket(self) -> Path:
        """Where etcd would meet other members."""
        return self.run / "etcd-peer.sock"

    @property
    def containerd_socket(self) -> Path:
        """Where containerd listens."""
        return self.run / "containerd.sock"

    @property
    def containerd_state(self) -> Path:
        """What containerd knows of running containers; mounts lie below it."""
        return self.run / "containerd"

    @property
    def containerd_root(self) -> Path:
        """Images and containers."""
        return self.state / "containerd"

    @property
    def etcd_data(self) -> Path:
        """Everything the API server knows."""
        return self.state / "etcd"

    @property
    def kubelet(self) -> Path:
        """The kubelet's own files and the pods' mounts."""
        return self.state / "kubelet"

    @property
    def cni(self) -> Path:
        """The pod network's configuration, one file."""
        return self.state / "cni"

    @property
    def leases(self) -> Path:
        """Which pod has which address."""
        return self.run / "addresses"

    @property
    def volumes(self) -> Path:
        """The data of claims: what must survive."""
        return self.state / "volumes"

    @property
    def config(self) -> Path:
        """Configuration files and kubeconfigs of the parts."""
        return self.state / "config"

    @property
    def pod_logs(self) -> Path:
        """What containers print."""
        return self.paths.logs / "pods"

    def kubeconfig(self, part: str) -> Path:
        """The kubeconfig of one part of the node."""
        return self.config / f"{part}.kubeconfig"


def layout(paths: Paths, *, root: bool | None = None) -> Layout:
    """Root's node is the machine's one and is recorded in /run; an ordinary user's lies in the own state."""
    is_root = os.geteuid() == 0 if root is None else root
    return Layout(paths=paths, run=Path("/run") / NAME if is_root else paths.state / "run")
