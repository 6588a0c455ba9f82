"""The chart as it comes, beside the release of `make up`, with the same images."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import yaml

from embedded.engine.engine import Engine
from tests.e2e.hub import NAMESPACE, Hub, tool
from tests.measure.place import Place

STOCK = "measured-stock"
PASSWORD = "measured-with-this-password"
_OFF = {"enabled": False}
Json = dict[str, object]


def our_place(hub: Hub) -> Place:
    """Find the hub of `make up`; a start asks for the profile that its page marks first."""
    return _place(hub.engine.env, hub.namespace, {"profile": "cpu-only"})


@contextmanager
def stock_place(engine: Engine, chart: Path) -> Iterator[Place]:
    """Install the chart as it comes, but for the images, which it would fetch from elsewhere."""
    env = dict(engine.env)
    theirs = yaml.safe_load(tool(env, "helm", "--namespace", NAMESPACE, "get", "values", "jupyterhub"))
    try:
        with tempfile.TemporaryDirectory() as folder:
            written = Path(folder) / "values.yaml"
            written.write_text(yaml.safe_dump(_values(theirs)))
            tool(
                env,
                *("helm", "upgrade", "--install", "jupyterhub", str(chart), "--namespace", STOCK),
                *("--create-namespace", "--values", str(written), "--wait", "--timeout", "5m"),
            )
        yield _place(env, STOCK, {})
    finally:
        tool(env, "kubectl", "delete", "namespace", STOCK, "--ignore-not-found", "--wait=false")


def _values(theirs: Mapping[str, Mapping[str, object]]) -> Json:
    return {
        "hub": {
            "image": theirs["hub"]["image"],
            "config": {
                "JupyterHub": {"authenticator_class": "shared-password"},
                "SharedPasswordAuthenticator": {"allow_all": True, "user_password": PASSWORD},
            },
        },
        "proxy": {"service": {"type": "ClusterIP"}, "chp": {"image": _chp_image(theirs)}},
        "singleuser": {
            "image": theirs["singleuser"]["image"],
            # The container that would do it has an image of the chart's own.
            "cloudMetadata": {"blockWithIptables": False},
            "storage": {"capacity": "1Gi"},
        },
        "prePuller": {"hook": _OFF, "continuous": _OFF},
        "scheduling": {"userScheduler": _OFF, "userPlaceholder": _OFF},
    }


def _chp_image(theirs: Mapping[str, Mapping[str, object]]) -> object:
    chp = theirs["proxy"]["chp"]
    assert isinstance(chp, dict)
    return chp["image"]


def _place(env: Mapping[str, str], namespace: str, form: Mapping[str, str]) -> Place:
    """Find the proxy itself: what stands before it is the same for both, and no part of a start."""
    asked = ("--namespace", namespace, "get", "service", "proxy-public", "--output", "json")
    service = json.loads(tool(env, "kubectl", *asked))
    return Place(f"http://{service['spec']['clusterIP']}", namespace, env, form)
