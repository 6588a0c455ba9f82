"""Values that make hub and notebooks trust the company's certificate authorities."""

from __future__ import annotations

from chart.merge import Values
from settings import Settings
from settings.cluster import CaBundle

FOLDER = "/etc/certificate-authorities"
_VOLUME = "certificate-authorities"

# Each client has a variable of its own, and none of them knows another's.
_READ_BY_OPENSSL = ("SSL_CERT_FILE",)
_READ_BY_PYTHON = ("REQUESTS_CA_BUNDLE", "PIP_CERT", "AWS_CA_BUNDLE")
_READ_BY_OTHERS = ("CURL_CA_BUNDLE", "GIT_SSL_CAINFO", "NODE_EXTRA_CA_CERTS")
VARIABLES = (*_READ_BY_OPENSSL, *_READ_BY_PYTHON, *_READ_BY_OTHERS)


def authorities(settings: Settings) -> Values:
    """Tell every client where the bundle lies; `chart.volumes` mounts it there."""
    if not settings.cluster.ca_bundle:
        return {}
    told = dict.fromkeys(VARIABLES, place(settings.cluster.ca_bundle))
    return {"hub": {"extraEnv": told}, "singleuser": {"extraEnv": told}}


def place(bundle: CaBundle) -> str:
    """Give the bundle's path in every container that mounts it."""
    return f"{FOLDER}/{bundle.key}"


def mounted(bundle: CaBundle) -> tuple[Values, Values]:
    """Give volume and mount. The whole folder: a single file would keep its first content for ever."""
    volume = {"name": _VOLUME, "configMap": {"name": bundle.config_map}}
    return volume, {"name": _VOLUME, "mountPath": FOLDER, "readOnly": True}
