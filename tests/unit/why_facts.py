"""Facts for `ops why`: objects that a real cluster gave while something was wrong with them, cut down."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ops.why.cause import Cause, Shell
from ops.why.facts import Event, Facts, Json, Log, Revision
from ops.why.judge import Root, judged
from ops.why.times import moment
from tests.unit.documents import Document, settings_of

RECORDED = Path(__file__).resolve().parent / "why_recorded"
NAMES = sorted(place.stem for place in RECORDED.glob("*.json"))
NOW = datetime(2026, 11, 21, 21, 2, 42, tzinfo=UTC)
HOST = "jupyterhub.localhost"
CLASSES = {"ingressclasses": [{"metadata": {"name": "traefik"}}]}
READY = [{"type": "Ready", "status": "True"}]


def facts(
    *,
    stack: str = "local",
    patch: Document | None = None,
    objects: Mapping[str, Sequence[Json]] | None = None,
    **more: Any,  # noqa: ANN401 -- any further facts
) -> Facts:
    """Give facts of a stack in which nothing is wrong but what is given."""
    settings = settings_of(stack, patch)
    shell = Shell(stack, "hub", settings.cluster.context)
    given: dict[str, Any] = {"now": NOW, "objects": objects or {}, **more}
    return Facts(shell=shell, settings=settings, **given)


def recorded(name: str, **more: Any) -> Facts:  # noqa: ANN401 -- any further facts
    """Give what was recorded under a name, at the time of that recording."""
    told = json.loads((RECORDED / f"{name}.json").read_text())
    now = moment(told.pop("now"))
    events = [Event.of(one) for one in told.pop("events", ())]
    return facts(objects=told, **{"now": now, "events": events, **more})


def also(base: Facts, **objects: Sequence[Json]) -> Facts:
    """Add objects to facts."""
    joined = {kind: [*base.all(kind), *more] for kind, more in objects.items()}
    return replace(base, objects={**base.objects, **joined})


def one(found: list[Root]) -> Cause:
    """Give the only cause that was found."""
    (root,) = found
    return root.cause


def only(seen: Facts) -> Cause:
    """Judge, and give the only cause."""
    return one(judged(seen))


def hub_pod(*, ready: bool = True) -> Json:
    """Give a pod of the hub."""
    return {
        "metadata": {
            "name": "hub-1",
            "labels": {"component": "hub"},
            "creationTimestamp": "2026-11-21T18:00:00Z",
            "ownerReferences": [{"kind": "ReplicaSet", "name": "hub-1"}],
        },
        "status": {"phase": "Running", "conditions": READY if ready else []},
    }


def hub_said(*lines: str, ready: bool = True, **more: Any) -> Facts:  # noqa: ANN401 -- any further facts
    """Give facts in which the hub's log has some lines, of a minute ago where they say no time."""
    text = "\n".join(line if line.startswith("2026-") else f"2026-11-21T21:01:42Z {line}" for line in lines)
    pod = hub_pod(ready=ready)
    return facts(objects={"pods": [pod]}, logs=[Log("hub-1", "hub", text)], **more)


def revision(number: int, status: str, words: str = "", chart: str = "4.4.0") -> Revision:
    """Give a revision of the release."""
    return Revision(number, status, words, chart, NOW, f"sh.helm.release.v1.jupyterhub.v{number}")


def scaled(name: str, replicas: int) -> Json:
    return {
        "metadata": {"name": name},
        "spec": {"replicas": replicas},
        "status": {"availableReplicas": replicas},
    }


def tls_secret(certificate: str) -> Json:
    return {
        "metadata": {"name": "jupyterhub-tls"},
        "data": {"tls.crt": base64.b64encode(certificate.encode()).decode()},
    }


def ingress(**more: object) -> Json:
    made = {"name": "jupyterhub", "creationTimestamp": "2026-11-21T20:00:00Z"}
    address = {"loadBalancer": {"ingress": [{"ip": "10.0.0.1"}]}}
    return {"metadata": made, "spec": {"ingressClassName": "traefik"}, "status": address, **more}
