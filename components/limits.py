"""What settings can say and no component makes yet: said before anything is registered."""

from __future__ import annotations

from collections.abc import Iterator

from settings import Settings
from settings.door import CertManagerTls
from settings.finding import Finding
from settings.secrets import FromCluster, FromStore
from settings.storage import CephS3


def findings(settings: Settings) -> list[Finding]:
    """Refuse what would come up broken, and warn of what would merely be missing."""
    return [*_broken_without(settings), *_missing_without(settings)]


def _broken_without(settings: Settings) -> Iterator[Finding]:
    shared = settings.storage.shared
    if settings.ingress.tunnel:
        yield _unmade("ingress.tunnel", "the tunnel's connector", "Nobody could reach the hub.")
    if isinstance(settings.tls, CertManagerTls):
        yield _unmade("tls.source", "cert-manager's Certificate", "The ingress would have no certificate.")
    if isinstance(settings.secrets, FromCluster | FromStore):
        yield _unmade("secrets.source", f"the source {settings.secrets.source}", "Nobody could sign in.")
    if isinstance(settings.storage.object_store, CephS3):
        yield _unmade("storage.objectStore", "the bucket's claim", "User pods would wait for it for ever.")
    if shared and shared.nfs:
        yield _unmade("storage.shared.nfs", "the NFS volume", "User pods would wait for it for ever.")


def _missing_without(settings: Settings) -> Iterator[Finding]:
    follows = "The hub works; this part of the settings has no effect."
    if settings.monitoring.operator or settings.monitoring.dashboards:
        yield _unmade("monitoring", "ServiceMonitor, rules and dashboards", follows, warning=True)
    if settings.secrets.name:
        yield _unmade("secrets.name", "the hub's Secret under a fixed name", follows, warning=True)
    if settings.storage.snapshot_class:
        yield _unmade("storage.snapshotClass", "snapshots of homes", follows, warning=True)
    if settings.services.portal_card:
        yield _unmade("services.portalCard", "the portal's card", follows, warning=True)


def _unmade(path: str, what: str, follows: str, *, warning: bool = False) -> Finding:
    return Finding(
        path=f"settings.{path}",
        rule="unmade",
        what=f"this version of the program does not make {what}.",
        follows=follows,
        remedy="Leave it out of the settings for now, or make it by other means and say so in a comment.",
        severity="warning" if warning else "error",
    )
