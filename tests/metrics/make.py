"""Records which metrics there are: `python -m tests.metrics.make` (needs Go, which fetches sources).

The hub's come from its packages, installed from the image's lock and asked; the cluster's from the sources of
what exports them: only what the oldest and the newest version of each have.
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from chart.catalogue import make
from tests.metrics import HERE

Labels = dict[str, list[str]]
_STATE = "k8s.io/kube-state-metrics/v2"
_CADVISOR = "github.com/google/cadvisor"
_KUBERNETES = "k8s.io/kubernetes"
_CERT_MANAGER = "github.com/cert-manager/cert-manager"
# The module proxy has no release of it: supervisor/metrics.go and connection/metrics.go of cloudflared.
_CLOUDFLARED: Labels = {"cloudflared_tunnel_ha_connections": []}


def main() -> None:
    """Write both lists beside this file."""
    (HERE / "jupyterhub.json").write_text(hub())
    (HERE / "cluster.json").write_text(cluster())


def hub() -> str:
    """Give what the packages of the hub image register."""
    with tempfile.TemporaryDirectory(prefix="hub-metrics-") as folder:
        python = make.installed(make.LOCK, Path(folder))
        return _text(json.loads(make.read_with(python, HERE / "jupyterhub.py")))


def _text(found: Labels) -> str:
    """Write a line for each metric."""
    lines = [f"{json.dumps(name)}: {json.dumps(labels)}" for name, labels in sorted(found.items())]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def cluster() -> str:
    """Give what the cluster's exporters have."""
    found = {
        **_in_both(_state(source(_STATE, "v2.13.0")), _state(source(_STATE, "v2.19.1"))),
        **_kubelet(source(_KUBERNETES, "v1.36.3")),
        **_cadvisor(source(_CADVISOR, "v0.56.2")),
        **_cert_manager(source(_CERT_MANAGER, "v1.21.2")),
        **_CLOUDFLARED,
    }
    return _text(found)


def source(module: str, version: str) -> Path:
    """Give the folder with a module's source."""
    asked = ["go", "mod", "download", "-json", f"{module}@{version}"]
    done = subprocess.run(asked, check=True, capture_output=True, text=True, cwd="/")
    return Path(json.loads(done.stdout)["Dir"])


def _in_both(old: Labels, new: Labels) -> Labels:
    return {name: sorted({*labels} & {*new[name]}) for name, labels in old.items() if name in new}


def _state(folder: Path) -> Labels:
    """Read kube-state-metrics' own tables. What has to be switched on is left out."""
    return dict(row for page in (folder / "docs" / "metrics").rglob("*.md") for row in _rows(page))


def _rows(page: Path) -> Iterator[tuple[str, list[str]]]:
    for line in page.read_text().splitlines():
        name = re.match(r"\|\s*(kube_\w+)\s*\|", line)
        if name and "Opt-in" not in line:
            yield name[1], sorted(set(re.findall(r"`(\w+)`=", line)))


def _kubelet(folder: Path) -> Labels:
    text = (folder / "pkg" / "kubelet" / "metrics" / "metrics.go").read_text()
    names = re.findall(r'VolumeStats\w+Key\s*=\s*"(\w+)"', text)
    return {f"kubelet_{name}": ["namespace", "persistentvolumeclaim"] for name in names}


def _cadvisor(folder: Path) -> Labels:
    text = (folder / "docs" / "storage" / "prometheus.md").read_text()
    # The kubelet names pod, namespace and container of each.
    own = ["container", "cpu", "id", "image", "name", "namespace", "pod"]
    return dict.fromkeys(re.findall(r"^`(container_\w+)` \|", text, re.MULTILINE), own)


def _cert_manager(folder: Path) -> Labels:
    text = (folder / "pkg" / "metrics" / "certificates_test.go").read_text()
    found = re.findall(r"^\s*(certmanager_certificate_\w+)\{(.*?)\}", text, re.MULTILINE)
    # Beside its own namespace, a Prometheus that honours no labels calls the certificate's by another name.
    return {name: sorted({*re.findall(r"(\w+)=", labels), "exported_namespace"}) for name, labels in found}


if __name__ == "__main__":
    main()
