"""What settings can say and no component makes yet: said before anything is registered."""

from __future__ import annotations

from collections.abc import Iterator

from settings import Settings
from settings.finding import Finding


def findings(settings: Settings) -> list[Finding]:
    """Say what would have no effect. What would come up broken without its component is an error here."""
    return list(_backups(settings))


def _backups(settings: Settings) -> Iterator[Finding]:
    if settings.storage.snapshot_class:
        yield Finding(
            path="settings.storage.snapshotClass",
            rule="unmade",
            what="this version of the program makes no snapshots of homes.",
            follows="Homes outlive every deletion that is meant, and no disk that dies.",
            remedy="Have the storage's owner back up the volumes of the namespace; see docs/keeping.md.",
            # The class is a fact of the cluster, rightly written down: nothing for every preview to say.
            severity="note",
        )
