"""Faults planted into the running `local`, one for each check of `ops smoke`, and taken out again."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from embedded.node import company
from embedded.node.layout import NODE_IP, NODE_NAME, POD_CIDR, SERVICE_CIDR
from embedded.paths import CHECKOUT, find
from ops.smoke.cleaning import CLAIMS
from tests.e2e.hub import Hub, make
from tests.e2e.node_pod import wait_for
from tests.e2e.prometheus import prometheus_of, scraped

Json = dict[str, Any]
NAME = "planted"
SETTINGS = "jupyterhub:settings"
GPU = "nvidia.com/gpu"


def variables(stack: str = "local") -> dict[str, str]:
    """What `make env` gives a shell."""
    said = make("env", STACK=stack).stdout.splitlines()
    pairs = (shlex.split(line)[1].split("=", 1) for line in said if line.startswith("export "))
    return {**os.environ, **{name: value for name, value in pairs}}


@dataclass(frozen=True)
class Ran:
    """One run that is over."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Json:
        """What it says to programs."""
        found: Json = json.loads(self.out)
        return found

    def of(self, status: str) -> set[str]:
        """Name the checks that ended in one way."""
        return {one["name"] for one in self.document["checks"] if one["status"] == status}

    def check(self, name: str) -> Json:
        """Give one check."""
        return next(one for one in self.document["checks"] if one["name"] == name)


@dataclass
class Smoke:
    """`ops smoke`, as a program of its own."""

    stack: str = "local"
    env: Mapping[str, str] = field(default_factory=dict)
    words: tuple[str, ...] = ("--json",)

    def started(self, *words: str, **env: str) -> subprocess.Popen[str]:
        """Start it, and do not wait."""
        return subprocess.Popen(
            [CHECKOUT / "bin" / "ops", "smoke", self.stack, *self.words, *words],
            env={**(self.env or variables(self.stack)), **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ran(self, *words: str, **env: str) -> Ran:
        """Run it to its end."""
        return ended(self.started(*words, **env))


def ended(running: subprocess.Popen[str], sent: signal.Signals | None = None) -> Ran:
    """Wait for the end, or bring it about."""
    if sent:
        running.send_signal(sent)
    out, err = running.communicate(timeout=600)
    assert "Traceback" not in err, err
    return Ran(running.returncode, out, err)


@dataclass
class Planted:
    """What a fault changes about the call, where it is no fault of the cluster."""

    words: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict)
    meanwhile: Callable[[], None] = lambda: None
    """What happens while the run goes on."""


Fault = Callable[[Hub, Path], AbstractContextManager[Planted]]


@contextmanager
def made(hub: Hub, document: Json) -> Iterator[Planted]:
    """An object more in the namespace."""
    document["metadata"] = {"name": NAME, **document.get("metadata", {})}
    place = f"{document['kind']}/{document['metadata']['name']}"
    _kubectl(hub, "create", "--filename", "-", given=json.dumps(document))
    try:
        yield Planted()
    finally:
        hub.kubectl("delete", place, "--wait")


def _kubectl(hub: Hub, *words: str, given: str) -> None:
    command = ["kubectl", "--namespace", hub.namespace, *words]
    subprocess.run(command, env=dict(hub.engine.env), input=given, text=True, check=True, capture_output=True)


def a_deployment_that_never_comes(hub: Hub, _: Path) -> AbstractContextManager[Planted]:
    labels = {"release": hub.outputs["release"], "planted": "yes"}
    template = {
        "metadata": {"labels": labels},
        "spec": {
            "containers": [{"name": "none", "image": "localhost/none:none", "imagePullPolicy": "Never"}]
        },
    }
    spec = {"selector": {"matchLabels": labels}, "template": template}
    document = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"labels": labels}, "spec": spec}
    return made(hub, document)


@contextmanager
def a_release_that_hangs(hub: Hub, _: Path) -> Iterator[Planted]:
    found = json.loads(hub.kubectl("get", "secret", "-l", "owner=helm,status=deployed", "-o", "json"))
    name = found["items"][0]["metadata"]["name"]
    hub.kubectl("label", "secret", name, "status=pending-upgrade", "--overwrite")
    try:
        yield Planted()
    finally:
        hub.kubectl("label", "secret", name, "status=deployed", "--overwrite")


@contextmanager
def somebody_elses_authority(_: Hub, __: Path) -> Iterator[Planted]:
    yield Planted(env={"HUB_CA_FILE": str(company.root(find().pki).certificate)})


def settings_with(change: Callable[[Json], None]) -> Fault:
    """Settings of a copy that say something else than what runs."""

    @contextmanager
    def planted(_: Hub, place: Path) -> Iterator[Planted]:
        whole = yaml.safe_load(Path(variables()["HUB_STACK_FILES"], "Pulumi.local.yaml").read_text())
        change(whole["config"][SETTINGS])
        (place / "Pulumi.local.yaml").write_text(yaml.safe_dump(whole))
        yield Planted(env={"HUB_STACK_FILES": str(place)})

    return planted


def another_provider(settings: Json) -> None:
    settings["auth"] = {
        "provider": "github",
        "clientId": "another",
        "groups": {"members": "example"},
        "reach": {"cidrs": ["192.0.2.0/28"]},
    }
    settings["capabilities"] = {"everyone": {"profiles": ["all"]}, "members": {"signIn": True}}
    settings["secrets"] = {"source": "config"}


def another_version(settings: Json) -> None:
    settings["hub"]["version"] = "5.5.5"


def a_service_that_is_not_there(settings: Json) -> None:
    reach = {"namespace": "nobody-here", "ports": [5000]}
    settings["services"] = {
        "catalogue": [{"kind": "mlflow", "url": "http://no.such.svc:5000", "reach": reach}]
    }


def a_path_that_leads_elsewhere(path: str) -> Fault:
    """An Ingress of somebody else, for a part of the hub's addresses."""

    def planted(hub: Hub, _: Path) -> AbstractContextManager[Planted]:
        (ours,) = json.loads(hub.kubectl("get", "ingress", "-o", "json"))["items"]
        annotations = {key: text for key, text in ours["metadata"]["annotations"].items() if "traefik" in key}
        backend = {"service": {"name": "proxy-api", "port": {"number": 8001}}}
        rule = {"path": path, "pathType": "Prefix", "backend": backend}
        spec = {**ours["spec"], "rules": [{"host": "jupyterhub.localhost", "http": {"paths": [rule]}}]}
        document = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "spec": spec}
        return made(hub, document | {"metadata": {"annotations": annotations}})

    return planted


@contextmanager
def a_prometheus_without_the_token(hub: Hub, place: Path) -> Iterator[Planted]:
    with prometheus_of(place, {"scrape_configs": [scraped(hub, token=False)]}) as refused:
        yield Planted(words=("--prometheus", refused.url))


def no_room_for_pods(hub: Hub, _: Path) -> AbstractContextManager[Planted]:
    return made(hub, {"apiVersion": "v1", "kind": "ResourceQuota", "spec": {"hard": {"pods": "0"}}})


def everything_inside_is_open(hub: Hub, _: Path) -> AbstractContextManager[Planted]:
    # All that lies on this node, and nothing beyond it.
    blocks = [{"ipBlock": {"cidr": cidr}} for cidr in (SERVICE_CIDR, POD_CIDR, f"{NODE_IP}/32")]
    everybody: Json = {"podSelector": {}, "policyTypes": ["Egress", "Ingress"], "ingress": [{}]}
    spec = everybody | {"egress": [{"to": blocks}]}
    return made(hub, {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "spec": spec})


@contextmanager
def a_home_that_is_swapped(hub: Hub, _: Path) -> Iterator[Planted]:
    def swap() -> None:
        pod = ("get", "pods", "-l", "component=singleuser-server,hub.jupyter.org/username=ops.smoke")
        wait_for(lambda: "Running" in hub.kubectl(*pod), "the server runs", 120)
        # It goes when the server stops, and the next one gets a new one.
        hub.kubectl("delete", "pvc", CLAIMS[0], "--wait=false")

    yield Planted(meanwhile=swap)


@contextmanager
def no_gpu_on_any_node(hub: Hub, _: Path) -> Iterator[Planted]:
    node = json.loads(hub.kubectl("get", "node", NODE_NAME, "-o", "json"))
    before = node["status"]["allocatable"][GPU]
    _offer(hub, "0")
    try:
        yield Planted()
    finally:
        _offer(hub, before)


def _offer(hub: Hub, count: str) -> None:
    patch = json.dumps({"status": {"capacity": {GPU: count}, "allocatable": {GPU: count}}})
    hub.kubectl("patch", "node", NODE_NAME, "--subresource=status", "--type=merge", "--patch", patch)


@contextmanager
def every_gpu_in_use(hub: Hub, _: Path) -> Iterator[Planted]:
    """No fault: a pod has them all. Its image is nowhere, so it waits with what it was given."""
    container = {
        "name": "waits",
        "image": "localhost/none:none",
        "imagePullPolicy": "Never",
        "resources": {"limits": {GPU: "2"}, "requests": {GPU: "2"}},
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    profile = {"runAsNonRoot": True, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}}
    spec = {"containers": [container], "securityContext": profile, "terminationGracePeriodSeconds": 0}
    with made(hub, {"apiVersion": "v1", "kind": "Pod", "spec": spec}) as planted:
        asked = ("get", "pod", NAME, "-o", "jsonpath={.spec.nodeName}")
        wait_for(lambda: bool(hub.kubectl(*asked)), "the pod has its GPUs", 60)
        yield planted
