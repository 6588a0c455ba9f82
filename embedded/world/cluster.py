"""What a stack finds in the cluster beside its own: kinds of other projects, its database, its neighbours."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from embedded import paths as places
from embedded.fault import Fault
from embedded.node import crds, files, kubeconfig, ownership, pki
from embedded.node.api import Api, Document
from embedded.node.layout import Images, Layout, Options, layout
from embedded.node.processes import Processes, Spec
from embedded.paths import Paths
from embedded.world import buckets, database, neighbours, others, plan
from embedded.world.database import Database

NEIGHBOURS = "neighbours"
USER = f"embedded:{NEIGHBOURS}"
RBAC = "rbac.authorization.k8s.io"


@dataclass(frozen=True)
class Beside:
    """What is known of a stack beside its settings."""

    database_password: str | None = field(default=None, repr=False)
    gateway: Mapping[str, Any] | None = field(default=None, repr=False)
    """The object gateway outside, in which claims get buckets; without it, keys and names alone."""


@dataclass(frozen=True)
class Surroundings:
    """What was provided that others must know of."""

    database: Database | None


def provide(
    paths: Paths,
    stack: str,
    document: Mapping[str, Any],
    images: Images,
    beside: Beside,
) -> Surroundings:
    """Give a stack its surroundings in the cluster; what stands already stays."""
    place = layout(paths)
    options = _options(place)
    with Api(place, options) as api:
        crds.ensure(api, paths, crds.projects_for(document))
        _enlist(place, stack, document, beside.gateway)
        # For the others that are up too: after a `make down` this stack may be the first to come back.
        if options.pods and _enlisted(place):
            _neighbours(place, options, api)
        server = database.wanted(stack, document, beside.database_password)
        if server is None or not options.pods:
            return Surroundings(None)
        leaf = pki.Leaf(f"database-{stack}", server.host, hosts=server.names)
        pair = pki.leaf_certificate(paths.pki, pki.ingress_authority(paths.pki), leaf)
        return Surroundings(database.ensure(api, server, images["postgres"].ref, pair))


def withdraw(paths: Paths, stack: str | None = None) -> None:
    """Forget one stack, or all: its database goes, and nobody plays its neighbours any more."""
    place = layout(paths)
    for file in _enlisted(place):
        if stack in {None, file.stem}:
            file.unlink()
    processes = _processes(place)
    if not _enlisted(place):
        processes.stop(NEIGHBOURS)
    owner = ownership.read(place)
    if owner and processes.running("kube-apiserver"):
        with Api(place, owner.options) as api:
            database.remove(api, stack)


def _options(place: Layout) -> Options:
    owner = ownership.read(place)
    if owner is None:
        raise Fault("The node does not run.", "Nothing was provided for the stack.", "Start it: make up")
    return owner.options


def _folder(place: Layout) -> Path:
    return place.state / NEIGHBOURS


def _enlisted(place: Layout) -> list[Path]:
    return sorted(_folder(place).glob("*.json"))


def _entry(place: Layout, stack: str) -> Path:
    return _folder(place) / f"{stack}.json"


def _enlist(
    place: Layout, stack: str, document: Mapping[str, Any], gateway: Mapping[str, Any] | None
) -> None:
    """Write down what the neighbours keep for a stack (keys are among it), if they keep anything."""
    pair = pki.ingress_certificate(place.paths.pki, *plan.hosts_of(document))
    entry = {
        "namespace": document["namespace"]["name"],
        "objects": others.kept_by_others(document, pair.certificate.read_text(), pair.key.read_text()),
        "endpoint": document.get("storage", {}).get("objectStore", {}).get("endpoint", ""),
        "gateway": gateway,
    }
    if not entry["objects"] and not entry["endpoint"]:
        _entry(place, stack).unlink(missing_ok=True)
        return
    files.write(_entry(place, stack), json.dumps(entry), 0o600)


def _neighbours(place: Layout, options: Options, api: Api) -> None:
    """Have their process, with a certificate and rights of its own."""
    folder = place.paths.pki
    pki.leaf_certificate(folder, pki.pair(folder, "ca"), pki.Leaf(NEIGHBOURS, USER))
    config = place.kubeconfig(NEIGHBOURS)
    files.write_yaml(config, kubeconfig.render(options.api_url, folder, NEIGHBOURS), 0o600)
    for document in rights():
        api.apply(document)
    _processes(place).ensure(
        Spec(
            name=NEIGHBOURS,
            argv=(
                sys.executable,
                *("-m", neighbours.__name__),
                *("--kubeconfig", str(config)),
                *("--folder", str(_folder(place))),
            ),
            # Its own source among them: a checkout that moved on restarts it.
            inputs=(config, *(Path(str(one.__file__)) for one in (neighbours, others, buckets))),
            env={"PYTHONPATH": str(places.CHECKOUT), "PYTHONUNBUFFERED": "1"},
        )
    )


def _processes(place: Layout) -> Processes:
    return Processes(place.records, place.paths.logs, str(place.state))


def rights() -> list[Document]:
    """What the neighbours may do: make and keep, read nothing of others, delete nothing."""
    rules = [
        {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get"]},
        {"apiGroups": [""], "resources": ["secrets", "configmaps"], "verbs": ["get", "create", "patch"]},
        {"apiGroups": ["objectbucket.io"], "resources": ["objectbucketclaims"], "verbs": ["list"]},
        {"apiGroups": ["objectbucket.io"], "resources": ["objectbucketclaims/status"], "verbs": ["patch"]},
    ]
    role = {"apiVersion": f"{RBAC}/v1", "kind": "ClusterRole", "metadata": {"name": USER}, "rules": rules}
    binding = {
        "apiVersion": f"{RBAC}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": USER},
        "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": USER},
        "subjects": [{"apiGroup": RBAC, "kind": "User", "name": USER}],
    }
    return [role, binding]
