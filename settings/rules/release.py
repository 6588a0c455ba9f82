"""Rules about what runs: versions that fit each other, and where secrets come from."""

from __future__ import annotations

from collections.abc import Iterator

from settings.chart import PinnedChart
from settings.cluster import Cluster
from settings.finding import Finding
from settings.hub import Hub
from settings.secrets import AzureKeyVault, FromStore, Secrets, Vault

# Chart.yaml's kubeVersion, by the chart's first number: the least minor version of Kubernetes.
_KUBERNETES = {4: 28, 5: 32}
# 5.5.1 to 5.5.4 close gaps by which users reached each other's servers and tokens.
_OLDEST_HUB = (5, 5, 4)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("-")[0].split("+")[0].split("."))


def the_cluster_is_new_enough(cluster: Cluster, chart: PinnedChart) -> Iterator[Finding]:
    """Refuse a cluster older than the chart's templates expect."""
    least = _KUBERNETES.get(_numbers(chart.version)[0])
    if cluster.kubernetes and least and int(cluster.kubernetes.split(".")[1]) < least:
        yield Finding(
            path="settings.cluster.kubernetes",
            rule="D26",
            what=f"chart {chart.version} needs Kubernetes 1.{least}; the cluster has {cluster.kubernetes}.",
            follows="Helm refuses the release.",
            remedy="Upgrade the cluster first.",
        )


def the_chart_is_released(chart: PinnedChart) -> Iterator[Finding]:
    """Point at a version that was made on the way to another."""
    if "-" in chart.version.split("+")[0]:
        yield Finding(
            path="settings.chart.version",
            rule="C2",
            what=f"{chart.version} is no release of the chart, but a state before one.",
            follows="Nobody upgrades from it in tests, and its database may have to be made anew.",
            remedy="Use a released version.",
            severity="warning",
        )


def the_hub_has_its_fixes(hub: Hub) -> Iterator[Finding]:
    """Refuse a JupyterHub with gaps that are known."""
    if _numbers(hub.version) < _OLDEST_HUB:
        yield Finding(
            path="settings.hub.version",
            rule="H1",
            what=f"JupyterHub {hub.version} is older than 5.5.4.",
            follows="Users reach tokens and servers of others by gaps that are public.",
            remedy="Build the hub's image with 5.5.4 or newer.",
        )


def keys_are_newest_first(secrets: Secrets) -> Iterator[Finding]:
    """Want the order that decides which key encrypts."""
    keys = secrets.generations.crypt_keys
    if list(keys) != sorted(set(keys), reverse=True) or min(keys) < 1:
        yield Finding(
            path="settings.secrets.generations.cryptKeys",
            rule="D16",
            what=f"{list(keys)} is not a falling list of generations from 1.",
            follows="An old key would go on encrypting, so that it can never be retired.",
            remedy="Put the newest first, such as [2, 1]; drop the old one after everybody signed in again.",
        )


def stores_are_reached_encrypted(secrets: FromStore) -> Iterator[Finding]:
    """Refuse to fetch secrets in plain text."""
    store = secrets.store
    if isinstance(store, Vault | AzureKeyVault) and not store.server.startswith("https://"):
        yield Finding(
            path="settings.secrets.store.server",
            rule="D15",
            what=f"{store.server} is not spoken to by https.",
            follows="Every secret of the hub crosses the network in plain text.",
            remedy="Use the store's https address.",
        )


RULES = (
    the_cluster_is_new_enough,
    the_chart_is_released,
    the_hub_has_its_fixes,
    keys_are_newest_first,
    stores_are_reached_encrypted,
)
