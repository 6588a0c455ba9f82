"""The tokens of the hub's services, out of the Secrets that the running hub reads. Never shown."""

from __future__ import annotations

import base64
from collections.abc import Iterator

from ops.kubectl import Json, Kubectl
from ops.live import Live
from ops.smoke.outcome import Failed
from settings.smoke import SERVICE

# Where the chart mounts Secrets into the hub, in the order in which the hub asks them.
_PLACES = ("/existing-secret", "/secret")


def token(live: Live, service: str) -> str:
    """Give the token of one of the hub's services."""
    key = f"hub.services.{service}.apiToken"
    for name in _mounted(live.cluster):
        secret = live.cluster.find("secret", name) or {}
        if found := secret.get("data", {}).get(key):
            return base64.b64decode(found).decode()
    raise _missing(live, service, key)


def _mounted(cluster: Kubectl) -> Iterator[str]:
    """Name the Secrets that the hub of this moment has mounted: after a rotation they are other ones."""
    spec: Json = (cluster.find("deployment", "hub") or {}).get("spec", {}).get("template", {}).get("spec", {})
    secrets = {one["name"]: one["secret"]["secretName"] for one in spec.get("volumes", []) if "secret" in one}
    mounts = [one for container in spec.get("containers", []) for one in container.get("volumeMounts", [])]
    for place in _PLACES:
        for mount in mounts:
            if mount["mountPath"].rstrip("/").endswith(place) and mount["name"] in secrets:
                yield secrets[mount["name"]]


def _missing(live: Live, service: str, key: str) -> Failed:
    off = service == SERVICE and not live.settings.monitoring.smoke
    return Failed(
        f"no Secret that the hub has mounted holds {key}",
        "The hub knows no such service, so nothing can be tried behind the sign-in page.",
        f"Set monitoring.smoke to true in the settings, then `pulumi up --stack {live.stack}`."
        if off
        else f"Bring the settings to the hub: `pulumi up --stack {live.stack}`.",
    )
