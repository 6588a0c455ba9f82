"""The Helm chart: which one, and where it comes from."""

from __future__ import annotations

from settings.names import RelativePath, Sha256, Version
from settings.section import Section


class Chart(Section):
    """The Helm chart, as an archive in or beside the project."""

    path: RelativePath
    version: Version
    digest: Sha256 | None = None
    """SHA-256 of the archive, checked when given."""
