"""containerd, runc and the pod network's plugin: their configuration, and the images that pods run from."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from embedded.fault import Fault
from embedded.node import files, network, probes
from embedded.node.layout import POD_CIDR, Images, Layout
from embedded.node.processes import Spec
from embedded.node.shell import PATH, attempt, must

PLUGIN_FOLDERS = (Path("/usr/lib/cni"), Path("/opt/cni/bin"), Path("/usr/libexec/cni"))
NAMESPACE = "k8s.io"


def plugin_folder() -> Path:
    """Where the distribution put the CNI plugins."""
    for folder in PLUGIN_FOLDERS:
        if (folder / "ptp").is_file() and (folder / "host-local").is_file():
            return folder
    raise Fault(
        "The CNI plugins ptp and host-local are not installed.",
        "No pod gets a network.",
        "apt-get install containernetworking-plugins",
    )


def program(name: str, package: str) -> str:
    """A program of the distribution."""
    found = shutil.which(name, path=PATH)
    if found is None:
        raise Fault(f"{name} is not installed.", "No pod can run.", f"apt-get install {package}")
    return found


def snapshotter(root: Path, mounts: Path = Path("/proc/mounts")) -> str:
    """How image layers are stacked: an overlay cannot lie on another one (as inside a container)."""
    best, kind = "", ""
    for line in mounts.read_text().splitlines():
        _, where, type_, *_ = line.split(" ")
        inside = root == Path(where) or Path(where) in root.parents
        if inside and len(where) >= len(best):
            best, kind = where, type_
    return "native" if kind == "overlay" else "overlayfs"


def containerd_config(place: Layout, pause: str, plugins: Path) -> str:
    """containerd's configuration.

    restrict_oom_score_adj: where the machine forbids lowering the score, no pod starts without it.
    netns_mounts_under_state_dir: pods' network namespaces lie below our own folder, not in /run/netns,
    so that it is plain which ones are ours. The opt plugin would make /opt/containerd.
    """
    cri = 'plugins."io.containerd.grpc.v1.cri"'
    return f"""\
version = 2
root = "{place.containerd_root}"
state = "{place.containerd_state}"
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.aufs",
  "io.containerd.tracing.processor.v1.otlp", "io.containerd.internal.v1.tracing"]
[grpc]
  address = "{place.containerd_socket}"
[plugins."io.containerd.internal.v1.opt"]
  path = "{place.containerd_root}/opt"
[{cri}]
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  sandbox_image = "{pause}"
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"
  [{cri}.containerd]
    snapshotter = "{snapshotter(place.containerd_root)}"
    [{cri}.containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [{cri}.containerd.runtimes.runc.options]
        Root = "{place.run}/runc"
  [{cri}.cni]
    bin_dir = "{plugins}"
    conf_dir = "{place.cni}"
"""


def cni_config(place: Layout, frame: int) -> str:
    """The pod network: a routed cable per pod, addresses from one range, no iptables."""
    return json.dumps(
        {
            "cniVersion": "0.4.0",
            "name": "jhub-pods",
            "plugins": [
                {
                    "type": "ptp",
                    "ipMasq": False,
                    "mtu": frame,
                    "ipam": {
                        "type": "host-local",
                        "dataDir": str(place.leases),
                        "ranges": [[{"subnet": POD_CIDR}]],
                        "routes": [{"dst": "0.0.0.0/0"}],
                    },
                }
            ],
        },
        indent=1,
    )


def containerd(place: Layout, images: Images) -> Spec:
    """containerd as a process."""
    plugins = plugin_folder()
    program("runc", "runc")
    config = place.config / "containerd.toml"
    files.write(config, containerd_config(place, images["pause"].ref, plugins))
    files.write(place.cni / "10-pods.conflist", cni_config(place, network.mtu()))
    socket = place.containerd_socket
    return Spec(
        name="containerd",
        argv=(program("containerd", "containerd"), "--config", str(config)),
        ready=lambda: probes.socket_open(socket) and attempt("ctr", "-a", str(socket), "version")[0],
        inputs=(config,),
    )


def _ctr(place: Layout, *argv: str, timeout: float = 30.0) -> str:
    return must(
        program("ctr", "containerd"),
        "-a",
        str(place.containerd_socket),
        "-n",
        NAMESPACE,
        *argv,
        timeout=timeout,
    )


def present(place: Layout) -> set[str]:
    """The references of the images that containerd has."""
    return {line for line in _ctr(place, "images", "ls", "-q").split() if not line.startswith("sha256:")}


def load_images(place: Layout, images: Images) -> list[str]:
    """Import what is missing, forget our own older images; says what was imported."""
    there = present(place)
    missing = [image for image in images.values() if image.ref not in there]
    # The small ones first: every pod needs the sandbox's, every claim the provisioner's.
    missing.sort(key=lambda image: image.archive.stat().st_size)
    way = snapshotter(place.containerd_root)
    for image in missing:
        _ctr(place, "images", "import", "--snapshotter", way, str(image.archive), timeout=600)
    if missing:
        lacking = {image.ref for image in missing} - present(place)
        if lacking:
            raise Fault(
                f"An image archive does not hold what it should: {', '.join(sorted(lacking))}.",
                "Pods that use it cannot start.",
                "Remove the images' folder in the cache and start again.",
            )
        forget(place, obsolete(there, {image.ref for image in images.values()}))
    return [image.ref for image in missing]


def obsolete(there: set[str], wanted: set[str]) -> set[str]:
    """References to earlier builds: the same repository, another tag."""
    ours = {ref.rpartition(":")[0] for ref in wanted}
    return {ref for ref in there if ref.rpartition(":")[0] in ours and ref not in wanted}


def forget(place: Layout, refs: set[str]) -> None:
    """Take images off the node that no container uses."""
    if not refs:
        return
    lines = _ctr(place, "containers", "ls").splitlines()[1:]
    used = {line.split()[1] for line in lines if len(line.split()) > 1}
    for ref in sorted(refs - used):
        _ctr(place, "images", "rm", ref)
