"""Room that is kept for those who come next, as the JupyterHub chart renders it: quota, priority, security.

The small chart has no such pods: without JUPYTERHUB_CHART, the archive of the real one, these are skipped.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from chart import schema
from chart.values import build
from settings.names import amount
from tests.tools.test_rendered import KUBERNETES, faults, helm, packed_chart
from tests.unit.documents import settings_of

__all__ = ["helm"]

Json = dict[str, Any]
KEPT = 3
GROWING = {"cluster": {"autoscaled": True}, "placement": {"placeholders": KEPT}}
# Those of a team's own cluster, with quotas of the namespace.
STACKS = ("carbon254", "aiv-prod")


@pytest.fixture(scope="module", params=STACKS)
def rendered(request: pytest.FixtureRequest, helm: Path, tmp_path_factory: pytest.TempPathFactory) -> Json:
    """What the release makes, by kind and name, and the settings' quota."""
    given = os.environ.get("JUPYTERHUB_CHART")
    if not given:
        pytest.skip("JUPYTERHUB_CHART names no archive of the JupyterHub chart")
    folder = tmp_path_factory.mktemp(request.param)
    chart = packed_chart(Path(given).read_bytes(), folder, helm)
    settings = settings_of(request.param, GROWING)
    values = build(settings)
    assert schema.findings(values, chart.read) == []
    values["hub"]["existingSecret"] = "credentials"
    values["proxy"]["secretToken"] = "0" * 64
    objects = chart.renders(values, KUBERNETES[-1], folder)
    assert list(faults(objects, KUBERNETES[-1])) == []
    named = {f"{one['kind']}/{one['metadata']['name']}": one for one in objects}
    return {"objects": named, "quota": settings.namespace.quota, "values": values}


def workloads(rendered: Json) -> Iterator[tuple[int, Json]]:
    """Give how many pods of each kind run all the time, and what each is."""
    for one in rendered["objects"].values():
        if one["kind"] in ("Deployment", "StatefulSet"):
            yield one["spec"].get("replicas", 1), one["spec"]["template"]["spec"]


def test_placeholders_give_way_to_everybody(rendered: Json) -> None:
    kept = rendered["objects"]["StatefulSet/user-placeholder"]["spec"]
    assert kept["replicas"] == KEPT
    theirs = rendered["objects"][f"PriorityClass/{kept['template']['spec']['priorityClassName']}"]
    others = [
        spec["priorityClassName"]
        for _, spec in workloads(rendered)
        if "priorityClassName" in spec and spec != kept["template"]["spec"]
    ]
    assert theirs["value"] < 0, "a pod without a class has 0"
    assert theirs["globalDefault"] is False
    for name in others:
        made = rendered["objects"].get(f"PriorityClass/{name}")
        # One that is not made here is the cluster's own, of those who set it up.
        assert made is None or made["value"] > theirs["value"]
    guarantee = rendered["values"]["singleuser"]["memory"]["guarantee"]
    (container,) = kept["template"]["spec"]["containers"]
    assert amount(str(container["resources"]["requests"]["memory"])) == guarantee, "room for one server"


def test_every_pod_that_runs_fits_the_quota_and_says_what_it_needs(rendered: Json) -> None:
    taken: Counter[str] = Counter()
    for count, spec in workloads(rendered):
        for container in spec["containers"]:
            for kind in ("requests", "limits"):
                for resource in ("cpu", "memory"):
                    asked = container["resources"][kind][resource]
                    taken[f"{kind}.{resource}"] += int(count * amount(str(asked)) * 1000)
    bounded = {name: amount(most) * 1000 for name, most in rendered["quota"].items() if name in taken}
    assert bounded
    assert {name: most for name, most in bounded.items() if Decimal(taken[name]) > most} == {}


def test_placeholders_meet_the_level_restricted(rendered: Json) -> None:
    spec = rendered["objects"]["StatefulSet/user-placeholder"]["spec"]["template"]["spec"]
    assert spec["automountServiceAccountToken"] is False
    assert not {"hostNetwork", "hostPID", "hostIPC", "volumes", "initContainers"} & set(spec)
    for container in spec["containers"]:
        security = {**spec.get("securityContext", {}), **container["securityContext"]}
        assert security["allowPrivilegeEscalation"] is False
        assert security["capabilities"]["drop"] == ["ALL"]
        assert security["runAsNonRoot"] is True
        assert security["seccompProfile"]["type"] == "RuntimeDefault"
        assert not security.get("privileged")
