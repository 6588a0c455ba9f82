"""What of a stack must be said otherwise here: the cluster, images and chart there are, and whom to trust."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from embedded.charts import ChartArchive
from embedded.fault import Fault
from embedded.images import Image
from embedded.node.layout import NODE_IP
from embedded.target import Target

RELEASE_IMAGES = ("hub", "proxy", "notebook")
AUTHORITIES = "embedded-authorities"


def changes(settings: Mapping[str, Any], target: Target, chart: ChartArchive) -> dict[str, object]:
    """Return what the target and the chart at hand ask for."""
    return {
        "cluster.context": target.context,
        "hub.awaitReady": target.pods,
        "chart": {"source": "path", "path": str(chart.path), "version": chart.version},
        **(_of_own_node(settings, target) if target.own else {}),
    }


def _of_own_node(settings: Mapping[str, Any], target: Target) -> dict[str, object]:
    """Say where the node's API server, resolver and ingress controller are: processes at its address."""
    node = f"{NODE_IP}/32"
    found: dict[str, object] = {
        "network.apiServer": {"cidrs": [node], "ports": [target.api_port]},
        "network.dns": {"cidrs": [node]},
    }
    if settings["network"].get("ingressFrom"):
        found["network.ingressFrom"] = [node]
    if settings["ingress"].get("reach") == "machine":
        found["ingress.port"] = target.https_port
    return found


def image_changes(
    settings: Mapping[str, Any], target: Target, built: Mapping[str, Image], env: Mapping[str, str]
) -> dict[str, object]:
    """Return which images the stack uses: those built here, or those that a named cluster can pull."""
    wanted = (*RELEASE_IMAGES, *(["connector"] if settings["ingress"].get("tunnel") else ()))
    refs = {name: built[name].ref for name in wanted if name in built}
    refs |= {name: ref for name in wanted if (ref := env.get(f"{name.upper()}_IMAGE"))}
    missing = [f"{name.upper()}_IMAGE" for name in wanted if name not in refs]
    if missing and not target.own:
        raise Fault(
            f"The cluster of context {target.context} cannot see images that are built on this machine.",
            "Its pods would wait for images for ever; nothing was deployed.",
            f"Name images that it can pull: {' '.join(f'{name}=registry/name:tag' for name in missing)}",
        )
    found: dict[str, object] = {}
    for field, ref in refs.items():
        name, tag = ref.rsplit(":", 1)
        found[f"images.{field}"] = {"name": name, "tag": tag}
    if refs and "mirror" in settings["images"]:
        # Images made here come from no registry at all.
        found["images.mirror"] = None
    return found


def trust(settings: Mapping[str, Any], target: Target, authority: Path) -> dict[str, object]:
    """Make hub and notebooks trust what this machine's authority signed.

    A stack that meets nobody outside the cluster needs no bundle and gets none.
    """
    given = settings["cluster"].get("caBundle") or {}
    if not target.own or (not given and not meets_others(settings)):
        return {}
    return {
        "cluster.caBundle.configMap": given.get("configMap", AUTHORITIES),
        "cluster.caBundle.certificates": authority.read_text(),
    }


def meets_others(settings: Mapping[str, Any]) -> bool:
    """Whether the stack talks to somebody outside the release: to sign in, to a database, to an edge."""
    return (
        settings["auth"]["provider"] != "sharedPassword"
        or settings["database"]["kind"] == "external"
        or "tunnel" in settings["ingress"]
    )
