"""Values that restart the hub after a change of what it reads at its start and the chart does not see."""

from __future__ import annotations

import hashlib

from chart.merge import Values
from settings import Settings
from settings.secrets import FromOutside


def restarts(settings: Settings) -> Values:
    """Annotate the hub's pod. The deployment adds the digest of its credentials, which it alone knows."""
    annotations: Values = {}
    bundle = settings.cluster.ca_bundle
    if isinstance(settings.secrets, FromOutside):
        annotations["jupyterhub-secrets-generation"] = str(settings.secrets.generation)
    if bundle and bundle.certificates:
        digest = hashlib.sha256(bundle.certificates.encode()).hexdigest()
        annotations["checksum/certificate-authorities"] = digest
    return {"hub": {"annotations": annotations}} if annotations else {}
