"""The Kubernetes provider as a whole: its settings, its one cluster, and who handles which type."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from embedded.fault import Fault
from embedded.providers import VERSIONS
from embedded.providers.codec import Properties, Unknown, bare
from embedded.providers.errors import ProviderError
from embedded.providers.kube import kubeconfig
from embedded.providers.kube.apply import Writer
from embedded.providers.kube.client import Client, Unreachable
from embedded.providers.kube.cluster import Cluster
from embedded.providers.kube.discovery import Discovery
from embedded.providers.kube.objects import Objects
from embedded.providers.kube.settings import Settings, refusals
from embedded.providers.kube.waiting import Waiter
from embedded.providers.lifecycle import Checked, Log, Provider, Urn

RELEASE = "kubernetes:helm.sh/v3:Release"
WHERE = ("kubeconfig", "context", "cluster")
NOT_SERVED = (
    ":List",
    "ConfigFile",
    "ConfigGroup",
    "kustomize",
    "helm.sh/v2",
    "helm.sh/v4",
    "helm.sh/v3:Chart",
)


class KubernetesPlugin:
    """Serves Kubernetes objects and Helm releases on the one cluster of this machine."""

    version = VERSIONS["kubernetes"]

    def __init__(self, log: Log, ca: Path, helm: Path) -> None:
        self._log = log
        self._ca = ca
        self._helm = helm
        self._settings = Settings()
        self._cluster: Cluster | None = None
        self._lock = threading.Lock()
        self._cancelled = threading.Event()
        self._releases: Any = None

    def check_config(self, urn: Urn, new: Properties) -> Checked:
        """Refuse settings that cannot be honoured."""
        return Checked(new, refusals(bare(new)))

    def diff_config(self, old: Properties, new: Properties) -> tuple[list[str], list[str]]:
        """Say what changed; another cluster replaces the provider and with it every resource."""
        old, new = bare(old), bare(new)
        changed = sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))
        if not changed:
            return [], []
        before, now = old.get("clusterIdentifier"), new.get("clusterIdentifier")
        if now is not None and before == now:
            return changed, []
        replaces = ["clusterIdentifier"] if before is not None and now is not None else []
        unknown = [key for key in WHERE if isinstance(new.get(key), Unknown)]
        if unknown:
            return changed, [*replaces, unknown[0]]
        if another_cluster(old, new):
            replaces += [key for key in WHERE if key in changed]
        return changed, replaces

    def configure(self, variables: Mapping[str, str]) -> None:
        """Take the settings, and refuse at once any cluster that is not this machine's."""
        self._settings = Settings.read(variables)
        refused = refusals(variables)
        if refused:
            raise ProviderError("; ".join(why for _, why in refused))
        with self._lock:
            self._cluster = None
        cluster = self._reach()
        try:
            cluster.client.get("/version")
        except Unreachable:
            # The official provider lets previews and state commands go on without a cluster, too: each
            # operation that needs it says so.
            return

    def _reach(self) -> Cluster:
        with self._lock:
            if self._cluster is None:
                self._cluster = self._connect()
            return self._cluster

    def _connect(self) -> Cluster:
        settings = self._settings
        config, base = kubeconfig.load(settings.kubeconfig)
        access = kubeconfig.choose(
            config, base, context=settings.context, cluster=settings.cluster, ca=self._ca
        )
        client = Client(access)
        discovery = Discovery(client)
        return Cluster(
            client,
            discovery,
            Writer(client, discovery, self._cancelled),
            Waiter(client, discovery, self._cancelled),
            settings.namespace or access.namespace,
        )

    def handler(self, type_: str) -> Provider:
        """Choose: releases are Helm's business, everything else is an object."""
        if type_ == RELEASE:
            return self._release_handler()
        if any(mark in type_ for mark in NOT_SERVED) or type_.endswith("List"):
            raise ProviderError(f"{type_} is not served by the embedded Kubernetes provider")
        return Objects(self._reach, self._settings, self._log)

    def _release_handler(self) -> Provider:
        from embedded.providers.release.provider import Releases

        with self._lock:
            if self._releases is None:
                self._releases = Releases(self._reach, self._helm, self._log, self._cancelled)
        handler: Provider = self._releases
        return handler

    def cancel(self) -> None:
        """End all waits; Helm is told to stop and writes its release down as failed."""
        self._cancelled.set()

    def busy(self) -> bool:
        """Whether Helm still runs."""
        return self._releases is not None and bool(self._releases.busy())


def another_cluster(old: Properties, new: Properties) -> bool:
    """Whether two configurations lead to different clusters, as far as kubeconfigs can tell."""
    before, now = _active(old), _active(new)
    return before is not None and now is not None and before != now


def _active(settings: Properties) -> dict[str, Any] | None:
    given = settings.get("kubeconfig")
    if not isinstance(given, str) or not given:
        return None
    try:
        config, _ = kubeconfig.load(given)
    except Fault:
        return None
    context = settings.get("context") or config.get("current-context")
    contexts = {one.get("name"): one.get("context") or {} for one in config.get("contexts") or []}
    clusters = {one.get("name"): one.get("cluster") for one in config.get("clusters") or []}
    name = settings.get("cluster") or contexts.get(context, {}).get("cluster")
    return clusters.get(name)
